"""How the app ends: told from any thread, in a hurry where nobody reads the terminal, and with one line, no traceback.

Who comes in: the user, signals (`leaving`), a terminal that has gone, an error of our own. The rule: the end waits for nobody,
and what is left behind tells nothing that must stay secret.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from contextlib import suppress

from rich.console import RenderableType
from textual.driver import Driver

from tui.config.crash import crash_line, write_crash_file
from tui.ui.terminal.lasting_driver import LastingDriver
from tui.ui.terminal.rescue import say_last
from tui.ui.typing_ahead import TypingAhead


class CleanEnd(TypingAhead[int]):
    """An app that ends in order, with an exit code."""

    def __init__(self, redact: Callable[[str], str] = str, *, driver: type[Driver] | None = None) -> None:
        """`redact` strikes out what must not stay in a crash file."""
        super().__init__()
        if driver is not None:
            self.driver_class = driver
        self._redact = redact
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._told_to_leave: int | None = None

    def listen(self) -> bool:
        """Let other threads reach our loop from now on; False when one has told us to leave before."""
        self._own_loop = asyncio.get_running_loop()
        if self._told_to_leave is not None:
            self.exit(self._told_to_leave)
            return False
        return True

    def call(self, work: Callable[[], object]) -> None:
        """Run `work` on our loop, from any thread; nothing happens when that has not begun or has ended."""
        if self._own_loop is not None:
            with suppress(RuntimeError):  # the loop may have ended between the two threads
                self._own_loop.call_soon_threadsafe(work)

    def leave(self, code: int) -> None:
        """Leave with this exit code, also when nobody reads the terminal. From any thread, and from a signal handler."""
        self._hurry()
        self._told_to_leave = code
        self.call(functools.partial(self.exit, code))

    def keep_for_next_start(self) -> None:
        """What is to be kept, while it can still be looked at."""

    def exit(
        self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave, and keep what there is to be kept."""
        self._hurry()
        self.keep_for_next_start()
        super().exit(result, return_code, message)

    @property
    def terminal_gone(self) -> bool:
        """Whether the terminal was taken away, which not every one is told by a signal."""
        return isinstance(self._driver, LastingDriver) and self._driver.gone

    @property
    def lost(self) -> bool:
        """Whether the terminal has not taken all that leaving it needs."""
        return isinstance(self._driver, LastingDriver) and self._driver.terminal.lost

    def _hurry(self) -> None:
        """From now on nobody waits for a terminal that is not read."""
        if isinstance(self._driver, LastingDriver):
            self._driver.terminal.hurry()

    def _fatal_error(self) -> None:
        """Instead of Textual's traceback with the values of locals: a private file, and one line."""
        error = self._exception or RuntimeError("unknown")
        path = write_crash_file(error, self._redact)
        self._hurry()
        self._exit_renderables.append(crash_line(error, path, self._redact))
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """One line on stderr, and never Textual's own tracebacks."""
        lines = [line for line in self._exit_renderables if isinstance(line, str)]
        self._exit_renderables.clear()
        if lines and sys.__stderr__ is not None:
            say_last(sys.__stderr__.fileno(), f"{lines[0]}\r\n")
