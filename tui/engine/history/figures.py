"""Restarts, time in each state and availability of each process over a window of the history.

The rule: a time of which nothing is known is neither up nor down. It is counted on its own, and availability is the part of
the known time in which the process was RUNNING.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from tui.engine.history.coverage import Span
from tui.engine.history.layout import GONE, MS, NEWEST, OURS, first_id, milliseconds, state_name, time_of
from tui.engine.history.reading import Past
from tui.model.fleet import Transition
from tui.model.process import ProcessKey
from tui.model.states import ProcessState
from tui.model.timeline import is_restart
from tui.text import duration_words

_Row = tuple[int, int, int, int, int, int]
"""process, id, old, new, start, flags."""


@dataclass(frozen=True, slots=True)
class Record:
    """One process over the window. Seconds of our clock."""

    key: ProcessKey
    state: str
    """At the end of the window; empty: it is gone."""
    seconds: Mapping[str, float]
    """How long it was known to be in each state."""
    unknown: float
    """How long nobody could look at it."""
    restarts: int
    """How often it ran anew, by itself or by somebody else."""
    ours: int
    """How often we made it run anew."""
    changed: float | None
    """When it last changed within the window; None: it did not."""

    @property
    def known(self) -> float:
        """Seconds in which it was there and somebody looked."""
        return sum(self.seconds.values())

    @property
    def up(self) -> float:
        """Seconds in which it was RUNNING."""
        return self.seconds.get(ProcessState.RUNNING.name, 0.0)

    @property
    def availability(self) -> float | None:
        """The part of the known time in which it was RUNNING, 0 to 1; None when nothing is known."""
        return self.up / self.known if self.known > 0 else None


def records(past: Past, since: float, until: float, processes: Collection[int] | None = None) -> list[Record]:
    """A record of each of these processes (None: of all) that was there in the window, by host, group and name."""
    coverage = past.coverage(since, until)
    known: dict[str, list[Span]] = {}
    found = []
    rows = _rows_of(past, since, until, processes)
    for identity, key, first_seen, state, changed in _processes(past, processes):
        if key.is_host:
            continue
        if key.host not in known:
            known[key.host] = coverage.known(key.host)
        mine = rows.get(identity, ())
        begins = _state_at_first(past, identity, mine, state, changed, until)
        record = _record(key, mine, begins, max(since, first_seen / MS), until, known[key.host])
        if record is not None:
            found.append(record)
    return sorted(found, key=lambda record: record.key)


def _processes(past: Past, chosen: Collection[int] | None) -> Iterator[tuple[int, ProcessKey, int, int, int]]:
    columns = "SELECT id, host, grp, name, first_seen, state, changed FROM process"
    if chosen is None:
        rows: Iterable[tuple[int, ...]] = past.connection.execute(columns)
    else:
        rows = (
            row
            for process in chosen
            for row in past.connection.execute(f"{columns} WHERE id = ?", (process,))
        )
    for identity, host, group, name, *rest in rows:
        first_seen, state, changed = rest
        yield identity, ProcessKey(str(host), str(group), str(name)), first_seen, state, changed


def _rows_of(
    past: Past, since: float, until: float, chosen: Collection[int] | None
) -> dict[int, Sequence[_Row]]:
    columns = "SELECT process, id, old, new, start, flags FROM transition WHERE id BETWEEN ? AND ?"
    low, high = first_id(milliseconds(since)), first_id(milliseconds(until) + 1) - 1
    if chosen is None:
        rows = past.connection.execute(f"{columns} ORDER BY process, id", (low, high))
        return {process: tuple(mine) for process, mine in groupby(rows, itemgetter(0))}
    return {
        process: past.connection.execute(
            f"{columns} AND process = ? ORDER BY id", (low, high, process)
        ).fetchall()
        for process in chosen
    }


def _state_at_first(
    past: Past, process: int, rows: Sequence[_Row], state: int, changed: int, until: float
) -> int:
    if rows:
        return rows[0][2]
    if changed and time_of(changed) > until:
        later = past.connection.execute(
            "SELECT old FROM transition WHERE process = ? AND id BETWEEN ? AND ? ORDER BY id LIMIT 1",
            (process, first_id(milliseconds(until)), NEWEST),
        ).fetchone()
        return state if later is None else int(later[0])
    return state


def _record(
    key: ProcessKey, rows: Sequence[_Row], state: int, start: float, until: float, known: Sequence[Span]
) -> Record | None:
    seconds: dict[str, float] = {}
    there = 0.0
    starts = _Starts(key)
    for row in (*rows, None):
        end = until if row is None else time_of(row[1])
        if state != GONE and end > start:
            there += end - start
            name = state_name(state)
            seconds[name] = seconds.get(name, 0.0) + _covered(known, start, end)
        if row is not None:
            starts.count(row)
            state, start = row[3], max(start, end)
    if not rows and there <= 0:
        return None
    return Record(
        key,
        state_name(state),
        {name: time for name, time in seconds.items() if time > 0},
        max(0.0, there - sum(seconds.values())),
        starts.others,
        starts.ours,
        time_of(rows[-1][1]) if rows else None,
    )


class _Starts:
    """Counts runs: two rows that tell of one start (one program saw STARTING, another did not) are one."""

    def __init__(self, key: ProcessKey) -> None:
        self._key = key
        self._last = 0
        self.ours = self.others = 0

    def count(self, row: _Row) -> None:
        _, _, old, new, start, flags = row
        if not is_restart(Transition(0, 0.0, self._key, state_name(old), state_name(new))):
            return
        if start and start == self._last:
            return
        self._last = start
        if flags & OURS:
            self.ours += 1
        else:
            self.others += 1


def _covered(spans: Sequence[Span], start: float, end: float) -> float:
    """Seconds of the time that the spans, in order and apart, cover."""
    total = 0.0
    for index in range(bisect_left(spans, start, key=itemgetter(1)), len(spans)):
        low, high = spans[index]
        if low >= end:
            break
        total += min(high, end) - max(low, start)
    return total


def percent(part: float | None) -> str:
    """'100%', '99.98%', '-': never rounded up to what it did not reach."""
    if part is None:
        return "-"
    return "100%" if part >= 1 else f"{int(part * 10_000) / 100:.2f}%"


def in_words(record: Record) -> str:
    """'3 restarts and 1 of ours; 99.98% up in 12 days; 4 hours unknown'."""
    restarts = "no restart" if not record.restarts else "1 restart" if record.restarts == 1 else None
    words = [restarts or f"{record.restarts} restarts"]
    words[0] += f" and {record.ours} of ours" if record.ours else ""
    if record.restarts > 1 and record.known >= 1:
        words[0] += f", one every {duration_words(record.known / record.restarts)}"
    if record.known >= 1:
        words.append(f"{percent(record.availability)} up in {duration_words(record.known)}")
    if record.unknown >= 60:
        words.append(f"{duration_words(record.unknown)} unknown")
    return "; ".join(words)
