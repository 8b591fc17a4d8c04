"""One supervisord as last seen, and how the last poll of it went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tui.model.process import Process, ProcessKey
from tui.model.states import ANSWERING, Health, HostState

CLOCK_TOLERANCE = 2.0
"""Seconds the clock offset may wander (the server tells whole seconds, and the way there varies) before it shows."""


def answering_state(processes: Iterable[Process]) -> HostState:
    """DEGRADED when a process is in a bad state, else UP."""
    bad = any(process.health is Health.BAD for process in processes)
    return HostState.DEGRADED if bad else HostState.UP


@dataclass(frozen=True, slots=True)
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
    last_problem: str = ""
    """The problem before the present one, or before it answered again; cleaned."""
    last_problem_at: float | None = None
    """When it was over; None when there was none since we began to watch."""
    processes: tuple[Process, ...] = ()
    """Sorted by group, then name, as supervisord sends them; one row an identity (`process.disambiguate`)."""
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
    rhythm: str = ""
    """How it is kept current, in words, with the reason when its feed is not used; cleaned."""
    drift: str = ""
    """What an update would do, in words, as far as anybody has asked; empty when nothing, or not known."""
    version: str = ""
    """supervisord's version, cleaned; empty until known."""
    identification: str = ""
    badges: tuple[str, ...] = field(default=())
    """Standing remarks: 'read-only', 'password over http', 'tls not verified', …"""
    _by_key: dict[ProcessKey, Process] | None = field(default=None, init=False, repr=False, compare=False)
    _health: Health | None = field(default=None, init=False, repr=False, compare=False)
    _bad_count: int | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def by_key(self) -> dict[ProcessKey, Process]:
        """The rows by identity; built once per snapshot and only when asked for."""
        if self._by_key is None:
            self._keep("_by_key", {process.key: process for process in self.processes})
            assert self._by_key is not None
        return self._by_key

    @property
    def health(self) -> Health:
        """The worst of the host itself and its processes."""
        if self._health is None:
            self._keep("_health", self._worst())
            assert self._health is not None
        return self._health

    def _worst(self) -> Health:
        if self.state in (HostState.PENDING, HostState.RESTARTING):
            return Health.BUSY
        if self.state not in ANSWERING:
            return Health.BAD
        return max((process.health for process in self.processes), default=Health.GOOD)

    @property
    def bad_count(self) -> int:
        """How many processes want attention."""
        if self._bad_count is None:
            self._keep("_bad_count", sum(process.health is Health.BAD for process in self.processes))
            assert self._bad_count is not None
        return self._bad_count

    def _keep(self, name: str, value: object) -> None:
        """Remember what was worked out; it follows from the snapshot, which stays what it is."""
        object.__setattr__(self, name, value)

    @property
    def fresh(self) -> bool:
        """Whether the rows may be believed to be current."""
        return self.state in ANSWERING

    def looks_like(self, other: HostSnapshot) -> bool:
        """Whether a screen would show both alike: all but the times of reading, which only age."""
        same_rows = self.processes is other.processes or self.processes == other.processes
        return self is other or (same_rows and self.is_as(other))

    def is_as(self, other: HostSnapshot) -> bool:
        """Whether the host itself, whatever its processes do, would be shown alike."""
        return (
            self.state is other.state
            and abs(self.clock_offset - other.clock_offset) < CLOCK_TOLERANCE
            and self.problem == other.problem
            and self.advice == other.advice
            and self.version == other.version
            and self.identification == other.identification
            and self.rhythm == other.rhythm
            and self.drift == other.drift
            and self.badges == other.badges
            and self.tags == other.tags
            and self.folder == other.folder
            and self.read_only == other.read_only
            and self.url == other.url
            and (self.read_at is None) == (other.read_at is None)
        )

    def inherit(self, previous: HostSnapshot) -> None:
        """Take over what was worked out from the very same rows, so that an unchanged host costs nothing again."""
        if self.processes is previous.processes:
            self._keep("_by_key", previous._by_key)
            self._keep("_bad_count", previous._bad_count)
            if self.state is previous.state:
                self._keep("_health", previous._health)

    def now(self, monotonic: float) -> float:
        """The server's epoch seconds at our `monotonic` time."""
        return monotonic + self.clock_offset

    def age(self, monotonic: float) -> float | None:
        """Seconds since the rows were read; None when they never were."""
        return None if self.read_at is None else max(0.0, monotonic - self.read_at)
