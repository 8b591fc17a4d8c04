"""One log as its supervisord gives it: a piece by offset, its end, its size, or a stream.

Who comes in: whoever follows the log or looks into its past. The rule: the logs of one host are read one after another, as
reads would otherwise wait for each other past their deadline; streams are not counted among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tui.engine.logs.past import not_sent
from tui.errors import Cause, WireError
from tui.model.process import ProcessKey
from tui.rpc.client import Channel, LogPiece, Supervisor


class LogReads:
    """What can be asked of one log; all of it raises WireError. Belongs to the engine's loop."""

    def __init__(
        self, key: ProcessKey, channel: Channel, supervisor: Supervisor, turn: asyncio.Semaphore
    ) -> None:
        """`turn` is shared by the logs of one host."""
        self._key = key
        self._channel: Channel = channel
        self._supervisor = supervisor
        self._turn = turn

    async def piece(self, offset: int, length: int, whole_end: bool) -> LogPiece:
        """Bytes by offset; `whole_end`: the last of them is known to end a character."""
        async with self._turn:
            return await self._supervisor.read_log_piece(
                self._key, self._channel, offset, length, whole_end=whole_end
            )

    async def last(self, count: int, size: int) -> tuple[bytes, int | None]:
        """The last bytes of a log of that size, and where they end if that is known."""
        if size:
            try:
                piece = await self.piece(max(0, size - count), min(size, count), True)
                return piece.text.encode(), size
            except WireError as error:
                if not not_sent(error):  # its end may be cut in a character that is being written
                    raise
        async with self._turn:
            piece = await self._supervisor.read_log_piece(self._key, self._channel, -count)
            return piece.text.encode(), None

    async def size(self) -> int:
        """The size of the log in bytes; 0 where it cannot be told (supervisord's own log, files over 2 GiB)."""
        if self._key.is_host:
            return 0
        try:
            async with self._turn:
                return (await self._supervisor.tail_log(self._key, self._channel, 0, 0)).size
        except WireError as error:
            if error.cause is Cause.PROTOCOL:
                return 0
            raise

    def stream(self) -> AsyncIterator[bytes]:
        """What is in the log's last kilobyte, and then what is written, as it comes."""
        if self._key.is_host:
            return self._supervisor.stream_main_log()
        return self._supervisor.stream_log(self._key, self._channel)
