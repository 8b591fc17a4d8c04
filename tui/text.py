"""Text from elsewhere made safe for a terminal, measured in cells; durations in words; the nearest name to a typo.

Every name, path, error and log line of a host passes `clean` (or `log_spans`) once, where it enters. After that a string
is safe to show. The rule here: what leaves holds no character that a terminal obeys, hides or re-orders.
"""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
ELLIPSIS = "…"

# Letters and marks by category, yet without a glyph of their own: default-ignorable code points outside Cf and Cn.
_INVISIBLE_RANGES = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),  # tags, variation selectors supplement
)
_DROPPED_IN_CELLS = (
    (0x200D, 0x200D),  # zero width joiner
    (0xFE00, 0xFE0F),
    (0x1F1E6, 0x1F1FF),  # regional indicators: two of them make one flag on some terminals
    (0x1F3FB, 0x1F3FF),  # skin tones: terminals disagree whether they join
    (0xE0000, 0xE0FFF),
)


def _any_of(ranges: Iterable[tuple[int, int]]) -> re.Pattern[str]:
    return re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "]")


_INVISIBLE = _any_of(_INVISIBLE_RANGES)
_DROPPED = _any_of(_DROPPED_IN_CELLS)
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MAX_MARKS = 2
_MAX_MARKS_ANYWHERE = 4
"""No script piles up more; a hundred of them cover the lines above and below."""


class _Replacements(dict[int, str]):
    """`str.translate` table that decides each code point when first met, and remembers a bounded number of them."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if code < 0x20:
            shown = " " if char == "\t" else chr(0x2400 + code)
        elif code == 0x7F:
            shown = "\u2421"
        elif unicodedata.category(char) in _UNSAFE_CATEGORIES or _INVISIBLE.match(char):
            shown = REPLACEMENT
        else:
            shown = char
        if len(self) < 8192:
            self[code] = shown
        return shown


_REPLACEMENTS = _Replacements()


def clean(text: str, limit: int = 0) -> str:
    """Return `text` safe for a terminal; the same object when there is nothing to do.

    Control characters become control pictures, a tab a space, and whatever is invisible, re-orders text or has no agreed
    glyph U+FFFD (safety.md, "The terminal"), and so does the fifth combining mark on a character and all that follow. With
    `limit`, cut to that many cells, the last of them an ellipsis.
    """
    text = _replaced(text)
    if not text.isascii():
        text = _unstacked(text)
    if limit and (len(text) > limit or not text.isascii()) and cell_width(text) > limit:
        return _cut(text, limit)
    return text


def _replaced(text: str) -> str:
    """The same object when there is nothing to replace."""
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    replaced = text.translate(_REPLACEMENTS)
    return text if replaced == text else replaced


def _unstacked(text: str) -> str:
    """The same object when no character has too many marks."""
    marks, odd = 0, []
    for place, char in enumerate(text):
        marks = 0 if char < "\u0300" or _char_width(char) else marks + 1
        if marks > _MAX_MARKS_ANYWHERE:
            odd.append(place)
    if not odd:
        return text
    chars = list(text)
    for place in odd:
        chars[place] = REPLACEMENT
    return "".join(chars)


def clean_cell(text: str, limit: int = 200) -> str:
    """Return `text` safe for one table cell: `clean`, and without what terminals measure differently.

    Variation selectors, joiners, tags, skin tones and regional indicators are dropped, at most two combining marks stay
    on a character, and at most `limit` cells are kept.
    """
    if text.isascii():
        return clean(text, limit)
    shown = _for_a_cell(_replaced(_DROPPED.sub("", text)))
    return _cut(shown, limit) if cell_width(shown) > limit else shown


def _for_a_cell(shown: str) -> str:
    """Cleaned text without what terminals measure differently."""
    shown = _DROPPED.sub("", shown)
    kept: list[str] = []
    marks = _MAX_MARKS  # none before the first character: they would land on the neighbour cell
    for char in shown:
        marks = 0 if _char_width(char) else marks + 1
        if marks <= _MAX_MARKS:
            kept.append(char)
    return "".join(kept)


# --- cells ----------------------------------------------------------------------------------------------------------

# Wide since Unicode 16, and zero width by use though letters by category; older tables of Python do not know either.
_WIDE_RANGES = ((0x2630, 0x2637), (0x268A, 0x268F), (0x4DC0, 0x4DFF), (0x1D300, 0x1D356), (0x1D360, 0x1D376))
_JOINING_RANGES = ((0x1160, 0x11FF), (0x3164, 0x3164), (0xD7B0, 0xD7FF), (0x1F3FB, 0x1F3FF))
_WIDE = _any_of(_WIDE_RANGES)
_JOINING = _any_of(_JOINING_RANGES)


@lru_cache(maxsize=4096)
def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Mc", "Cf", "Cc", "Zl", "Zp") or _JOINING.match(char):
        return 0
    if unicodedata.east_asian_width(char) in "WF" or _WIDE.match(char):
        return 2
    return 1


def cell_width(text: str) -> int:
    """How many terminal cells cleaned `text` takes: wide East Asian characters and emoji 2, combining marks 0."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def fit(text: str, cells: int) -> str:
    """Return cleaned `text` as a cell exactly `cells` wide: padded with spaces, or cut with an ellipsis."""
    if cells <= 0:
        return ""
    if text.isascii():
        return text.ljust(cells) if len(text) <= cells else text[: cells - 1] + ELLIPSIS
    # a cleaned character has four combining marks at most: more need not be looked at, however long a host's text is
    text = _for_a_cell(text[: 6 * cells])
    width = cell_width(text)
    if width > cells:
        text = _cut(text, cells)
        width = cell_width(text)
    return text + " " * (cells - width)


def _cut(text: str, cells: int) -> str:
    """The longest beginning of `text` that leaves room for the ellipsis in `cells`."""
    if text.isascii():
        return text[: cells - 1] + ELLIPSIS
    room = cells - 1
    for index, char in enumerate(text):
        room -= _char_width(char)
        if room < 0:
            return text[:index] + ELLIPSIS
    return text + ELLIPSIS


# --- durations ------------------------------------------------------------------------------------------------------

_SECONDS_IN = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|[smhd])")


def compact_duration(seconds: float | None) -> str:
    """'7s', '40s', '12m', '3h05m', '3d04h', '-' when unknown; at most 6 cells below 100,000 days.

    Coarse on purpose: a cell that changes each second is repainted each second. Steps are 10 s from 10 s on, a minute
    within the first hour, five minutes within the first day.
    """
    if seconds is None or not math.isfinite(seconds):
        return "-"
    whole = max(0, int(seconds))
    if whole < 10:
        return f"{whole}s"
    if whole < 60:
        return f"{whole // 10 * 10}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 300 * 5:02}m"
    if whole < 100 * 86400:
        return f"{whole // 86400}d{whole % 86400 // 3600:02}h"
    return f"{whole // 86400}d"


def duration_words(seconds: float) -> str:
    """'12 minutes', '1 second', '3 hours 5 minutes': the largest unit, and the next when it says something."""
    if not math.isfinite(seconds):
        return "an unknown time"
    if 0 < seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    whole = max(0, int(seconds))
    units = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
    for place, (word, size) in enumerate(units):
        if whole >= size:
            words = _counted(whole // size, word)
            if word in ("day", "hour") and (rest := whole % size // units[place + 1][1]):
                words += " " + _counted(rest, units[place + 1][0])
            return words
    return "0 seconds"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def parse_duration(text: str) -> float:
    """Seconds for '500ms', '2s', '1.5m', '3h05m', '2d'; a unit is required. Raises ValueError with a sentence."""
    total, position = 0.0, 0
    last = math.inf
    for match in _DURATION.finditer(text):
        size = _SECONDS_IN[match[2]]
        if match.start() != position or size >= last:
            break
        total += float(match[1]) * size
        last, position = size, match.end()
    if not text or position != len(text):
        raise ValueError("a duration is a number and a unit: 500ms, 2s, 1m, 3h, 2d")
    return total


# --- did you mean ---------------------------------------------------------------------------------------------------

_NEAREST_CANDIDATES = 2000


def nearest(word: str, known: Iterable[str], n: int = 3) -> list[str]:
    """At most `n` of the `known` names that `word` may have meant, best first; those that contain it come first."""
    folded = word.casefold()[:200]
    names = {name.casefold(): name for name in known}
    if not folded or not names:
        return []
    within = sorted((name for name in names if folded in name), key=lambda name: (len(name), name))[:n]
    # difflib is quadratic in what it is given; names of about the same length are the likely ones in a large fleet
    pool = list(names)
    if len(pool) > _NEAREST_CANDIDATES:
        pool = sorted(pool, key=lambda name: abs(len(name) - len(folded)))[:_NEAREST_CANDIDATES]
    close = difflib.get_close_matches(folded, pool, n, cutoff=0.6)
    return [names[name] for name in dict.fromkeys([*within, *close])][:n]


# --- log lines ------------------------------------------------------------------------------------------------------

Colour = int | tuple[int, int, int] | None
"""0–15 the terminal's own colours, 16–255 the fixed palette, a triple true colour; None the default."""

LOG_LINE_CHARS = 32_768
"""Of a longer line only this much is shown; the file has the rest."""
_LOG_SPANS = 2_000


@dataclass(frozen=True, slots=True)
class Style:
    """How one piece of a log line asked to look."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False


PLAIN = Style()
_SGR = re.compile(r"\x1b\[([0-9:;]{0,80})m")
_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
}


def log_spans(line: str) -> list[tuple[str, Style]]:
    """Split one log line into cleaned pieces with their style; colours do not carry over to the next line.

    SGR sequences are obeyed (16, 256 and true colour, bold, dim, italic, underline, reverse); every other control is
    shown as a picture. Blink and conceal are ignored. Work and result are bounded whatever the line holds.
    """
    line = line.rstrip("\r\n")
    if len(line) > LOG_LINE_CHARS:
        line = line[:LOG_LINE_CHARS] + ELLIPSIS
    if "\x1b[" not in line:
        return [(clean(line), PLAIN)] if line else []
    pieces: list[tuple[list[str], Style]] = []
    style, position = PLAIN, 0
    for match in _SGR.finditer(line):
        if len(pieces) >= _LOG_SPANS:
            break
        _append_piece(pieces, line[position : match.start()], style)
        style = _after_sgr(style, match[1])
        position = match.end()
    _append_piece(pieces, _SGR.sub("", line[position:]), style)
    return [(clean("".join(parts)), style) for parts, style in pieces]


def _append_piece(pieces: list[tuple[list[str], Style]], text: str, style: Style) -> None:
    if text and pieces and pieces[-1][1] == style:
        pieces[-1][0].append(text)
    elif text:
        pieces.append(([text], style))


@lru_cache(maxsize=1024)
def _after_sgr(style: Style, parameters: str) -> Style:
    """The style after one SGR sequence; unknown and malformed parameters change nothing (ECMA-48, ITU T.416)."""
    fields = parameters.split(";")
    while fields:
        field = fields.pop(0)
        code, *sub = (int(part) if part else 0 for part in field.split(":"))
        if code == 0:
            style = PLAIN
        elif code in (38, 48):
            colour = _extended_colour(sub or _take_colour(fields), colon=bool(sub))
            if colour is not None:
                style = replace(style, fg=colour) if code == 38 else replace(style, bg=colour)
        elif code == 4 and sub:
            style = replace(style, underline=sub[0] != 0)
        elif code in _SWITCHES:
            style = replace(style, **_SWITCHES[code])
        else:
            style = _with_basic_colour(style, code)
    return style


def _with_basic_colour(style: Style, code: int) -> Style:
    if code == 39:
        return replace(style, fg=None)
    if code == 49:
        return replace(style, bg=None)
    if 30 <= code <= 37:
        return replace(style, fg=code - 30)
    if 40 <= code <= 47:
        return replace(style, bg=code - 40)
    if 90 <= code <= 97:
        return replace(style, fg=code - 82)
    if 100 <= code <= 107:
        return replace(style, bg=code - 92)
    return style


def _take_colour(fields: list[str]) -> list[int]:
    """Remove the parameters of a semicolon colour, `5;N` or `2;R;G;B`, from the front of `fields`."""
    count = {"5": 2, "2": 4}.get(fields[0] if fields else "", 0)
    taken = fields[:count]
    del fields[:count]
    return [int(part) if part.isdigit() else 0 for part in taken]


def _extended_colour(parameters: list[int], *, colon: bool) -> Colour:
    match parameters:
        case [5, number, *_] if number <= 255:
            return number
        case [2, _, red, green, blue, *_] if colon and max(red, green, blue) <= 255:
            return (red, green, blue)
        case [2, red, green, blue] if max(red, green, blue) <= 255:
            return (red, green, blue)
    return None
