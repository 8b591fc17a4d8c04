"""The file that keeps a picture of the screen between two runs: its lines with their looks, when, and for which start.

Who comes in: a `Picture` to keep, or a path to read. Who leaves: nothing, or a `Picture` every character of which is
printable. The rule: a file that is not wholly ours and wholly well-formed is as good as none; and this room imports next
to nothing, for a picture is read before anything slow is.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = "supervisor-tui picture 1"
MAX_BYTES = 256 * 1024
"""A larger file is not read, and none is written."""
MAX_LOOKS = 256

Look = tuple[str, str]
"""How text looks: the parameters of SGR (ECMA-48, 8.3.117) for the terminal, and the same in Rich's words."""
Piece = tuple[int, str]
"""The number of a look, and text in it."""


class Picture:
    """What the screen showed."""

    __slots__ = ("ground", "lines", "looks", "mark", "start", "taken")

    def __init__(
        self,
        start: str,
        taken: int,
        ground: Look,
        mark: Look,
        looks: Sequence[Look],
        lines: Sequence[Sequence[Piece]],
    ) -> None:
        """`start` tells which start of the program it belongs to, `taken` when (epoch seconds of our clock).

        `ground` is the background everywhere, `mark` is for the words that tell its age.
        """
        self.start = start
        self.taken = taken
        self.ground = ground
        self.mark = mark
        self.looks = tuple(looks)
        self.lines = tuple(tuple(line) for line in lines)


def read_picture(path: bytes) -> Picture | None:
    """The picture in `path`; None when there is none, or it may have been written by anybody but us."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        alone = stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and not status.st_mode & 0o077
        ours = alone and status.st_uid == os.geteuid()
        content = os.read(handle, MAX_BYTES + 1) if ours else b""
        return parse(content.decode()) if len(content) <= MAX_BYTES else None
    except (OSError, ValueError):  # a UnicodeDecodeError is a ValueError
        return None
    finally:
        os.close(handle)


def write_picture(path: bytes, picture: Picture) -> bool:
    """Keep the picture, in place of an older one; whether that went well. The directory is there, mode 0700."""
    content = serialise(picture).encode()
    if len(content) > MAX_BYTES:
        return False
    beside = b"%s.%d.new" % (path, os.getpid())
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(beside, path)
        except OSError:
            os.unlink(beside)
            return False
    except OSError:
        return False
    return True


def serialise(picture: Picture) -> str:
    """As text: a line each for the magic word, the start, the time and the looks, then one for every line."""
    looks = (picture.ground, picture.mark, *picture.looks)
    head = (MAGIC, picture.start, str(picture.taken), "\t".join(f"{sgr}\t{words}" for sgr, words in looks))
    lines = ("\t".join(f"{look}\t{text}" for look, text in line) for line in picture.lines)
    return "\n".join((*head, *lines, ""))


def parse(text: str) -> Picture:
    """The picture that `text` describes. Raises ValueError when it is damaged, or holds what a terminal would obey."""
    magic, start, taken, described, *lines = text.removesuffix("\n").split("\n")
    looks = [(sgr, words) for sgr, words in _pairs(described) if _is_sgr(sgr)]
    if magic != MAGIC or not 3 <= len(looks) <= MAX_LOOKS or 2 * len(looks) != described.count("\t") + 1:
        raise ValueError("this is no picture")
    shown = [[(int(look), words) for look, words in _pairs(line)] for line in lines]
    if any(not 0 <= look < len(looks) - 2 for line in shown for look, _ in line):
        raise ValueError("this line has a look that is not described")
    return Picture(start, int(taken), looks[0], looks[1], looks[2:], shown)


def _pairs(line: str) -> list[tuple[str, str]]:
    """What stands between tabs, two and two. Raises ValueError for an odd one, or a character that is not printable."""
    parts = line.split("\t") if line else []
    if len(parts) % 2 or not all(part.isprintable() for part in parts):
        raise ValueError("this line is damaged")
    return list(zip(parts[::2], parts[1::2], strict=True))


def _is_sgr(parameters: str) -> bool:
    return len(parameters) <= 64 and not parameters.strip("0123456789;")
