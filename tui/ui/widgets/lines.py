"""The ground on which every widget here is painted: lines of styled runs, and only the cells that differ are sent.

Who comes in: a subclass that can say what a line looks like now (`paint`). Who leaves: strips for Textual's compositor.
The one rule: after anything changed, call `repaint`. It paints the visible lines again in memory, compares them with
what the terminal shows, and refreshes just the cells between the first and the last difference: an idle tick costs no
byte, a changed row costs a part of one line (ux.md, "What a keystroke may cost").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import ClassVar, Self

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.dom import NoScreen
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.text import cell_width
from tui.ui.theme import Glyphs, Palette, glyphs_of, palette_of

Run = tuple[str, Style]
"""Text that is already safe for a terminal, and its style."""

GAP = 40
"""Two differences on a line that are nearer than this are cheaper to send as one: a jump and a style cost as much."""


_Line = tuple[tuple[tuple[Run, ...], Run | None, Style], Strip]
"""What a line was made of, and what it became."""


class LineWidget(Widget):
    """A widget that knows what each of its lines looks like and repaints only what differs."""

    ALLOW_SELECT: ClassVar[bool] = False

    DEFAULT_CSS = """
    LineWidget { background: $background; color: $foreground; height: 1fr; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._painted: dict[int, _Line] = {}
        self._painted_for: tuple[Palette, Glyphs, Size] | None = None
        self._base = Style()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """What line `y` of the widget looks like now; longer than `width` is cut, shorter is filled."""
        raise NotImplementedError

    def ground(self, y: int) -> Style | None:
        """The background under the whole of line `y`; None is the widget's own, as its CSS has it."""
        return None

    def tail(self, y: int) -> Run | None:
        """The last cell of line `y` when it is not part of what `paint` gives: a scroll bar's."""
        return None

    @property
    def palette(self) -> Palette:
        """The colours by role of the theme that is on."""
        return self._painted_for[0] if self._painted_for is not None else palette_of(self.app)

    @property
    def glyphs(self) -> Glyphs:
        """The signs the terminal can show."""
        return self._painted_for[1] if self._painted_for is not None else glyphs_of(self.app)

    @property
    def painted_size(self) -> Size:
        """The size that is being painted for; cheap, where `size` works it out anew each time."""
        return self._painted_for[2] if self._painted_for is not None else self.size

    @property
    def base(self) -> Style:
        """The widget's own background, as last painted."""
        return self._base

    def render_line(self, y: int) -> Strip:
        """For the compositor: the line as last painted, or painted now."""
        self._forget_when_restyled()
        kept = self._painted.get(y)
        return kept[1] if kept is not None else self._paint_line(y)[1]

    def repaint(self, lines: Iterable[int] | None = None) -> None:
        """Bring the terminal up to date: of all lines, or of the given ones, the cells that differ."""
        if not self.is_attached or not self.size:
            self._painted.clear()  # hidden: what was painted is out of date when the compositor asks again
            return
        if self._forget_when_restyled():
            self.refresh()
            return
        for y in range(self.painted_size.height) if lines is None else lines:
            old = self._painted.get(y)
            if old is None:
                continue  # never shown yet: the compositor will ask
            new = self._paint_line(y)
            if new is not old:
                for start, end in differences(old[1], new[1]):
                    self.refresh(Region(start, y, end - start, 1))

    def focus_changed(self) -> None:
        """The focus came or went: repaint what shows it."""

    def focus(self, scroll_visible: bool = True) -> Self:
        """Take the focus; unlike Textual's own, without painting the whole widget again."""

        def take() -> None:
            with suppress(NoScreen):
                self.screen.set_focus(self, scroll_visible=scroll_visible)

        self.app.call_later(take)
        return self

    def on_focus(self, event: events.Focus) -> None:
        """Stands in for Textual's own handler, which repaints everything."""
        event.prevent_default()
        self._focused(True, events.DescendantFocus(self))

    def on_blur(self, event: events.Blur) -> None:
        """As on_focus."""
        event.prevent_default()
        self._focused(False, events.DescendantBlur(self))

    def notify_style_update(self) -> None:
        """Only another background concerns us; Textual calls this whenever the focus moves, too."""
        super().notify_style_update()
        if self._painted and self._background() != self._base:
            self._painted_for = None
            self.refresh()

    def _background(self) -> Style:
        return Style(bgcolor=self.background_colors[1].rich_color)

    def _focused(self, on: bool, tell: Message) -> None:
        self.has_focus = on
        self.focus_changed()
        if self.parent is not None:
            self.parent.post_message(tell)

    def _forget_when_restyled(self) -> bool:
        now = (palette_of(self.app), glyphs_of(self.app), self.size)
        if self._painted_for == now:
            return False
        self._painted_for = now
        self._base = self._background()
        had = bool(self._painted)
        self._painted.clear()
        return had

    def _paint_line(self, y: int) -> _Line:
        width = self.painted_size.width
        runs, tail, ground = tuple(self.paint(y, width)), self.tail(y), self.ground(y) or self._base
        made_of = (runs, tail, ground)
        kept = self._painted.get(y)
        if kept is not None and kept[0] == made_of:
            return kept
        strip = make_strip(runs, width, ground) if tail is None else _with_tail(runs, tail, width, ground)
        line = self._painted[y] = (made_of, strip)
        return line


def make_strip(runs: Sequence[Run], width: int, ground: Style | None = None) -> Strip:
    """Runs as exactly `width` cells: neighbours of one style joined, cut or filled at the end."""
    segments: list[Segment] = []
    used = 0
    for text, style in runs:
        if text and used < width:
            _append(segments, text, style)
            used += cell_len(text)
    if used < width:
        _append(segments, " " * (width - used), _NO_STYLE)
    strip = Strip(segments, max(used, width))
    if used > width:
        strip = strip.crop(0, width)
    if ground is None:
        return strip
    return Strip([Segment(text, _grounded(style, ground)) for text, style, _ in strip], width)


def _with_tail(runs: Sequence[Run], tail: Run, width: int, ground: Style) -> Strip:
    body = make_strip(runs, width - 1)
    return make_strip([*((text, style or _NO_STYLE) for text, style, _ in body), tail], width, ground)


def differences(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """The spans of cells, [start, end), in which two lines differ; near ones are joined."""
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    spans: list[tuple[int, int]] = []
    for x, (one, other) in enumerate(zip(before, after, strict=True)):
        if one == other:
            continue
        if spans and x - spans[-1][1] < GAP:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return [_whole_characters(span, before, after) for span in spans]


def _append(segments: list[Segment], text: str, style: Style) -> None:
    """Add a run. A blank takes its neighbour's style: it looks the same, and a style costs forty bytes to send."""
    if segments:
        last, last_style, _ = segments[-1]
        assert last_style is not None
        same = last_style == style or (
            _only_coloured(style) and _only_coloured(last_style) and text.isspace()
        )
        if same or (
            len(segments) == 1 and last.isspace() and _only_coloured(last_style) and _only_coloured(style)
        ):
            segments[-1] = Segment(last + text, last_style if text.isspace() else style)
            return
    segments.append(Segment(text, style))


@lru_cache(maxsize=256)
def _only_coloured(style: Style) -> bool:
    """Whether a space in this style looks like a space in any other."""
    return style.bgcolor is None and not (style.reverse or style.underline or style.strike)


def cut_runs(runs: Sequence[Run], left: int, width: int) -> tuple[Run, ...]:
    """The runs that are seen through a window of `width` cells that begins at cell `left`."""
    kept: list[Run] = []
    x = 0
    for text, style in runs:
        if x >= left + width:
            break
        size = cell_len(text)
        if x + size > left:
            part = _cells_of(text, max(0, left - x), left + width - x)
            if part:
                kept.append((part, style))
        x += size
    return tuple(kept)


def wrap_runs(head: Sequence[Run], runs: Sequence[Run], width: int) -> tuple[tuple[Run, ...], ...]:
    """Rows of at most `width` cells: the first after `head`, the others indented as far when that leaves room."""
    wide = sum(cell_len(text) for text, _ in head)
    indent = wide if wide <= width // 2 else 2
    margin: Run = (" " * indent, _NO_STYLE)
    rows: list[list[Run]] = [list(head)]
    room = width - wide
    for text, style in runs:
        while text:
            part, size = _beginning(text, room)
            if part:
                rows[-1].append((part, style))
                room -= size
                text = text[len(part) :]
            if text:
                rows.append([margin])
                room = max(2, width - indent)
    return tuple(map(tuple, rows))


def wrap_words(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells, or one where that is less, broken at spaces where there are any."""
    width = max(1, width)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if cell_width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, width)
        lines += full
    return [*lines, line]


def _pieces(word: str, width: int) -> Iterable[str]:
    """A word without spaces in pieces of at most `width` cells, a wide character where there is room for none."""
    if word.isascii():
        return [word[start : start + width] for start in range(0, max(1, len(word)), width)]
    pieces, begin, used = [], 0, 0
    for index, character in enumerate(word):
        size = cell_width(character)
        if used + size > width and index > begin:
            pieces.append(word[begin:index])
            begin, used = index, 0
        used += size
    return [*pieces, word[begin:]]


def _beginning(text: str, cells: int) -> tuple[str, int]:
    """As many characters as go into `cells`, and the cells they take."""
    if text.isascii():
        part = text[: max(0, cells)]
        return part, len(part)
    used = 0
    for index, character in enumerate(text):
        size = cell_len(character)
        if used + size > cells:
            return text[:index], used
        used += size
    return text, used


def _cells_of(text: str, start: int, end: int) -> str:
    """The characters of `text` between two cells; a wide one that is cut in two is left out."""
    if text.isascii():
        return text[start:end]
    kept, x = [], 0
    for character in text:
        size = cell_len(character)
        if start <= x and x + size <= end:
            kept.append(character)
        x += size
    return "".join(kept)


Cell = tuple[str, Style | None]
_NO_STYLE = Style()


def _grounded(style: Style | None, ground: Style) -> Style:
    """`style` on `ground`; a style that has its own background keeps it."""
    return ground if style is None else ground + style


def _cells(strip: Strip) -> list[Cell]:
    """One entry per cell; the second cell of a wide character is empty text."""
    cells: list[Cell] = []
    for text, style, _ in strip:
        if text.isascii():
            cells.extend((character, style) for character in text)
            continue
        for character in text:
            width = cell_len(character)
            if width == 0 and cells:
                cells[-1] = (cells[-1][0] + character, style)
            else:
                cells.append((character, style))
                cells.extend([("", style)] * (width - 1))
    return cells


def _whole_characters(span: tuple[int, int], *lines: Sequence[Cell]) -> tuple[int, int]:
    """The span widened so that it cuts no wide character of either line in two."""
    start, end = span
    while start > 0 and any(not line[start][0] for line in lines):
        start -= 1
    while any(end < len(line) and not line[end][0] for line in lines):
        end += 1
    return start, end
