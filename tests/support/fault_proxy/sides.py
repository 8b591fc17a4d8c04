"""One side of a proxied connection: what has come from it, and the ways in which it can be left."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


class Side:
    """A connection to a client or to supervisord, read as fast as it writes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came = bytearray()
        """What has come and was not taken yet."""
        self.gone = asyncio.Event()
        """It has closed or reset its connection."""
        self._writer = writer
        self._news = asyncio.Event()
        self._fresh = False
        self._left = False
        self.pump = asyncio.create_task(self._read(reader))
        """Reads until it is gone or left."""

    async def more(self) -> bool:
        """Wait until something more has come; False when nothing will."""
        await self._news.wait()
        fresh, self._fresh = self._fresh, False
        if not self.gone.is_set():
            self._news.clear()
        return fresh

    def take(self, count: int) -> bytes:
        """The next `count` bytes, or as many as there are."""
        taken = bytes(self.came[:count])
        del self.came[:count]
        return taken

    async def send(self, data: bytes) -> None:
        """Send bytes; to a side that has gone they are lost."""
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    def half_close(self) -> None:
        """Tell it that nothing more will come; it may go on sending."""
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def close(self) -> None:
        """Close in order: what was sent arrives."""
        self._left = True
        self.pump.cancel()
        self._writer.close()

    def reset(self) -> None:
        """Close with a reset, unless it was left before."""
        if self._left:
            return
        self._left = True
        self.pump.cancel()
        connection = self._writer.get_extra_info("socket")
        if connection is not None and connection.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                self.came += data
                self._fresh = True
                self._news.set()
        self.gone.set()
        self._news.set()
