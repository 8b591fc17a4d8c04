"""Textual's driver for a Unix terminal that may go away: what is written then is lost, and nobody waits for it.

Textual writes from a thread of its own, through a short queue. When the terminal is gone that thread would end with the
first write, the queue would fill, and the program would wait for room in it for ever instead of ending.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from textual.drivers.linux_driver import LinuxDriver

if TYPE_CHECKING:
    from io import TextIOWrapper

    from textual.app import App


class LossyFile:
    """A terminal to write to, as long as there is one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write, or not."""
        with suppress(OSError, ValueError):  # the latter: it was closed
            self._file.write(text)

    def flush(self) -> None:
        """Let it be seen, or not."""
        with suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        """Its descriptor."""
        return self._file.fileno()


class LastingDriver(LinuxDriver):
    """Outlives its terminal."""

    def __init__(self, app: App[Any], **options: Any) -> None:  # noqa: ANN401  (Textual's own)
        super().__init__(app, **options)
        self._file = cast("TextIOWrapper", LossyFile(cast("TextIO", self._file)))
