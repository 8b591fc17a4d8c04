"""The bound: the oldest go first, a few at a time, and what they took is given back to the disk."""

from __future__ import annotations

import sqlite3

from tui.engine.history.file import writing
from tui.engine.history.layout import GONE, NEWEST, first_id, milliseconds, time_of

ROWS = 5_000
"""So many are taken out at once: that holds the writers' lock for some hundredths of a second."""
_PAGES = 2_000
_SLACK = 0.95
"""Trimming by size goes on to this part of the bound, so that not every batch has to trim again."""


class Trimming:
    """The bound of one file."""

    def __init__(self, connection: sqlite3.Connection, *, keep: float, max_size: int) -> None:
        """`keep` seconds, `max_size` bytes."""
        self._db = connection
        self._keep = keep
        self._max_size = max_size
        self._shrinking = False

    def step(self, wall: float) -> bool:
        """Take out one portion; whether there is more to take out."""
        floor = milliseconds(wall - self._keep)
        self._shrinking = self.size() > self._max_size * (_SLACK if self._shrinking else 1)
        with writing(self._db):
            taken = self._db.execute(
                "DELETE FROM transition WHERE id IN (SELECT id FROM transition WHERE id < ? ORDER BY id LIMIT ?)",
                (NEWEST if self._shrinking else first_id(floor), ROWS),
            ).rowcount
            if self._shrinking:
                (oldest,) = self._db.execute("SELECT min(id) FROM transition").fetchone()
                floor = max(floor, milliseconds(wall if oldest is None else time_of(oldest)))
            self._forget_before(floor, taken > 0)
        if taken:
            self._db.executescript(
                f"PRAGMA incremental_vacuum({_PAGES})"
            )  # `execute` would do one page of it
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # only this makes the file smaller
        return taken == ROWS

    def _forget_before(self, floor: int, rows_went: bool) -> None:
        """Nothing is known of before `floor` (ms): not that somebody looked, nor of processes that left before."""
        self._db.execute("UPDATE run SET began = ? WHERE began < ? AND until >= ?", (floor, floor, floor))
        runs = self._db.execute("DELETE FROM run WHERE until < ?", (floor,)).rowcount
        if runs:
            self._db.execute("DELETE FROM watched WHERE id NOT IN (SELECT watched FROM run)")
            self._forget_hosts(floor)
        if rows_went:
            self._db.execute("DELETE FROM process WHERE state = ? AND changed < ?", (GONE, first_id(floor)))

    def size(self) -> int:
        """Bytes in use."""
        pages, free, size = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def _forget_hosts(self, floor: int) -> None:
        """Hosts that nobody has looked at in all the time that is kept."""
        watched = self._db.execute("SELECT hosts FROM watched")
        kept = {host for (hosts,) in watched for host in str(hosts).split("\n")}
        known = [host for (host,) in self._db.execute("SELECT DISTINCT host FROM process")]
        self._db.executemany(
            "DELETE FROM process WHERE host = ? AND changed < ?",
            [(host, first_id(floor)) for host in known if host not in kept],
        )
