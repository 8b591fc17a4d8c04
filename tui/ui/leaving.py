"""What ends the screen from outside: TERM, HUP, INT, and a terminal that does not come back.

Who comes in: signals. Who leaves: the app, told to end; and where it cannot, a thread that ends the program without it. The
rule: what was begun on a supervisord is finished first, however often we are told to go.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Protocol

from tui.ui.terminal import rescue

SCREEN_SECONDS = 2.0
"""So long the screen may take to close; then the program ends without it."""
_ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Screen(Protocol):
    """The part of the app that is needed here."""

    def leave(self, code: int) -> None: ...


class Leaving:
    """As a context: from the first signal on, everything ends in order, with 128 + its number as the exit code."""

    def __init__(self, finish: Callable[[], None], settings: list[Any] | None) -> None:
        """`finish` ends what was begun, from any thread, at most once; `settings` are the terminal's from before."""
        self._finish = finish
        self._settings = settings
        self._screen: Screen | None = None
        self._closed = threading.Event()
        self.code: int | None = None
        """The exit code, once a signal has come."""

    def __enter__(self) -> Leaving:
        for number in _ENDINGS:
            signal.signal(number, self._signalled)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The screen has closed. From here to the end only ctrl+c, which is a person's, can still hurry us."""
        self._closed.set()
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def watch(self, screen: Screen) -> None:
        """This screen is to be closed when a signal comes."""
        self._screen = screen

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        if self.code is not None:
            return
        self.code = 128 + number
        if self._screen is None:
            raise SystemExit(self.code)
        threading.Thread(target=self._end_without_screen, name="leaving", daemon=True).start()
        self._screen.leave(self.code)

    def _end_without_screen(self) -> None:
        """Its loop stands still, for whatever reason, and will not take us out."""
        if self._closed.wait(SCREEN_SECONDS):
            return
        assert sys.__stderr__ is not None
        assert self.code is not None
        rescue.put_right(sys.__stderr__.fileno(), self._settings)
        self._finish()
        os._exit(self.code)
