"""A log file that exists in memory only: written at its end, read from anywhere, followed, rotated.

Offsets are bytes from the beginning of the present file, as with a real one; a rotation begins a new file, and who follows
sees that and begins anew (`http.py:tail_f_producer`).
"""

from __future__ import annotations

import time
from collections.abc import Callable


class BadArgumentsError(Exception):
    """A combination of offset and length that supervisord refuses."""


class LogFile:
    """One file and those who follow it."""

    __slots__ = ("content", "followers", "generation", "maxbytes", "path", "written")

    def __init__(self, path: str, maxbytes: int) -> None:
        """`maxbytes`: the size at which it is rotated; 0: never."""
        self.path = path
        self.maxbytes = maxbytes
        self.content = bytearray()
        self.generation = 0
        """Goes up where a real file would have another inode."""
        self.written = time.time()
        self.followers: list[Callable[[], None]] = []

    def write(self, text: bytes) -> None:
        """Append, and tell who follows."""
        self.content += text
        self.written = time.time()
        if self.maxbytes and len(self.content) >= self.maxbytes:
            self.begin_anew()
        for follower in self.followers:
            follower()

    def begin_anew(self) -> None:
        """Another, empty file under the same name."""
        self.content = bytearray()
        self.generation += 1

    def read(self, offset: int, length: int) -> bytes:
        """What `options.py:readFile` returns. Raises BadArgumentsError."""
        if offset < 0:
            if length:
                raise BadArgumentsError
            return bytes(self.content[offset:])
        if length < 0:
            raise BadArgumentsError
        return bytes(self.content[offset : offset + length] if length else self.content[offset:])

    def tail(self, offset: int, length: int) -> tuple[bytes, int, bool]:
        """What `options.py:tailFile` returns: text, size, overflow. The text repeats old bytes rather than be short."""
        size = len(self.content)
        overflow = size > offset + length
        if overflow:
            offset = size - 1
        if offset + length > size:
            if offset > size - 1:
                length = 0
            offset = size - length
        offset, length = max(offset, 0), max(length, 0)
        return bytes(self.content[offset : offset + length]), size, overflow


class Following:
    """One reader that begins `head` bytes before the end and then gets what is new."""

    __slots__ = ("generation", "log", "size")

    def __init__(self, log: LogFile, head: int) -> None:
        self.log = log
        self.generation = log.generation
        self.size = max(len(log.content) - head, 0) if len(log.content) >= head else 0

    def more(self) -> bytes:
        """What has been added since the last call; nothing yet is b""."""
        if self.generation != self.log.generation:
            self.generation, self.size = self.log.generation, 0
        added = bytes(self.log.content[self.size :])
        self.size = len(self.log.content)
        return added
