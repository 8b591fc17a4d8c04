"""From what the fleet screen shows to a picture that may lie in a file until the next start.

Who comes in: the strips of a screen. Who leaves: a `Picture`, paler than the screen was. The rule: only text that a
terminal may show, no secret that is known, and nothing of regions that may quote logs or command lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

from tui.ui.picture_file import MAX_LOOKS, Look, Picture, Piece

PALER = 0.45
"""How far the colours of a picture lie from those of the screen towards the background."""


def take_picture(
    strips: Sequence[Strip],
    *,
    blank: Iterable[Region],
    ground: Style,
    mark: Style,
    colours: ColorSystem | None,
    redact: Callable[[str], str],
    start: str,
    now: int,
) -> Picture:
    """What `strips` show, but for the `blank` regions; `ground` and `mark` as in `Picture`, `now` in epoch seconds.

    `colours` is what the terminal can show: the parameters of SGR are made for that.
    """
    regions = tuple(blank)
    looks: dict[Look, int] = {}
    lines = []
    for y, strip in enumerate(strips):
        for region in regions:
            if region.y <= y < region.bottom:
                strip = _without(strip, region.x, region.right)
        lines.append(_pieces(strip, ground, colours, redact, looks))
    known = tuple(looks) or (_look(Style(), colours),)
    return Picture(start, now, _look(ground, colours), _look(mark, colours), known, lines)


def _without(strip: Strip, start: int, end: int) -> Strip:
    width = strip.cell_length
    gap = Strip.blank(min(end, width) - start)
    return Strip.join([strip.crop(0, start), gap, strip.crop(min(end, width), width)])


def _pieces(
    strip: Strip,
    ground: Style,
    colours: ColorSystem | None,
    redact: Callable[[str], str],
    looks: dict[Look, int],
) -> list[Piece]:
    """A line, neighbours of one look joined; blank at the end is left out."""
    text = strip.text
    if redact(text) != text:
        return []
    pieces: list[Piece] = []
    for words, style, _ in strip:
        shown = words if words.isprintable() else "".join(c if c.isprintable() else " " for c in words)
        look = _look(paler(style or Style(), ground), colours)
        number = looks.setdefault(look, len(looks)) if len(looks) < MAX_LOOKS - 2 else looks.get(look, 0)
        if pieces and (pieces[-1][0] == number or not shown.strip()):
            pieces[-1] = (pieces[-1][0], pieces[-1][1] + shown)
        else:
            pieces.append((number, shown))
    while pieces:
        last, words = pieces.pop()
        if words.rstrip():
            return [*pieces, (last, words.rstrip())]
    return []


def paler(style: Style, ground: Style) -> Style:
    """The foreground of `style`, nearer to the ground; where the terminal mixes the colours, the terminal's own dimming."""
    colour, behind = style.color, ground.bgcolor
    if colour is None or colour.triplet is None or behind is None or behind.triplet is None:
        return Style(color=colour, dim=True)
    mixed = Color(*colour.triplet).blend(Color(*behind.triplet), PALER)
    return Style(color=mixed.rich_color)


def _look(style: Style, colours: ColorSystem | None) -> Look:
    rendered = style.render("x", color_system=colours)
    return rendered.partition("x")[0].removeprefix("\x1b[").removesuffix("m"), str(style)
