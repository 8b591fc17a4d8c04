"""One `/logtail` stream while it is open: a task of its own reads it, its follower takes piece after piece.

The rule: whoever takes the pieces decides how long silence may last, and meets there whatever ended the stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tui.errors import Cause, WireError

SILENCE = 5.0
"""Seconds after which a stream that should have begun is taken to be held back by something in between."""
_WAITING = 16
"""Pieces that may wait to be taken."""


class LogStream:
    """The pieces of one stream, for as long as the `async with` lasts."""

    def __init__(self, source: AsyncIterator[bytes], name: str) -> None:
        """`name` is that of the task."""
        self._source = source
        self._name = name
        self._pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(_WAITING)

    async def __aenter__(self) -> LogStream:
        self._reader = asyncio.create_task(self._read(), name=self._name)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def next(self, seconds: float) -> bytes:
        """The next piece; WireError when the stream ended, TimeoutError when it is silent."""
        async with asyncio.timeout(seconds):
            piece = await self._pieces.get()
        if piece is None:
            raise WireError(Cause.REFUSED, "supervisord ended the stream")
        if isinstance(piece, BaseException):
            raise piece
        return piece

    async def beginning(self, least: int) -> bytes:
        """The bytes of the past that a stream begins with, `least` of them if they come.

        Empty when none come: something in between holds the stream back, or refuses it though the log is there.
        """
        piece = b""
        try:
            piece = await self.next(SILENCE)
            while len(piece) < least:
                piece += await self.next(0.2)
        except TimeoutError:
            return piece
        except WireError as error:
            if piece or error.cause is not Cause.PROTOCOL:
                raise
        return piece

    async def _read(self) -> None:
        try:
            async for piece in self._source:
                await self._pieces.put(piece)
            await self._pieces.put(None)
        except Exception as error:  # handed over: the follower raises it
            await self._pieces.put(error)
        finally:
            close = getattr(self._source, "aclose", None)
            if close is not None:
                await close()
