"""Warnings that wait to be told: of the settings, of the engine, of the hosts file.

Who comes in: a sentence, from any thread. Who leaves: the oldest, when the one before has been there long enough to be read.
The rule: each is told once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from tui.text import clean
from tui.ui.widgets.ticker import STAYS


class News:
    """Sentences, oldest first."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` shows a clean sentence."""
        self._say = say
        self._waiting: deque[str] = deque()
        self._heard = 0
        self._quiet_until = 0.0

    def add(self, texts: Iterable[str]) -> None:
        """Sentences that have come up; they are cleaned here."""
        self._waiting.extend(map(clean, texts))

    def put_first(self, text: str) -> None:
        """A clean sentence that goes before all others."""
        self._waiting.appendleft(text)

    def take_back(self, text: str) -> None:
        """It no longer holds, and need not be told."""
        self._waiting = deque(waiting for waiting in self._waiting if waiting != text)

    def wait(self, now: float) -> None:
        """Something else is said at this moment: tell nothing over it."""
        self._quiet_until = now + STAYS

    def tell(self, notices: Sequence[str], now: float) -> None:
        """Say the next, if it is time; `notices` are all of the engine's, of which those are new that it had not before."""
        self.add(notices[self._heard :])
        self._heard = len(notices)
        if self._waiting and now >= self._quiet_until:
            self.wait(now)
            self._say(self._waiting.popleft())
