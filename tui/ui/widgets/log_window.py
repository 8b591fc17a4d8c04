"""Which rows of which lines a log view shows. Places are (serial number, row of that line); nothing is painted here.

Who comes in: the kept lines, and how many rows each takes. The rule: only lines near the place are asked for their rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.ui.widgets.log_memory import LogMemory

Place = tuple[int, int]
"""(serial, wrapped row)."""


@dataclass(frozen=True, slots=True)
class LogWindow:
    """So many rows over the kept lines."""

    memory: LogMemory
    height: int
    rows_of: Callable[[int], int]
    """How many rows the line of this serial number takes, at least 1."""

    def visible(self, top: Place | None) -> list[Place]:
        """What is in view from `top` on, or from the place that shows the newest row last; None: that place."""
        end_top = self.top_for_end()
        serial, row = end_top if top is None else min(top, end_top)
        window: list[Place] = []
        while serial < self.memory.end and len(window) < self.height:
            rows = self.rows_of(serial)
            while row < rows and len(window) < self.height:
                window.append((serial, row))
                row += 1
            serial, row = serial + 1, 0
        return window

    def top_for_end(self) -> Place:
        """The place at which the newest row is the last in view."""
        room = self.height
        serial = self.memory.end
        while serial > self.memory.first and room > 0:
            serial -= 1
            rows = self.rows_of(serial)
            if rows >= room:
                return serial, rows - room
            room -= rows
        return serial, 0

    def moved(self, place: Place, by: int) -> Place:
        """So many rows further down, or up when negative; no further than the lines go."""
        serial, row = place
        row += by
        while row < 0 and serial > self.memory.first:
            serial -= 1
            row += self.rows_of(serial)
        while serial < self.memory.end - 1 and row >= (rows := self.rows_of(serial)):
            row -= rows
            serial += 1
        return serial, max(0, row)
