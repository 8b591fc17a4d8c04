"""A terminal that goes away must not hold up the end of the program."""

from __future__ import annotations

import errno
import io
import threading
from typing import IO, cast

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from tui.ui.terminal.diff_driver import DiffDriver
from tui.ui.terminal.lasting_driver import LastingDriver, LossyFile


class GoneTerminal(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.EIO, "Input/output error")

    def flush(self) -> None:
        raise OSError(errno.EIO, "Input/output error")


def test_nobody_waits_for_a_terminal_that_is_gone() -> None:
    writer = WriterThread(cast("IO[str]", LossyFile(GoneTerminal())))
    writer.daemon = True
    writer.start()

    def write_and_end() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            writer.write("x")
        writer.stop()

    everything = threading.Thread(target=write_and_end, daemon=True)
    everything.start()
    everything.join(10)
    assert not everything.is_alive()


def test_both_drivers_write_so() -> None:
    assert issubclass(DiffDriver, LastingDriver)
