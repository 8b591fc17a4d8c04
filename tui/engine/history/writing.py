"""Batches into the file. Several programs write to one file; what two of them saw happen becomes one row.

Who comes in: transitions as the engine saw them, and whole snapshots to begin from. The rule that tells two sightings of one
change from two changes: the same process came into the same state with the same pid, start and stop of the server's clock,
and either nothing newer is known of it, or both were seen within `SAME_SECONDS` and this program has not yet had a part
in that row. (Start and stop alone do not do: a process that was never started has neither, and it may come and go.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tui.engine.history.file import writing
from tui.engine.history.layout import (
    CODES,
    FOUND,
    GONE,
    OURS,
    after_ms,
    first_id,
    milliseconds,
    state_name,
    time_of,
)
from tui.model.fleet import Transition
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.model.states import ANSWERING, HostState

SAME_SECONDS = 120.0
"""So far apart two programs may notice one change: a poll period, a slow answer, a full queue."""
NAME_CHARS = 500
"""Of a longer name only the beginning is kept."""
_MATCHED = 10_000
_INT64 = 2**63 - 1


class _Facts(NamedTuple):
    """How a process came to be: equal for everybody who sees it."""

    state: int
    pid: int
    start: int
    stop: int


class _Known(NamedTuple):
    """A row of `process`."""

    id: int
    facts: _Facts
    changed: int


class Writer:
    """One open file, as one running program writes to it. Belongs to one thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._matched: dict[int, int] = {}
        """Process -> the newest of its rows that this program wrote, or found written by another."""

    def write(self, transitions: Iterable[Transition]) -> None:
        """All of them or, with sqlite3.Error, none."""
        before = self._matched.copy()
        try:
            with writing(self._db):
                for transition in transitions:
                    self._write(transition)
        except BaseException:
            self._matched = before
            raise

    def begin_with(self, snapshots: Sequence[HostSnapshot], wall: float, monotonic: float) -> None:
        """How these hosts are: what differs from what was known was changed while nobody looked.

        What another program has seen since they were read is newer, and stays as it is.
        """
        with writing(self._db):
            for snapshot in snapshots:
                self._compare(snapshot, wall, wall - (snapshot.age(monotonic) or 0.0))

    def begin_run(self, hosts: Iterable[str], wall: float) -> int:
        """Say that this program looks at `hosts` from now on; its number, for `goes_on`."""
        names = "\n".join(sorted(hosts))
        now = milliseconds(wall)
        with writing(self._db):
            self._db.execute("INSERT OR IGNORE INTO watched (hosts) VALUES (?)", (names,))
            (watched,) = self._db.execute("SELECT id FROM watched WHERE hosts = ?", (names,)).fetchone()
            run = self._db.execute(
                "INSERT INTO run (began, until, watched) VALUES (?, ?, ?)", (now, now, watched)
            )
        assert run.lastrowid is not None
        return run.lastrowid

    def goes_on(self, run: int, wall: float) -> bool:
        """Say that it still looks; False when nobody knows of that run any more."""
        with writing(self._db):
            done = self._db.execute(
                "UPDATE run SET until = max(until, ?) WHERE id = ?", (milliseconds(wall), run)
            )
        return done.rowcount > 0

    # --- one transition ---------------------------------------------------------------------------------------------

    def _write(self, transition: Transition) -> None:
        facts = _facts(transition.new, transition.pid, transition.start, transition.stop)
        known = self._known(transition.key)
        if known is None:
            known = self._meet(transition.key, _Facts(GONE, 0, 0, 0), milliseconds(transition.time))
        twin = self._twin(known, facts, transition.time)
        flags = (OURS if transition.ours else 0) | (FOUND if transition.found else 0)
        if twin is None:
            self._insert(known, facts, transition, flags)
        elif twin:
            self._remember(known.id, twin)
            self._add_to(twin, transition, flags)

    def _add_to(self, twin: int, transition: Transition, flags: int) -> None:
        """What this program knows of a change that another one wrote: that it was ours, or how it came about."""
        if flags & OURS:
            self._db.execute("UPDATE transition SET flags = flags | ? WHERE id = ?", (OURS, twin))
        if not flags & FOUND:
            self._db.execute(
                "UPDATE transition SET flags = flags & ~?, old = ? WHERE id = ? AND flags & ?",
                (FOUND, CODES.get(transition.old, GONE), twin, FOUND),
            )

    def _twin(self, known: _Known, facts: _Facts, time: float) -> int | None:
        """The row that tells the same; 0 when it is known without one, None when this is news."""
        around = milliseconds(SAME_SECONDS)
        low = max(self._matched.get(known.id, 0) + 1, first_id(milliseconds(time) - around))
        rows = self._db.execute(
            "SELECT id, new, pid, start, stop FROM transition WHERE process = ? AND id BETWEEN ? AND ? ORDER BY id",
            (known.id, low, first_id(milliseconds(time) + around)),
        )
        for identity, state, *run in rows:
            if _facts(state_name(state), *run) == facts:
                return int(identity)
        if known.facts == facts and (known.changed or facts.state != GONE):
            return known.changed
        return None

    def _insert(self, known: _Known, facts: _Facts, transition: Transition, flags: int) -> None:
        identity = self._free_id(transition.time)
        self._db.execute(
            "INSERT INTO transition VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                identity,
                known.id,
                CODES.get(transition.old, GONE),
                CODES.get(transition.new, GONE),
                facts.pid,
                _int64(transition.exitstatus),
                facts.start,
                facts.stop,
                flags,
            ),
        )
        if identity > known.changed:
            self._db.execute(
                "UPDATE process SET state = ?, pid = ?, start = ?, stop = ?, changed = ? WHERE id = ?",
                (*facts, identity, known.id),
            )
        self._remember(known.id, identity)

    def _free_id(self, time: float) -> int:
        low = first_id(milliseconds(time))
        while True:
            high = after_ms(low)
            (last,) = self._db.execute(
                "SELECT max(id) FROM transition WHERE id >= ? AND id < ?", (low, high)
            ).fetchone()
            if last is None:
                return low
            if last + 1 < high:
                return int(last) + 1
            low = high

    def _remember(self, process: int, identity: int) -> None:
        self._matched[process] = max(self._matched.get(process, 0), identity)
        if len(self._matched) > _MATCHED:
            old = first_id(milliseconds(time_of(identity) - 2 * SAME_SECONDS))
            self._matched = {key: row for key, row in self._matched.items() if row >= old}

    # --- processes --------------------------------------------------------------------------------------------------

    def _known(self, key: ProcessKey) -> _Known | None:
        row = self._db.execute(
            "SELECT id, state, pid, start, stop, changed FROM process WHERE host = ? AND grp = ? AND name = ?",
            _names(key),
        ).fetchone()
        return None if row is None else _Known(row[0], _Facts(*row[1:5]), row[5])

    def _meet(self, key: ProcessKey, facts: _Facts, now: int) -> _Known:
        done = self._db.execute(
            "INSERT INTO process (host, grp, name, first_seen, state, pid, start, stop, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (*_names(key), now, *facts),
        )
        assert done.lastrowid is not None
        return _Known(done.lastrowid, facts, 0)

    def _compare(self, snapshot: HostSnapshot, wall: float, read: float) -> None:
        rows = self._db.execute(
            "SELECT grp, name, id, state, pid, start, stop, changed FROM process WHERE host = ?",
            (snapshot.host,),
        )
        known = {(row[0], row[1]): _Known(row[2], _Facts(*row[3:7]), row[7]) for row in rows}
        newer = first_id(milliseconds(read))
        own, facts = known.pop(("", ""), None), _facts(snapshot.state.value)
        if own is None or own.facts != facts:
            self._found(ProcessKey(snapshot.host), own, facts, wall, newer)
        for process in snapshot.processes:
            facts = _facts(process.state.name, process.pid, process.start, process.stop)
            before = known.pop(_names(process.key)[1:], None)
            if before is None or not _same_run(before.facts, facts):
                self._found(process.key, before, facts, wall, newer, process.exitstatus)
        for (group, name), before in known.items():
            if before.facts.state != GONE:
                key = ProcessKey(snapshot.host, group, name)
                self._found(key, before, _Facts(GONE, 0, 0, 0), wall, newer)

    def _found(
        self,
        key: ProcessKey,
        before: _Known | None,
        facts: _Facts,
        wall: float,
        newer: int,
        exitstatus: int = 0,
    ) -> None:
        """Met for the first time, or not as it was left; a row from the id `newer` on is younger than what we know."""
        if before is None:
            self._meet(key, facts, milliseconds(wall))
            return
        if before.changed >= newer:
            return
        old, new = state_name(before.facts.state), state_name(facts.state)
        self._insert(before, facts, Transition(0, wall, key, old, new, exitstatus=exitstatus), FOUND)


def _facts(state: str, pid: int = 0, start: int = 0, stop: int = 0) -> _Facts:
    """A host's UP and DEGRADED are one: which of them it is follows from its processes."""
    if state in _ANSWERING:
        state = HostState.UP.value
    return _Facts(CODES.get(state, GONE), _int64(pid), _int64(start), _int64(stop))


_ANSWERING = frozenset(state.value for state in ANSWERING)


def _same_run(before: _Facts, after: _Facts) -> bool:
    """Whether nothing has happened: a start of 0 in the same state is a restarted supervisord (`model.fleet`)."""
    return before.state == after.state and before.pid == after.pid and after.start in (before.start, 0)


def _names(key: ProcessKey) -> tuple[str, str, str]:
    return key.host, _storable(key.group), _storable(key.name)


def _storable(name: str) -> str:
    """Raw, but for what no text in a file can hold: half a character."""
    return name[:NAME_CHARS].encode("utf-8", "backslashreplace").decode()


def _int64(number: int) -> int:
    return max(-_INT64, min(_INT64, number))
