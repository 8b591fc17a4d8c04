"""The terminal's cursor, and what it writes with: the fewest bytes that bring both where they are needed.

The rule: what is not known for certain is None, and then the cursor is placed absolutely and the look is set whole. That is
so after every character outside ASCII, because terminals do not agree how wide it is, and after a line's last cell.
"""

from __future__ import annotations

from functools import lru_cache

from tui.ui.terminal.looks import Look, change_of_look


class Pen:
    """Collects what is to be sent."""

    __slots__ = ("_sent", "look", "width", "x", "y")

    def __init__(self, width: int) -> None:
        self.width = width
        self._sent: list[str] = []
        self.x: int | None = None
        self.y: int | None = None
        self.look: Look | None = None

    def forget(self) -> None:
        """Somebody else may have moved the cursor and changed the look."""
        self.x = self.y = self.look = None

    def move(self, x: int, y: int) -> None:
        """Go to a cell."""
        if x != self.x or y != self.y:
            self._sent.append(way(self.x, self.y, x, y))
            self.x, self.y = x, y

    def wear(self, look: Look) -> None:
        """Write with this look from now on."""
        if look is not self.look:
            self._sent.append(change_of_look(self.look, look))
            self.look = look

    def write(self, text: str, cells: int, *, ascii: bool) -> None:
        """Write text that takes so many cells."""
        self._sent.append(text)
        assert self.x is not None
        x = self.x + cells
        self.x = x if ascii and x < self.width else None

    def send(self, data: str) -> None:
        """Send something that moves nothing and changes no look."""
        self._sent.append(data)

    def take(self) -> str:
        """What has been collected."""
        sent, self._sent = self._sent, []
        return "".join(sent)


@lru_cache(maxsize=16_384)
def way(from_x: int | None, from_y: int | None, x: int, y: int) -> str:
    """The shortest sequence from one cell to another; None is not known. A line feed is none: terminals may scroll."""
    absolute = f"\x1b[{_count(y + 1)}{f';{x + 1}' if x else ''}H"
    if from_y is None:
        return absolute
    step = _steps(abs(y - from_y), "B" if y > from_y else "A")
    return min(absolute, step + _along(from_x, x), key=len)


def _along(from_x: int | None, x: int) -> str:
    """The shortest way on a line."""
    if x == from_x:
        return ""
    if x == 0:
        return "\r"
    column = f"\x1b[{x + 1}G"
    if from_x is None:
        return column
    if x > from_x:
        return min(_steps(x - from_x, "C"), column, key=len)
    return min("\b" * (from_x - x), _steps(from_x - x, "D"), column, key=len)


def _steps(count: int, direction: str) -> str:
    return f"\x1b[{_count(count)}{direction}" if count else ""


def _count(number: int) -> str:
    """A parameter; one is what terminals take an absent one for."""
    return "" if number == 1 else str(number)
