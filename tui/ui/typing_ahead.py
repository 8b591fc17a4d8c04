"""Keys typed faster than the screen changes: each waits until the one before it has done its work.

Textual hands every key at once to whatever has the focus then. Over a slow link `/celery` arrives as one packet: the
letters would go to the table, because the filter gets the focus a few messages later, and be lost. The rule: a key is
handed on when the one before has passed, and when the screen that it opened can take keys.
"""

from __future__ import annotations

import time
from collections import deque

from textual import events
from textual.app import App, ReturnType
from textual.message import Message
from textual.widget import Widget

PATIENCE = 0.5
"""Seconds after which the next key goes on in any case: a lost trace of one key must not hold up the keyboard."""
ROUNDS = 3
"""So often a trace follows: a key may make its widget tell its screen (enter in the filter), which moves the focus."""
_LOOK_AGAIN = 0.01


class TypingAhead(App[ReturnType]):
    """An app that takes keys one after the other."""

    class Passed(Message):
        """Follows a key on its way up from the focused widget, and so arrives here after it and what it said."""

        def __init__(self, number: int, receiver: Widget, rounds: int) -> None:
            super().__init__()
            self.number = number
            self.receiver = receiver
            self.rounds = rounds

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key] = deque()
        """Keys that wait."""
        self._passing = 0
        """The number of the key that is on its way; 0: none."""
        self._keys = 0
        self._handed_on = 0.0

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait while another is on its way; everything else goes at once."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if not self._passing:
            await self._hand_on()

    async def _hand_on(self) -> None:
        """Give the oldest key to what has the focus, and send a trace after it."""
        self._passing = 0
        if not self._typed:
            return
        self._keys += 1
        self._passing = number = self._keys
        self._handed_on = time.monotonic()
        receiver = self.focused or self.screen
        await super().on_event(self._typed.popleft())
        self.set_timer(PATIENCE, lambda: self._look_for_the_next(number))
        self._trace(number, receiver, ROUNDS)

    def _trace(self, number: int, receiver: Widget, rounds: int) -> None:
        """Once more the same way; what has gone meanwhile has nothing more to say."""
        if not rounds or not receiver.post_message(self.Passed(number, receiver, rounds)):
            self.call_later(self._look_for_the_next, number)

    def on_typing_ahead_passed(self, message: Passed) -> None:
        """The key has been here, and what it made its widget say in this round."""
        if message.number == self._passing:
            self._trace(message.number, message.receiver, message.rounds - 1)

    async def _look_for_the_next(self, number: int) -> None:
        if number != self._passing:
            return
        opening = self.is_running and self.screen.focused is None
        if opening and time.monotonic() - self._handed_on < PATIENCE:
            self.set_timer(_LOOK_AGAIN, lambda: self._look_for_the_next(number))
        else:
            await self._hand_on()
