"""The program in a real pseudo-terminal: keys go in, bytes come out, pyte tells what a person would see."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pexpect
import pyte

KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "space": " ",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "ctrl+c": "\x03",
    "ctrl+p": "\x10",
    "ctrl+r": "\x12",
    "ctrl+z": "\x1a",
}


class Terminal:
    """One running program and its screen."""

    def __init__(self, child: pexpect.spawn, columns: int, rows: int) -> None:
        self.child = child
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        """Every byte that came, for those who count or look for what must not be there."""

    @property
    def text(self) -> str:
        """What is on the screen now, after taking in what has come."""
        self.take()
        return "\n".join(line.rstrip() for line in self.screen.display)

    def take(self, seconds: float = 0.02) -> None:
        """Take in what the program has written, waiting at most `seconds` for more."""
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            while True:
                piece = self.child.read_nonblocking(65536, timeout=seconds)
                self.raw += piece
                self._stream.feed(piece)

    def wait_for(self, pattern: str, *, seconds: float = 20.0) -> str:
        """Wait until the screen matches the regular expression; the screen. Fails showing the last one."""
        return self._wait(
            lambda text: re.search(pattern, text) is not None, f"{pattern!r} to appear", seconds
        )

    def wait_gone(self, pattern: str, *, seconds: float = 20.0) -> str:
        """Wait until the screen no longer matches the regular expression; the screen."""
        return self._wait(lambda text: re.search(pattern, text) is None, f"{pattern!r} to go", seconds)

    def wait_for_bytes(self, wanted: bytes, *, seconds: float = 20.0) -> None:
        """Wait until these bytes have come since `raw` was last emptied."""
        self.wait_until(lambda: wanted in self.raw, f"{wanted!r}", seconds=seconds)

    def wait_until(self, condition: Callable[[], bool], what: str, *, seconds: float = 20.0) -> None:
        """Take in what comes until the condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.take()
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds:g} s for {what}; the screen was:\n{self.text}")

    def press(self, *keys: str) -> None:
        """Type keys, by name (`KEYS`) or as they are."""
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def say_yes(self, question: str) -> None:
        """Wait for the question and answer it as a person does, who reads first: an answer too soon is not taken."""
        self.wait_for(question)
        self.take(0.25)
        self.press("y")
        self.wait_gone(question)

    def _wait(self, satisfied: object, what: str, seconds: float) -> str:
        assert callable(satisfied)
        deadline = time.monotonic() + seconds
        while True:
            alive = self.child.isalive()  # before looking: what it said last is seen, too
            text = self.text
            if satisfied(text):
                return text
            if time.monotonic() > deadline or not alive:
                raise AssertionError(f"waited {seconds:g} s for {what}; the screen was:\n{text}")


def _hear_signals() -> None:
    """As a shell starts a program: one that was started in the background passes on that it ignores some signals."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def run_in_terminal(
    *arguments: str,
    columns: int = 120,
    rows: int = 40,
    environment: Mapping[str, str] | None = None,
    home: Path,
    module: str = "tui",
) -> Iterator[Terminal]:
    """`supervisor-tui` with these arguments in a terminal of this size; killed when the block ends.

    `module` is run instead of the program.
    """
    child = pexpect.spawn(
        sys.executable,
        ["-m", module, *arguments],
        dimensions=(rows, columns),
        env={
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("SSH_", "TMUX", "COLUMNS", "LINES"))
            },
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            **(environment or {}),
        },
        timeout=10,
        preexec_fn=_hear_signals,
    )
    terminal = Terminal(child, columns, rows)
    try:
        yield terminal
    finally:
        child.close(force=True)
