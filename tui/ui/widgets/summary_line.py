"""The first line: what the whole fleet is like, in counts, and how we look at it.

Who comes in: a picture of the fleet. The one rule: what is wrong is told before what is well, and is dropped last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style

from tui.model.fleet import Counts, FleetPicture
from tui.text import cell_width, compact_duration
from tui.ui.widgets.lines import LineWidget, Run

TELLING = 4
"""Parts of this rank and less are shortened before one is left out."""


class SummaryLine(LineWidget):
    """One line; parts that do not fit are left out, the least telling first."""

    DEFAULT_CSS = "SummaryLine { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._counts: Counts | None = None
        self._title = ""
        self._read_only = False
        self._poll = 0.0
        self._failures: tuple[int, ...] = ()
        self._remark = ""

    def set_picture(self, picture: FleetPicture, title: str, read_only: bool, poll: float) -> None:
        """`title` names the fleet (clean), `poll` is the period in seconds."""
        self._counts, self._title, self._read_only, self._poll = picture.counts, title, read_only, poll
        self.repaint()

    def set_failures(self, per_slot: Sequence[int]) -> None:
        """Changes for the worse per slot of time, oldest first: the sparkline."""
        self._failures = tuple(per_slot)
        self.repaint()

    def set_remark(self, text: str) -> None:
        """A standing remark such as 'PAUSED' or 'chmod 600 hosts.yaml'; empty takes it away."""
        self._remark = text
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """Parts in reading order, chosen by how much they tell."""
        if self._counts is None:
            return [(f" {self._title}", self.palette.strong)]
        parts = self._parts(self._counts, words=True)
        if sum(_width(runs) + 3 for rank, runs in parts if rank <= TELLING) > width:
            parts = self._parts(self._counts, words=False)
        kept = _fitting([(rank, _width(runs)) for rank, runs in parts], width - 1)
        left: list[Run] = [(" ", self.palette.text)]
        for index, (_, runs) in enumerate(parts):
            if index in kept:
                left += [*runs, ("   ", self.palette.text)]
        return left[:-1]

    def _parts(self, counts: Counts, *, words: bool) -> list[tuple[int, list[Run]]]:
        """(rank, runs): the smaller the rank, the longer it stays."""
        palette, glyphs = self.palette, self.glyphs
        mode = "READ-ONLY" if self._read_only else "READ-WRITE"
        parts: list[tuple[int, list[Run]]] = [
            (4, [(self._title, palette.strong)]),
            (1, self._hosts(counts, words=words)),
            (2, self._processes(counts)),
        ]
        if counts.pending:
            answered = counts.hosts - counts.pending
            parts.append((5, [(f"{answered} of {counts.hosts} hosts answered", palette.busy)]))
        if any(self._failures):
            parts.append((8, [(sparkline(self._failures, glyphs.spark), palette.dim)]))
        if self._remark:
            parts.append((0, [(f" {self._remark} ", palette.badge)]))
        parts.append(
            (
                3 if self._read_only else 6,
                [(f" {mode} ", palette.badge) if self._read_only else (mode, palette.dim)],
            )
        )
        parts.append((7, [(compact_duration(self._poll) if self._poll >= 1 else "<1s", palette.dim)]))
        return parts

    def _hosts(self, counts: Counts, *, words: bool) -> list[Run]:
        palette, glyphs = self.palette, self.glyphs
        told = [
            (glyphs.running, counts.answering - counts.degraded, "up", palette.good),
            (glyphs.backoff, counts.degraded, "degraded", palette.bad),
            (glyphs.unreachable, counts.unreachable, "unreachable", palette.bad),
        ]
        runs: list[Run] = [(f"{counts.hosts} host{_s(counts.hosts)}", palette.text)]
        for glyph, number, word, style in told:
            runs += _count(glyph, number, word if words else "", style, palette.dim)
        return runs

    def _processes(self, counts: Counts) -> list[Run]:
        palette, glyphs = self.palette, self.glyphs
        runs: list[Run] = [(f"{thousands(counts.processes)} proc{_s(counts.processes)}", palette.text)]
        runs += _count(glyphs.running, counts.good, "", palette.good, palette.dim)
        runs += _count(glyphs.busy, counts.busy, "", palette.busy, palette.dim)
        runs += _count(glyphs.resting, counts.resting, "", palette.resting, palette.dim)
        runs += _count(glyphs.bad, counts.bad, "", palette.bad, palette.dim)
        return runs


def thousands(number: int) -> str:
    """19842 as '19 842'."""
    return f"{number:,}".replace(",", " ")


def sparkline(values: Sequence[int], glyphs: str) -> str:
    """One glyph per value, the highest at the top; nothing happened is the lowest."""
    most = max(values, default=0)
    if not most:
        return glyphs[0] * len(values)
    return "".join(glyphs[-(-value * (len(glyphs) - 1) // most)] for value in values)


def _count(glyph: str, number: int, word: str, style: Style, none: Style) -> list[Run]:
    text = f"  {glyph} {thousands(number)}{' ' if word else ''}{word}"
    return [(text, style if number else none)]


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _width(runs: Iterable[Run]) -> int:
    return sum(cell_width(text) for text, _ in runs)


def _fitting(parts: Sequence[tuple[int, int]], width: int) -> set[int]:
    """Indexes of the parts that fit together, taken by rank."""
    kept: set[int] = set()
    for index in sorted(range(len(parts)), key=lambda index: parts[index][0]):
        if sum(parts[other][1] + 3 for other in kept) + parts[index][1] <= width:
            kept.add(index)
    return kept
