"""One coalesced wake-up for everybody who shows something, instead of a message a host.

The first change wakes at once; those within the next tenth of a second share the next wake-up. What only ages refreshes
the picture a little later and wakes nobody: a screen draws ages by its own slow tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PACE = 0.1
"""Seconds between two wake-ups at least."""
QUIET_PACE = 0.5
"""Seconds until a change that nobody can see is in the picture."""


class Wakeups:
    """Belongs to the engine's thread, but for `subscribe`."""

    def __init__(
        self, refresh: Callable[[], None], failed: Callable[[str, BaseException | None], None]
    ) -> None:
        """`refresh` runs before anybody is woken; `failed` hears of a subscriber that raised."""
        self._refresh = refresh
        self._failed = failed
        self._subscribers: tuple[Callable[[], None], ...] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._visible = False
        self._last = float("-inf")

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Any thread; returns what ends the subscription."""
        self._subscribers = (*self._subscribers, wake)

        def end() -> None:
            self._subscribers = tuple(other for other in self._subscribers if other is not wake)

        return end

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop whose thread this belongs to."""
        self._loop = loop

    def schedule(self, *, visible: bool) -> None:
        """Something changed."""
        if self._loop is None:
            return
        now = self._loop.time()
        due = max(now, self._last + PACE) if visible else now + QUIET_PACE
        self._visible = self._visible or visible
        if self._alarm is not None:
            if self._alarm.when() <= due:
                return
            self._alarm.cancel()
        self._alarm = self._loop.call_at(due, self.now)

    def now(self) -> None:
        """Refresh at once, and wake everybody if there is something to see."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._refresh()
        if not self._visible:
            return
        self._visible = False
        if self._loop is not None:
            self._last = self._loop.time()
        for wake in self._subscribers:
            try:
                wake()
            except Exception as error:  # a subscriber's own trouble must not stop the engine
                self._failed("a subscriber's wake-up", error)
