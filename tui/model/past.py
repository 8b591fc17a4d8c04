"""Changes that are over, as rows that a filter can be asked about, and what there is to say of them.

Who comes in: the timeline, `history`, `watch`. The rule: a change is selected by what it led to. `state:fatal` is what became
FATAL, `exit:1` what exited so, `since<2h` what changed in the last two hours; what vanished counts as stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tui.model.fleet import Transition
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey, make_process
from tui.model.query import Query
from tui.model.states import HostState, ProcessState
from tui.model.timeline import FLAPPING_SECONDS, FLAPPING_STARTS, is_restart
from tui.text import clean

_HOST_STATES = frozenset(state.value for state in HostState)
_PROCESS_STATES = frozenset(state.name for state in ProcessState)


STATUSES = frozenset(range(-1, 256))
"""What supervisord tells of an end: an exit status, -1 for a signal."""

Ends = Mapping[str, frozenset[int]]
"""States that a change led to, '' for what vanished, each with the exit statuses among `STATUSES` that count."""


class PastFilter:
    """A query over transitions."""

    def __init__(self, query: Query, tags: Mapping[str, frozenset[str]], wall: float) -> None:
        """`tags` by host, as configured; `wall` is the time from which `since` counts."""
        self._query = query
        self._names = query.of_names()
        self._tags = tags
        self.wall = wall
        """Epoch seconds; who watches moves it on."""
        self._hosts: dict[str, HostSnapshot] = {}

    def __call__(self, transition: Transition) -> bool:
        """Whether it is selected."""
        if not self._query:
            return True
        key = transition.key
        if key.is_host:
            return self._query.matches(self._changed_host(transition), None, self.wall)
        return self._query.matches(self._host(key.host), row_of(transition), self.wall)

    @property
    def by_name(self) -> bool:
        """Whether a part of it depends on nothing but names and tags: `may_select` then leaves somebody out."""
        return bool(self._names)

    def may_select(self, key: ProcessKey) -> bool:
        """Whether any change of it can be selected."""
        row = None if key.is_host else _row(key, ProcessState.STOPPED, 0, 0, 0)
        return self._names.matches(self._host(key.host), row, self.wall)

    @cached_property
    def ends(self) -> Ends | None:
        """Where a selected change may have led; None when it may be anywhere."""
        asked = self._query.of_ends()
        if not asked:
            return None
        ends: dict[str, frozenset[int]] = {}
        for state in HostState:
            if asked.matches(HostSnapshot("", state), None, 0):
                ends[state.value] = STATUSES
        up, nobody = HostSnapshot("", HostState.UP), ProcessKey("", "", "")
        for one in ProcessState:
            statuses = {
                status
                for status in STATUSES
                for pid in (0, 1)
                if asked.matches(up, _row(nobody, one, pid, 1, status), 0)
            }
            if statuses:
                ends[one.name] = frozenset(statuses)
        vanished = ends.get(ProcessState.STOPPED.name, frozenset()) | ends.get(
            HostState.PENDING.value, frozenset()
        )
        return {**ends, "": vanished} if vanished else ends

    def _host(self, name: str) -> HostSnapshot:
        if name not in self._hosts:
            self._hosts[name] = HostSnapshot(name, HostState.UP, tags=self._tags.get(name, frozenset()))
        return self._hosts[name]

    def _changed_host(self, transition: Transition) -> HostSnapshot:
        state = HostState(transition.new) if transition.new in _HOST_STATES else HostState.PENDING
        tags = self._tags.get(transition.key.host, frozenset())
        return HostSnapshot(transition.key.host, state, tags=tags, read_at=transition.time)


def row_of(transition: Transition) -> Process:
    """The process as the change left it; it is in that state since then."""
    state = ProcessState[transition.new] if transition.new in _PROCESS_STATES else ProcessState.STOPPED
    return _row(transition.key, state, max(0, transition.pid), int(transition.time), transition.exitstatus)


def _row(key: ProcessKey, state: ProcessState, pid: int, since: int, exitstatus: int) -> Process:
    _, group, name = key
    return make_process(key, clean(group), clean(name), state, pid, since, since, exitstatus, "", b"\n")


def remark(transition: Transition) -> str:
    """What else there is to say of it, for the end of a line."""
    words = []
    if transition.pid:
        words.append(f"pid {transition.pid}")
    if transition.new == ProcessState.EXITED.name:
        words.append("killed by a signal" if transition.exitstatus == -1 else f"exit {transition.exitstatus}")
    if transition.found:
        words.append("while nobody looked")
    elif transition.old == transition.new:
        words.append("ran anew between two looks")
    if transition.ours:
        words.append("ours")
    return ", ".join(words)


def flapping_at(rows: Iterable[Transition]) -> frozenset[int]:
    """Serials of those (oldest first) at which their process was flapping, as `timeline` defines it."""
    starts: dict[ProcessKey, tuple[float, ...]] = {}
    found = set()
    for row in rows:
        if not is_restart(row) or row.ours:
            continue
        recent = (*starts.get(row.key, ())[1 - FLAPPING_STARTS :], row.time)
        starts[row.key] = recent
        if len(recent) == FLAPPING_STARTS and row.time - recent[0] <= FLAPPING_SECONDS:
            found.add(row.serial)
    return frozenset(found)


def transition_document(transition: Transition) -> dict[str, Any]:
    """As `watch` and `history` print it (interfaces.md): raw names, the time in UTC."""
    time = (
        datetime.fromtimestamp(transition.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    return {
        "time": time,
        "host": transition.key.host,
        "group": transition.key.group,
        "name": transition.key.name,
        "from": transition.old,
        "to": transition.new,
        "pid": transition.pid,
        "exitstatus": transition.exitstatus,
        "ours": transition.ours,
    }
