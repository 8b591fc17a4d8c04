"""When somebody looked at a host and it answered. What is outside of that is unknown, neither up nor down."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tui.engine.history.layout import CODES, MS, first_id, milliseconds, time_of
from tui.model.states import ANSWERING

NOT_RUNNING = "nobody looked"
NOT_REACHED = "not reached"

Span = tuple[float, float]
"""From and to, epoch seconds."""

QUIET = 90.0
"""Seconds without a sign of life after which nobody looks any more: three of the recorder's beats."""
BRIDGED = 5.0
"""Runs that follow each other within so many seconds are one: a program that was started anew."""
_ANSWERING = frozenset(CODES[state.value] for state in ANSWERING)


@dataclass(frozen=True, slots=True)
class Gap:
    """A time of which nothing is known; epoch seconds of our clock."""

    start: float
    end: float
    reason: str
    host: str = ""
    """The host that could not be reached; empty: the program was not running, or this host was not among its own."""


class Coverage:
    """Reads it from an open history, for one window of time."""

    def __init__(self, connection: sqlite3.Connection, since: float, until: float) -> None:
        self._db = connection
        self._since, self._until = since, until
        self._hosts: dict[int, frozenset[str]] = {}
        self._runs = connection.execute(
            "SELECT began, until, watched FROM run WHERE until >= ? AND began <= ? ORDER BY began",
            (milliseconds(since), milliseconds(until)),
        ).fetchall()

    def looked(self, host: str | None = None) -> list[Span]:
        """When a program ran that looks at this host; None: at any."""
        spans = [
            (began / MS, until / MS)
            for began, until, watched in self._runs
            if host is None or host in self._watched(watched)
        ]
        return clipped(merged(spans), self._since, self._until)

    def unreached(self, host: str) -> list[Span]:
        """When it did not answer, as its own transitions tell."""
        row = self._db.execute(
            "SELECT id, state, changed, first_seen FROM process WHERE host = ? AND grp = '' AND name = ''",
            (host,),
        ).fetchone()
        if row is None:
            return []
        identity, state, changed, first_seen = row
        rows = self._db.execute(
            "SELECT id, old, new FROM transition WHERE process = ? AND id BETWEEN ? AND ? ORDER BY id",
            (identity, first_id(milliseconds(self._since)), first_id(milliseconds(self._until) + 1) - 1),
        ).fetchall()
        if rows:
            state = rows[0][1]
        elif changed and time_of(changed) > self._until:
            state = next(
                iter(
                    self._db.execute(
                        "SELECT old FROM transition WHERE process = ? AND id > ? ORDER BY id LIMIT 1",
                        (identity, first_id(milliseconds(self._until))),
                    ).fetchone()
                    or (state,)
                )
            )
        spans, down_from = [], None if state in _ANSWERING else max(self._since, first_seen / MS)
        for at, _, new in rows:
            if new in _ANSWERING:
                if down_from is not None:
                    spans.append((down_from, time_of(at)))
                down_from = None
            elif down_from is None:
                down_from = time_of(at)
        if down_from is not None:
            spans.append((down_from, self._until))
        return spans

    def known(self, host: str) -> list[Span]:
        """When we knew how its processes are."""
        return without(self.looked(host), self.unreached(host))

    def gaps(self, host: str | None = None) -> list[Gap]:
        """Between the first time that somebody looked and the end of the window, oldest first."""
        looked = self.looked(host)
        gaps = [Gap(end, start, NOT_RUNNING) for (_, end), (start, _) in pairwise(looked)]
        if looked and self._until - looked[-1][1] > QUIET:
            gaps.append(Gap(looked[-1][1], self._until, NOT_RUNNING))
        if host is not None:
            down = [span for one in looked for span in clipped(self.unreached(host), *one)]
            gaps += [Gap(start, end, NOT_REACHED, host) for start, end in merged(down)]
        return sorted(gaps, key=lambda gap: gap.start)

    def _watched(self, identity: int) -> frozenset[str]:
        if identity not in self._hosts:
            row = self._db.execute("SELECT hosts FROM watched WHERE id = ?", (identity,)).fetchone()
            self._hosts[identity] = frozenset(str(row[0]).split("\n") if row else ())
        return self._hosts[identity]


def merged(spans: Iterable[Span], bridge: float | None = None) -> list[Span]:
    """The same time as spans in order that neither touch nor overlap, nor are less than `bridge` seconds apart."""
    bridge = BRIDGED if bridge is None else bridge
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + bridge:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def clipped(spans: Iterable[Span], since: float, until: float) -> list[Span]:
    """What of them lies in the window."""
    return [
        (max(start, since), min(end, until)) for start, end in spans if min(end, until) >= max(start, since)
    ]


def without(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """The spans less the holes, all in order and apart."""
    left: list[Span] = []
    holes = merged(holes, 0.0)
    for start, end in spans:
        for low, high in holes:
            if high <= start or low >= end:
                continue
            if low > start:
                left.append((start, low))
            start = max(start, high)
            if start >= end:
                break
        if start < end:
            left.append((start, end))
    return left


def overlap(spans: Iterable[Span], since: float, until: float) -> float:
    """Seconds of the window that the spans cover."""
    return sum(end - start for start, end in clipped(spans, since, until))
