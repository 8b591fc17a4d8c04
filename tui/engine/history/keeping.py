"""What the recorder's thread does with the file: open it, write, say that somebody looks, trim, and get over trouble.

The rule: whatever happens to the file, the program goes on; each kind of trouble is said once, and what could not be
written is counted, never guessed: after a loss a new run begins, so that the time between is one of which nothing is known.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence

from tui.engine.history.coverage import QUIET
from tui.engine.history.file import (
    History,
    NewerHistory,
    inode_of,
    is_current,
    is_damage,
    move_aside,
    open_to_write,
)
from tui.engine.history.layout import FILE_NAME
from tui.engine.history.reading import reading
from tui.engine.history.recorder import Recorder
from tui.engine.history.trimming import ROWS, Trimming
from tui.engine.history.writing import Writer
from tui.errors import HistoryError
from tui.model.fleet import FleetPicture, Transition
from tui.model.timeline import RESTART_SLOT_SECONDS, RESTART_SLOTS
from tui.text import clean

log = logging.getLogger(__name__)

BEAT = 30.0
"""Seconds between two signs that somebody still looks."""
FROZEN = QUIET
"""After a pause this long between two beats nobody looked: the machine or the program slept."""
HOSTS = 20
"""Hosts that are compared with what was known in one transaction."""
SOON = 1.0
"""Seconds until there is something to do again: hosts that have not answered yet, rows to be taken out."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
PATIENCE = 2
"""Failures in a row before they are told: another program may hold the lock for a moment."""
ASIDES = 3
"""So often a new file is begun at once; whatever damages them all is then given time."""
RECALLED = RESTART_SLOTS * RESTART_SLOT_SECONDS
MOST_RECALLED = 20_000
TRIM_SECONDS = 10.0
TRIM_STEPS = 20


class Keeping:
    """The file's side of one recorder. Belongs to the recorder's thread."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._path = recorder.directory / FILE_NAME
        self._open: _Open | None = None
        self._inode = 0
        self._asides = 0
        self._told_lost = 0
        self._told: set[str] = set()

    def pause(self) -> float:
        """Seconds to sleep when nothing comes."""
        recorder = self._recorder
        if recorder.failures:
            return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(recorder.failures - 1, 10))
        if not recorder.watches:
            return LONGEST_PAUSE
        soon = self._open is None or self._open.too_large or self._open.waits_for(recorder.picture())
        return SOON if soon else BEAT

    def work(self, *, last: bool) -> bool:
        """Do what there is to do; False when it is no use to go on."""
        try:
            self._work(last)
        except (sqlite3.Error, OSError) as error:
            self._trouble(error)
        except NewerHistory:
            self._say(f"{self._path} was written by a newer version: changes are not kept")
            return False
        else:
            self._recorder.failures = 0
        return True

    def before(self, until: float) -> Sequence[Transition]:
        """What was kept of the `RECALLED` seconds before, oldest first; nothing when it cannot be read."""
        try:
            with reading(self._recorder.directory) as past:
                if past is None:
                    return ()
                return past.newest_first(MOST_RECALLED, since=until - RECALLED, until=until)[::-1]
        except HistoryError:
            return ()  # told when it cannot be written

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _work(self, last: bool) -> None:
        recorder = self._recorder
        if not recorder.watches and not recorder.waiting:
            return  # nothing to write is no reason to make a file
        picture = recorder.picture()  # before the queue is emptied: what it shows has then been written
        opened = self._opened(picture)
        while batch := recorder.batch():
            opened.write(batch)
            recorder.written(len(batch))
        if recorder.watches:
            self._tell_what_was_lost(opened)
            opened.look(picture, recorder.wall(), recorder.monotonic(), last=last)
            if not last:
                opened.trim(recorder.wall(), recorder.monotonic(), lambda: recorder.closing)

    def _opened(self, picture: FleetPicture) -> _Open:
        if self._open is not None and not is_current(self._open.connection, self._recorder.directory):
            self.close()
        if self._open is None:
            self._inode = inode_of(self._recorder.directory)
            connection = open_to_write(self._recorder.directory)
            self._inode = connection.inode
            self._open = _Open(connection, self._recorder.keep, self._recorder.max_size, picture.hosts)
        return self._open

    def _tell_what_was_lost(self, opened: _Open) -> None:
        if self._recorder.lost == self._told_lost:
            return
        self._told_lost = self._recorder.lost
        opened.begin_anew()
        self._say("changes came faster than the disk took them: some are missing from the history")
        log.warning("%d changes are missing from the history", self._told_lost)

    def _trouble(self, error: sqlite3.Error | OSError) -> None:
        self._recorder.failures += 1
        self.close()
        if isinstance(error, sqlite3.Error) and is_damage(error):
            self._put_aside(error)
        elif self._recorder.failures >= PATIENCE or not _is_busy(error):
            self._say(f"{self._path} cannot be written: {_words(error)}; tried again and again")

    def _put_aside(self, error: sqlite3.Error) -> None:
        log.warning("the history is damaged: %s", error)
        try:
            aside = move_aside(self._recorder.directory, self._inode)
        except OSError as problem:
            self._say(f"{self._path} is damaged and cannot be moved: {problem.strerror}")
            return
        if aside is not None:
            self._say(f"the history was damaged: it is now {aside.name} beside a new one")
        self._asides += 1
        if self._asides <= ASIDES:
            self._recorder.failures = 0

    def _say(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.add(sentence)
            self._recorder.complain(sentence)


class _Open:
    """One open file and what this run has told it."""

    def __init__(self, connection: History, keep: float, max_size: int, hosts: Iterable[str]) -> None:
        self.connection = connection
        self.writer = Writer(connection)
        self._trimming = Trimming(connection, keep=keep, max_size=max_size)
        self._hosts = tuple(hosts)
        self._unseen = set(self._hosts)
        self._run: int | None = None
        self._beat_at = float("-inf")
        self._beat_wall = 0.0
        self._trim_at = float("-inf")
        self.too_large = False
        """Whether the bound has more to take out."""
        self._written = 0

    def write(self, batch: Sequence[Transition]) -> None:
        """Write them, all or none."""
        self.writer.write(batch)
        self._written += len(batch)

    def begin_anew(self) -> None:
        """A new run: every host is compared with what is known of it."""
        self._run = None
        self._unseen = set(self._hosts)

    def waits_for(self, picture: FleetPicture) -> bool:
        """Whether a host has not answered that may do so soon."""
        return any(picture.hosts[host].tried_at is None for host in self._unseen if host in picture.hosts)

    def look(self, picture: FleetPicture, wall: float, monotonic: float, *, last: bool = False) -> None:
        """Compare hosts that answered for the first time, and say now and then that somebody looks."""
        if self._run is not None and not -BEAT < wall - self._beat_wall < FROZEN:
            self.begin_anew()
        fresh = [host for host in self._unseen if host in picture.hosts and picture.hosts[host].fresh]
        for first in range(0, len(fresh), HOSTS):
            some = fresh[first : first + HOSTS]
            self.writer.begin_with([picture.hosts[host] for host in some], wall, monotonic)
            self._unseen.difference_update(some)
        if self._run is None and self._unseen != set(self._hosts):
            self._run = self.writer.begin_run(self._hosts, wall)
            self._beat_at, self._beat_wall = monotonic, wall
        elif self._run is not None and (last or monotonic - self._beat_at >= BEAT * 0.9):
            if not self.writer.goes_on(self._run, wall):
                self.begin_anew()
            self._beat_at, self._beat_wall = monotonic, wall

    def trim(self, wall: float, monotonic: float, stop: Callable[[], bool]) -> None:
        """Some steps of it, when it is time or much was written; the rest at the next occasion."""
        if monotonic < self._trim_at + TRIM_SECONDS and self._written < ROWS and not self.too_large:
            return
        self._trim_at, self._written = monotonic, 0
        for _ in range(TRIM_STEPS):
            self.too_large = not stop() and self._trimming.step(wall)
            if not self.too_large:
                return

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def _is_busy(error: sqlite3.Error | OSError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _words(error: sqlite3.Error | OSError) -> str:
    return clean((error.strerror or "") if isinstance(error, OSError) else str(error), 200)
