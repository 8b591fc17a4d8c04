"""What the terminal shows, cell by cell, and the bytes that bring it to what Textual wants it to show.

Who comes in: all that Textual writes, as it writes it. Who leaves: what the terminal has to be sent, which is nothing when
nothing differs. The one rule: never a wrong screen. What is not understood goes out as it came, after cursor and look have
been put where Textual believes them to be, and from then on nothing is known: what comes next is sent whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter

from rich.cells import split_graphemes

from tui.ui.terminal.looks import PLAIN, Look, NotUnderstoodError, worn_after
from tui.ui.terminal.pen import Pen

SYNC_START, SYNC_END = "\x1b[?2026h", "\x1b[?2026l"
ATOMIC = 1024
"""Characters that a terminal takes in at once: less than that needs no synchronised update."""

_TOKEN = re.compile(r"\x1b\[([\d;]{0,99})([A-Za-z])([^\x1b]*)(\x1b\[0m)?([^\x1b]*)")
"""A sequence, the text behind it, and the reset that ends nearly every run, with the text behind that."""
_RESET = itemgetter(3)
_ASIDE = re.compile(
    r"(?:\x07|\x1b\[\?(?:7|25|47|100[0-6]|101[56]|104[79]|2004|2026|2048)(?:[hl]|\$p)|\x1b\[[<>=]\d*u"
    r"|\x1b\[\d* q|\x1b\[2[23];[012]t|\x1b\](?:[029]|22|52|777);[^\x07\x1b]*(?:\x07|\x1b\\))+"
)
"""Bell, modes and questions about them, keyboard protocol, cursor and pointer shape, title, clipboard, notifications: no
cell changes by them."""
_OTHER_SCREEN = re.compile(r"\x1b\[\?(?:47|104[79])[hl]")
_RESET_AT_END = re.compile(r"\x1b\[0?m(?:[^\x1b]|\x1b\[[\d;]*H)*\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Character = str | None
"""What is in a cell, with its combining marks; empty in the second cell of a wide character; None is not known."""


class ShadowGrid:
    """The screen as Textual wants it, and as the terminal shows it."""

    def __init__(self, width: int = 0, height: int = 0) -> None:
        self._age = 0
        self._in_update = False
        self._synchronises = False
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """Another size: nobody knows what the terminal made of it, and Textual will paint everything."""
        self.width, self.height = width, height
        self._pen = Pen(width)
        self._x: int | None = None
        self._y: int | None = None
        self._look: Look | None = PLAIN
        self._forget_everything()

    def forget(self) -> None:
        """The terminal may show anything: what Textual wants is sent whole with the next frame."""
        self._age += 1
        self._pen.forget()
        self._shown: list[list[Character]] = [[None] * self.width for _ in range(self.height)]
        self._worn = [[PLAIN] * self.width for _ in range(self.height)]
        self._changed = dict.fromkeys(range(self.height), (0, self.width))

    def repaint(self) -> str:
        """All that Textual wants, for a terminal that may show anything."""
        self.forget()
        return self._news()

    def feed(self, data: str) -> str:
        """What the terminal has to be sent for `data`, which is one whole write of Textual's."""
        if data == SYNC_START:
            self._in_update = self._synchronises = True
            return ""
        if data == SYNC_END:
            self._in_update = False
            return self._news()
        if not data or _ASIDE.fullmatch(data):
            return self._aside(data)
        before = self._x, self._y, self._look
        try:
            self._read(data)
        except NotUnderstoodError:
            return self._as_it_came(data, *before)
        return "" if self._in_update else self._news()

    # --- what Textual writes ----------------------------------------------------------------------------------------

    def _read(self, data: str) -> None:
        """Take a frame into what is wanted. Raises NotUnderstoodError; what was taken in until then is right."""
        tokens = _TOKEN.findall(data)
        if len(tokens) + sum(map(bool, map(_RESET, tokens))) != data.count("\x1b") or data[0] != "\x1b":
            raise NotUnderstoodError(data)
        put = self._put
        for parameters, final, text, reset, tail in tokens:
            if final == "m":
                self._look = worn_after(self._look, parameters)
            elif final == "H":
                self._place(parameters)
            else:
                raise NotUnderstoodError(final)
            if text:
                put(text)
            if reset:
                self._look = PLAIN
            if tail:
                put(tail)
        if self._x is None and self._y is not None:
            raise NotUnderstoodError(data)

    def _place(self, parameters: str) -> None:
        """The cursor goes to a cell; terminals stop it at the edge."""
        row, _, column = parameters.partition(";")
        if ";" in column:
            raise NotUnderstoodError(parameters)
        self._y = min(max(int(row or 1), 1), self.height) - 1
        self._x = min(max(int(column or 1), 1), self.width) - 1

    def _put(self, text: str) -> None:
        """Text at the cursor, which goes on behind it."""
        if text.isascii() and text.isprintable():
            cells: list[Character] = list(text)
        elif text.endswith("\n"):
            if text[:-1]:
                self._put(text[:-1])
            self._line_feed()
            return
        else:
            marks, cells = cells_of(text)
            if marks:
                self._combine(marks)
        x, y, look = self._x, self._y, self._look
        if x is None or y is None or look is None:
            raise NotUnderstoodError(text)
        count = len(cells)
        end = x + count
        if end > self.width:
            raise NotUnderstoodError(text)
        self._x = end
        wanted, looks = self._wanted[y], self._looks[y]
        worn = [look] * count
        if wanted[x:end] == cells and looks[x:end] == worn:
            return
        left, right = _halves(wanted, x, end)
        wanted[x:end] = cells
        looks[x:end] = worn
        self._mark(y, left, right)

    def _combine(self, marks: str) -> None:
        """Marks at the beginning of a run belong to the character before it."""
        if self._x is None or self._y is None:
            raise NotUnderstoodError(marks)
        wanted, x = self._wanted[self._y], self._x - 1
        while x > 0 and wanted[x] == "":
            x -= 1
        base = wanted[x] if x >= 0 else None
        if base is None:
            raise NotUnderstoodError(marks)
        wanted[x] = base + marks
        self._mark(self._y, x, self._x)

    def _line_feed(self) -> None:
        """The next line; in which column is the terminal driver's choice, and Textual always goes on with a move."""
        if self._y is None or self._y + 1 >= self.height:
            raise NotUnderstoodError("\n")
        self._x, self._y = None, self._y + 1

    def _mark(self, y: int, left: int, right: int) -> None:
        """These cells of a line may differ from what is shown."""
        known = self._changed.get(y)
        self._changed[y] = (min(known[0], left), max(known[1], right)) if known else (left, right)

    # --- what the terminal is sent ----------------------------------------------------------------------------------

    def _news(self) -> str:
        """The cells that differ, and the cursor where Textual left it."""
        pen = self._pen
        self._send_lines()
        if self._x is not None and self._y is not None and self._x < self.width:
            pen.move(self._x, self._y)
        sent = pen.take()
        return f"{SYNC_START}{sent}{SYNC_END}" if self._synchronises and len(sent) > ATOMIC else sent

    def _send_lines(self) -> None:
        for y in sorted(self._changed):
            span = self._changed.pop(y, None)
            if span is not None:
                self._send_line(y, *span)

    def _send_line(self, y: int, left: int, right: int) -> None:
        pen, age = self._pen, self._age
        wanted, looks = self._wanted[y], self._looks[y]
        while left and wanted[left] == "":
            left -= 1
        for x, text, cells, look, ascii in self._pieces(y, left, right):
            if pen.y == y and pen.x is not None and 0 < x - pen.x <= 4:
                self._step_over(wanted[pen.x : x], looks[pen.x : x])
            pen.move(x, y)
            if pen.look is None or not text.isspace() or pen.look.blank is not look.blank:
                pen.wear(look)
            pen.write(text, cells, ascii=ascii)
        if age == self._age:  # else a signal was handled in between, and what was sent went to another screen
            self._shown[y][left:right] = wanted[left:right]
            self._worn[y][left:right] = looks[left:right]

    def _pieces(self, y: int, left: int, right: int) -> Iterator[tuple[int, str, int, Look, bool]]:
        """The runs of cells that differ: where, text, cells, look, whether all of it is ASCII.

        A blank takes the look of its neighbour when it looks the same in it.
        """
        wanted, looks, shown, worn = self._wanted[y], self._looks[y], self._shown[y], self._worn[y]
        start, text, cells, look, ascii = 0, "", 0, PLAIN, True
        for x in range(left, right):
            char = wanted[x]
            new = looks[x]
            old = worn[x]
            if char == shown[x] and (new is old or (char == " " and new.blank is old.blank)):
                continue
            if char is None:
                continue
            if char == "":
                cells += 1
                continue
            if text:
                if start + cells == x and ascii is char.isascii():
                    if new is look or (char == " " and new.blank is look.blank):
                        text += char
                        cells += 1
                        continue
                    if new.blank is look.blank and text.isspace():
                        text += char
                        cells += 1
                        look = new
                        continue
                yield start, text, cells, look, ascii
            start, text, cells, look, ascii = x, char, 1, new, char.isascii()
        if text:
            yield start, text, cells, look, ascii

    def _step_over(self, characters: list[Character], looks: list[Look]) -> None:
        """Write again what lies between two differences, where that is as short as a move and needs no other look."""
        pen = self._pen
        if len(characters) < (2 if pen.look is None else 5):
            for char, look in zip(characters, looks, strict=True):
                if char is None or len(char) != 1 or not char.isascii():
                    return
                if look is not pen.look and (
                    char != " " or pen.look is None or look.blank is not pen.look.blank
                ):
                    return
            pen.write("".join(map(str, characters)), len(characters), ascii=True)

    # --- what is no picture -----------------------------------------------------------------------------------------

    def _aside(self, data: str) -> str:
        """Modes and the like go out at once; with the other screen goes all knowledge of this one."""
        if not _OTHER_SCREEN.search(data):
            return data
        self._pen.wear(PLAIN)
        self._pen.send(data)
        self.forget()
        return self._pen.take()

    def _as_it_came(self, data: str, x: int | None, y: int | None, look: Look | None) -> str:
        """Send `data` itself, from where Textual believes cursor and look to be; then nothing is known any more."""
        pen = self._pen
        self._send_lines()
        if x is not None and y is not None and x < self.width:
            pen.move(x, y)
        if look is not None:
            pen.wear(look)
        pen.send(data)
        self._x = self._y = None
        self._look = PLAIN if _RESET_AT_END.search(data) else None
        self._forget_everything()
        return pen.take()

    def _forget_everything(self) -> None:
        """Neither what is shown nor what is wanted is known."""
        self._wanted: list[list[Character]] = [[None] * self.width for _ in range(self.height)]
        self._looks: list[list[Look]] = [[PLAIN] * self.width for _ in range(self.height)]
        self.forget()
        self._changed.clear()


def _halves(line: list[Character], start: int, end: int) -> tuple[int, int]:
    """Blank what will be left of wide characters at both ends of [start, end); the cells that change."""
    if line[start] == "":
        start -= 1
        line[start] = " "
    while end < len(line) and line[end] == "":
        line[end] = " "
        end += 1
    return start, end


@lru_cache(maxsize=4096)
def cells_of(text: str) -> tuple[str, list[Character]]:
    """Text as cells, measured as Textual measures it, and before them the marks that belong to the cell before.

    Raises NotUnderstoodError for what is not plain text.
    """
    if _CONTROL.search(text):
        raise NotUnderstoodError(text)
    marks = ""
    cells: list[Character] = []
    for start, end, width in split_graphemes(text)[0]:
        grapheme = text[start:end]
        if width:
            cells += [grapheme, *[""] * (width - 1)]
        elif cells:
            last = len(cells) - 1
            while cells[last] == "":
                last -= 1
            cells[last] = f"{cells[last]}{grapheme}"
        else:
            marks += grapheme
    return marks, cells
