"""What each line of the terminal shows, so that a new layout sends only the lines that differ.

Textual answers every change of layout (a menu, a question, a filter that opens) with the whole screen: 57 KB at 200x60,
three times for one menu. Most of those lines are what the terminal shows already.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from rich.console import Console, ConsoleOptions, RenderResult
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

Line = tuple[tuple[str, Style | None], ...]
"""Text and style of the pieces of a line."""


class ChangedLines(CompositorUpdate):
    """Whole lines, already as bytes for the terminal."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Not used: the app writes `render_segments`."""
        return ()

    def render_segments(self, console: Console) -> str:
        """The bytes."""
        return self.text


class TerminalMemory:
    """Sees every update on its way to the terminal."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._size = Size(0, 0)

    def forget(self) -> None:
        """Nobody knows what the terminal shows: the next layout is sent whole."""
        self._lines.clear()

    def only_news(self, update: CompositorUpdate, console: Console, size: Size) -> CompositorUpdate:
        """The part of `update` that the terminal does not show yet; what is returned must be sent."""
        if size != self._size:
            self._size = size
            self.forget()
        if isinstance(update, ChopsUpdate):
            for y, _, _ in update.spans:
                self._lines.pop(y, None)
            return update
        if not isinstance(update, LayoutUpdate) or update.region.x or update.region.width != size.width:
            self.forget()
            return update
        changed = []
        for y, strips in enumerate(update.strips, update.region.y):
            line = looks(strips)
            if self._lines.get(y) != line:
                self._lines[y] = line
                text = "".join([strip.render(console) for strip in strips])
                changed.append(f"{Control.move_to(0, y).segment.text}{text}")
        return ChangedLines("".join(changed))


def looks(strips: Iterable[Strip]) -> Line:
    """What a line looks like, however it was cut in pieces: below a menu Textual gives blanks another foreground."""
    line: list[tuple[str, Style | None]] = []
    for text, style, _ in chain.from_iterable(strips):
        seen = _blank(style) if style is not None and text.isspace() else style
        if line and line[-1][1] == seen:
            line[-1] = (line[-1][0] + text, seen)
        else:
            line.append((text, seen))
    return tuple(line)


@lru_cache(maxsize=256)
def _blank(style: Style) -> Style:
    """What is seen of a style where there are only blanks."""
    if style.reverse or style.underline or style.strike or style.bgcolor is None:
        return style
    return Style(bgcolor=style.bgcolor)
