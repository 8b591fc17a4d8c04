"""Give a terminal back that may be stalled or gone: its settings, the modes that the screen uses, and a last word.

Who comes in: the program when it leaves in haste, and the guardian, which runs this file by its path after a sudden death.
The rule: nothing here waits for the terminal longer than `PATIENCE`, and nothing but the standard library is imported.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
from collections.abc import Sequence
from typing import Any

LEAVE = (
    "\x1b[<u\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2048l"
    "\x1b[?2026l\x1b[?7h\x1b[?1049l\x1b[0m\x1b[?25h"
)
"""Keyboard protocol, mouse, focus, paste, resize reports and held frames off; wrapping on; the main screen; plain; a cursor."""
CANCEL = "\x18"
"""Ends a sequence that was cut in the middle."""
PATIENCE = 1.0
"""Seconds that a terminal may take to read what we have to say last."""
_LFLAG, _CC = 3, 6


def terminal_settings(terminal: int) -> list[Any] | None:
    """What `restore` will want; None where there is no terminal."""
    try:
        return termios.tcgetattr(terminal)
    except termios.error:
        return None


def open_unblocked(terminal: int) -> int | None:
    """The same terminal opened anew, so that a write never waits; None where that is not allowed (after `su`, say).

    The flag belongs to the open file, which for descriptor 2 is also our shell's: it is left alone.
    """
    try:
        return os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None


def say_last(terminal: int, text: str, patience: float = PATIENCE) -> bool:
    """Write `text` if the terminal takes it within `patience` seconds; whether it took all."""
    unblocked = open_unblocked(terminal)
    if unblocked is None:
        return _say_blocking(terminal, text)
    try:
        left = memoryview(text.encode())
        deadline = time.monotonic() + patience
        while left:
            try:
                left = left[os.write(unblocked, left) :]
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                _wait_for_room(unblocked, 0.1)
    except OSError:  # it is gone
        return False
    finally:
        os.close(unblocked)
    return True


def put_right(terminal: int, settings: Sequence[Any] | None, words: str = "") -> None:
    """Settings and modes back, then `words`. What a stalled terminal has not read yet is thrown away to make room."""
    if settings is not None:
        restore(terminal, settings)
    if not say_last(terminal, LEAVE + words):
        with contextlib.suppress(termios.error):
            termios.tcflush(terminal, termios.TCOFLUSH)
        say_last(terminal, CANCEL + LEAVE + words, 0.1)


def restore(terminal: int, settings: Sequence[Any]) -> None:
    """Set what `tcgetattr` gave; unless a shell has taken the terminal meanwhile and edits a line with settings of its own.

    Such an editor reads key by key and leaves ctrl+c a signal; the screen does not, and neither does a question for a password.
    """
    with contextlib.suppress(termios.error):
        lflag = termios.tcgetattr(terminal)[_LFLAG]
        if lflag & termios.ISIG and not lflag & termios.ICANON:
            return
        termios.tcsetattr(terminal, termios.TCSANOW, list(settings))


def packed(settings: Sequence[Any]) -> str:
    """Terminal settings as a word for a command line."""
    flags = [int(flag) for flag in settings[:_CC]]
    characters = [c if isinstance(c, int) else c[0] for c in settings[_CC]]
    return ",".join(map(str, flags + characters))


def unpacked(word: str) -> list[Any]:
    """What `packed` was given."""
    numbers = [int(number) for number in word.split(",")]
    return [*numbers[:_CC], [bytes([number]) for number in numbers[_CC:]]]


def _say_blocking(terminal: int, text: str) -> bool:
    """The best that can be done with a descriptor that waits."""
    try:
        if not _wait_for_room(terminal, PATIENCE):
            return False
        os.write(terminal, text.encode())
    except OSError:
        return False
    return True


def _wait_for_room(descriptor: int, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLOUT)
    return bool(waiting.poll(seconds * 1000))


if __name__ == "__main__":
    put_right(
        2, unpacked(sys.argv[1]), "\r\nsupervisor-tui ended suddenly; the terminal has been put right\r\n"
    )
