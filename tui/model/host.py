"""One supervisord as last seen, and how the last poll of it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from tui.model.process import Process, ProcessKey
from tui.model.states import ANSWERING, Health, HostState


@dataclass(frozen=True)
class HostSnapshot:
    """One host at one time. The rows are the last known ones, also while the host cannot be reached.

    Times named `*_at` are seconds of our own monotonic clock; `clock_offset` turns that clock into the server's.
    """

    host: str
    state: HostState
    url: str = ""
    """Where it listens, without user or password."""
    folder: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    read_only: bool = False
    """By its configuration; lifted by no flag."""
    problem: str = ""
    """Why it cannot be read, in words; empty while it answers. Cleaned."""
    advice: str = ""
    """What to do next about the problem."""
    processes: tuple[Process, ...] = ()
    """Sorted by group, then name, as supervisord sends them."""
    read_at: float | None = None
    """When the rows were read; None when they never were."""
    tried_at: float | None = None
    """When the last poll ended, well or not."""
    next_at: float | None = None
    """When the next poll is due; None when polling stopped (a wrong password waits for the user)."""
    clock_offset: float = 0.0
    """Server epoch seconds minus our monotonic clock, taken at `read_at`."""
    latency: float | None = None
    """Seconds the last status answer took."""
    version: str = ""
    """supervisord's version, cleaned; empty until known."""
    identification: str = ""
    badges: tuple[str, ...] = field(default=())
    """Standing remarks: 'read-only', 'password over http', 'tls not verified', …"""

    @cached_property
    def by_key(self) -> dict[ProcessKey, Process]:
        """The rows by identity; built once per snapshot and only when asked for."""
        return {process.key: process for process in self.processes}

    @cached_property
    def health(self) -> Health:
        """The worst of the host itself and its processes."""
        if self.state in (HostState.PENDING, HostState.RESTARTING):
            return Health.BUSY
        if self.state not in ANSWERING:
            return Health.BAD
        return max((process.health for process in self.processes), default=Health.GOOD)

    @cached_property
    def bad_count(self) -> int:
        """How many processes want attention."""
        return sum(process.health is Health.BAD for process in self.processes)

    @property
    def fresh(self) -> bool:
        """Whether the rows may be believed to be current."""
        return self.state in ANSWERING

    def now(self, monotonic: float) -> float:
        """The server's epoch seconds at our `monotonic` time."""
        return monotonic + self.clock_offset

    def age(self, monotonic: float) -> float | None:
        """Seconds since the rows were read; None when they never were."""
        return None if self.read_at is None else max(0.0, monotonic - self.read_at)
