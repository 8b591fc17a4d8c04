"""The keys that work in a view, by section; made from the registry of actions, never by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tui.text import cell_width, fit
from tui.ui.widgets.lines import Run, wrap_words
from tui.ui.widgets.wheel import WheelWidget

Section = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and (keys, what they do)."""
COLUMN = 46
"""The least width of one column of keys."""


class HelpTable(WheelWidget, can_focus=True):
    """Sections side by side as far as the width allows; scrolls."""

    def __init__(
        self, sections: Sequence[Section] = (), *, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._sections = tuple(sections)
        self._top = 0
        self._lines: tuple[tuple[Run, ...], ...] = ()
        self._laid_out: object = None

    def set_sections(self, sections: Sequence[Section]) -> None:
        """Show these."""
        self._sections = tuple(sections)
        self._laid_out = None
        self._top = 0
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """One line of all columns."""
        lines = self._flow(width)
        return lines[self._top + y] if self._top + y < len(lines) else ()

    def scroll_lines(self, by: int) -> None:
        """Down, or up when negative."""
        last = max(0, len(self._flow(self.size.width)) - self.size.height)
        self._top = min(max(0, self._top + by), last)
        self.repaint()

    def wheel(self, by: int) -> None:
        """As many lines."""
        self.scroll_lines(by)

    def _flow(self, width: int) -> tuple[tuple[Run, ...], ...]:
        state = (width, self.palette, self._sections)
        if self._laid_out != state:
            self._laid_out = state
            self._lines = self._columns(width)
        return self._lines

    def _columns(self, width: int) -> tuple[tuple[Run, ...], ...]:
        """Sections go to the column that is shortest so far, in order."""
        count = max(1, min(len(self._sections) or 1, width // COLUMN))
        size = width // count
        columns: list[list[tuple[Run, ...]]] = [[] for _ in range(count)]
        for section in self._sections:
            shortest = min(columns, key=len)
            shortest += self._section(section, size)
        high = max(map(len, columns), default=0)
        blank: tuple[Run, ...] = ((" " * size, self.palette.text),)
        return tuple(
            tuple(run for column in columns for run in (column[y] if y < len(column) else blank))
            for y in range(high)
        )

    def _section(self, section: Section, size: int) -> list[tuple[Run, ...]]:
        title, rows = section
        palette = self.palette
        keys = min(max((cell_width(key) for key, _ in rows), default=0), size // 2)
        lines: list[tuple[Run, ...]] = [((fit(f" {title}", size), palette.heading),)]
        for key, words in rows:
            for part in wrap_words(words, max(8, size - keys - 4)):
                lines.append(
                    (
                        (f" {fit(key, keys)}  ", palette.key),
                        (fit(part, size - keys - 4), palette.text),
                        (" ", palette.text),
                    )
                )
                key = ""
        lines.append(((" " * size, palette.text),))
        return lines
