"""When a key press counts as an answer: only alone, after a pause, and never as part of a paste or a held key.

A terminal without bracketed paste sends pasted text as keys; a held key repeats. Both arrive in quick succession, a
person's answer does not.
"""

from __future__ import annotations

from collections.abc import Callable

QUIET_BEFORE = 0.15
"""Seconds without any key before an answer, counted from showing the question too."""
QUIET_AFTER = 0.06
"""Seconds an answer waits; another key within them takes it back."""


class AnswerGate:
    """Lets one key through when nothing came shortly before or after it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = clock()
        self._serial = 0

    def opened(self) -> None:
        """The question is now on the screen."""
        self._last = self._clock()
        self._serial += 1

    def heard(self) -> int | None:
        """Any key or paste arrived: a token when it may be an answer, None when it came too soon."""
        now = self._clock()
        quiet = now - self._last >= QUIET_BEFORE
        self._last = now
        self._serial += 1
        return self._serial if quiet else None

    def stands(self, token: int) -> bool:
        """Whether nothing came after the key that got this token."""
        return token == self._serial
