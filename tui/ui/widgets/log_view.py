"""Log lines of one or many processes: follow, wrap, search, times, sources.

Who comes in: raw lines from the engine, in batches. Who leaves: nothing but what is painted. The one rule: the place is
a line's serial number, so that neither new lines nor the bound move what one reads; only visible lines are ever parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from textual import events
from textual.message import Message

from tui.model.process import ProcessKey
from tui.text import cell_width, log_spans
from tui.ui.widgets.lines import LineWidget, Run
from tui.ui.widgets.list_lines import WHEEL
from tui.ui.widgets.log_line import (
    MOST_CHARACTERS,
    SOURCE_WIDTH,
    LineLook,
    LogLine,
    line_rows,
    source_name,
)

MOST_LINES = 50_000
SLACK = 2_000
"""Lines are dropped in batches of this many."""
SIDEWAYS = 8


class LogView(LineWidget, can_focus=True):
    """A window on the newest 50,000 lines."""

    class FollowChanged(Message):
        """Following began or ended, by a key or because one scrolled away from the end."""

        def __init__(self, follow: bool) -> None:
            super().__init__()
            self.follow = follow

    class Searched(Message):
        """How many lines match; 0 when none does."""

        def __init__(self, text: str, count: int) -> None:
            super().__init__()
            self.text = text
            self.count = count

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[LogLine] = []
        self._first = 0
        """The serial number of the first kept line."""
        self._keys: set[ProcessKey] = set()
        self._source_width = 0
        self._top = (0, 0)
        """(serial, wrapped row) at the top; not used while following."""
        self._left = 0
        self._follow = True
        self._wrap = False
        self._times = False
        self._pattern: re.Pattern[str] | None = None
        self._found: int | None = None
        self._window: list[tuple[int, int]] = []
        self._empty = "No output yet."

    # What is shown.

    def add_lines(self, lines: Sequence[LogLine]) -> None:
        """New lines, oldest first; one batch costs one repaint."""
        if not lines:
            return
        self._lines.extend(lines)
        new = {line.key for line in lines} - self._keys
        self._keys |= new
        widest = max((cell_width(source_name(key)) for key in new), default=0)
        self._source_width = min(SOURCE_WIDTH, max(self._source_width, widest))
        if len(self._lines) > MOST_LINES + SLACK:
            dropped = len(self._lines) - MOST_LINES
            del self._lines[:dropped]
            self._first += dropped
            self._top = max(self._top, (self._first, 0))
        self._show()

    def clear(self, empty: str = "No output yet.") -> None:
        """Forget all lines; `empty` is said until there are new ones."""
        self._first += len(self._lines)
        self._lines.clear()
        self._keys.clear()
        self._source_width = 0
        self._top = (self._first, 0)
        self._found = None
        self._empty = empty
        self._show()

    @property
    def line_count(self) -> int:
        """Kept lines."""
        return len(self._lines)

    def text(self) -> str:
        """All kept lines, clean, as they would be saved or copied."""
        return "\n".join("".join(part for part, _ in log_spans(line.text)) for line in self._lines)

    # How it is shown.

    @property
    def follow(self) -> bool:
        """Whether the newest line stays in view."""
        return self._follow

    @follow.setter
    def follow(self, on: bool) -> None:
        if on == self._follow:
            return
        if not on and self._window:
            self._top = self._window[0]
        self._follow = on
        self._show()
        self.post_message(self.FollowChanged(on))

    @property
    def wrap(self) -> bool:
        """Whether long lines go on below."""
        return self._wrap

    @wrap.setter
    def wrap(self, on: bool) -> None:
        self._wrap, self._left = on, 0
        self._top = (self._top[0], 0)
        self._show()

    @property
    def times(self) -> bool:
        """Whether each line begins with when it arrived here."""
        return self._times

    @times.setter
    def times(self, on: bool) -> None:
        self._times = on
        self._show()

    # Search.

    def search(self, text: str) -> int:
        """Highlight a text (regardless of case; `/re/` is a pattern) and go to the nearest match; counts lines.

        Raises `re.error` when a pattern does not compile.
        """
        if not text:
            self._pattern, self._found = None, None
            self._show()
            return 0
        is_pattern = len(text) > 2 and text[0] == text[-1] == "/"
        self._pattern = re.compile(text[1:-1] if is_pattern else re.escape(text), re.IGNORECASE)
        count = sum(1 for line in self._lines if self._matches(line))
        self._found = None
        self.post_message(self.Searched(text, count))
        if count:
            self.previous_match()
        else:
            self._show()
        return count

    def next_match(self) -> bool:
        """Go to the next line that matches; False when there is none below."""
        start = self._window[0][0] if self._found is None and self._window else (self._found or 0) + 1
        return self._go_to(range(max(start, self._first), self._first + len(self._lines)))

    def previous_match(self) -> bool:
        """Go to the line before that matches."""
        end = self._first + len(self._lines)
        start = end if self._found is None else self._found
        return self._go_to(range(min(start, end) - 1, self._first - 1, -1))

    # Movement.

    def scroll_rows(self, by: int) -> None:
        """Down, or up when negative; leaves following, and takes it up again at the end."""
        if not self._window or not by:
            return
        top = self._moved(self._window[0], by)
        last = self._top_for_end()
        if top >= last and by > 0:
            self._top = last
            self.follow = True
            self._show()
            return
        self._top = top
        if self._follow:
            self._follow = False
            self.post_message(self.FollowChanged(False))
        self._show()

    def page_down(self) -> None:
        """A page less one line."""
        self.scroll_rows(max(1, self.size.height - 1))

    def page_up(self) -> None:
        """A page less one line, up."""
        self.scroll_rows(-max(1, self.size.height - 1))

    def half_page(self, direction: int = 1) -> None:
        """Half a page down, or up with -1."""
        self.scroll_rows(direction * max(1, self.size.height // 2))

    def home(self) -> None:
        """The oldest kept line."""
        self.follow = False
        self._top = (self._first, 0)
        self._show()

    def end(self) -> None:
        """The newest line, and follow."""
        self.follow = True
        self._show()

    def sideways(self, direction: int) -> None:
        """Look further right, or left with -1; only without wrap."""
        if not self._wrap:
            self._left = max(0, self._left + SIDEWAYS * direction)
            self._show()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.scroll_rows(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.scroll_rows(-WHEEL)

    # Painting.

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """One row of one line."""
        if not self._window and self._lines:
            self._window = self._visible()
        if not self._lines:
            return [(f" {self._empty}", self.palette.dim)] if y == 0 else []
        if y >= len(self._window):
            return ()
        serial, row = self._window[y]
        rows = self._rows(serial, width)
        return rows[row] if row < len(rows) else ()

    def on_resize(self, _event: events.Resize) -> None:
        """Rows are other rows at another width."""
        self._top = (self._top[0], 0)
        self._show()

    def _show(self) -> None:
        self._window = self._visible() if self.is_attached and self.size else []
        self.repaint()

    def _visible(self) -> list[tuple[int, int]]:
        """(serial, row) of each visible line; only these are parsed."""
        width, height = self.size.width, self.size.height
        serial, row = self._top_for_end() if self._follow else min(self._top, self._top_for_end())
        window: list[tuple[int, int]] = []
        end = self._first + len(self._lines)
        while serial < end and len(window) < height:
            count = len(self._rows(serial, width))
            while row < count and len(window) < height:
                window.append((serial, row))
                row += 1
            serial, row = serial + 1, 0
        return window

    def _top_for_end(self) -> tuple[int, int]:
        """The place at which the newest row is the last in view."""
        room = self.size.height
        serial = self._first + len(self._lines)
        while serial > self._first and room > 0:
            serial -= 1
            count = len(self._rows(serial, self.size.width))
            if count >= room:
                return serial, count - room
            room -= count
        return serial, 0

    def _moved(self, place: tuple[int, int], by: int) -> tuple[int, int]:
        serial, row = place
        row += by
        width, end = self.size.width, self._first + len(self._lines)
        while row < 0 and serial > self._first:
            serial -= 1
            row += len(self._rows(serial, width))
        while serial < end - 1 and row >= (count := len(self._rows(serial, width))):
            row -= count
            serial += 1
        return serial, max(0, row)

    def _rows(self, serial: int, width: int) -> tuple[tuple[Run, ...], ...]:
        line = self._lines[serial - self._first]
        look = LineLook(
            palette=self.palette,
            width=width,
            wrap=self._wrap,
            left=self._left,
            source=self._source_width if len(self._keys) > 1 else 0,
            times=self._times,
            pattern=self._pattern,
            found=serial == self._found,
        )
        return line_rows(line, look)

    def _matches(self, line: LogLine) -> bool:
        return self._pattern is not None and bool(self._pattern.search(line.text[:MOST_CHARACTERS]))

    def _go_to(self, serials: Iterable[int]) -> bool:
        for serial in serials:
            if self._matches(self._lines[serial - self._first]):
                self._found = serial
                if all(seen != serial for seen, _ in self._window):
                    self._follow = False
                    self._top = self._moved((serial, 0), -(self.size.height // 2))
                    self.post_message(self.FollowChanged(False))
                elif self._follow:
                    self.follow = False
                self._show()
                return True
        return False
