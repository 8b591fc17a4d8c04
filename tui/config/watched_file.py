"""Whether a configuration file is still the one that was read: looked at by its identity, read again only when that differs.

Who comes in: whoever has a slow tick, with the path and what was read. What leaves: `FileWatch.changed`. The rule: a file
that is being written, or that holds again what was read, is no news.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

STILL_SECONDS = 1.5
"""So long a file must have been as it is now: editors write in several steps."""


class FileIdentity(NamedTuple):
    """What tells one file, and one state of it, from another without reading it."""

    device: int
    inode: int
    mtime_ns: int
    size: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileIdentity:
        return cls(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as it was when it was read."""

    identity: FileIdentity
    digest: bytes
    """SHA-256 of its content."""


class FileWatch:
    """One path, compared with what was read from it. All times are seconds of our monotonic clock."""

    def __init__(self, path: Path, read: ReadFile) -> None:
        self.path = path
        self.changed = False
        """Whether it differs from what was read, and has been still for a while."""
        self._read = read
        self._judged: FileIdentity | None = read.identity
        self._seen: FileIdentity | None = read.identity
        self._since = 0.0
        self._again = False

    def look(self, now: float) -> bool:
        """Look at it; whether there is news: `changed` is another than before. Follows links, as reading does."""
        identity = self._identity()
        if identity != self._seen:
            self._seen, self._since = identity, now
        settled = identity == self._read.identity or now - self._since >= STILL_SECONDS
        if identity == self._judged or not settled:
            return False
        self._judged = identity
        before, self.changed = self.changed, identity != self._read.identity and not self._says_the_same()
        news = self.changed is not before or self._again
        self._again = False
        return news

    @property
    def gone(self) -> bool:
        """Whether there was nothing at the last look."""
        return self._seen is None

    def tell_again(self) -> None:
        """How it is now is known: its next change is news again, though it is changed already."""
        self._judged = self._seen = self._identity()
        self.changed = self._seen != self._read.identity
        self._again = True

    def _identity(self) -> FileIdentity | None:
        try:
            return FileIdentity.of(os.stat(self.path))
        except OSError:
            return None

    def _says_the_same(self) -> bool:
        from tui.config.permissions import read_private
        from tui.errors import ConfigError

        try:
            return sha256(read_private(self.path).content).digest() == self._read.digest
        except ConfigError:
            return False
