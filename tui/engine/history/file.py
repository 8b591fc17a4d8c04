"""The file of the history: ours alone, checked before it is opened, moved aside when it is damaged.

The rule: a link, a file or a directory of somebody else, or one that others can write is refused, never followed or mended.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tui.engine.history.layout import FILE_NAME, PAGE_BYTES, STEPS

_BUSY_SECONDS = 5.0
_BESIDE = ("-wal", "-shm")
_DAMAGED = ".damaged"
_LOCK = "history.lock"
_WAL_BYTES = 4_000_000


class NewerHistory(Exception):
    """The file was written by a newer program: it is neither read nor written."""


class NotOurs(sqlite3.DatabaseError):
    """A database, but somebody else's."""


class History(sqlite3.Connection):
    """A connection that knows which file it has open."""

    inode: int = 0


def open_to_write(directory: Path, steps: tuple[str, ...] = STEPS) -> History:
    """The history in `directory`, made when it is not there, brought to the newest version.

    Raises OSError for what is not ours or no file, sqlite3.Error when it cannot be used (`is_damage` tells which), and
    NewerHistory.
    """
    path = directory / FILE_NAME
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    check_directory(directory)
    os.close(_open_private(path, os.O_RDWR | os.O_CREAT))
    connection = _connect(path, "rw")
    try:
        if _version(connection) > len(steps):  # before anything is written to it
            raise NewerHistory
        if _is_new(connection):
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        _migrate(connection, steps)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(directory: Path) -> History | None:
    """The history for reading; None when there is none yet. Raises as `open_to_write` does."""
    path = directory / FILE_NAME
    try:
        check_directory(directory)
        os.close(_open_private(path, os.O_RDONLY))
    except FileNotFoundError:
        return None
    connection = _connect(path, "ro")
    try:
        version = _version(connection)
    except BaseException:
        connection.close()
        raise
    if version > len(STEPS):
        connection.close()
        raise NewerHistory
    if version < len(STEPS):  # nobody has written to it since; the next one who does brings it up to date
        connection.close()
        return None
    return connection


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault: no database, a broken one, or not the tables that its version promises."""
    if isinstance(error, NotOurs):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_ERROR:
        return any(
            words in str(error) for words in ("no such", "already exists", "has no column", "columns but")
        )
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_current(connection: History, directory: Path) -> bool:
    """Whether the connection's file is still the one under its name: somebody may have removed or replaced it."""
    try:
        return os.lstat(directory / FILE_NAME).st_ino == connection.inode
    except OSError:
        return False


def move_aside(directory: Path, inode: int) -> Path | None:
    """Rename the damaged file; where it is now, or None when another program has already put a new one in its place.

    One damaged file is kept, the newest, so that a disk that damages each of them does not fill up with them.
    """
    path = directory / FILE_NAME
    aside = path.with_name(FILE_NAME + _DAMAGED)
    lock = _open_private(directory / _LOCK, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.lstat(path).st_ino != inode:
                return None
            os.replace(path, aside)
            for end in _BESIDE:
                with contextlib.suppress(FileNotFoundError):
                    os.replace(f"{path}{end}", f"{aside}{end}")
            return aside
        return None
    finally:
        os.close(lock)


def inode_of(directory: Path) -> int:
    """Which file is under the name now; 0 when there is none."""
    try:
        return os.lstat(directory / FILE_NAME).st_ino
    except OSError:
        return 0


@contextlib.contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that holds the writer's lock from its beginning: what it reads nobody changes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def check_directory(directory: Path) -> None:
    """Raise OSError unless only we can put files there."""
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.ENOTDIR, "its directory is no directory")
    if found.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "its directory belongs to somebody else")
    if found.st_mode & 0o022:
        raise OSError(errno.EPERM, "others can write in its directory")


def _open_private(path: Path, flags: int) -> int:
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if found.st_uid != os.geteuid():
            raise OSError(errno.EPERM, "it belongs to somebody else")
        if stat.S_IMODE(found.st_mode) & 0o077:
            os.fchmod(file, 0o600)
        for end in _BESIDE:
            _refuse_link(f"{path}{end}")
    except OSError:
        os.close(file)
        raise
    return file


def _refuse_link(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise OSError(errno.ELOOP, "a file beside it is none of its own")


def _connect(path: Path, mode: str) -> History:
    inode = os.lstat(path).st_ino
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
        factory=History,
    )
    connection.inode = inode
    # what a crafted file could do: run functions from its schema, or send us through cells that lie about their size
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_new(connection: sqlite3.Connection) -> bool:
    """Whether nothing is in it yet. Raises NotOurs for tables that no version of ours has made."""
    if _version(connection):
        return False
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        if _version(connection):  # another program has just made them
            return False
        raise NotOurs("its tables are not ours")
    return True


def _migrate(connection: sqlite3.Connection, steps: tuple[str, ...]) -> None:
    """Take the steps that the file has not taken, all or none; two programs that begin at once take them once."""
    if _version(connection) == len(steps):
        return
    with writing(connection):
        version = _version(connection)
        if version > len(steps):
            raise NewerHistory
        for step in steps[version:]:
            for statement in filter(str.strip, step.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(steps)}")
