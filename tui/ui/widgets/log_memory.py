"""The lines that a log view holds: bounded, filtered, searched, extended at both ends.

Who comes in: raw lines from the engine. Who leaves: lines by serial number. The rule: a serial number stays with its
line whatever comes, goes or is read before it; only another filter gives out new ones. Nothing here is painted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from tui.model.log_search import LogSearch
from tui.ui.widgets.log_line import LogLine

MOST_LINES = 200_000
MOST_CHARACTERS = 128_000_000
"""Of all kept lines together; a line of a megabyte counts as what it is."""
SLACK = 4_000
"""Lines are dropped in batches of this many."""
COUNTING_SECONDS = 0.2
"""The time that counting matches may take; a pattern may need longer for all of 200,000 lines."""

Matches = Callable[[str], bool]
Wanted = Callable[[LogLine], bool]


def is_mark(line: LogLine) -> bool:
    """Whether the reader drew it; a filter never hides one."""
    return line.kind == "mark"


def with_text(matches: Matches) -> Wanted:
    """Lines with such a text."""
    return lambda line: matches(line.text)


class LogMemory:
    """A window on one log, or on several merged ones."""

    def __init__(self, most: int = MOST_LINES, characters: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._most_characters = characters
        self._characters = 0
        self._all: list[LogLine] = []
        self.lines: list[LogLine] = self._all
        """Those that the filter lets through."""
        self.first = 0
        """The serial number of the first of `lines`."""
        self.filter: LogSearch | None = None
        self.left_out = 0
        """Newer lines that are not kept, since what is read lies too far before them; 0: the newest line is here."""

    @property
    def end(self) -> int:
        """The serial number after the last line."""
        return self.first + len(self.lines)

    @property
    def kept(self) -> int:
        """How many lines there are, whatever the filter shows."""
        return len(self._all)

    def __getitem__(self, serial: int) -> LogLine:
        return self.lines[serial - self.first]

    def add(self, lines: Sequence[LogLine]) -> bool:
        """Newer lines, oldest first; whether any is shown. The oldest make room."""
        if self.left_out:
            self.left_out += len(lines)
            return False
        shown = self._shown(lines)
        self._all.extend(lines)
        if self.filter is not None:
            self.lines.extend(shown)
        self._characters += sum(len(line.text) for line in lines)
        over = self._over(newest=False)
        if over:
            dropped = self._all[:over]
            shown_before = _how_many_of(self.lines, dropped)
            del self._all[:over]
            if self.filter is not None:
                del self.lines[:shown_before]
            self.first += shown_before
            self._characters -= sum(len(line.text) for line in dropped)
        return bool(shown)

    def prepend(self, lines: Sequence[LogLine]) -> None:
        """Older lines, oldest first. When there are too many, the newest are left out until `clear`."""
        shown = self._shown(lines)
        self._all[:0] = lines
        if self.filter is not None:
            self.lines[:0] = shown
        self.first -= len(shown)
        self._characters += sum(len(line.text) for line in lines)
        over = self._over(newest=True)
        if over:
            dropped = self._all[-over:]
            shown_after = _how_many_of(reversed(self.lines), reversed(dropped))
            del self._all[-over:]
            if self.filter is not None and shown_after:
                del self.lines[-shown_after:]
            self.left_out += over
            self._characters -= sum(len(line.text) for line in dropped)

    def clear(self) -> None:
        """Forget all lines; the filter stays."""
        self.first = self.end
        self._all.clear()
        self.lines.clear()
        self._characters = self.left_out = 0

    def set_filter(self, search: LogSearch | None, near: int) -> int:
        """Show only lines that match, and remarks; the new serial number of the line `near`, or of the next that is shown."""
        anchor = self[near] if self.first <= near < self.end else None
        index = next((n for n, line in enumerate(self._all) if line is anchor), len(self._all))
        self.filter = search
        before = self._shown(self._all[:index])
        self.lines = self._all if search is None else [*before, *self._shown(self._all[index:])]
        return self.first + len(before)

    # --- looking for lines ------------------------------------------------------------------------------------------

    def count(self, matches: Matches, seconds: float = COUNTING_SECONDS) -> tuple[int, bool]:
        """How many shown lines match, from the newest on, and whether all were looked at within the time."""
        found, until = 0, time.monotonic() + seconds
        for end in range(len(self.lines), 0, -2_000):
            batch = self.lines[max(0, end - 2_000) : end]
            found += sum(1 for line in batch if matches(line.text))
            if time.monotonic() > until:
                return found, end <= 2_000
        return found, True

    def next(self, wanted: Wanted, start: int) -> int | None:
        """The first shown line from `start` on that is wanted."""
        return self._first_of(range(max(start, self.first), self.end), wanted)

    def previous(self, wanted: Wanted, end: int) -> int | None:
        """The last shown line before `end` that is wanted."""
        return self._first_of(range(min(end, self.end) - 1, self.first - 1, -1), wanted)

    def _first_of(self, serials: Iterable[int], wanted: Wanted) -> int | None:
        lines, first = self.lines, self.first
        return next((serial for serial in serials if wanted(lines[serial - first])), None)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _shown(self, lines: Sequence[LogLine]) -> Sequence[LogLine]:
        if self.filter is None:
            return lines
        matches = self.filter.matches
        return [line for line in lines if line.kind != "line" or matches(line.text)]

    def _over(self, *, newest: bool) -> int:
        """How many lines must go at one end; none until a whole batch must."""
        over = len(self._all) - self._most
        if over <= min(SLACK, self._most // 10) and self._characters <= self._most_characters:
            return 0
        over, characters = max(0, over), self._characters
        lines = reversed(self._all) if newest else iter(self._all)
        for number, line in enumerate(lines, 1):
            characters -= len(line.text)
            if number >= over and characters <= self._most_characters * 0.9:
                return min(number, len(self._all) - 1)
        return over


def _how_many_of(shown: Iterable[LogLine], dropped: Iterable[LogLine]) -> int:
    """How many of the dropped lines are shown ones, both from the same end.

    The filter is not asked again: a pattern that gave up since would say otherwise than it did.
    """
    count = 0
    candidates = iter(shown)
    candidate = next(candidates, None)
    for line in dropped:
        if line is candidate:
            count += 1
            candidate = next(candidates, None)
    return count
