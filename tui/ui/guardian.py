"""A small process that puts the terminal right when we die without doing so ourselves (SIGKILL, SIGQUIT, out of memory).

It holds the reading end of a pipe that only we can write to. We say `clean` when we leave in good order; an end of file
without that word means that we died, and it restores the terminal's settings and leaves the modes that the screen uses.
It is a shell because that is small; only when it is needed does it become a Python, which does not wait for a stalled terminal.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from typing import IO

from tui.ui.terminal import rescue

SCRIPT = """
trap '' INT QUIT TERM HUP TSTP TTIN TTOU
read -r word
[ "$word" = clean ] && exit 0
"$1" -I -S "$2" "$3" && exit 0
stty sane <&2
printf '%s' "$4" >&2
"""


@contextlib.contextmanager
def guarded_terminal(terminal: IO[str]) -> Iterator[None]:
    """Keep `terminal` (what the screen is drawn on) usable, however the block ends. Without `sh`, only the block runs."""
    try:
        before = termios.tcgetattr(terminal.fileno())
        guardian = subprocess.Popen(  # noqa: S603  (our own script, no input from outside)
            [
                "/bin/sh",
                "-c",
                SCRIPT,
                "guardian",
                sys.executable,
                rescue.__file__,
                rescue.packed(before),
                rescue.LEAVE,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
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
    try:
        yield
    finally:
        rescue.restore(terminal.fileno(), before)
        with contextlib.suppress(OSError):
            guardian.stdin.write(b"clean\n")
            guardian.stdin.close()
        guardian.wait()
