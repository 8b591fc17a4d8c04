"""How many streams one program may hold open, over all logs that it follows."""

from __future__ import annotations

STREAMS = 20
"""Streams that one program holds open at most: each costs its supervisord a descriptor and work in every pass."""
RESERVE = 10
"""Streams on top of that, for logs that are not UTF-8: supervisord can send those in no other way."""


class StreamBudget:
    """How many more streams may be opened."""

    def __init__(self, limit: int = STREAMS) -> None:
        self.free = limit

    def has(self, *, needed: bool = False) -> bool:
        """Whether one may be opened; a `needed` one from the reserve, too."""
        return self.free > (-RESERVE if needed else 0)

    def take(self, *, needed: bool = False) -> bool:
        """Open one if that may be; give it back afterwards."""
        if not self.has(needed=needed):
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        self.free += 1
