"""The past behind what a program has seen itself, a page at a time: what the timeline's list asks for as it is gone down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.engine.history.coverage import Gap
from tui.engine.history.figures import in_words, records
from tui.engine.history.layout import NEWEST
from tui.engine.history.reading import reading
from tui.model.fleet import Transition
from tui.model.past import PastFilter
from tui.model.process import ProcessKey

PAGE = 500
_BEGINNING = 30.0
"""Seconds within which a program that has just begun says that it looks: the gap before it ends then."""

Facts = tuple[ProcessKey, str, int, int, int]


@dataclass(frozen=True, slots=True)
class Page:
    """Older transitions, newest first."""

    rows: tuple[Transition, ...] = ()
    gaps: tuple[Gap, ...] = ()
    """Those that end among these rows, newest first."""
    ended: bool = True
    """Whether nothing older is kept."""


def facts_of(transition: Transition) -> Facts:
    """What tells this change from any other one of the process, whoever saw it."""
    return transition.key, transition.new, transition.pid, transition.start, transition.stop


def page_before(
    directory: Path,
    until: float,
    last: Transition | None,
    *,
    key: ProcessKey | None = None,
    accept: PastFilter | None = None,
    keep: Callable[[Transition], bool] = lambda transition: True,
    seen: Collection[Facts] = (),
    size: int = PAGE,
) -> Page:
    """What was kept before `until` (epoch seconds), and older than `last` of the page before. Raises HistoryError.

    `key`: only of this process, group or host. `seen`: what the caller has seen himself, which another program may have
    noticed a moment before `until`.
    """
    with reading(directory) as past:
        if past is None:
            return Page()
        processes = None if key is None else past.numbers_of(key)
        if accept is not None and accept.by_name:
            known = past.processes()
            mine = None if processes is None else frozenset(processes)
            processes = [
                number
                for one, number in known.items()
                if (mine is None or number in mine) and accept.may_select(one)
            ]

        def wanted(transition: Transition) -> bool:
            return (
                keep(transition)
                and (accept is None or accept(transition))
                and facts_of(transition) not in seen
            )

        rows = past.newest_first(
            size,
            before=NEWEST if last is None else last.serial,
            until=until,
            processes=processes,
            ends=None if accept is None else accept.ends,
            accept=wanted,
        )
        ended = len(rows) < size
        newest = until + _BEGINNING if last is None else last.time
        began = past.began()
        oldest = rows[-1].time if rows and not ended else began
        gaps: list[Gap] = []
        if oldest is not None and began is not None:
            coverage = past.coverage(min(began, oldest), until + _BEGINNING)
            gaps = [gap for gap in coverage.gaps(key.host if key else None) if oldest < gap.end <= newest]
        return Page(tuple(rows), tuple(gaps[::-1]), ended)


@dataclass(frozen=True, slots=True)
class Glance:
    """One process's past at a glance."""

    words: str = ""
    """Restarts and availability over all that is kept; empty when nothing is."""
    rows: tuple[Transition, ...] = ()
    """Its newest transitions, oldest first."""

    def with_seen(self, seen: Sequence[Transition]) -> tuple[Transition, ...]:
        """What was kept, then what this program has seen itself; a change that is in both is there once."""
        known = frozenset(map(facts_of, seen))
        border = seen[0].time if seen else float("inf")
        kept = (row for row in self.rows if row.time < border and facts_of(row) not in known)
        return (*kept, *seen)


def glance(directory: Path, key: ProcessKey, wall: float, rows: int = 20) -> Glance:
    """What the details of a process show of its past, at our `wall` time. Raises HistoryError."""
    with reading(directory) as past:
        began = None if past is None else past.began()
        if past is None or began is None:
            return Glance()
        numbers = past.numbers_of(key)
        found = records(past, began, wall, numbers)
        newest = past.newest_first(rows, processes=numbers)
        return Glance(in_words(found[0]) if found else "", tuple(newest[::-1]))
