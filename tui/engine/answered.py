"""Who has not been heard of yet, for those who wait until everybody was.

Who comes in: the engine's thread, as hosts answer, come and go. Who leaves: any thread that waits. The rule: a host counts
as heard once it has answered or failed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable


class Answered:
    """Written by the engine's thread; `wait` is for any."""

    def __init__(self, hosts: Iterable[str]) -> None:
        self._missing = set(hosts)
        self._all = threading.Event()
        self._tell()

    def wait(self, seconds: float) -> bool:
        """Wait until every host was heard; False when that takes longer."""
        return self._all.wait(seconds)

    def misses(self, host: str) -> bool:
        """Whether it is still waited for."""
        return host in self._missing

    def heard(self, host: str, before_all: Callable[[], object]) -> None:
        """It was; the callable `before_all` runs before those who wait for the last one go on."""
        self._missing.discard(host)
        if not self._missing:
            before_all()
        self._tell()

    def hosts_changed(self, ended: Iterable[str], begun: Iterable[str]) -> None:
        """These are not waited for any more, and those are from now on."""
        self._missing.difference_update(ended)
        self._missing.update(begun)
        self._tell()

    def nobody_more(self) -> None:
        """The engine ends: nobody will be heard."""
        self._all.set()

    def _tell(self) -> None:
        if self._missing:
            self._all.clear()
        else:
            self._all.set()
