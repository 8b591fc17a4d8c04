"""The first line of a screen that is about one thing: what it is at the left, how it is looked at on the right."""

from __future__ import annotations

from collections.abc import Iterable

from tui.text import cell_width, fit
from tui.ui.widgets.lines import LineWidget, Run


class Heading(LineWidget):
    """One line of clean text."""

    DEFAULT_CSS = "Heading { height: 1; }"

    def __init__(self, left: str = "", right: str = "") -> None:
        super().__init__()
        self._left, self._right = left, right

    def set_text(self, left: str, right: str = "") -> None:
        """Show this."""
        self._left, self._right = left, right
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """The left is cut before the right is."""
        right = fit(self._right, min(cell_width(self._right), width // 2))
        room = max(0, width - cell_width(right) - 3)
        yield " " + fit(self._left, room) + " ", self.palette.strong
        yield right, self.palette.dim
