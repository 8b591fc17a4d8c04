"""Which of tree, table and details are shown at which width, and which has the focus."""

from __future__ import annotations

from textual.widget import Widget

TREE_FROM, DETAIL_FROM = 100, 150
"""Columns of the terminal from which there is room for the tree, and for the details too."""


class Panes:
    """Three panes side by side as far as they fit; one alone when it is zoomed."""

    def __init__(self, tree: Widget, table: Widget, detail: Widget) -> None:
        self.tree, self.table, self.detail = tree, table, detail
        self._width = 0
        self._zoomed: Widget | None = None
        self._wide = False
        self._without_tree = False

    @property
    def main(self) -> Widget:
        """The pane that keys work on when none has the focus."""
        return self._zoomed or self.table

    def shows(self, pane: Widget) -> bool:
        """Whether the pane can be seen."""
        return pane.display

    def set_width(self, width: int) -> None:
        """The terminal is that wide now."""
        if self._zoomed is not None and self._fits(self._zoomed, width) and not self._fits(self._zoomed):
            self._zoomed = None
        self._width = width
        self._arrange()

    def show_tree(self) -> None:
        """Go to the tree; over the table where it is narrow."""
        self._without_tree = self._wide = False
        self._go(self.tree)

    def show_table(self) -> None:
        """Go to the table."""
        self._go(self.table)

    def show_detail(self) -> None:
        """Go to the details; alone where there is no room beside the table."""
        self._wide = False
        self._go(self.detail)

    def toggle_tree(self) -> None:
        """To the tree; from it, back to the table."""
        if self.tree.has_focus:
            self._without_tree = self._fits(self.tree)
            self.show_table()
        else:
            self.show_tree()

    def toggle_wide(self) -> None:
        """The table alone, and back."""
        self._wide = not self._wide
        self._zoomed = None
        self._arrange()
        self.table.focus()

    def toggle_zoom(self, pane: Widget | None) -> None:
        """`pane` alone, and back."""
        if self._zoomed is not None:
            self.unzoom()
        else:
            self._zoomed = pane if pane in (self.tree, self.detail) else self.table
            self._arrange()

    def unzoom(self) -> bool:
        """Back from one pane alone; False when it was not."""
        if self._zoomed is None and not self._wide:
            return False
        gone = self._zoomed
        self._zoomed, self._wide = None, False
        self._arrange()
        if gone is not None and not gone.display:
            self.table.focus()
        return True

    def _go(self, pane: Widget) -> None:
        self._zoomed = None if self._fits(pane) else pane
        self._arrange()
        pane.focus()

    def _fits(self, pane: Widget, width: int | None = None) -> bool:
        width = self._width if width is None else width
        least = {self.tree: TREE_FROM, self.detail: DETAIL_FROM}
        return width >= least.get(pane, 0)

    def _arrange(self) -> None:
        for pane in (self.tree, self.table, self.detail):
            if self._zoomed is not None:
                pane.display = pane is self._zoomed
            else:
                hidden = pane is not self.table and (
                    self._wide or not self._fits(pane) or (pane is self.tree and self._without_tree)
                )
                pane.display = not hidden
            pane.set_class(pane is self._zoomed, "-alone")
        self.tree.set_class(self.table.display, "-beside")
        self.table.set_class(self.detail.display, "-beside")
