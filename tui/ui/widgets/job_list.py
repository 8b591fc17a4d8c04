"""The jobs of this run, newest first, a line each: what, how far, and whether it came out well.

Who comes in: pictures of all jobs. Who leaves: `Chosen` with the number of the job to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.message import Message

from tui.text import fit
from tui.ui.widgets.job_shape import JobShape
from tui.ui.widgets.job_words import job_title
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

MOST_LINES = 6
PROGRESS, FAILED = 11, 12


class JobList(ListWidget):
    """As high as there are jobs, within bounds; not shown for a single one."""

    DEFAULT_CSS = "JobList { height: 1; display: none; border-bottom: hkey $foreground 20%; }"

    class Chosen(Message):
        """The job under the cursor is to be shown."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._jobs: tuple[JobShape, ...] = ()

    def set_jobs(self, jobs: Sequence[JobShape], shown: int) -> None:
        """All jobs, newest first; the cursor goes to the one that is `shown`."""
        self._jobs = tuple(jobs)
        self.display = len(self._jobs) > 1
        self.styles.height = min(len(self._jobs), MOST_LINES) + 1
        self.keep_place(next((at for at, job in enumerate(self._jobs) if job.number == shown), 0))
        self.repaint()

    def count(self) -> int:
        """How many jobs."""
        return len(self._jobs)

    def cursor_moved(self) -> None:
        """Moving is choosing."""
        self.post_message(self.Chosen(self._jobs[self.position].number))

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """Number, title, progress, failures, and whether it runs."""
        job, palette = self._jobs[index], self.palette
        yield f"{self.glyphs.cursor if index == self.position else ' '} {job.number:>3}  ", palette.dim
        room = max(10, width - PROGRESS - FAILED - 20)
        yield fit(job_title(job.plan), room) + " ", palette.text
        yield fit(f"{job.done}/{job.total}", PROGRESS), palette.dim
        yield fit(f"{job.failed} failed" if job.failed else "", FAILED), palette.bad
        if job.finished_at is None:
            yield "running", palette.busy
        else:
            yield ("cancelled" if job.cancelled else "finished"), palette.dim
