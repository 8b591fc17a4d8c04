"""What a terminal would obey, hide or re-order in the bytes that the program wrote; independent of `tui.text`.

`left_over` removes what the program may send: SGR, cursor moves, erasing, and the modes by name. Whatever control, format
or invisible character is then left, and every marker of the corpus that stands in the bytes at all, is a leak.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable

from tests.support.hostile.payloads import MARKERS

_SCREEN = re.compile(
    r"\x1b\[[0-9;:]*m"  # colours
    r"|\x1b\[\d*[ABCDEFGXJK]|\x1b\[\d*(?:;\d*)?[Hf]"  # cursor moves and erasing
    r"|\x1b\[\?(?:7|25|47|1000|1002|1003|1004|1006|1015|1016|1047|1049|2004|2026|2048)[hl]"  # modes of Textual and of ours
    r"|\x1b\[\?(?:2026|2048)\$p"  # whether the terminal has them
    r"|\x1b\[[<>=]\d*u"  # the keyboard protocol
    r"|\x1b\[\d* q"  # the shape of the cursor
    r"|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)"  # the shape of the pointer
    r"|\x1b\[2[23];2t"  # the terminal's own title is kept, and given back
)
_DRIVER = re.compile(r"[\r\x08]")
"""How our driver goes to the left; Textual's own never does."""
_COMMAND = re.compile(r"\r\n|\r\x1b\[K|\x1b\[[0-9;]*m|\x1b\[H\x1b\[2J")
"""Of a command on a terminal: the ends of lines as the kernel writes them, progress, colours, `status --watch`."""
_TITLE = re.compile(
    r"\x1b\]2;((?:…|ok|[0-9]+ (?:bad|unreachable)(?:, [0-9]+ unreachable)?) - [A-Za-z0-9_.-]+…?)\x07"
)
"""Counts and the configured fleet's name, nothing of a host."""
_NEXT_LINE = re.compile("(?<=\ue000)\r?\n(?=\ue000|\\Z)")
"""Textual ends a line so, between two sequences, when it paints a whole screen."""
_COPY = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_STACK = re.compile("[\u0300-\u036f\u0483-\u0489\u0336\u20d0-\u20ff]{5}")


def left_over(
    raw: bytes, *, command: bool = False, diff: bool = True, copies: Iterable[str] = ()
) -> list[str]:
    """The leaks in all that was written, each with what stands around it; none is what is wanted.

    `command`: a command's lines, not the screen; `diff`: with our driver; `copies`: what may go to the clipboard.
    """
    leaks = [f"marker {marker!r}" for marker in MARKERS if marker in raw]
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return [*leaks, f"not UTF-8: {raw[max(0, error.start - 30) : error.start + 10]!r}"]
    copied = [base64.b64decode(found).decode() for found in _COPY.findall(text)]
    leaks += [f"clipboard {found!r}" for found in copied if found not in set(copies)]
    text = _TITLE.sub(
        "\ue000", _COPY.sub("\ue000", text)
    )  # something stays, or two halves could make a whole
    text = (_COMMAND if command else _SCREEN).sub("\ue000", text)
    if not command and diff:
        text = _DRIVER.sub("\ue000", text)
    text = text if command else _NEXT_LINE.sub("\ue000", text)
    for place, char in enumerate(text):
        if char != "\ue000" and (unicodedata.category(char) in _FORBIDDEN or _HIDDEN.match(char)):
            leaks.append(f"U+{ord(char):04X} in {text[max(0, place - 30) : place + 10]!r}")
    return leaks + [f"stack {match.group()!r}" for match in _STACK.finditer(text)]
