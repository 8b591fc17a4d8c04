"""A program in a pseudo-terminal that may stop being read, change its size, or be taken away; and what it leaves behind.

Unlike `terminal.py`, which drives the screen by what it shows, this room watches the terminal itself: the modes that are
still on, its settings, who has it open.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyte

from tests.support.supervisord import wait_until

_MODES = re.compile(rb"\x1b\[\?([\d;]+)([hl])|\x1b\[>\d+(u)|\x1b\[<\d*(u)")
_ANSWERS = ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[?2048$p", b"\x1b[?2048;2$y"))
"""We are a terminal that holds frames back and reports its size on request: more modes to be left."""
_ON_AFTERWARDS = {b"7", b"25"}
"""Lines wrap, and there is a cursor."""
KEYBOARD = b"keyboard"


class PtyProcess:
    """One program and its terminal. Its output is read from a thread, unless `stall` was called."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 120,
        rows: int = 40,
        controlling: bool = True,
        cwd: Path | None = None,
    ) -> None:
        """Without `controlling` it is not told by a signal when its terminal goes away."""
        self.near, self._far = os.openpty()
        self.path = os.ttyname(self._far)
        self.columns, self.rows = columns, rows
        self._set_size()
        self.settings_before = termios.tcgetattr(self._far)
        self.raw = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._read = threading.Event()
        self._read.set()
        self._over = threading.Event()
        self._closed = False

        def become() -> None:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            if controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            command,
            stdin=self._far,
            stdout=self._far,
            stderr=self._far,
            env=dict(environment),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=become,
        )
        self._reader = threading.Thread(target=self._take, daemon=True)
        self._reader.start()

    # --- what a person does -----------------------------------------------------------------------------------------

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self.near, keys)

    def resize(self, columns: int, rows: int) -> None:
        """Drag the window."""
        self.columns, self.rows = columns, rows
        with self._lock:
            self._screen.resize(rows, columns)
        self._set_size()
        if b"2048" in self.modes:
            self._report_size()

    def stall(self, frames: int = 80) -> None:
        """Read no more, and have it draw so many screens: of a few the terminal is full, of many it stands still itself."""
        self._read.clear()
        columns, rows = self.columns, self.rows
        for number in range(frames):
            self.resize(columns - number % 2, rows)
            time.sleep(0.01)  # or several would become one frame
        self.resize(columns, rows)

    def read_on(self) -> None:
        """Read again."""
        self._read.set()

    def hang_up(self) -> None:
        """Take the terminal away."""
        self._stop_reading()
        os.close(self.near)
        os.close(self._far)
        self._closed = True

    # --- what there is to see ---------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """What is on the screen."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def modes(self) -> set[bytes]:
        """The modes that are other than a shell expects them."""
        on: dict[bytes, bool] = dict.fromkeys(_ON_AFTERWARDS, True)
        keyboard = 0
        for numbers, switch, pushed, popped in _MODES.findall(bytes(self.raw)):
            keyboard += bool(pushed) - bool(popped)
            for number in filter(None, numbers.split(b";")):
                on[number] = switch == b"h"
        changed = {number for number, is_on in on.items() if is_on != (number in _ON_AFTERWARDS)}
        return changed | ({KEYBOARD} if keyboard > 0 else set())

    @property
    def settings(self) -> list[Any]:
        """The terminal's settings now."""
        return termios.tcgetattr(self._far)

    @property
    def full(self) -> bool:
        """Whether it takes no more: nobody has read it for long enough."""
        look = select.poll()
        look.register(self._far, select.POLLOUT)
        return not look.poll(0)

    @property
    def busy(self) -> bool:
        """Whether it has written something in the last moment."""
        before = len(self.raw)
        time.sleep(0.15)  # a measure, not a wait
        return len(self.raw) != before

    @property
    def holders(self) -> list[str]:
        """Who else has the terminal open: command lines."""
        return [_words(pid) for pid in _processes() if pid != os.getpid() and self.path in _open_files(pid)]

    @property
    def cpu(self) -> float:
        """CPU seconds of the program, without its children."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wait_for(self, pattern: str, seconds: float = 30.0) -> None:
        """Wait until the screen matches; fails showing it."""
        try:
            wait_until(lambda: re.search(pattern, self.text, re.MULTILINE), seconds=seconds)
        except AssertionError:
            raise AssertionError(f"waited for {pattern!r}; the screen was:\n{self.text}") from None

    def wait_gone(self, pattern: str, seconds: float = 30.0) -> None:
        """Wait until the screen matches no longer."""
        wait_until(lambda: not re.search(pattern, self.text), seconds=seconds, what=f"{pattern!r} to go")

    def wait_ended(self, seconds: float) -> int:
        """The exit status when the program and whoever it leaves behind have let go of the terminal."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it has not ended after {seconds:g} s; the screen:\n{self.text}") from None
        if not self._closed:
            wait_until(lambda: not self.holders, seconds=seconds, what="everybody to let go of the terminal")
        return status

    def close(self) -> None:
        """Kill it, and take the terminal away."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if not self._closed:
            self.hang_up()

    # --- the reader -------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        os.set_blocking(self.near, False)
        while not self._over.is_set():
            if not self._read.wait(0.05):
                continue
            try:
                piece = os.read(self.near, 65536)
            except BlockingIOError:
                self._over.wait(0.01)
                continue
            except OSError:
                return
            with self._lock:
                self.raw += piece
                self._stream.feed(piece)
            for question, answer in _ANSWERS:
                if question in piece:
                    os.write(self.near, answer)
            if b"\x1b[?2048h" in piece:
                self._report_size()

    def _stop_reading(self) -> None:
        self._over.set()
        self._reader.join(10)

    def _set_size(self) -> None:
        fcntl.ioctl(self._far, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.columns, 0, 0))

    def _report_size(self) -> None:
        size = (self.rows, self.columns, 20 * self.rows, 10 * self.columns)
        with contextlib.suppress(BlockingIOError):  # it has not read the earlier ones either
            os.write(self.near, b"\x1b[48;%d;%d;%d;%dt" % size)


@contextlib.contextmanager
def in_pty(
    *arguments: str,
    home: Path,
    columns: int = 120,
    rows: int = 40,
    controlling: bool = True,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = ("-m", "tui"),
) -> Iterator[PtyProcess]:
    """`supervisor-tui` with these arguments; killed when the block ends."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SSH_", "TMUX"))}
    running = PtyProcess(
        [sys.executable, *program, *arguments],
        {
            **{n: v for n, v in inherited.items() if n not in ("COLUMNS", "LINES", "SUPERVISOR_TUI_CONFIG")},
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            **(environment or {}),
        },
        columns=columns,
        rows=rows,
        controlling=controlling,
    )
    try:
        yield running
    finally:
        running.close()


def _processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _open_files(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(entry.path))
    return found


def _words(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
