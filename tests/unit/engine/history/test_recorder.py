"""The recorder: what it is given is kept, whatever the disk does it goes on, and it says once what is wrong."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.supervisord import wait_until
from tests.unit.engine.history.changes import change, kept, store, told, writer
from tests.unit.model.fleets import host, process
from tui.engine.history import coverage, keeping, recorder
from tui.engine.history.layout import FILE_NAME
from tui.engine.history.reading import reading
from tui.engine.history.recorder import Recorder
from tui.engine.history.trimming import Trimming
from tui.engine.history.writing import Writer
from tui.model.fleet import Fleet, Transition
from tui.model.process import ProcessKey

KEEP, SIZE = 3650 * 86400.0, 100_000_000


class Run:
    """One program: a fleet and its recorder."""

    def __init__(
        self, directory: Path, *, keep: float = KEEP, max_size: int = SIZE, queue: int = 1000
    ) -> None:
        self.fleet = Fleet([host("web-01", process("celery"), process("beat"), read_at=time.monotonic())])
        self.picture = self.fleet.picture()
        self.said: list[str] = []
        self.recorder = Recorder(directory, keep=keep, max_size=max_size, queue=queue, delay=0)

    def see(self, *titles_and_states: str) -> Sequence[Transition]:
        """The host is read: `celery FATAL`."""
        rows = [process(*text.split()) for text in titles_and_states]
        change = self.fleet.apply(host("web-01", *rows, read_at=time.monotonic()), wall=time.time())
        self.recorder.add(change.transitions)
        self.picture = self.fleet.picture()
        return change.transitions


@contextlib.contextmanager
def running(directory: Path, **bounds: float) -> Iterator[Run]:
    """A program until the block ends."""
    run = Run(directory, **bounds)  # type: ignore[arg-type]
    run.recorder.start(lambda: run.picture, run.said.append)
    try:
        yield run
    finally:
        run.recorder.close(10)


def until_kept(directory: Path, count: int) -> list[Transition]:
    """Wait until so many are kept."""
    wait_until(lambda: len(kept(directory)) >= count, what=f"{count} rows to be kept")
    return kept(directory)


def until_begun(directory: Path) -> None:
    """Wait until somebody has said that he looks."""
    wait_until(lambda: (directory / FILE_NAME).exists() and _runs(directory), what="a run to be told")


def _runs(directory: Path) -> int:
    with reading(directory) as past:
        return 0 if past is None else int(past.connection.execute("SELECT count(*) FROM run").fetchone()[0])


def test_what_was_seen_survives_the_program(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        until_begun(tmp_path)
        first.see("celery FATAL", "beat")
    with running(tmp_path) as second:
        until_begun(tmp_path)
        second.see("celery", "beat FATAL")
    assert ("RUNNING", "FATAL") in told(kept(tmp_path))
    assert first.said == second.said == []


def test_the_last_hours_before_a_run_are_recalled_once_and_oldest_first(tmp_path: Path) -> None:
    now = time.time()
    with writer(tmp_path) as out:
        for age, old, new in (
            (3 * 3600, "RUNNING", "FATAL"),
            (3600, "FATAL", "RUNNING"),
            (60, "RUNNING", "EXITED"),
        ):
            out.write([replace(change(old, new, 0), time=now - age)])
    recalled: list[Sequence[Transition]] = []
    run = Run(tmp_path)
    run.recorder.start(lambda: run.picture, run.said.append, recalled.append)
    run.see("celery FATAL", "beat")
    run.recorder.close(10)
    assert [[round(now - row.time) for row in rows] for rows in recalled] == [[3600, 60]]


@pytest.mark.parametrize("content", [None, b"no database" * 100])
def test_nothing_is_recalled_of_a_history_that_is_not_there_or_cannot_be_read(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / FILE_NAME).write_bytes(content)
    recalled: list[Sequence[Transition]] = []
    run = Run(tmp_path)
    run.recorder.start(lambda: run.picture, run.said.append, recalled.append)
    run.recorder.close(10)
    assert recalled == [()]


def test_what_is_still_waiting_is_written_at_the_end(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.see("celery FATAL", "beat")
    assert told(kept(tmp_path)) == [("RUNNING", "FATAL")]


def test_two_programs_on_one_fleet_keep_each_change_once(tmp_path: Path) -> None:
    with running(tmp_path) as one, running(tmp_path) as other:
        until_begun(tmp_path)
        for states in (
            ("celery FATAL", "beat"),
            ("celery STOPPED", "beat"),
            ("celery STOPPED", "beat FATAL"),
        ):
            one.see(*states)
            other.see(*states)
    assert told(kept(tmp_path)) == [("RUNNING", "FATAL"), ("FATAL", "STOPPED"), ("RUNNING", "FATAL")]


def test_one_that_does_not_watch_makes_no_file_and_claims_nothing(tmp_path: Path) -> None:
    fleet = Fleet([host("web-01", process("celery"))])
    quiet = Recorder(tmp_path, keep=KEEP, max_size=SIZE, watches=False)
    quiet.start(fleet.picture, print)
    quiet.close(10)
    assert list(tmp_path.iterdir()) == []

    acting = Recorder(tmp_path, keep=KEEP, max_size=SIZE, watches=False)
    acting.start(fleet.picture, print)
    acting.add([change("RUNNING", "STOPPED", 1)])
    acting.close(10)
    assert told(kept(tmp_path)) == [("RUNNING", "STOPPED")]
    assert _runs(tmp_path) == 0


def test_adding_never_waits_for_the_disk_and_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    with store(tmp_path) as blocker, running(tmp_path, queue=100) as run:
        until_begun(tmp_path)
        blocker.execute("BEGIN IMMEDIATE")
        slowest = 0.0
        for number in range(500):
            began = time.monotonic()
            run.recorder.add([change("", "STOPPED", number, key=ProcessKey("web", "g", str(number)))])
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 1.0
        assert run.recorder.lost == 400
        blocker.execute("ROLLBACK")
        until_kept(tmp_path, 100)
        wait_until(
            lambda: any("missing from the history" in sentence for sentence in run.said), what="a word"
        )
        wait_until(
            lambda: _runs(tmp_path) == 2, what="a new run, because nothing is known of the time between"
        )


def test_a_removed_file_is_begun_anew(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        until_begun(tmp_path)
        for file in tmp_path.iterdir():
            file.unlink()
        run.see("celery FATAL", "beat")
        until_kept(tmp_path, 1)


# --- damage ---------------------------------------------------------------------------------------------------------


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def _cut(path: Path) -> None:
    _filled(path)
    os.truncate(path, path.stat().st_size // 3)


def _overwritten_inside(path: Path) -> None:
    _filled(path)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


def _other_tables(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE process (id INTEGER)")


def _tables_missing(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 1")


def _filled(path: Path) -> None:
    with running(path.parent) as run:
        run.see("celery FATAL", "beat")
        run.recorder.add([change("", "STOPPED", n, key=ProcessKey("web", "g", str(n))) for n in range(900)])


@pytest.mark.parametrize("damage", [_garbage, _cut, _overwritten_inside, _other_tables, _tables_missing])
def test_a_damaged_file_is_moved_aside_once_and_a_new_one_begun(tmp_path: Path, damage: object) -> None:
    assert callable(damage)
    path = tmp_path / FILE_NAME
    damage(path)
    broken = path.read_bytes()
    with running(tmp_path) as run:
        wait_until(lambda: run.said, what="the damage to be told")
        run.see("celery STOPPED", "beat")
        run.see("celery FATAL", "beat")
    aside = tmp_path / f"{FILE_NAME}.damaged"
    assert aside.read_bytes()[100:] == broken[100:]  # SQLite notes in the first ones how it was opened
    assert ("STOPPED", "FATAL") in told(kept(tmp_path))
    assert len(run.said) == 1
    assert aside.name in run.said[0]


def test_two_programs_that_meet_a_damaged_file_lose_nothing_of_the_new_one(tmp_path: Path) -> None:
    _garbage(tmp_path / FILE_NAME)
    with running(tmp_path) as one, running(tmp_path) as other:
        for states in (("celery FATAL", "beat"), ("celery STOPPED", "beat")):
            one.see(*states)
            other.see(*states)
    assert told(kept(tmp_path))[-2:] == [("RUNNING", "FATAL"), ("FATAL", "STOPPED")]
    assert len(one.said + other.said) == 1


def test_damage_that_comes_while_it_runs_is_found_and_told(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        until_begun(tmp_path)
        with store(tmp_path) as other:  # so that nothing of the file is in the other's memory any more
            other.execute("UPDATE run SET until = until + 1")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (tmp_path / FILE_NAME).open("r+b") as file:
            file.write(os.urandom(30_000))
        run.recorder.add([change("", "STOPPED", n, key=ProcessKey("web", "g", str(n))) for n in range(900)])
        wait_until(lambda: run.said, what="the damage to be told")
        assert "damaged" in run.said[0]
        run.see("celery FATAL", "beat")
        wait_until(lambda: ("RUNNING", "FATAL") in told(kept(tmp_path)), what="the new file to be written")


# --- the disk -------------------------------------------------------------------------------------------------------

_FULL = """
import json, resource, signal, sys, time
from pathlib import Path
from tests.unit.engine.history.changes import change
from tests.unit.engine.history.test_recorder import running, until_begun
from tests.support.supervisord import wait_until
from tui.engine.history import keeping
from tui.model.process import ProcessKey
keeping.LONGEST_PAUSE = 0.2
directory = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with running(directory) as run:
    until_begun(directory)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    for number in range(30):
        run.recorder.add([change("", "STOPPED", number, key=ProcessKey("web", "g", str(number)))])
        time.sleep(0.02)
    wait_until(lambda: run.said, what="the full disk to be told")
    wait_until(lambda: run.recorder.failures > 3, what="it to be tried again")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    wait_until(lambda: not run.recorder.failures, what="the writing to be resumed")
print(json.dumps(run.said))
"""


def test_a_full_disk_is_told_once_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    (said,) = json.loads(ran.stdout)
    assert "cannot be written" in said
    assert sorted(int(row.key.name) for row in kept(tmp_path)) == list(range(30))


def test_a_directory_that_is_none_is_told_and_the_program_goes_on(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with running(tmp_path / "state") as run:
        wait_until(lambda: run.said, what="a word")
        run.see("celery FATAL", "beat")
    assert "cannot be written" in run.said[0]


def test_a_file_of_a_newer_program_ends_the_recording_with_a_word(tmp_path: Path) -> None:
    with store(tmp_path) as newer:
        newer.execute("PRAGMA user_version = 99")
    with running(tmp_path) as run:
        wait_until(lambda: run.said, what="a word")
        run.see("celery FATAL", "beat")
        assert "newer version" in run.said[0]
    assert not run.recorder._queue


# --- the bound ------------------------------------------------------------------------------------------------------


def _many(directory: Path, count: int, *, first: float, apart: float) -> None:
    with store(directory) as connection:
        now = time.time()
        rows = [
            replace(change("RUNNING", "RUNNING", 0, pid=n + 1, start=n + 1), time=now - first + n * apart)
            for n in range(count)
        ]
        Writer(connection).write(rows)


def test_what_is_older_than_it_is_to_be_kept_goes(tmp_path: Path) -> None:
    _many(tmp_path, 3000, first=3000, apart=1.0)
    with running(tmp_path, keep=1000.0):
        wait_until(lambda: len(kept(tmp_path)) <= 1010, what="the old rows to go")
    assert len(kept(tmp_path)) >= 900


def test_the_file_stays_within_its_size_and_the_newest_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "TRIM_SECONDS", 0.1)
    monkeypatch.setattr(recorder, "GATHER", 0.02)
    bound = 1_000_000
    with running(tmp_path, max_size=bound, queue=100_000) as run:
        until_begun(tmp_path)
        largest, number = 0, 0
        now = time.time()
        for _ in range(12):
            batch = [
                replace(
                    change(
                        "RUNNING", "RUNNING", 0, pid=n + 1, start=n + 1, key=ProcessKey("w", "g", str(n % 7))
                    ),
                    time=now + n * 0.001,
                )
                for n in range(number, number + 2000)
            ]
            number += 2000
            run.recorder.add(batch)
            wait_until(lambda: not run.recorder._queue, what="the batch to be written")
            largest = max(largest, sum(file.stat().st_size for file in tmp_path.glob(f"{FILE_NAME}*")))
        newest = kept(tmp_path)[-1]
        assert newest.pid == number
        wait_until(lambda: (tmp_path / FILE_NAME).stat().st_size <= bound, what="the file to shrink")
    assert largest <= bound + 6_000_000  # and its log, which is of a few megabytes whatever the bound
    assert 1000 < len(kept(tmp_path)) < number


def test_what_is_trimmed_by_size_is_not_said_to_have_been_watched(tmp_path: Path) -> None:
    _many(tmp_path, 30_000, first=30_000, apart=1.0)
    now = time.time()
    with store(tmp_path) as connection:
        Writer(connection).begin_run(["web-01"], now - 30_000)
        assert Writer(connection).goes_on(1, now)
        trimming = Trimming(connection, keep=KEEP, max_size=1_000_000)
        while trimming.step(now):
            pass
    oldest = kept(tmp_path)[0].time
    assert oldest > now - 29_000
    with reading(tmp_path) as past:
        assert past is not None
        ((start, _),) = past.coverage(0, now).looked("web-01")
    assert start == pytest.approx(oldest, abs=0.01)


def test_processes_that_left_are_forgotten_with_their_last_row(tmp_path: Path) -> None:
    now = time.time()
    with store(tmp_path) as connection:
        names = [ProcessKey("web", "g", str(number)) for number in range(100)]
        one = Writer(connection)
        one.write([replace(change("", "STOPPED", 0, key=key), time=now - 5000) for key in names])
        one.write([replace(change("STOPPED", "", 0, key=key), time=now - 4000) for key in names[:60]])
        Trimming(connection, keep=3000, max_size=SIZE).step(now)
    with reading(tmp_path) as past:
        assert past is not None
        assert len(past.processes()) == 40


# --- when somebody looked -------------------------------------------------------------------------------------------


def test_the_time_between_two_runs_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "BRIDGED", 0.5)
    with running(tmp_path):
        until_begun(tmp_path)
    ended = time.time()
    wait_until(lambda: time.time() > ended + 1.5, what="a while in which nobody looks")
    with running(tmp_path):
        wait_until(lambda: _runs(tmp_path) == 2, what="the second run")
    with reading(tmp_path) as past:
        assert past is not None
        (gap,) = past.coverage(0, time.time()).gaps()
    assert gap.start == pytest.approx(ended, abs=1)
    assert gap.end >= ended + 1.5


def test_a_machine_that_slept_did_not_look(tmp_path: Path) -> None:
    run = Run(tmp_path)
    slept = [0.0]
    run.recorder.wall = lambda: time.time() + slept[0]
    run.recorder.start(lambda: run.picture, run.said.append)
    try:
        until_begun(tmp_path)
        slept[0] = 5000.0
        run.see("celery FATAL", "beat")
        wait_until(lambda: _runs(tmp_path) == 2, what="a new run after the sleep")
    finally:
        run.recorder.close(10)
    with reading(tmp_path) as past:
        assert past is not None
        (gap,) = past.coverage(0, time.time() + 5000).gaps()
    assert gap.end - gap.start == pytest.approx(5000, abs=60)


_KILLED = """
import sys, time
from pathlib import Path
from tests.unit.engine.history.test_recorder import Run
run = Run(Path(sys.argv[1]))
run.recorder.start(lambda: run.picture, print)
while True:
    time.sleep(0.01)
    if run.see("celery FATAL", "beat") or run.see("celery STOPPED", "beat"):
        pass
"""


def test_a_program_that_is_killed_leaves_a_file_that_can_be_used(tmp_path: Path) -> None:
    program = subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)])
    try:
        until_kept(tmp_path, 20)
    finally:
        program.send_signal(signal.SIGKILL)
        program.wait(10)
    before = len(kept(tmp_path))
    with running(tmp_path) as run:
        run.see("celery FATAL", "beat FATAL")
    assert len(kept(tmp_path)) > before
    assert run.said == []
