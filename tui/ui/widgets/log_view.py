"""Log lines of one or many processes: follow, wrap, search, filter, times, sources.

Who comes in: raw lines from the engine, in batches. Who leaves: wishes for older lines, and nothing else but what is
painted. The one rule: the place is a line's serial number, so that neither new lines nor older ones nor the bound move
what one reads; only visible lines are ever parsed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from textual import events
from textual.message import Message
from textual.timer import Timer

from tui.model.log_search import LogSearch, looks_like_trouble
from tui.ui.widgets.lines import Run
from tui.ui.widgets.log_line import LineLook, LogLine, line_rows, saved_line
from tui.ui.widgets.log_memory import LogMemory, Wanted, is_mark, with_text
from tui.ui.widgets.log_sources import LogSources
from tui.ui.widgets.log_window import LogWindow, Place
from tui.ui.widgets.wheel import WheelWidget

SIDEWAYS = 8
CELLS_A_SECOND = 80_000
"""How much of the screen a flood of lines may repaint: each line moves all others, and a terminal far away is slow."""


class LogView(WheelWidget, can_focus=True):
    """A window on the newest 200,000 lines, or on those before them."""

    class FollowChanged(Message):
        """Following began or ended, by a key or because one scrolled away from the end."""

        def __init__(self, follow: bool) -> None:
            super().__init__()
            self.follow = follow

    class Searched(Message):
        """How many lines match; 0 when none does. Not `complete`: at least so many."""

        def __init__(self, text: str, count: int, complete: bool = True) -> None:
            super().__init__()
            self.text = text
            self.count = count
            self.complete = complete

    class GaveUp(Message):
        """The pattern of the search, or of the filter, took too long and is not tried any more; once for each."""

        def __init__(self, search: LogSearch, filtering: bool) -> None:
            super().__init__()
            self.search = search
            self.filtering = filtering

    class OlderWanted(Message):
        """The reader comes near the first line that is here: `add_older` or `no_older`, please."""

    class NewestWanted(Message):
        """The newest lines are not kept any more, and the reader wants them: begin afresh."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.memory = LogMemory()
        self._sources = LogSources()
        self._top = (0, 0)
        """(serial, wrapped row) at the top; not used while following."""
        self._left = 0
        self._follow = True
        self._wrap = False
        self._times = False
        self._search: LogSearch | None = None
        self._given_up: tuple[LogSearch, ...] = ()
        """Of the search and the filter in use, those of which it was told."""
        self._found: int | None = None
        self._window: list[Place] = []
        self._empty = "No output yet."
        self._older = True
        """Whether there may be older lines than those that are here."""
        self._asked_older = False
        self._painted_at = float("-inf")
        self._alarm: Timer | None = None

    # What is shown.

    def add_lines(self, lines: Sequence[LogLine]) -> None:
        """New lines, oldest first; a flood of batches is painted as often as a terminal can take."""
        if not lines:
            return
        self._sources.know(lines)
        self.memory.add(lines)
        self._top = max(self._top, (self.memory.first, 0))
        self._show_soon()

    def add_older(self, lines: Sequence[LogLine], *, more: bool) -> None:
        """Lines before those that are here; `more`: there may be still older ones."""
        self._asked_older, self._older = False, more
        self._sources.know(lines)
        if (
            self._follow and self._window
        ):  # the window holds what is being read, also when the newest lines must go
            self._top = self._window[0]
        self.memory.prepend(lines)
        if self.memory.left_out and self._follow:
            self._follow = False
            self.post_message(self.FollowChanged(False))
        self._show()

    def clear(self, empty: str = "No output yet.") -> None:
        """Forget all lines; `empty` is said until there are new ones. A filter and a search stay."""
        self.memory.clear()
        self._sources = LogSources()
        self._top = (self.memory.first, 0)
        self._found = None
        self._older, self._asked_older = True, False
        self._empty = empty
        self._show()

    @property
    def line_count(self) -> int:
        """Kept lines that the filter lets through."""
        return len(self.memory.lines)

    def text(self) -> Callable[[], str]:
        """What makes the text of all lines that the filter lets through now, clean; it takes a while, on any thread."""
        lines, several = list(self.memory.lines), self._sources.several
        return lambda: "\n".join(saved_line(line, several) for line in lines)

    def visible_text(self) -> str:
        """The lines in view, clean and whole, as they would be copied."""
        serials = dict.fromkeys(serial for serial, _ in self._window)
        return "\n".join(saved_line(self.memory[serial], several=self._sources.several) for serial in serials)

    # How it is shown.

    @property
    def follow(self) -> bool:
        """Whether the newest line stays in view."""
        return self._follow

    @follow.setter
    def follow(self, on: bool) -> None:
        if on and self.memory.left_out:
            self.post_message(self.NewestWanted())
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

    # Search and filter.

    def search(self, text: str) -> int:
        """Highlight a text (or `/a pattern/`, see LogSearch) and go to the nearest match above the end; counts lines.

        Raises `re.error` when a pattern cannot be used.
        """
        if not text:
            self._search, self._found = None, None
            self._show()
            return 0
        search = LogSearch.parse(text)
        self._search, self._found = search, None
        if not self.previous_match():
            self._show()
        count, complete = (0, True) if self._found is None else self.memory.count(search.matches)
        if not search.gave_up:
            self.post_message(self.Searched(text, count, complete))
        return count

    @property
    def searching(self) -> LogSearch | None:
        """What is looked for."""
        return self._search

    def next_match(self) -> bool:
        """Go to the next line that matches; False when there is none below."""
        return self._search is not None and self._walk_down(with_text(self._search.matches))

    def previous_match(self) -> bool:
        """Go to the line before that matches."""
        return self._search is not None and self._walk_up(with_text(self._search.matches))

    def next_trouble(self) -> bool:
        """Go to the next line that looks like an error; False when there is none below."""
        return self._walk_down(with_text(looks_like_trouble))

    def previous_trouble(self) -> bool:
        """Go to the line before that looks like an error."""
        return self._walk_up(with_text(looks_like_trouble))

    def next_mark(self) -> bool:
        """Go to the next mark; False when there is none below."""
        return self._walk_down(is_mark)

    def previous_mark(self) -> bool:
        """Go to the mark before."""
        return self._walk_up(is_mark)

    @property
    def filter(self) -> LogSearch | None:
        """What lines must match to be shown; remarks always are."""
        return self.memory.filter

    def set_filter(self, text: str) -> int:
        """Show only lines with a text (or `/a pattern/`; `!` before it: without it), '' all; how many there are.

        Raises `re.error` when a pattern cannot be used.
        """
        search = LogSearch.parse(text, filtering=True) if text else None
        near = (
            self._found
            if self._found is not None
            else self._window[0][0]
            if self._window
            else self.memory.end
        )
        self._top = (self.memory.set_filter(search, near), 0)
        self._found = None
        self._show()
        return self.line_count

    def _walk_down(self, wanted: Wanted) -> bool:
        if self._found is not None:
            start = self._found + 1
        else:
            start = self._window[0][0] if self._window else self.memory.first
        return self._go_to(self.memory.next(wanted, start))

    def _walk_up(self, wanted: Wanted) -> bool:
        return self._go_to(
            self.memory.previous(wanted, self.memory.end if self._found is None else self._found)
        )

    def _go_to(self, serial: int | None) -> bool:
        if serial is None:
            self._tell_given_up()
            return False
        self._found = serial
        if all(seen != serial for seen, _ in self._window):
            self._top = self._rows_window().moved((serial, 0), -(self.size.height // 2))
            if self._follow:
                self._follow = False
                self.post_message(self.FollowChanged(False))
        elif self._follow:
            self.follow = False
        self._show()
        return True

    # Movement.

    def scroll_rows(self, by: int) -> None:
        """Down, or up when negative; leaves following, and takes it up again at the end."""
        if not self._window or not by:
            return
        if by < 0 and self._window[0][0] - self.memory.first < 2 * self.size.height - by:
            self._want_older()
        top = self._rows_window().moved(self._window[0], by)
        last = self._rows_window().top_for_end()
        if top >= last and by > 0:
            self._top = last
            if not self.memory.left_out:  # else the end that is here is not the end of the log
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
        """The oldest line that is here; older ones are wished for."""
        self._want_older()
        self.follow = False
        self._top = (self.memory.first, 0)
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

    def wheel(self, by: int) -> None:
        """As many lines."""
        self.scroll_rows(by)

    # Painting.

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """One row of one line."""
        if not self._window and self.memory.lines:
            self._window = self._visible()
        if not self.memory.lines:
            hidden = f"None of {self.memory.kept:,} lines passes the filter."
            return [(f" {hidden if self.memory.kept else self._empty}", self.palette.dim)] if y == 0 else []
        if y >= len(self._window):
            return ()
        serial, row = self._window[y]
        rows = self._rows(serial, width)
        return rows[row] if row < len(rows) else ()

    def on_resize(self, _event: events.Resize) -> None:
        """Rows are other rows at another width."""
        self._top = (self._top[0], 0)
        self._show()

    def _want_older(self) -> None:
        if self._older and not self._asked_older and self.memory.kept:
            self._asked_older = True
            self.post_message(self.OlderWanted())

    def _show_soon(self) -> None:
        """Paint now, or when the screen may be repainted again; what is read must not be dropped before that."""
        size = self.size
        due = self._painted_at + size.width * size.height / CELLS_A_SECOND
        wait = due - time.monotonic()
        stands = bool(self._window) and self._window[0][0] >= self.memory.first
        if wait <= 0 or not stands or not self._follow:
            self._show()
        elif self._alarm is None:
            self._alarm = self.set_timer(wait, self._show)

    def _show(self) -> None:
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None
        self._painted_at = time.monotonic()
        self._window = self._visible() if self.is_attached and self.size else []
        self._tell_given_up()
        self.repaint()

    def _tell_given_up(self) -> None:
        """A pattern gives up on any line: when lines come, are walked, or are painted."""
        in_use = (self._search, self.memory.filter)
        given_up = tuple(search for search in in_use if search is not None and search.gave_up)
        for search in given_up:
            if search not in self._given_up:
                self.post_message(self.GaveUp(search, search is self.memory.filter))
        self._given_up = given_up

    def _rows_window(self) -> LogWindow:
        width = self.size.width
        return LogWindow(self.memory, self.size.height, lambda serial: len(self._rows(serial, width)))

    def _visible(self) -> list[Place]:
        """Each visible row; only these are parsed."""
        return self._rows_window().visible(None if self._follow else self._top)

    def _rows(self, serial: int, width: int) -> tuple[tuple[Run, ...], ...]:
        line = self.memory[serial]
        look = LineLook(
            palette=self.palette,
            width=width,
            wrap=self._wrap,
            left=self._left,
            source=self._sources.width,
            times=self._times,
            both=self._sources.both_channels,
            search=self._search,
            found=serial == self._found,
        )
        return line_rows(line, look)
