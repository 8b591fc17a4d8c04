"""What the journal says of one process or host: the last things that anybody did to it with this program.

Who comes in: the journal's path and a target. Who leaves: `Deed`s, newest first. Reads no more than the file's end; a line
that is no record of ours is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tui.config.private import open_private
from tui.model.process import ProcessKey
from tui.text import clean

LOOKED_AT = 256 * 1024
"""Bytes of the journal's end."""
MOST = 5
_CELLS = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """One action that was sent, all texts clean."""

    time: float
    """Our wall clock, epoch seconds, when it was about to be sent."""
    verb: str
    argument: str
    user: str
    outcome: str
    """DONE, FAILED, …; empty while nobody has seen it end."""


class LastDeeds:
    """The same question asked again is answered from memory while nobody has written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[object, tuple[Deed, ...]] = (None, ())

    def of(self, key: ProcessKey) -> tuple[Deed, ...]:
        """What was done to it last, newest first."""
        try:
            found = self._path.stat()
        except OSError:
            return ()
        question = (key, found.st_ino, found.st_size, found.st_mtime_ns)
        if self._known[0] != question:
            self._known = question, last_deeds(self._path, key)
        return self._known[1]


def last_deeds(path: Path, key: ProcessKey, most: int = MOST) -> tuple[Deed, ...]:
    """The last actions on this target; none when the journal cannot be read."""
    ends: dict[str, str] = {}
    deeds: list[Deed] = []
    for record in _records_backwards(path):
        if (record.get("host"), record.get("group"), record.get("name")) != tuple(key):
            continue
        id = str(record.get("id"))
        if record.get("kind") == "outcome":
            ends.setdefault(id, str(record.get("outcome", "")))
        elif record.get("kind") == "intent":
            with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
                deeds.append(_deed(record, ends.get(id, "")))
        if len(deeds) == most:
            break
    return tuple(deeds)


def _deed(record: dict[str, Any], outcome: str) -> Deed:
    return Deed(
        datetime.fromisoformat(record["time"]).timestamp(),
        clean(str(record["verb"]), _CELLS),
        clean(str(record.get("argument", "")), _CELLS),
        clean(str(record["who"].get("sudo_user") or record["who"]["user"]), _CELLS),
        clean(outcome.replace("_", " "), _CELLS),
    )


def _records_backwards(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with open(path, "rb", opener=open_private) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LOOKED_AT))
            lines = file.read(LOOKED_AT).split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            if isinstance(record, dict):
                yield record
