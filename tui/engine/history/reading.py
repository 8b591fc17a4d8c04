"""The history read: pages newest first, one connection a question, from any thread, while others write.

Who comes in: the timeline, the details, `supervisor-tui history`. What leaves: transitions as the engine makes them, with
their id in the file as serial. The rule: a question holds no lock that a writer waits for, and costs in proportion to what
it returns as long as it asks for processes or times, not for something that every row must be asked.
"""

from __future__ import annotations

import contextlib
import heapq
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from tui.engine.history.coverage import Coverage
from tui.engine.history.file import NewerHistory, is_damage, open_to_read
from tui.engine.history.layout import (
    CODES,
    FILE_NAME,
    FOUND,
    GONE,
    NEWEST,
    OURS,
    first_id,
    milliseconds,
    state_name,
    time_of,
)
from tui.errors import HistoryError
from tui.model.fleet import Transition
from tui.model.past import STATUSES, Ends
from tui.model.process import ProcessKey
from tui.text import clean

FEW = 64
"""Up to so many processes are asked for one by one; for more the rows are gone through in order of time."""

_COLUMNS = "t.id, p.host, p.grp, p.name, t.old, t.new, t.pid, t.exitstatus, t.flags, t.start, t.stop"
_FROM = f"SELECT {_COLUMNS} FROM transition t JOIN process p ON p.id = t.process"  # noqa: S608  (our own names)


@contextlib.contextmanager
def reading(directory: Path) -> Iterator[Past | None]:
    """The history in `directory`; None when nothing was kept yet. Raises HistoryError when it cannot be read."""
    connection = None
    try:
        connection = open_to_read(directory)
        yield None if connection is None else Past(connection)
    except NewerHistory:
        raise HistoryError(
            f"{directory / FILE_NAME} was written by a newer version", "use that one"
        ) from None
    except OSError as error:
        raise HistoryError(f"{directory / FILE_NAME} cannot be read: {error.strerror}") from None
    except sqlite3.Error as error:
        if is_damage(error):
            raise HistoryError(
                f"{directory / FILE_NAME} is damaged",
                "the screen and `watch` move it aside and begin a new one",
            ) from None
        raise HistoryError(f"{directory / FILE_NAME} cannot be read: {clean(str(error), 200)}") from None
    finally:
        if connection is not None:
            connection.close()


class Past:
    """One look into an open history. Times are epoch seconds of our wall clock; `since` is within, `until` is not."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def newest_first(
        self,
        limit: int,
        *,
        before: int = NEWEST,
        since: float | None = None,
        until: float | None = None,
        processes: Sequence[int] | None = None,
        ends: Ends | None = None,
        accept: Callable[[Transition], bool] = lambda transition: True,
    ) -> list[Transition]:
        """At most `limit` transitions older than the one with the id `before`, of these `processes` (None: of all).

        `ends`: only those that led there, or have a status that supervisord has not; `accept` is asked about the rest.
        """
        high = before - 1 if until is None else min(before - 1, first_id(milliseconds(until)) - 1)
        low = 0 if since is None else first_id(milliseconds(since))
        which = "" if ends is None else f" AND ({_led_to(ends)})"
        rows = self._rows(low, high, processes, which)
        return list(islice(filter(accept, map(_transition, rows)), limit))

    def processes(self) -> dict[ProcessKey, int]:
        """Everybody of whom something is known, hosts among them, with the number that `newest_first` takes."""
        rows = self._db.execute("SELECT host, grp, name, id FROM process ORDER BY host, grp, name")
        return {ProcessKey(host, group, name): identity for host, group, name, identity in rows}

    def present(self) -> frozenset[ProcessKey]:
        """Those that were there when they were last looked at."""
        rows = self._db.execute("SELECT host, grp, name FROM process WHERE state <> ?", (GONE,))
        return frozenset(ProcessKey(*row) for row in rows)

    def numbers_of(self, key: ProcessKey) -> list[int]:
        """Who belongs to a key: the process itself, the group's processes, or the host and all on it."""
        wanted = [column for column in key if column]
        names = ("host = ?", "grp = ?", "name = ?")[: len(wanted)]
        rows = self._db.execute(f"SELECT id FROM process WHERE {' AND '.join(names)}", wanted)  # noqa: S608
        return [identity for (identity,) in rows]

    def began(self) -> float | None:
        """Since when something is known; None when nothing is."""
        (ms,) = self._db.execute("SELECT min(began) FROM run").fetchone()
        (oldest,) = self._db.execute("SELECT min(id) FROM transition").fetchone()
        known = [ms / 1000] if ms is not None else []
        known += [time_of(oldest)] if oldest is not None else []
        return min(known, default=None)

    def coverage(self, since: float, until: float) -> Coverage:
        """When somebody looked."""
        return Coverage(self._db, since, until)

    @property
    def connection(self) -> sqlite3.Connection:
        """For `figures`."""
        return self._db

    def _rows(
        self, low: int, high: int, processes: Sequence[int] | None, which: str
    ) -> Iterable[tuple[int, ...]]:
        if processes is None:
            return self._db.execute(
                f"{_FROM} WHERE t.id BETWEEN ? AND ?{which} ORDER BY t.id DESC", (low, high)
            )
        if len(processes) <= FEW:
            of_each = [
                self._db.execute(
                    f"{_FROM} WHERE t.process = ? AND t.id BETWEEN ? AND ?{which} ORDER BY t.id DESC",
                    (process, low, high),
                )
                for process in processes
            ]
            return heapq.merge(*of_each, key=lambda row: -row[0])
        self._db.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (id INTEGER PRIMARY KEY)")
        self._db.execute("DELETE FROM chosen")
        self._db.executemany("INSERT INTO chosen VALUES (?)", ((process,) for process in processes))
        return self._db.execute(
            f"{_FROM} WHERE t.id BETWEEN ? AND ? AND +t.process IN chosen{which} ORDER BY t.id DESC",
            (low, high),
        )


def _led_to(ends: Ends) -> str:
    """The condition in SQL; of our own numbers alone."""
    anyhow = [CODES[state] for state, statuses in ends.items() if statuses == STATUSES]
    conditions = [
        f"t.new IN ({_listed(anyhow)})",
        f"t.exitstatus NOT BETWEEN {min(STATUSES)} AND {max(STATUSES)}",
    ]
    conditions += [
        f"t.new = {CODES[state]} AND t.exitstatus IN ({_listed(statuses)})"
        for state, statuses in ends.items()
        if statuses != STATUSES
    ]
    return " OR ".join(conditions)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _transition(row: tuple[int, ...]) -> Transition:
    identity, host, group, name, old, new, pid, exitstatus, flags, start, stop = row
    return Transition(
        identity,
        time_of(identity),
        ProcessKey(str(host), str(group), str(name)),
        state_name(old),
        state_name(new),
        pid,
        exitstatus,
        bool(flags & OURS),
        start,
        stop,
        bool(flags & FOUND),
    )
