"""The line above the footer: the running job's progress, else the latest sentence, else the row under the cursor.

Sentences replace each other and go by themselves: failures are rows of a job, never a pile of pop-ups.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Literal

from tui.text import cell_width, fit
from tui.ui.widgets.job_shape import JobShape
from tui.ui.widgets.job_words import job_title
from tui.ui.widgets.lines import LineWidget, Run

Severity = Literal["note", "good", "warning", "error"]
STAYS = 8.0
"""Seconds a sentence stays; an error stays until the next sentence or key."""
BAR = 20


class Ticker(LineWidget):
    """One line of news."""

    DEFAULT_CSS = "Ticker { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._text = ""
        self._severity: Severity = "note"
        self._until = 0.0
        self._job: JobShape | None = None
        self._under = ""

    def say(self, text: str, severity: Severity = "note") -> None:
        """Show a sentence (clean text); it replaces the one before."""
        self._text, self._severity = text, severity
        self._until = float("inf") if severity == "error" else time.monotonic() + STAYS
        self.repaint()
        if severity != "error":
            self.set_timer(STAYS + 0.05, self.repaint)

    def hush(self) -> None:
        """Take the sentence away."""
        self._text = ""
        self.repaint()

    def take_back(self, text: str) -> None:
        """It no longer holds: take it away if it is what is shown."""
        if text and self._text == text:
            self.hush()

    def set_job(self, job: JobShape | None) -> None:
        """The running job, or None when there is none."""
        self._job = job
        self.repaint()

    def set_under(self, text: str) -> None:
        """What is said about the row under the cursor when there is no news."""
        self._under = text
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """The sentence wins over the job, the job over the row; a job always keeps its bar."""
        palette = self.palette
        runs: list[Run] = [(" ", palette.text)]
        if self._job is not None and self._job.finished_at is None:
            runs += self._progress(self._job)
        room = width - 2 - sum(cell_width(text) for text, _ in runs)
        if self._text and time.monotonic() < self._until:
            style = {
                "note": palette.text,
                "good": palette.good,
                "warning": palette.busy,
                "error": palette.bad,
            }[self._severity]
            runs.append((fit(self._text, max(0, min(cell_width(self._text), room))), style))
        elif len(runs) == 1:
            runs.append((fit(self._under, max(0, min(cell_width(self._under), room))), palette.dim))
        return runs

    def _progress(self, job: JobShape) -> list[Run]:
        palette, glyphs = self.palette, self.glyphs
        total = max(1, job.total)
        full = BAR * job.done // total
        runs: list[Run] = [
            (f"job {job.number} {job_title(job.plan)}  ", palette.strong),
            (glyphs.bar_full * full, palette.good if not job.failed else palette.busy),
            (glyphs.bar_empty * (BAR - full), palette.rule),
            (f"  {job.done}/{job.total}", palette.text),
        ]
        if job.failed:
            runs.append((f"  {job.failed} failed", palette.bad))
        if job.cancelled:
            runs.append(("  cancelled", palette.busy))
        return [*runs, ("   ", palette.text)]
