"""Where lines wait for a receiver on another thread: bounded, so that one who is slow skips lines instead of lagging."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from tui.engine.logs.lines import LogLine

MOST = 50_000
"""Lines that wait at most; of more only the newest half is kept."""


class LogInbox:
    """Lines go in on the engine's thread, and are taken out on the receiver's, all at once."""

    def __init__(self, wake: Callable[[], None], most: int = MOST) -> None:
        """`wake` is called on the engine's thread when there is something to take, and not again before it is taken."""
        self._wake = wake
        self._most = most
        self._lines: list[LogLine] = []
        self._skipped = 0
        self._lock = threading.Lock()

    def put(self, lines: Sequence[LogLine]) -> None:
        """More lines."""
        if not lines:
            return
        with self._lock:
            first = not self._lines
            self._lines.extend(lines)
            over = len(self._lines) - self._most
            if over > 0:
                over += self._most // 2
                self._skipped += over
                del self._lines[:over]
        if first:
            self._wake()

    def take(self) -> list[LogLine]:
        """What has come since; what was skipped is told by a 'gap' before it."""
        with self._lock:
            lines, self._lines = self._lines, []
            skipped, self._skipped = self._skipped, 0
        if skipped:
            next_one = lines[0]
            words = f"{skipped:,} lines were skipped here: they came faster than they can be shown"
            lines.insert(0, LogLine(next_one.key, next_one.channel, words, next_one.arrived, "gap"))
        return lines
