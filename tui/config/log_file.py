"""The log of this program's own errors: a private file of bounded size, without secrets.

Who comes in: every `logging` record from warnings on, or from what $SUPERVISOR_TUI_LOG says. What leaves: lines in a file
of the state directory (`supervisor-tui paths` names it). The rules: it is made with the first record; what cannot be
written is lost without a word, as there is nowhere else for it to go.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from tui.config.paths import state_dir, state_place
from tui.config.private import open_private
from tui.errors import ConfigError
from tui.text import clean

FILE_NAME = "supervisor-tui.log"
VARIABLE = "SUPERVISOR_TUI_LOG"
"""`debug`, `info`, `warning` or `error`."""
MAX_BYTES = 1024 * 1024
"""A larger one is kept as `….old`, in place of the one before."""


def log_to_file(redact: Callable[[str], str]) -> None:
    """From now on every record goes there, and none to the terminal."""
    level = logging.getLevelNamesMapping().get(os.environ.get(VARIABLE, "").upper(), logging.WARNING)
    handler = PrivateLogFile(redact)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(level)
    logging.captureWarnings(True)


def log_path() -> Path:
    """Where it is; nothing is made."""
    return state_place() / FILE_NAME


class PrivateLogFile(logging.Handler):
    """Writes each record with one write, redacted and without what a terminal would obey."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._redact = redact

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record."""
        try:
            text = self._redact(self.format(record))
        except Exception:  # a record that cannot be formatted: its own fault, and no reason for ours
            text = f"a record of {record.name} could not be written"
        lines = "\n".join(clean(line) for line in text.splitlines())
        with contextlib.suppress(OSError, ConfigError):
            self._append(f"{lines}\n".encode(errors="replace"))

    def _append(self, content: bytes) -> None:
        path = state_dir() / FILE_NAME
        handle = open_private(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, content)
            full = os.fstat(handle).st_size > MAX_BYTES
        finally:
            os.close(handle)
        if full:
            os.replace(path, path.with_suffix(".old"))
