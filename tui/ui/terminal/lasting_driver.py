"""Textual's driver for a Unix terminal that may stall or go away: nobody who wants to leave waits for it.

Textual writes from a thread of its own, through a short queue. When the terminal is gone that thread would end with the
first write; when nobody reads it, it would stay in the middle of one. Either way the queue would fill, and the program
would wait for room in it for ever instead of ending.
"""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

from tui.text import cell_width
from tui.ui.terminal.rescue import PATIENCE, open_unblocked

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App

_LARGE = 64 * 1024
"""Bytes that are not kept together any longer."""
_LOOK_SECONDS = 0.2
"""How often one who waits for a stalled terminal looks whether we are in a hurry."""
_NO_MORE_PIXELS = "\x1b[?1016l"
"""The mouse in cells again; Textual leaves it in pixels, where a terminal can."""


class TerminalFile:
    """A terminal to write to: what is written waits for it, until it is gone or we are in a hurry."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._encoding = file.encoding or "utf-8"
        self._unblocked = open_unblocked(file.fileno())
        self._waiting = bytearray()
        self._hurry_until: float | None = None
        self.lost = False
        """Whether something was thrown away because nobody read it."""

    def write(self, text: str) -> None:
        """Write soon, or not."""
        self._waiting += encoded(text, self._encoding)
        if len(self._waiting) >= _LARGE:
            self.flush()

    def flush(self) -> None:
        """Let it be seen, or not."""
        waiting, self._waiting = memoryview(self._waiting), bytearray()
        with suppress(OSError, ValueError):  # it is gone; the latter: it was closed
            if self._unblocked is None:
                os.write(self._file.fileno(), waiting)
                return
            while waiting:
                try:
                    waiting = waiting[os.write(self._unblocked, waiting) :]
                except BlockingIOError:
                    if self._hurry_until is not None and time.monotonic() >= self._hurry_until:
                        self.lost = True
                        return
                    room = select.poll()
                    room.register(self._unblocked, select.POLLOUT)
                    room.poll(_LOOK_SECONDS * 1000)

    def hurry(self) -> None:
        """We are leaving: a little later nothing waits any longer. For any thread."""
        if self._hurry_until is None:
            self._hurry_until = time.monotonic() + PATIENCE / 2

    def fileno(self) -> int:
        """Its descriptor."""
        return self._file.fileno()


class LastingDriver(LinuxDriver):
    """Outlives its terminal."""

    def __init__(self, app: App[Any], **options: Any) -> None:  # noqa: ANN401  (Textual's own)
        super().__init__(app, **options)
        self.terminal = TerminalFile(cast("TextIO", self._file))
        self._file = cast("TextIOWrapper", self.terminal)

    @property
    def gone(self) -> bool:
        """Whether nobody will ever read or type there again: then a read of keys returns at once, and nothing."""
        look = select.poll()
        look.register(self.fileno, 0)
        return bool(look.poll(0))

    def disable_input(self) -> None:
        """The mouse as it was, too."""
        if self._mouse_pixels:
            self._mouse_pixels = False
            self.write(_NO_MORE_PIXELS)
        super().disable_input()

    def _run_input_thread(self) -> None:
        """Read keys while there is a terminal. That it went away is no error of ours: the app looks at `gone`."""
        try:
            self.run_input_thread()
        except OSError as error:
            if not self.gone:
                self._app.call_later(self._app._handle_exception, error)
        except Exception as error:  # the boundary of this thread; Textual would print its own traceback
            self._app.call_later(self._app._handle_exception, error)


def encoded(text: str, encoding: str) -> bytes:
    """For a terminal of this encoding; of what it cannot show a question mark for each cell, so that all stays in place."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(c if _shows(c, encoding) else "?" * cell_width(c) for c in text).encode(encoding)


def _shows(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
