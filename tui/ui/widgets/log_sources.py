"""Whose lines a log shows: how many processes, which channels, and the room that their names need."""

from __future__ import annotations

from collections.abc import Iterable

from tui.model.process import ProcessKey
from tui.text import cell_width
from tui.ui.widgets.log_line import SOURCE_WIDTH, LogLine, source_name


class LogSources:
    """What has been seen of them so far."""

    def __init__(self) -> None:
        self._keys: set[ProcessKey] = set()
        self._channels: set[str] = set()
        self._widest = 0

    def know(self, lines: Iterable[LogLine]) -> None:
        """Take in whose these are."""
        new = {line.key for line in lines} - self._keys
        self._keys |= new
        self._channels |= {line.channel for line in lines if line.kind == "line"}
        widest = max((cell_width(source_name(key)) for key in new), default=0)
        self._widest = min(SOURCE_WIDTH, max(self._widest, widest))

    @property
    def several(self) -> bool:
        """Whether each line must say whose it is."""
        return len(self._keys) > 1

    @property
    def both_channels(self) -> bool:
        """Whether each line must say of which channel it is."""
        return len(self._channels) > 1

    @property
    def width(self) -> int:
        """Cells for the name before a line; 0 when it needs none."""
        return self._widest if self.several else 0
