"""A terminal that stalls or goes away must not hold up the end of the program."""

from __future__ import annotations

import contextlib
import os
import threading
import time
import tty
from collections.abc import Iterator
from typing import IO, TextIO, cast

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from tui.ui.terminal.diff_driver import DiffDriver
from tui.ui.terminal.lasting_driver import LastingDriver, TerminalFile, encoded

FRAME = "x" * 4096


@pytest.fixture
def pty() -> Iterator[tuple[int, TextIO]]:
    """What a terminal emulator holds, and what a program in it has."""
    near, far = os.openpty()
    tty.setraw(far)
    with open(far, "w", encoding="utf-8", closefd=False) as file:
        yield near, file
    for descriptor in (near, far):
        with contextlib.suppress(OSError):  # a test has closed it
            os.close(descriptor)


def writing(file: TerminalFile) -> tuple[WriterThread, threading.Thread]:
    """Somebody who writes more than fits anywhere, and ends."""
    writer = WriterThread(cast("IO[str]", file))
    writer.start()

    def write_and_end() -> None:
        for _ in range(3 * MAX_QUEUED_WRITES):
            writer.write(FRAME)
        writer.stop()

    everything = threading.Thread(target=write_and_end, daemon=True)
    everything.start()
    return writer, everything


def test_nobody_waits_for_a_terminal_that_is_gone(pty: tuple[int, TextIO]) -> None:
    near, file = pty
    terminal = TerminalFile(file)
    os.close(near)
    _, everything = writing(terminal)
    everything.join(10)
    assert not everything.is_alive()
    assert not terminal.lost


def test_nothing_is_lost_on_a_terminal_that_is_read_late(pty: tuple[int, TextIO]) -> None:
    near, file = pty
    terminal = TerminalFile(file)
    _, everything = writing(terminal)
    everything.join(0.5)
    assert everything.is_alive(), "the terminal took more than it should; nothing stalled"
    got = 0
    while got < 3 * MAX_QUEUED_WRITES * len(FRAME):
        got += len(os.read(near, 65536))
    everything.join(10)
    assert not everything.is_alive()
    assert not terminal.lost


def test_in_a_hurry_nobody_waits_for_a_terminal_that_nobody_reads(pty: tuple[int, TextIO]) -> None:
    _, file = pty
    terminal = TerminalFile(file)
    _, everything = writing(terminal)
    everything.join(0.5)
    began = time.monotonic()
    terminal.hurry()
    everything.join(10)
    assert not everything.is_alive()
    assert time.monotonic() - began < 3
    assert terminal.lost


def test_in_a_hurry_a_terminal_that_is_read_gets_everything(pty: tuple[int, TextIO]) -> None:
    near, file = pty
    terminal = TerminalFile(file)
    terminal.hurry()
    _, everything = writing(terminal)
    got = 0
    while got < 3 * MAX_QUEUED_WRITES * len(FRAME):
        got += len(os.read(near, 65536))
    everything.join(10)
    assert not terminal.lost


def test_what_a_terminal_cannot_show_takes_as_many_cells() -> None:
    assert encoded("a│é🙂漢b\x1b[0m", "latin-1") == b"a?\xe9????b\x1b[0m"
    assert encoded("a│é", "utf-8") == "a│é".encode()


def test_both_drivers_write_so() -> None:
    assert issubclass(DiffDriver, LastingDriver)
