"""Memory to receive answers into, used again and again.

A fresh buffer for every answer costs a page fault for each of its pages, and thousands of them, freed between objects that
stay, leave the heap full of holes: at 1,000 hosts three times what is in use.
"""

from __future__ import annotations

_LEAST = 4096
KEPT_BYTES = 4 * 1024 * 1024
"""Bytes of buffers that wait for their next use at most."""


class Buffers:
    """Those of one event loop."""

    def __init__(self) -> None:
        self._free: dict[int, list[bytearray]] = {}
        self._kept = 0

    def take(self, size: int) -> bytearray:
        """A buffer of at least `size` bytes, with anything in it."""
        room = max(_LEAST, 1 << (size - 1).bit_length())
        free = self._free.get(room)
        if not free:
            return bytearray(room)
        self._kept -= room
        return free.pop()

    def give_back(self, buffer: bytearray) -> None:
        """Nobody looks into it any more."""
        if self._kept + len(buffer) <= KEPT_BYTES:
            self._kept += len(buffer)
            self._free.setdefault(len(buffer), []).append(buffer)
