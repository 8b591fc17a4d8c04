"""The last line: the keys that work here, in the order the registry gives; what does not fit is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.text import cell_width
from tui.ui.widgets.lines import LineWidget, Run


class KeyFooter(LineWidget):
    """Keys and what they do; an empty pair is a divider."""

    DEFAULT_CSS = "KeyFooter { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._keys: tuple[tuple[str, str], ...] = ()

    def set_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """(key, word) pairs, the most useful first; ('', '') divides."""
        self._keys = tuple(keys)
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """Whole pairs only."""
        palette = self.palette
        used = 1
        yield " ", palette.text
        for key, word in self._keys:
            pair = [(key, palette.key), (f" {word}  ", palette.dim)] if key else [("│ ", palette.rule)]
            size = sum(cell_width(text) for text, _ in pair)
            if used + size - 2 > width:
                return
            used += size
            yield from pair
