"""The past of one log, a piece at a time towards its beginning, by offset.

Who comes in: the place where what is shown begins. Who leaves: whole lines before it. The rule: every piece is read
together with the first bytes of what is shown; when the two do not meet, the file is another one by now, and that is said
instead of showing lines of another time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.engine.logs.lines import LineAssembler
from tui.errors import Cause, Fault, WireError
from tui.rpc.answers import LogPiece
from tui.rpc.logs import LOG_LIMIT

HEAD = 1024
"""Bytes of what is shown that a piece must meet."""
SEARCHED = LOG_LIMIT - HEAD
"""How far from where it should be what is shown is looked for, when its offset is not known exactly."""
PROBE = 64
LARGE = 1 << 62

LEAST_STEP = 512
"""Bytes that are left out where supervisord cannot send some of them; twice as many each time when it happens again and again."""

ReadPiece = Callable[[int, int, bool], Awaitable[LogPiece]]
"""Bytes of the log by offset, length, and whether the last byte is known to end a character."""

ANOTHER_FILE = "earlier lines cannot be read any more: the log is another file since"


@dataclass(frozen=True, slots=True)
class Earlier:
    """One piece of the past."""

    lines: tuple[str, ...]
    remark: str = ""
    """What to know about it; it stands before the lines."""
    more: bool = False
    """Whether there is something before it."""


class LogPast:
    """Where what is shown begins, and the way back from there. Belongs to the engine's loop."""

    def __init__(self, read: ReadPiece) -> None:
        self._read = read
        self._head = b""
        self._start: int | None = None
        self._exact = False
        self._known = False
        self._step = LOG_LIMIT
        self._failing = False

    def begins(self, shown: bytes, start: int | None) -> None:
        """What is shown begins with these bytes, at about `start`; None where the size of the log cannot be told.

        0 is exact, any other is looked up when first needed: the log may have grown between its size and its end.
        """
        self._head, self._start, self._exact = _whole(shown[:HEAD]), start, start == 0
        self._known = True

    def forget(self) -> None:
        """The log is another file by now."""
        self._known = False

    async def earlier(self, shown_since: int, limit: int = LOG_LIMIT) -> Earlier:
        """The lines right before, at most `limit` bytes of them. Raises WireError when the host cannot be asked.

        `shown_since`: bytes from the beginning of what is shown up to now; used only where the start is not known.
        """
        if not self._known:
            return Earlier((), ANOTHER_FILE)
        if self._start is None:
            self._start = max(0, await size_of(self._read) - shown_since)
        if not self._exact and not await self._find_start():
            self._known = False
            return Earlier((), ANOTHER_FILE)
        if self._start == 0:
            return Earlier(())
        return await self._before(self._start, min(limit, LOG_LIMIT) - len(self._head))

    async def _find_start(self) -> bool:
        """Where the head is: at the place that was worked out, or near it, when the log grew while that was done."""
        assert self._start is not None
        try:
            there = await self._read(self._start, len(self._head) or 1, True)
            if self._head in (b"", there.text.encode()):
                self._exact = True
                return True
            # It grew between its size and its end (then it lies behind), or since it was last heard of (before).
            for begin in (self._start, max(0, self._start - SEARCHED)):
                piece = await self._read(begin, SEARCHED + len(self._head), False)
                found = piece.text.encode().find(self._head)
                if found >= 0:
                    self._start, self._exact = piece.start + found, True
                    return True
            return False
        except WireError as error:
            if not not_sent(error):
                raise
            self._head = b""  # nothing to meet, but what is before may well be read
        self._exact = True
        return True

    async def _before(self, start: int, limit: int) -> Earlier:
        """Where supervisord cannot send the piece, a smaller one; the least is left out. Each failure is a traceback in its log."""
        while True:
            begin = max(0, start - min(limit, self._step))
            try:
                piece = await self._read(begin, start - begin + len(self._head), True)
            except WireError as error:
                if not not_sent(error):
                    raise
                if self._step > LEAST_STEP and not self._failing:
                    self._step = max(LEAST_STEP, self._step // 8)
                    continue
                self._failing, self._step = True, self._step * 2
                self._head, self._start = b"", begin
                return Earlier(
                    (), f"{start - begin:,} bytes are left out here: they are not UTF-8", begin > 0
                )
            self._failing, self._step = False, min(LOG_LIMIT, self._step * 4)
            break
        raw = piece.text.encode()
        older, met = raw[: start - piece.start], raw[start - piece.start :]
        if met != self._head or len(older) < start - piece.start:
            self._known = False
            return Earlier((), ANOTHER_FILE)
        return self._take(older, piece.start)

    def _take(self, older: bytes, begin: int) -> Earlier:
        """Whole lines; the one that begins before the piece is left for the next, unless it is all there is."""
        if begin > 0 and 0 <= (cut := older.find(b"\n")) < len(older) - 1:
            older, begin = older[cut + 1 :], begin + cut + 1
        self._head, self._start = _whole(older[:HEAD]), begin
        assembler = LineAssembler()
        lines = [*assembler.feed(older), *assembler.flush()]
        return Earlier(tuple(lines), "" if begin else "the log begins here", begin > 0)


async def size_of(read: ReadPiece) -> int:
    """The size of a log whose supervisord cannot tell it: its own log, and files over 2 GiB.

    Looked for by reading: nothing comes from behind the end. Some twenty small reads.
    """
    low, high = 0, LOG_LIMIT
    while high < LARGE and await _reaches(read, high):
        low, high = high, high * 4
    while high - low > LOG_LIMIT // 2:
        middle = (low + high) // 2
        if await _reaches(read, middle):
            low = middle
        else:
            high = middle
    try:
        piece = await read(low, LOG_LIMIT, False)
        if piece.text:
            return piece.end
    except WireError as error:
        if not not_sent(error):
            raise
    return low


async def _reaches(read: ReadPiece, offset: int) -> bool:
    try:
        return bool((await read(offset, PROBE, True)).text)
    except WireError as error:
        if not not_sent(error):
            raise
        return True


def _whole(head: bytes) -> bytes:
    """`head` without a character that is cut at its end."""
    return head.decode(errors="ignore").encode() if head[-1:] > b"\x7f" else head


def not_sent(error: WireError) -> bool:
    """There are bytes, but supervisord cannot send them: they are not UTF-8."""
    return error.cause is Cause.PROTOCOL and not isinstance(error, Fault)
