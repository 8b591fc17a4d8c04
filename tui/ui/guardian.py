"""A small process that puts the terminal right when we die without doing so ourselves (SIGKILL, SIGQUIT, out of memory).

It holds the reading end of a pipe that only we can write to. We say `clean` when we leave in good order; an end of file
without that word means that we died, and it restores the terminal's settings and leaves the modes that the screen uses.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import termios
from collections.abc import Iterator
from typing import IO

LEAVE = (
    "\\033[<u\\033[?1000l\\033[?1002l\\033[?1003l\\033[?1015l\\033[?1006l\\033[?1004l\\033[?2004l\\033[?2048l"
    "\\033[?7h\\033[?1049l\\033[0m\\033[?25h\\r\\n"
)
"""Keyboard protocol, mouse, focus, paste and resize reports off; wrapping on; the main screen; plain; cursor shown."""

SCRIPT = f"""
trap '' INT QUIT TERM HUP TSTP TTIN TTOU
settings=$(stty -g <&2)
echo ready
read -r word
[ "$word" = clean ] && exit 0
stty "$settings" <&2
printf '{LEAVE}supervisor-tui ended suddenly; the terminal has been put right\\r\\n' >&2
"""


@contextlib.contextmanager
def guarded_terminal(terminal: IO[str]) -> Iterator[None]:
    """Keep `terminal` (what the screen is drawn on) usable, however the block ends. Without `sh`, only the block runs."""
    try:
        before = termios.tcgetattr(terminal.fileno())
        guardian = subprocess.Popen(  # noqa: S603  (our own script, no input from outside)
            ["/bin/sh", "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=terminal.fileno(),
            start_new_session=True,
            close_fds=True,
            cwd="/",
            env={"PATH": os.defpath},
        )
    except (OSError, termios.error):
        yield
        return
    assert guardian.stdin is not None
    assert guardian.stdout is not None
    guardian.stdout.readline()  # it has seen the settings as they were
    guardian.stdout.close()
    try:
        yield
    finally:
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(terminal.fileno(), termios.TCSADRAIN, before)
        with contextlib.suppress(OSError):
            guardian.stdin.write(b"clean\n")
            guardian.stdin.close()
        guardian.wait()
