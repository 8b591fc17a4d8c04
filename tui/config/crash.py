"""What a crash leaves behind: a private file with the place in the code, never with values; and one line for people."""

from __future__ import annotations

import os
import platform
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tui import __version__
from tui.config.paths import state_dir
from tui.config.redactor import Redactor
from tui.errors import SupervisorTuiError
from tui.text import clean


def write_crash_file(error: BaseException, redact: Callable[[str], str]) -> Path | None:
    """Write where it happened, without locals and with every known secret struck out; None when that is impossible."""
    if _may_quote(redact):
        lines = list(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    else:
        lines = [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
    text = (
        f"supervisor-tui {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"{time.strftime('%Y-%m-%d %H:%M:%S %z')}\n\n{''.join(lines)}"
    )
    try:
        path = state_dir() / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", errors="replace") as file:
            file.write(redact(text))
    except (OSError, SupervisorTuiError):
        return None
    return path


def crash_line(error: BaseException, path: Path | None, redact: Callable[[str], str]) -> str:
    """The one line: what, and where the rest is."""
    what = clean(redact(f"{type(error).__name__}: {error}".splitlines()[0]), 200)
    if not _may_quote(redact):
        what = type(error).__name__
    where = f"; the details are in {path}" if path else ""
    return f"supervisor-tui ended because of an error of its own: {what}{where}"


def _may_quote(redact: Callable[[str], str]) -> bool:
    """Whether an error's own words may be shown: not while passwords are read that nobody could strike out of them yet."""
    return not isinstance(redact, Redactor) or redact.told
