"""Two terminals side by side: one is sent what Textual writes, the other what the shadow grid makes of it."""

from __future__ import annotations

import pyte

from tui.ui.terminal.shadow_grid import ShadowGrid


class TwinScreens:
    """What both show must be the same whenever no update is open."""

    def __init__(self, width: int, height: int) -> None:
        self.grid = ShadowGrid(width, height)
        self.plain, self.thrifty = pyte.Screen(width, height), pyte.Screen(width, height)
        self._plain, self._thrifty = pyte.Stream(self.plain), pyte.Stream(self.thrifty)
        self.plain_bytes = self.sent_bytes = 0
        self.show_both("\x1b[?7l")

    def write(self, data: str) -> str:
        """Textual writes; what the second terminal was sent."""
        sent = self.grid.feed(data)
        self.plain_bytes += len(data.encode())
        self.sent_bytes += len(sent.encode())
        self._plain.feed(data)
        self._thrifty.feed(sent)
        return sent

    def show_both(self, data: str) -> None:
        """Somebody else writes on both terminals."""
        self._plain.feed(data)
        self._thrifty.feed(data)

    def resize(self, width: int, height: int) -> None:
        for screen in (self.plain, self.thrifty):
            screen.resize(height, width)
        self.grid.resize(width, height)

    def difference(self) -> str:
        """The first cell in which they differ, empty when there is none."""
        for y in range(self.plain.lines):
            for x in range(self.plain.columns):
                one, other = (look(screen.buffer[y][x]) for screen in (self.plain, self.thrifty))
                if one != other:
                    return f"line {y}, cell {x}: {one} became {other}"
        one, other = ((screen.cursor.x, screen.cursor.y) for screen in (self.plain, self.thrifty))
        return "" if one == other else f"the cursor is at {other} instead of {one}"


def look(cell: pyte.screens.Char) -> tuple[object, ...]:
    """What a person can see of a cell: of a blank only its ground and its lines."""
    lines = (cell.bg, cell.underscore, cell.strikethrough, cell.reverse, cell.blink)
    if cell.data == " " and not any(lines[1:]):
        return " ", cell.bg
    return cell.data, cell.fg, cell.bold, cell.italics, *lines
