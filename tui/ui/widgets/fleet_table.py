"""The process table: every row of the view, painted a line at a time.

Who comes in: pictures of the fleet, and keys as method calls. Who leaves: messages with identities. The one rule: the
cursor and the marks are identities, never positions (ux.md, principle 3).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from textual.message import Message

from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.model.query import Query
from tui.model.states import Health
from tui.model.view import Column, Row, Scope, Sort, View
from tui.text import clean_cell, fit
from tui.ui.widgets.fleet_columns import Layout, Widths, host_widths, layout
from tui.ui.widgets.fleet_rows import RowLook, heading_runs, row_runs
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

PROBLEMS = "state:bad"
"""The filter of the problems view."""


class FleetTable(ListWidget):
    """Rows of processes and of hosts that have none to show."""

    HEAD = 1

    class CursorMoved(Message):
        """Another row is under the cursor; `key` is None when there are no rows."""

        def __init__(self, key: ProcessKey | None) -> None:
            super().__init__()
            self.key = key

    class Opened(Message):
        """The row under the cursor was opened."""

        def __init__(self, key: ProcessKey) -> None:
            super().__init__()
            self.key = key

    class MarksChanged(Message):
        """There are now `count` marks."""

        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

    class Sorted(Message):
        """The table was sorted, by a key or a click on a heading."""

        def __init__(self, sort: Sort) -> None:
            super().__init__()
            self.sort = sort

    def __init__(
        self, view: View | None = None, *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.view = view if view is not None else View()
        """What is shown; change it through this widget's methods so that the cursor stays on its row."""
        self._picture: FleetPicture | None = None
        self._now = time.monotonic()
        self._cursor: ProcessKey | None = None
        self._marks: set[ProcessKey] = set()
        self._left: set[ProcessKey] = set()
        """Rows that went away and may still be marked."""
        self._groups: dict[ProcessKey, frozenset[ProcessKey]] = {}
        self._anchor: ProcessKey | None = None
        self._in_flight: frozenset[ProcessKey] = frozenset()
        self._flapping: frozenset[ProcessKey] = frozenset()
        self._restarts: Callable[[ProcessKey], Sequence[int]] | None = None
        self._widths = Widths()
        self._measured: dict[str, HostSnapshot] = {}
        self._layout = Layout(())
        self._laid_out: tuple[int, Widths, bool] | None = None

    # What is shown.

    def set_picture(self, picture: FleetPicture, monotonic: float | None = None) -> None:
        """Show this picture of the fleet; only lines whose text differs are sent."""
        self._picture = picture
        self._now = time.monotonic() if monotonic is None else monotonic
        self._measure(picture.hosts.values())
        self._left |= self.view.update(picture, self._now).left
        if self._left and not self.hold:
            self._forget_marks_of_the_gone(picture)
        self._settle()

    def tick(self, monotonic: float | None = None) -> None:
        """Time has passed: repaint what reads differently now, which is little and mostly nothing."""
        self._now = time.monotonic() if monotonic is None else monotonic
        if self._picture is not None and self.view.query.depends_on_time:
            self.view.update(self._picture, self._now)
            self._settle()
        else:
            self.repaint()

    def set_query(self, query: Query) -> None:
        """Show only what this filter lets through."""
        self.view.set_query(query)
        self._settle()

    def set_sort(self, sort: Sort) -> None:
        """Order the rows; the cursor stays on its row."""
        self.view.set_sort(sort)
        self._settle()
        self.post_message(self.Sorted(sort))

    def set_scope(self, scope: Scope) -> None:
        """Show a part of the fleet: a folder, a tag, a host, or all."""
        self.view.set_scope(scope)
        self._settle()

    def sort_by(self, column: Column) -> None:
        """Sort by a column, or turn the order round when it is sorted by it already."""
        sort = self.view.sort
        self.set_sort(Sort(column, not sort.reverse if sort.column is column else False))

    def sort_next(self, step: int = 1) -> None:
        """Sort by the next shown column, or the one before with -1."""
        shown = [column for column, _, _ in self._columns(self.size.width - 1).columns]
        at = shown.index(self.view.sort.column) if self.view.sort.column in shown else -step
        self.set_sort(Sort(shown[(at + step) % len(shown)]))

    def invert_sort(self) -> None:
        """The same column, the other way."""
        self.set_sort(Sort(self.view.sort.column, not self.view.sort.reverse))

    @property
    def hold(self) -> bool:
        """Whether the order stands still while rows go on telling the truth."""
        return self.view.hold

    @hold.setter
    def hold(self, on: bool) -> None:
        self.view.hold = on
        if not on and self._picture is not None:
            self.view.update(self._picture, self._now)
        self._settle()

    def set_in_flight(self, keys: Iterable[ProcessKey]) -> None:
        """Rows on which an operation of ours is under way wear a star."""
        keys = frozenset(keys)
        if keys != self._in_flight:
            self._in_flight = keys
            self.repaint()

    def set_flapping(self, keys: frozenset[ProcessKey]) -> None:
        """Rows of processes that keep ending and being started again wear a sign behind their state."""
        if keys != self._flapping:
            self._flapping = keys
            self.repaint()

    def set_restarts(self, of: Callable[[ProcessKey], Sequence[int]] | None) -> None:
        """Where a row's recent restarts are asked for (counts, the newest last); None: nobody had any."""
        self._restarts = of

    # The cursor and the marks.

    @property
    def cursor_key(self) -> ProcessKey | None:
        """Who is under the cursor."""
        return self._cursor

    @property
    def cursor_row(self) -> Row | None:
        """The row under the cursor, as it is now."""
        return self._row_now(self._at) if 0 <= self._at < len(self.view.rows) else None

    @property
    def marks(self) -> frozenset[ProcessKey]:
        """Who is marked, shown or not."""
        return frozenset(self._marks)

    @property
    def mark_count(self) -> int:
        """How many are marked."""
        return len(self._marks)

    @property
    def marked_groups(self) -> frozenset[ProcessKey]:
        """Groups that were marked as such, and of which no process was unmarked since."""
        return frozenset(group for group, members in self._groups.items() if members <= self._marks)

    def select(self, key: ProcessKey) -> bool:
        """Put the cursor on a row by identity; False when it is not shown."""
        index = self.view.index(key)
        if index is not None:
            self.move_to(index)
        return index is not None

    def toggle_mark(self) -> None:
        """Mark the row under the cursor or unmark it, and go on to the next."""
        if self._cursor is None:
            return
        self._marks ^= {self._cursor}
        self._anchor = self._cursor
        self._marks_changed()
        self.cursor_down()

    def mark_range(self) -> None:
        """Mark everything between the last mark and the cursor."""
        if self._cursor is None:
            return
        anchor = self.view.index(self._anchor) if self._anchor is not None else None
        first, last = sorted((self._at, self._at if anchor is None else anchor))
        self._marks.update(row.key for row in self.view.rows[first : last + 1])
        self._anchor = self._cursor
        self._marks_changed()

    def mark_group(self) -> None:
        """Mark every process of the group under the cursor, on its host, shown or not."""
        row = self.cursor_row
        if row is None or row.process is None:
            return
        group = ProcessKey(row.key.host, row.key.group)
        self._groups[group] = frozenset(one.key for one in row.host.processes if one.key.group == group.group)
        self._marks |= self._groups[group]
        self._marks_changed()

    def mark_all(self) -> None:
        """Mark all rows that are shown."""
        self._marks.update(row.key for row in self.view.rows)
        self._marks_changed()

    def clear_marks(self) -> None:
        """No marks."""
        if self._marks:
            self._marks.clear()
            self._marks_changed()

    def next_problem(self) -> bool:
        """The next row that wants attention, round the end; False when there is none."""
        return self._seek(1, _is_problem)

    def previous_problem(self) -> bool:
        """The row before that wants attention."""
        return self._seek(-1, _is_problem)

    def next_match(self) -> bool:
        """The next row the filter lets through, round the end."""
        return self._seek(1, lambda _row: True)

    def previous_match(self) -> bool:
        """The row before that the filter lets through."""
        return self._seek(-1, lambda _row: True)

    # For the list ground.

    def count(self) -> int:
        """Rows after the filter."""
        return len(self.view.rows)

    def cursor_moved(self) -> None:
        """Keep the identity, tell the screen."""
        row = self.cursor_row
        self._cursor = row.key if row is not None else None
        self.post_message(self.CursorMoved(self._cursor))

    def opened(self) -> None:
        """Tell the screen."""
        if self._cursor is not None:
            self.post_message(self.Opened(self._cursor))

    def head_clicked(self, x: int, y: int) -> None:
        """Sort by the heading that was clicked."""
        column = self._columns(self.size.width - 1).at(x)
        if column is not None:
            self.sort_by(column)

    def draw_head(self, y: int, width: int) -> Iterable[Run]:
        """The headings, with an arrow at the one that orders."""
        return heading_runs(self._columns(width - 1), self.view.sort, self.palette, self.glyphs)

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """One row."""
        row = self._row_now(index)
        look = RowLook(
            layout=self._columns(width),
            palette=self.palette,
            glyphs=self.glyphs,
            monotonic=self._now,
            in_flight=row.key in self._in_flight,
            flapping=row.key in self._flapping,
            restarts=self._restarts(row.key) if self._restarts is not None else (),
            gone=self.view.hold and self._is_gone(row),
        )
        yield from self._gutter(index, row)
        yield from row_runs(row, look)

    def draw_empty(self, y: int, width: int) -> Iterable[Run]:
        """Why there is nothing to see, and what to do about it."""
        lines = self._why_empty()
        first = max(1, self.page // 3)
        if not first <= y < first + len(lines):
            return
        text = lines[y - first]
        palette = self.palette
        yield " " * max(2, (width - len(text)) // 2), palette.dim
        yield fit(text, min(len(text), width - 2)), palette.strong if y == first else palette.dim

    def _why_empty(self) -> tuple[str, ...]:
        picture = self._picture
        if picture is None or not picture.counts.hosts:
            return ("Looking for hosts …",)
        counts = picture.counts
        answered = counts.hosts - counts.pending
        if self.view.total and self.view.query.text == PROBLEMS:
            return ("No problems", f"All {self.view.total} rows are well or at rest: esc shows them.")
        if self.view.total and self.view.query.text:
            shown = f"Nothing matches  {clean_cell(self.view.query.text, 60)}"
            return (shown, f"{self.view.total} rows are hidden by this filter: esc clears it, / changes it.")
        if not answered:
            return (f"{answered} of {counts.hosts} hosts answered", "Rows appear as they come in.")
        if counts.pending:
            return ("No processes so far", f"{answered} of {counts.hosts} hosts answered.")
        return ("No processes here", "These supervisords have no programs configured, or the scope is empty.")

    def _row_now(self, index: int) -> Row:
        """The row with its host's newest reading: a view's rows keep the snapshot of their last visible change."""
        row = self.view.rows[index]
        host = self._picture.hosts.get(row.key.host) if self._picture is not None else None
        return row if host is None or host is row.host else Row(row.key, host, row.process)

    def _is_gone(self, row: Row) -> bool:
        return self._picture is not None and not _exists(row.key, self._picture)

    def _gutter(self, index: int, row: Row) -> Iterable[Run]:
        palette, glyphs = self.palette, self.glyphs
        under = index == self._at
        yield glyphs.cursor if under else " ", palette.key if under and self.has_focus else palette.dim
        marked = row.key in self._marks
        yield f"{glyphs.mark if marked else ' '} ", palette.mark if marked else palette.dim

    def _columns(self, width: int) -> Layout:
        asked = (width, self._widths, self._restarts is not None)
        if self._laid_out != asked:
            self._laid_out = asked
            self._layout = layout(width, self._widths, restarts=self._restarts is not None)
        return self._layout

    # Upkeep.

    def _measure(self, hosts: Iterable[HostSnapshot]) -> None:
        """Grow the columns to what changed hosts ask for; hosts with the same rows are not looked at."""
        widths = self._widths
        for host in hosts:
            seen = self._measured.get(host.host)
            if seen is not None and (
                seen is host or (seen.processes is host.processes and seen.tags == host.tags)
            ):
                continue
            self._measured[host.host] = host
            widths = widths.grown(host_widths(host, seen))
        self._widths = widths

    def _settle(self) -> None:
        """After the rows changed: the cursor finds its row again, and what differs is repainted."""
        index = self.view.index(self._cursor) if self._cursor is not None else None
        self.keep_place(index)
        self.repaint()
        row = self.cursor_row
        key = row.key if row is not None else None
        if key != self._cursor:
            self.cursor_moved()

    def _forget_marks_of_the_gone(self, picture: FleetPicture) -> None:
        gone = {key for key in self._left & self._marks if not _exists(key, picture)}
        self._left.clear()
        if gone:
            self._marks -= gone
            self._marks_changed()

    def _marks_changed(self) -> None:
        if not self._marks:
            self._groups.clear()
        self.repaint()
        self.post_message(self.MarksChanged(len(self._marks)))

    def _seek(self, step: int, wanted: Callable[[Row], bool]) -> bool:
        rows = self.view.rows
        for distance in range(1, len(rows) + 1):
            index = (self._at + step * distance) % len(rows)
            if wanted(rows[index]):
                self.move_to(index)
                return True
        return False


def _is_problem(row: Row) -> bool:
    health = row.process.health if row.process is not None else row.host.health
    return health is Health.BAD


def _exists(key: ProcessKey, picture: FleetPicture) -> bool:
    host = picture.hosts.get(key.host)
    if host is None:
        return False
    if key.is_group:
        return any(process.key.group == key.group for process in host.processes)
    return key.is_host or key in host.by_key
