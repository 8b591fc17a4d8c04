"""The second line: which part of the fleet is shown, through which filter, in which order, and what is marked."""

from __future__ import annotations

from collections.abc import Iterable

from tui.model.query import Query
from tui.model.view import Scope, Sort
from tui.text import cell_width, clean_cell, fit
from tui.ui.widgets.fleet_columns import HEADINGS
from tui.ui.widgets.fleet_table import PROBLEMS
from tui.ui.widgets.lines import LineWidget, Run


class Breadcrumb(LineWidget):
    """One line; the left side says where one is, the right side how much that is."""

    DEFAULT_CSS = "Breadcrumb { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._left: tuple[tuple[str, str], ...] = ()
        self._right: tuple[tuple[str, str], ...] = ()

    def set_state(
        self,
        scope: Scope,
        query: Query,
        sort: Sort,
        shown: int,
        total: int,
        marks: int,
        hold: bool,
        muted: bool = False,
        file_changed: bool = False,
    ) -> None:
        """`shown` of `total` rows pass the filter; `file_changed`: there is something to reload."""
        glyphs = self.glyphs
        where = "all" if scope == Scope.ALL else f"all {glyphs.path} {scope.words}"
        left = [("strong", where)]
        if query.text == PROBLEMS:
            left += [("dim", f" {glyphs.path} "), ("bad", "problems")]
        elif query.text:
            left += [("dim", "  filter "), ("accent", clean_cell(query.text))]
        direction = glyphs.descending if sort.reverse else glyphs.ascending
        right = [("dim", f"sort {HEADINGS.get(sort.column, sort.column.name)} {direction}")]
        right.append(("dim", f"   {shown}" if shown == total else f"   {shown} of {total}"))
        if marks:
            right.append(("mark", f"   {marks} marked"))
        if hold:
            right += [("dim", "   "), ("badge", " HOLD ")]
        if muted:
            right += [("dim", "   "), ("badge", " MUTED ")]
        if file_changed:
            right += [("dim", "   "), ("badge", " :reload ")]
        self._left, self._right = tuple(left), tuple(right)
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """Left, a gap, right; the left is cut before the right is."""
        right = [(text, getattr(self.palette, role)) for role, text in self._right]
        taken = sum(cell_width(text) for text, _ in right)
        room = max(10, width - taken - 3)
        runs: list[Run] = [(" ", self.palette.text)]
        for role, text in self._left:
            text = fit(text, min(cell_width(text), max(0, room)))
            room -= cell_width(text)
            runs.append((text, getattr(self.palette, role)))
        return [*runs, (" " * max(2, room + 1), self.palette.text), *right]
