"""What ran on a host before everything there was stopped, so that it can be brought back: a small private JSON file.

Several running programs share the file; the last one to write a host wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from tui.engine.json_file import read_json, write_json
from tui.model.process import ProcessKey

FILE_NAME = "remembered.json"


class _Version(NamedTuple):
    """What tells one written file from the next."""

    inode: int = 0
    written: int = 0
    size: int = 0


class Memory:
    """Host -> the processes that a stop of the whole host ended."""

    def __init__(
        self, state_dir: Path | None, *, complain: Callable[[str], None] = lambda sentence: None
    ) -> None:
        """No directory: it remembers only as long as the program runs."""
        self._path = None if state_dir is None else state_dir / FILE_NAME
        self._complain = complain
        self._read = _Version()
        self._hosts: dict[str, frozenset[ProcessKey]] = {}
        self._refresh()

    def remembered(self, host: str) -> frozenset[ProcessKey]:
        """What ran there before we stopped it all; empty when we did not."""
        self._refresh()
        return self._hosts.get(host, frozenset())

    def remember(self, host: str, keys: Iterable[ProcessKey]) -> None:
        """Keep what is about to be stopped; a second stop before a start adds to it."""
        kept = self.remembered(host) | frozenset(keys)
        if kept != self.remembered(host):
            self._hosts[host] = kept
            self._save()

    def forget(self, host: str) -> None:
        """The host has been started again."""
        self._refresh()
        if self._hosts.pop(host, None) is not None:
            self._save()

    def _refresh(self) -> None:
        """Take over what another running program has written since we looked."""
        version = self._version()
        if version != self._read:
            self._read = version
            self._hosts = self._load()

    def _version(self) -> _Version:
        """Which file is there now; the same nothing as at first when there is none."""
        if self._path is None:
            return _Version()
        try:
            found = self._path.stat()
        except OSError:
            return _Version()
        return _Version(found.st_ino, found.st_mtime_ns, found.st_size)

    def _load(self) -> dict[str, frozenset[ProcessKey]]:
        if self._path is None:
            return {}
        try:
            content = read_json(self._path)
            return {
                str(host): frozenset(ProcessKey(str(host), str(group), str(name)) for group, name in pairs)
                for host, pairs in content["hosts"].items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._complain(f"{self._path} is damaged: what was stopped before is no longer known")
            return {}

    def _save(self) -> None:
        """Whole or not at all: a new file takes the old one's place."""
        if self._path is None:
            return
        hosts = {host: sorted([k.group, k.name] for k in keys) for host, keys in self._hosts.items()}
        try:
            write_json(self._path, {"schema": 1, "hosts": hosts})
            self._read = self._version()
        except OSError as error:
            self._complain(f"{self._path} cannot be written: {error.strerror}")
