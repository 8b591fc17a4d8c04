"""A list with a cursor on the line ground: movement, half-page jumps, wheel, click and a scroll bar of our own.

Who comes in: a subclass that counts its items and draws one. Who leaves: a widget that keeps the user's place. The bar
is painted as the last cell of each line, because Textual's own costs a repaint of a whole column per step.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style
from textual import events

from tui.ui.widgets.lines import Run
from tui.ui.widgets.wheel import WheelWidget


class ListWidget(WheelWidget, can_focus=True):
    """Items under a fixed head, one of them under the cursor."""

    HEAD = 0
    """Lines above the items that do not scroll."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._at = 0
        self._top = 0

    # What a subclass says about its items.

    def count(self) -> int:
        """How many items there are."""
        raise NotImplementedError

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """What the item looks like, without the cursor's background."""
        raise NotImplementedError

    def draw_head(self, y: int, width: int) -> Iterable[Run]:
        """What line `y` above the items looks like."""
        return ()

    def draw_empty(self, y: int, width: int) -> Iterable[Run]:
        """What line `y` of the body looks like when there are no items."""
        return ()

    def cursor_moved(self) -> None:
        """The cursor is on another item; called after the repaint."""

    def opened(self) -> None:
        """Enter or a double click on the item under the cursor."""

    def head_clicked(self, x: int, y: int) -> None:
        """A click above the items."""

    # Movement.

    @property
    def page(self) -> int:
        """How many items fit."""
        return max(1, self.size.height - self.HEAD)

    @property
    def position(self) -> int:
        """The index under the cursor; -1 when there are no items."""
        return self._at if self.count() else -1

    def move_to(self, index: int) -> None:
        """Put the cursor on an item, as near as there is one, and show it; at an edge jump half a page."""
        count = self.count()
        if not count:
            return
        at = min(max(index, 0), count - 1)
        before = self._cursor_lines()
        changed, self._at = at != self._at, at
        was, self._top = self._top, self._shown_top()
        if was != self._top:
            self.repaint()
        elif changed:
            self.repaint((*before, *self._cursor_lines()))
        if changed:
            self.cursor_moved()

    def cursor_down(self) -> None:
        """One item down."""
        self.move_to(self._at + 1)

    def cursor_up(self) -> None:
        """One item up."""
        self.move_to(self._at - 1)

    def page_down(self) -> None:
        """A page down; the cursor keeps its line."""
        self._scroll_with_cursor(self.page - 1)

    def page_up(self) -> None:
        """A page up."""
        self._scroll_with_cursor(1 - self.page)

    def half_page(self, direction: int = 1) -> None:
        """Half a page down, or up with -1."""
        self._scroll_with_cursor(direction * max(1, self.page // 2))

    def home(self) -> None:
        """The first item."""
        self.move_to(0)

    def end(self) -> None:
        """The last item."""
        self.move_to(self.count() - 1)

    def keep_place(self, index: int | None) -> None:
        """After an update: the item that was under the cursor is now at `index` (None: gone); nothing jumps."""
        count = self.count()
        line = self._at - self._top
        self._at = min(max(0, self._at if index is None else index), max(0, count - 1))
        self._top = self._bounded_top(self._at - line)
        self._top = self._shown_top()

    # Painting.

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """The head, the items in view, or what is said when there are none."""
        if y < self.HEAD:
            return self.draw_head(y, width)
        count = self.count()
        if not count:
            return self.draw_empty(y - self.HEAD, width)
        index = self._top + y - self.HEAD
        return self.draw(index, width - 1) if index < count else ()

    def tail(self, y: int) -> Run | None:
        """The scroll bar's cell, when there is more than fits."""
        return self._bar_cell(y - self.HEAD, self.count()) if y >= self.HEAD else None

    def ground(self, y: int) -> Style | None:
        """The cursor's background, brighter while this pane has the focus."""
        if y < self.HEAD or not self.count() or self._top + y - self.HEAD != self._at:
            return None
        return self.palette.cursor if self.has_focus else self.palette.cursor_away

    def _bar_cell(self, y: int, count: int) -> Run | None:
        page = max(1, self.painted_size.height - self.HEAD)
        if count <= page:
            return None
        length = max(1, page * page // count)
        span = count - page
        start = round(min(self._top, span) / span * (page - length))
        inside = start <= y < start + length
        return (self.glyphs.thumb, self.palette.faint) if inside else (self.glyphs.track, self.palette.rule)

    # The view's place.

    def _bounded_top(self, top: int) -> int:
        return min(max(0, top), max(0, self.count() - self.page))

    def _shown_top(self) -> int:
        """The first shown item so that the cursor is in view, half a page on when it ran over an edge."""
        top = self._bounded_top(self._top)
        if top <= self._at < top + self.page:
            return top
        near = self._at in (top - 1, top + self.page)
        ahead = self.page // 2 if near else self.page // 3
        return self._bounded_top(self._at - (self.page - 1 - ahead if self._at >= top + self.page else ahead))

    def _scroll_with_cursor(self, by: int) -> None:
        count = self.count()
        if not count:
            return
        at = min(max(self._at + by, 0), count - 1)
        changed, self._at = at != self._at, at
        self._top = self._bounded_top(self._top + by)
        self._top = self._shown_top()
        self.repaint()
        if changed:
            self.cursor_moved()

    # Mouse and focus.

    def wheel(self, by: int) -> None:
        """The list moves; the cursor stays on its item until that would leave the view."""
        top = self._bounded_top(self._top + by)
        if top == self._top:
            return
        self._top = top
        at = min(max(self._at, top), top + self.page - 1)
        changed, self._at = at != self._at, at
        self.repaint()
        if changed:
            self.cursor_moved()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there, a second one opens."""
        event.stop()
        if event.y < self.HEAD:
            self.head_clicked(event.x, event.y)
            return
        index = self._top + event.y - self.HEAD
        if event.x == self.size.width - 1 and self.count() > self.page:
            self.move_to(round((event.y - self.HEAD) / max(1, self.page - 1) * (self.count() - 1)))
        elif index < self.count():
            self.move_to(index)
            if event.chain >= 2:
                self.opened()

    def focus_changed(self) -> None:
        """Only the cursor's line says which pane has the focus."""
        self.repaint(self._cursor_lines())

    def on_resize(self, _event: events.Resize) -> None:
        """The cursor stays in view."""
        self._top = self._shown_top()
        self.repaint()

    def _cursor_lines(self) -> tuple[int, ...]:
        y = self._at - self._top + self.HEAD
        return (y,) if self.HEAD <= y < self.size.height else ()
