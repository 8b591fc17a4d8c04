"""All hosts at one time, and what differs from the time before.

Snapshots come in from the pollers through `Fleet.apply`; a `Change` goes to whoever must wake up, a `FleetPicture` to
everybody who reads. Only the engine's thread touches `Fleet`; a picture never changes and may be read anywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey
from tui.model.states import ANSWERING, UNREACHABLE, Health, HostState


@dataclass(frozen=True, slots=True)
class Counts:
    """How many hosts and processes are how. The hosts are answering + unreachable + pending."""

    hosts: int = 0
    answering: int = 0
    """UP and DEGRADED together."""
    degraded: int = 0
    unreachable: int = 0
    pending: int = 0
    """Not known at this moment: PENDING, RESTARTING and STALE."""
    processes: int = 0
    """Known rows, also those of hosts that do not answer now."""
    good: int = 0
    busy: int = 0
    resting: int = 0
    bad: int = 0

    @property
    def up(self) -> int:
        """Answering hosts without a bad process."""
        return self.answering - self.degraded


@dataclass(frozen=True)
class FleetPicture:
    """Every host as last seen, in configured order. `number` grows whenever something visible changed."""

    hosts: Mapping[str, HostSnapshot]
    counts: Counts
    number: int = 0

    def process(self, key: ProcessKey) -> Process | None:
        """The row with this identity; None when it is not (or no longer) there."""
        host = self.hosts.get(key.host)
        return None if host is None else host.by_key.get(key)


@dataclass(frozen=True, slots=True)
class Transition:
    """One process or host went from one state to another, as far as our reads could see.

    `old` is empty when a process appeared and `new` when it vanished. Equal states mean that it ran anew in between: pid
    or start changed. A host's own transition has a key without group and name.
    """

    serial: int
    time: float
    """Our wall clock, epoch seconds, when it was noticed."""
    key: ProcessKey
    old: str
    new: str
    pid: int = 0
    exitstatus: int = 0
    ours: bool = False
    """A job of this program was acting on it."""
    start: int = 0
    """Epoch seconds of the server's clock, as in `Process`: with state, pid and `stop` what tells one run from another."""
    stop: int = 0
    found: bool = False
    """It happened while nobody looked: `time` is when it was found, not when it came about."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one snapshot brought."""

    hosts: frozenset[str] = frozenset()
    transitions: tuple[Transition, ...] = ()
    visible: bool = False
    """False when only reading times moved."""


NO_CHANGE = Change()

_RowChange = tuple[ProcessKey, str, str, int, int, int, int]
"""A transition before it has a place in time: key, old state, new state, pid, exit status, start, stop."""


class Fleet:
    """All hosts as last seen, with running counts."""

    def __init__(self, snapshots: Iterable[HostSnapshot]) -> None:
        """Begin with one snapshot a host (PENDING as a rule), in configured order."""
        self._hosts: dict[str, HostSnapshot] = {}
        self._states: Counter[HostState] = Counter()
        self._healths: Counter[Health] = Counter()
        self._number = 0
        self._serial = 0
        self._picture: FleetPicture | None = None
        for snapshot in snapshots:
            self._take_in(snapshot)

    def picture(self) -> FleetPicture:
        """The fleet as it is now; the same object until something was applied."""
        if self._picture is None:
            self._picture = FleetPicture(MappingProxyType(self._hosts.copy()), self._counts(), self._number)
        return self._picture

    def apply(
        self, snapshot: HostSnapshot, *, wall: float, ours: frozenset[ProcessKey] = frozenset()
    ) -> Change:
        """Take one host's newest snapshot in; transitions of processes in `ours`, or on a host in it, are marked so.

        Costs next to nothing when the rows are the same tuple as before, and in proportion to the differing rows else.
        A first answer brings no transitions: they would tell how we learned of the fleet, not what happened in it.
        Neither does UP to DEGRADED or back, which only repeats a process's own.
        """
        old = self._hosts.get(snapshot.host)
        if old is snapshot:
            return NO_CHANGE
        self._picture = None
        if old is None:
            self._take_in(snapshot)
            return self._visible(snapshot.host)
        snapshot.inherit(old)
        self._hosts[snapshot.host] = snapshot
        if old.looks_like(snapshot):
            return NO_CHANGE
        self._states[old.state] -= 1
        self._states[snapshot.state] += 1
        changes = self._row_changes(old, snapshot)
        if _is_host_transition(old.state, snapshot.state):
            host = ProcessKey(snapshot.host)
            changes.insert(0, (host, old.state.value, snapshot.state.value, 0, 0, 0, 0))
        return self._visible(snapshot.host, tuple(self._transition(change, wall, ours) for change in changes))

    def forget(self, host: str) -> Change:
        """Drop a host that the configuration no longer names."""
        snapshot = self._hosts.pop(host, None)
        if snapshot is None:
            return NO_CHANGE
        self._picture = None
        self._states[snapshot.state] -= 1
        self._healths.subtract(process.health for process in snapshot.processes)
        return self._visible(host)

    def exchange(self, ended: Iterable[str], snapshots: Iterable[HostSnapshot], order: Iterable[str]) -> None:
        """The configuration has changed: these hosts end, those begin (or begin anew), and all come in this order.

        Brings no transitions: nothing has happened to anything.
        """
        for host in ended:
            self.forget(host)
        for snapshot in snapshots:
            self._take_in(snapshot)
        self._hosts = {name: self._hosts[name] for name in order}
        self._picture = None
        self._number += 1

    def _take_in(self, snapshot: HostSnapshot) -> None:
        self._hosts[snapshot.host] = snapshot
        self._states[snapshot.state] += 1
        self._healths.update(process.health for process in snapshot.processes)

    def _visible(self, host: str, transitions: tuple[Transition, ...] = ()) -> Change:
        self._number += 1
        return Change(frozenset({host}), transitions, visible=True)

    def _row_changes(self, old: HostSnapshot, new: HostSnapshot) -> list[_RowChange]:
        """What happened to the processes of one host; the counts are brought up to date on the way."""
        if old.processes is new.processes:
            return []
        first_reading = old.read_at is None and not old.processes
        changes = []
        for before, after in _differing(old, new):
            if before is not None:
                self._healths[before.health] -= 1
            if after is not None:
                self._healths[after.health] += 1
            change = None if first_reading else _row_change(before, after)
            if change is not None:
                changes.append(change)
        return changes

    def _transition(self, change: _RowChange, wall: float, ours: frozenset[ProcessKey]) -> Transition:
        key, old, new, pid, exitstatus, start, stop = change
        self._serial += 1
        mine = bool(ours) and (key in ours or ProcessKey(key.host) in ours)
        return Transition(self._serial, wall, key, old, new, pid, exitstatus, mine, start, stop)

    def _counts(self) -> Counts:
        answering = sum(self._states[state] for state in ANSWERING)
        unreachable = sum(self._states[state] for state in UNREACHABLE)
        return Counts(
            hosts=len(self._hosts),
            answering=answering,
            degraded=self._states[HostState.DEGRADED],
            unreachable=unreachable,
            pending=len(self._hosts) - answering - unreachable,
            processes=self._healths.total(),
            good=self._healths[Health.GOOD],
            busy=self._healths[Health.BUSY],
            resting=self._healths[Health.RESTING],
            bad=self._healths[Health.BAD],
        )


def _differing(old: HostSnapshot, new: HostSnapshot) -> Iterator[tuple[Process | None, Process | None]]:
    """Pairs (before, after) of the rows that differ; None for one that was not or is not there."""
    before, after = old.processes, new.processes
    if len(before) == len(after) and all(
        a is b or a.key == b.key for a, b in zip(before, after, strict=True)
    ):
        for one, other in zip(before, after, strict=True):
            if one is not other and one != other:
                yield one, other
        return
    for process in before:
        if process.key not in new.by_key:
            yield process, None
    for process in after:
        known = old.by_key.get(process.key)
        if known is None or (known is not process and known != process):
            yield known, process


def _row_change(before: Process | None, after: Process | None) -> _RowChange | None:
    if after is None:
        return None if before is None else (before.key, before.state.name, "", 0, 0, 0, 0)
    run = (after.pid, after.exitstatus, after.start, after.stop)
    if before is None:
        return (after.key, "", after.state.name, *run)
    # a start of 0 in the same state: supervisord itself was restarted and has not run this one
    same_run = before.pid == after.pid and after.start in (before.start, 0)
    if before.state is after.state and same_run:
        return None
    return (after.key, before.state.name, after.state.name, *run)


def _is_host_transition(old: HostState, new: HostState) -> bool:
    quiet = ANSWERING | {HostState.PENDING}
    return old is not new and not (new in ANSWERING and old in quiet)
