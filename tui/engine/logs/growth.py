"""What comes to a log that is not streamed: the place where it ended is read from again and again.

Who comes in: the bytes that are known to be at its end. Who leaves: those after them. The rule: each read begins with the end
of the last line that is known, so that a log that was rotated is noticed however long the new one is. Works where
supervisord tells no size: its own log, and files over 2 GiB.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.engine.logs.past import ReadPiece, not_sent, size_of
from tui.errors import WireError

PIECE = 64 * 1024
MOST_PIECES = 4
"""Pieces that are read at a time; of what came beyond them only the end is."""

ROTATED = "the log was rotated, cut short or cleared"


@dataclass(frozen=True, slots=True)
class Growth:
    """What came."""

    data: bytes = b""
    gap: str = ""
    """Why it does not follow what is known; then it begins somewhere in a line unless `whole`."""
    whole: bool = True


class LogGrowth:
    """One log, read on by offset. Belongs to the engine's loop."""

    def __init__(self, read: ReadPiece, size: Callable[[], Awaitable[int]]) -> None:
        """`size` is 0 where it cannot be told."""
        self._read = read
        self._told_size = size
        self.position = 0
        """Up to where the log was read."""

    async def begin(self) -> bytes:
        """The last bytes of the log, from which on `more` reads; whoever asks knows which of them are new."""
        self.position = await self._size()
        begin = max(0, self.position - PIECE // 2)
        piece = await self._read(begin, PIECE, False)
        raw = piece.text.encode()
        self.position = piece.start + len(raw)
        return raw

    async def more(self, known: bytes) -> Growth:
        """What came after `known`, the end of what was read. Raises WireError (see `not_sent`)."""
        newline = known.rfind(b"\n")
        anchor = known[newline:] if newline >= 0 else b""
        found = b""
        for _ in range(MOST_PIECES):
            start = self.position - len(anchor)
            try:
                piece = await self._read(start, PIECE, False)
            except WireError as error:
                if found and not_sent(error):
                    break  # the next call meets it again
                raise
            raw = piece.text.encode()
            end = piece.start + len(raw)
            if piece.start > start and not anchor:
                raw = b"\xff" + raw  # bytes at the place itself that are no character
            if not raw.startswith(anchor) or (not raw and await self._is_shorter()):
                if found:
                    break
                self.position = 0
                return Growth(gap=ROTATED)
            found += raw[len(anchor) :]
            self.position = end
            if len(raw) < PIECE - 3:
                return Growth(found)
            anchor = b""
        return await self._skipped(found)

    async def pass_over(self) -> Growth:
        """Leave out what came, as it cannot be sent."""
        before, self.position = self.position, await self._size()
        if self.position <= before:
            self.position = before
            return Growth()
        words = f"{self.position - before:,} bytes are left out here: they are not UTF-8"
        return Growth(gap=words, whole=await self._is_between_lines())

    async def _skipped(self, found: bytes) -> Growth:
        """More came than is read at a time: go on near the end, the next time, when there is much between."""
        ahead = await self._told_size() - self.position
        if ahead <= MOST_PIECES * PIECE:
            return Growth(found)
        self.position += ahead
        skipped = f"{ahead:,} bytes were written at once and are skipped here"
        return Growth(found[: found.rfind(b"\n") + 1], gap=skipped, whole=False)

    async def _is_shorter(self) -> bool:
        size = await self._told_size()
        return 0 < size < self.position or (size == 0 < self.position and not await self._reaches_position())

    async def _reaches_position(self) -> bool:
        return bool((await self._read(self.position - 1, 1, False)).text)

    async def _is_between_lines(self) -> bool:
        try:
            return (await self._read(self.position - 1, 1, True)).text == "\n"
        except WireError as error:
            if not not_sent(error):
                raise
            return False

    async def _size(self) -> int:
        return await self._told_size() or await size_of(self._read)
