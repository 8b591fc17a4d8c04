"""How the program ends: when something is wrong, when it is told to, and when nobody reads what it says any more.

Who comes in: the errors that people are meant to read, signals, a reader that went away. Who leaves: an exit code. The rules:
one sentence on stderr, never a traceback; what was begun is finished first; and no parser is imported for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import stat
import sys
from types import FrameType
from typing import NoReturn, TextIO

from tui.cli.exit_codes import ExitCode
from tui.errors import QueryError, SupervisorTuiError

_TERMINAL_GONE = 128 + signal.SIGHUP


class ToldToEnd(SystemExit):
    """TERM or HUP came: what was begun is finished on the way out."""


class Interrupted(Exception):
    """ctrl+c, or INT from elsewhere."""


class ReaderGone(Exception):
    """Nobody will ever read what we print; `code` is how that ends us."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def end_in_order() -> None:
    """From now on the first TERM or HUP unwinds the program, and later ones change nothing. `nohup` is respected."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _unwind)


def _unwind(number: int, _frame: FrameType | None) -> None:
    for other in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise ToldToEnd(128 + number)


def reader_gone(error: OSError) -> ReaderGone | None:
    """What an error of writing means for us: a pipe's reader that left ends us quietly (`… | head`), as it does other tools."""
    if error.errno == errno.EPIPE:
        return ReaderGone(ExitCode.OK)
    return ReaderGone(_TERMINAL_GONE) if error.errno == errno.EIO else None


def require_reader() -> None:
    """Raise ReaderGone when nobody reads our stdout any more: one who has nothing to print would never notice."""
    try:
        stdout = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    look = select.poll()
    look.register(stdout, 0)
    if look.poll(0):
        raise ReaderGone(ExitCode.OK if stat.S_ISFIFO(os.fstat(stdout).st_mode) else _TERMINAL_GONE)


def takes_more(stream: TextIO) -> bool:
    """Whether a few words can be written there now without waiting for anybody."""
    try:
        look = select.poll()
        look.register(stream.fileno(), select.POLLOUT)
        return look.poll(0) == [(stream.fileno(), select.POLLOUT)]
    except (OSError, ValueError):
        return False


def leave_without_waiting(code: int) -> NoReturn:
    """End with this code; what is still to be printed goes where somebody takes it, and else nowhere."""
    for stream in (sys.stdout, sys.stderr):
        if takes_more(stream):
            with contextlib.suppress(OSError):
                stream.flush()
    os._exit(code)


def told(error: SupervisorTuiError | KeyboardInterrupt) -> int:
    """Say what is wrong; the exit code."""
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        return ExitCode.INTERRUPTED
    sys.stderr.write(f"supervisor-tui: {error}{_pointer(error)}\n")
    return error.exit_code


def _pointer(error: SupervisorTuiError) -> str:
    """Two more lines for a filter that does not parse: the filter, and a mark under the offending character."""
    if not isinstance(error, QueryError):
        return ""
    from tui.text import cell_width, clean

    indent = cell_width(clean(error.query[: error.position]))
    return f"\n  {clean(error.query)}\n  {' ' * indent}^"
