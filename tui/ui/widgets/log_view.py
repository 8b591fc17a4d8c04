"""Log lines of one or many processes: follow, wrap, search, times, sources.

Who comes in: raw lines from the engine, in batches. Who leaves: nothing but what is painted. The one rule: the place is
a line's serial number, so that neither new lines nor the bound move what one reads; only visible lines are ever parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from zlib import crc32

from rich.color import Color
from rich.style import Style
from textual import events
from textual.message import Message

from tui.model.process import ProcessKey
from tui.text import Style as LogStyle
from tui.text import cell_width, clean_cell, fit, log_spans
from tui.ui.theme import Palette
from tui.ui.widgets.lines import LineWidget, Run, cut_runs, wrap_runs
from tui.ui.widgets.list_lines import WHEEL

MOST_LINES = 50_000
SLACK = 2_000
"""Lines are dropped in batches of this many."""
MOST_CHARACTERS = 16_384
"""Of one line; the rest is told as a number. A megabyte on one line is data, not text."""
SIDEWAYS = 8
SOURCE_WIDTH = 24


class LogLine(Protocol):
    """A line as the engine hands it over; hashable."""

    @property
    def key(self) -> ProcessKey: ...
    @property
    def channel(self) -> str: ...
    @property
    def text(self) -> str:
        """Raw: it is cleaned when it is painted."""
        ...

    @property
    def arrived(self) -> float:
        """Our wall clock, epoch seconds."""
        ...

    @property
    def kind(self) -> str:
        """'line', or 'gap' and 'note' for what is not output."""
        ...

    def __hash__(self) -> int: ...


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
        self._keys.update(line.key for line in lines)
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
        look = _Look(
            palette=self.palette,
            width=width,
            wrap=self._wrap,
            left=self._left,
            source=len(self._keys) > 1,
            times=self._times,
            pattern=self._pattern,
            found=serial == self._found,
        )
        return _line_rows(line, look)

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


@dataclass(frozen=True, slots=True)
class _Look:
    """Everything besides the line that decides how it looks."""

    palette: Palette
    width: int
    wrap: bool
    left: int
    source: bool
    times: bool
    pattern: re.Pattern[str] | None
    found: bool


@lru_cache(maxsize=512)
def _line_rows(line: LogLine, look: _Look) -> tuple[tuple[Run, ...], ...]:
    """One line as rows; kept for the lines in view."""
    runs, head = _line_runs(line, look)
    if look.wrap:
        return wrap_runs(head, runs, look.width)
    room = max(1, look.width - sum(cell_width(text) for text, _ in head))
    return ((*head, *cut_runs(runs, look.left, room)),)


def _line_runs(line: LogLine, look: _Look) -> tuple[list[Run], list[Run]]:
    """(text, what stands before it)."""
    palette, pattern = look.palette, look.pattern
    head: list[Run] = []
    if look.times:
        moment = datetime.fromtimestamp(line.arrived).astimezone()
        head.append((f"{moment:%H:%M:%S} ", palette.faint))
    if look.source:
        head.append((f"{fit(source_name(line.key), SOURCE_WIDTH)} ", source_style(line.key, palette)))
    if line.kind != "line":
        return [(f"── {clean_cell(line.text)} ──", palette.heading)], head
    raw = line.text
    spans = log_spans(raw[:MOST_CHARACTERS])
    base = palette.busy if line.channel == "stderr" and not look.source else palette.text
    runs: list[Run] = [(text, base + rich_style(style)) for text, style in spans]
    if len(raw) > MOST_CHARACTERS:
        runs.append((f" … {len(raw) - MOST_CHARACTERS:,} more characters", palette.heading))
    if pattern is not None:
        runs = _highlighted(runs, pattern, palette.danger if look.found else palette.match)
    return runs, head


def _highlighted(runs: Sequence[Run], pattern: re.Pattern[str], match: Style) -> list[Run]:
    """Runs with what the pattern finds in their joined text in the style of a match."""
    text = "".join(part for part, _ in runs)
    marks = [found.span() for found in pattern.finditer(text) if found.end() > found.start()]
    if not marks:
        return list(runs)
    # Walk runs and marks together: a line of one letter searched for that letter has as many marks as characters.
    edges = sorted({edge for span in marks for edge in span})
    inside_from = {start for start, _ in marks}
    result: list[Run] = []
    at, next_edge, inside = 0, 0, False
    for part, style in runs:
        end = at + len(part)
        while at < end:
            if next_edge < len(edges) and edges[next_edge] == at:
                inside = at in inside_from
                next_edge += 1
            stop = min(end, edges[next_edge] if next_edge < len(edges) else end)
            result.append((text[at:stop], match if inside else style))
            at = stop
    return result


@lru_cache(maxsize=256)
def rich_style(style: LogStyle) -> Style:
    """A log's own colour and weight, for Rich."""
    return Style(
        color=_rich_colour(style.fg),
        bgcolor=_rich_colour(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
    )


def _rich_colour(colour: int | tuple[int, int, int] | None) -> Color | None:
    if colour is None:
        return None
    if isinstance(colour, int):
        return Color.from_ansi(colour)
    return Color.from_rgb(*colour)


def source_name(key: ProcessKey) -> str:
    """'host name', or the host alone for supervisord's own log; clean."""
    return clean_cell(f"{key.host} {key.name}" if key.name else key.host)


def source_style(key: ProcessKey, palette: Palette) -> Style:
    """The same process always has the same colour, on every machine and in every run."""
    return palette.sources[crc32("\0".join(key).encode("utf-8", "replace")) % len(palette.sources)]
