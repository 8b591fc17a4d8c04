"""supervisord's own log read for one thing: whose state has changed.

Who comes in: bytes of the log, cut anywhere. What leaves: `News`, the raw names of processes (the log tells no groups) and
whether more changed than names can tell. The rule: it may name too many, never believe what a line says of them; how a
process is now, only supervisord's answer tells.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LINE = 4096
"""Bytes of an unfinished line that are kept; a longer one is child output in a debug log, and names nobody."""

# supervisor/process.py (4.1.0 to 4.3.0), at loglevel info and above. Names hold no spaces (datatypes.py:13).
_NAMED = re.compile(
    rb"^\S+ \S+ (?:INFO|WARN|ERRO|CRIT) (?:"
    rb"(?:spawned:|killing) '([^'\n]+)' "
    rb"|(?:success|gave up|exited|stopped): (\S+) "
    rb"|waiting for (\S+) to stop"
    rb")",
    re.MULTILINE,
)

# A failed spawn names nobody; the others say that supervisord itself ends, begins, or was told to.
_WHOLE = re.compile(
    rb"^\S+ \S+ (?:INFO|WARN|ERRO|CRIT) (?:spawnerr: |waiting for .* to die|received SIG|supervisord started)"
    rb"|^==> File truncated <==",
    re.MULTILINE,
)


class News(NamedTuple):
    """What some bytes of the log told."""

    names: frozenset[str]
    """Raw process names."""
    whole: bool = False
    """Something changed that no name tells: everything has to be read."""


NO_NEWS = News(frozenset())


class MainLogReader:
    """One stream of a main log, from wherever it begins."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> News:
        """The news in the lines that `data` completes."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._rest = (self._rest + data)[-MAX_LINE:]
            return NO_NEWS
        lines = self._rest + data[:end]
        self._rest = data[end:][-MAX_LINE:]
        names = frozenset(
            (spawned or ended or stopping).decode(errors="replace")
            for spawned, ended, stopping in _NAMED.findall(lines)
        )
        return News(names, _WHOLE.search(lines) is not None)
