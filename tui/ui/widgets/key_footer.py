"""The last line: the keys that work here, in the order the registry gives; what does not fit is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tui.text import cell_width
from tui.ui.widgets.lines import LineWidget, Run


class KeyFooter(LineWidget):
    """Keys and what they do; an empty pair is a divider."""

    DEFAULT_CSS = "KeyFooter { height: 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._keys: tuple[tuple[str, str], ...] = ()
        self._spare: frozenset[str] = frozenset()

    def set_keys(self, keys: Sequence[tuple[str, str]], spare: Collection[str] = ()) -> None:
        """(key, word) pairs in the order to show; ('', '') divides. The `spare` words go first where it is narrow."""
        self._keys = tuple(keys)
        self._spare = frozenset(spare)
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """Whole pairs only."""
        palette = self.palette
        used = 1
        yield " ", palette.text
        for key, word in self._fitting(width):
            pair = [(key, palette.key), (f" {word}  ", palette.dim)] if key else [("│ ", palette.rule)]
            size = _size((key, word))
            if used + size - 2 > width:
                return
            used += size
            yield from pair

    def _fitting(self, width: int) -> Sequence[tuple[str, str]]:
        """The pairs without as many of the spare ones, the last first, as must go."""
        keys = list(self._keys)
        for pair in self._keys[::-1]:
            if sum(map(_size, keys)) - 1 <= width:
                break
            if pair[1] in self._spare:
                keys.remove(pair)
        return keys


def _size(pair: tuple[str, str]) -> int:
    key, word = pair
    return cell_width(key) + cell_width(word) + 3 if key else 2
