"""The file is ours alone or it is not used; it goes from version to version, and one that is damaged makes way."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.engine.history.changes import change, kept, store, told, writer
from tui.engine.history.file import (
    NewerHistory,
    is_damage,
    move_aside,
    open_to_read,
    open_to_write,
)
from tui.engine.history.layout import FILE_NAME, STEPS
from tui.engine.history.reading import reading
from tui.errors import HistoryError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state directory that is not there yet."""
    return tmp_path / "state" / "supervisor-tui"


def test_the_file_is_private_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        with writer(home) as one:
            one.write([change("RUNNING", "FATAL", 1)])
            modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in home.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(home: Path) -> None:
    with store(home):
        pass
    (home / FILE_NAME).chmod(0o644)
    with store(home):
        assert stat.S_IMODE((home / FILE_NAME).stat().st_mode) == 0o600


def _link(home: Path) -> None:
    target = home.parent / "target"
    target.write_bytes(b"")
    (home / FILE_NAME).symlink_to(target)


def _wal_link(home: Path) -> None:
    (home / f"{FILE_NAME}-wal").symlink_to(home.parent / "target")


def _fifo(home: Path) -> None:
    os.mkfifo(home / FILE_NAME)


def _directory(home: Path) -> None:
    (home / FILE_NAME).mkdir()


def _writable(home: Path) -> None:
    home.chmod(0o777)


@pytest.mark.parametrize("trap", [_link, _wal_link, _fifo, _directory, _writable])
def test_what_is_no_file_of_ours_is_refused_and_left_alone(home: Path, trap: Callable[[Path], None]) -> None:
    home.mkdir(parents=True, mode=0o700)
    trap(home)
    before = sorted(home.iterdir())
    with pytest.raises(OSError, match=r".+"):
        open_to_write(home)
    assert sorted(home.iterdir()) in (before, sorted([*before, home / FILE_NAME]))
    assert not (home.parent / "target").exists() or (home.parent / "target").read_bytes() == b""


def test_what_belongs_to_somebody_else_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with store(home):
        pass
    stranger = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: stranger)
    with pytest.raises(PermissionError):
        open_to_write(home)
    with pytest.raises(HistoryError, match="belongs to somebody else"), reading(home):
        pass


def test_a_file_of_somebody_else_in_our_own_directory_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store(home):
        pass
    true = os.fstat

    def fstat(file: int) -> os.stat_result:
        found = list(true(file))
        found[4] += 1
        return os.stat_result(found)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(PermissionError, match="it belongs to somebody else"):
        open_to_write(home)


def test_nothing_is_made_by_reading(home: Path) -> None:
    with reading(home) as past:
        assert past is None
    assert not home.exists()


# --- versions -------------------------------------------------------------------------------------------------------

_NEXT = (*STEPS, "CREATE TABLE note (text TEXT); ALTER TABLE transition ADD COLUMN note INTEGER;")


def test_an_older_file_is_brought_up_to_date_and_keeps_its_rows(home: Path) -> None:
    with writer(home) as one:
        one.write([change("RUNNING", "FATAL", 1)])
    connection = open_to_write(home, _NEXT)
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert connection.execute("SELECT count(*), max(note) FROM transition").fetchone() == (1, None)
    connection.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(home: Path) -> None:
    with writer(home) as one:
        one.write([change("RUNNING", "FATAL", 1)])
    with pytest.raises(sqlite3.OperationalError):
        open_to_write(home, (*_NEXT, "CREATE TABLE note (text TEXT)"))
    assert told(kept(home)) == [("RUNNING", "FATAL")]


def test_a_file_of_a_newer_program_is_left_alone(home: Path) -> None:
    newer = open_to_write(home, _NEXT)
    newer.execute("PRAGMA journal_mode = DELETE")
    newer.close()
    before = (home / FILE_NAME).read_bytes()
    with pytest.raises(NewerHistory):
        open_to_write(home)
    with pytest.raises(HistoryError, match="newer version"), reading(home):
        pass
    assert (home / FILE_NAME).read_bytes() == before


# --- damage ---------------------------------------------------------------------------------------------------------


def test_a_damaged_file_is_told_from_a_full_disk(home: Path) -> None:
    home.mkdir(parents=True, mode=0o700)
    (home / FILE_NAME).write_bytes(b"no database at all" * 1000)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_to_write(home)
    assert is_damage(caught.value)
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    assert not is_damage(full)


def test_a_reader_names_the_damage_and_moves_nothing(home: Path) -> None:
    home.mkdir(parents=True, mode=0o700)
    (home / FILE_NAME).write_bytes(b"no database at all" * 1000)
    with pytest.raises(HistoryError, match="is damaged"), reading(home):
        pass
    assert [entry.name for entry in home.iterdir()] == [FILE_NAME]


def test_only_the_damaged_file_itself_is_moved_aside(home: Path) -> None:
    with store(home) as connection:
        broken = connection.inode
    aside = move_aside(home, broken)
    assert aside is not None
    assert aside.exists()
    with writer(home) as one:  # another program was as quick as we were, and has begun a new one
        one.write([change("RUNNING", "FATAL", 1)])
    assert move_aside(home, broken) is None
    assert told(kept(home)) == [("RUNNING", "FATAL")]


def test_reading_does_not_keep_a_writer_waiting(home: Path) -> None:
    with writer(home) as one:
        one.write([change("RUNNING", "FATAL", 1)])
        reader = open_to_read(home)
        assert reader is not None
        rows = reader.execute("SELECT * FROM transition")
        assert rows.fetchone()
        one.write([change("FATAL", "STOPPED", 2)])
        reader.close()
    assert len(kept(home)) == 2
