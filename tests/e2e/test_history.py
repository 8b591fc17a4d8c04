"""The history over real supervisords: what two programs see, what happens while none looks, and who did it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.fleets import run_one, settings_for, wait_state
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.config.schema import HistorySettings
from tui.config.secrets import Secret
from tui.engine.engine import Engine
from tui.engine.history.reading import reading
from tui.engine.history.recorder import Recorder
from tui.model.fleet import Transition
from tui.model.plan import Verb
from tui.model.process import ProcessKey

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
[program:worker]
command=sleep 1000
startsecs=0
autorestart=true
"""
WEB, WORKER = ProcessKey("h", "web", "web"), ProcessKey("h", "worker", "worker")


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as running:
        yield running


@contextmanager
def watched(daemon: RealSupervisord, directory: Path, *, poll: float = 0.3) -> Iterator[Engine]:
    """A program that looks at the host `h` and keeps what it sees."""
    recorder = Recorder.for_run(HistorySettings(), directory)
    passwords = {"h": Secret(daemon.password)} if daemon.user else {}
    settings = settings_for({"h": daemon}, poll=poll)
    engine = Engine(settings, state_dir=directory, passwords=passwords, recorder=recorder)
    engine.start()
    try:
        assert engine.wait_answered(10)
        wait_until(lambda: bool(_runs(directory)), what="the history to be begun")
        yield engine
    finally:
        engine.stop()


def kept(directory: Path, key: ProcessKey) -> list[Transition]:
    """What the history tells of a process, oldest first."""
    with reading(directory) as past:
        return [] if past is None else past.newest_first(1000, processes=past.numbers_of(key))[::-1]


def _runs(directory: Path) -> list[tuple[float, float]]:
    with reading(directory) as past:
        return [] if past is None else past.coverage(0, 2e9).looked("h")


def test_two_programs_keep_a_restart_once_and_know_whose_it_was(
    daemon: RealSupervisord, tmp_path: Path
) -> None:
    with watched(daemon, tmp_path) as one, watched(daemon, tmp_path, poll=0.2) as other:
        run_one(one, Verb.RESTART, WEB)
        pid = wait_state(one, WEB, "RUNNING").pid
        wait_until(
            lambda: (row := other.picture.process(WEB)) is not None and row.pid == pid, what="both to see"
        )
    rows = kept(tmp_path, WEB)
    came_up = [row for row in rows if row.pid == pid and row.new == "RUNNING"]
    assert len(came_up) == 1
    assert came_up[0].ours
    facts = [(row.new, row.pid, row.start, row.stop) for row in rows]
    assert len(facts) == len(set(facts))


def test_what_happened_while_no_program_ran_is_found_at_the_next_start(
    daemon: RealSupervisord, tmp_path: Path
) -> None:
    with watched(daemon, tmp_path):
        pass
    assert kept(tmp_path, WEB) == []
    daemon.proxy.supervisor.stopProcess("web")
    with watched(daemon, tmp_path):
        wait_until(lambda: bool(kept(tmp_path, WEB)), what="the stop to be found")
    (row,) = kept(tmp_path, WEB)
    assert (row.old, row.new, row.found, row.ours) == ("RUNNING", "STOPPED", True, False)
    assert kept(tmp_path, WORKER) == []


def test_a_host_that_goes_and_comes_back_leaves_a_gap(daemon: RealSupervisord, tmp_path: Path) -> None:
    with watched(daemon, tmp_path) as engine:
        daemon.stop()
        wait_until(lambda: not engine.picture.hosts["h"].fresh, what="the host to be missed")
        daemon.start()
        engine.poll_now()
        wait_until(lambda: engine.picture.hosts["h"].fresh, what="the host to be back")
    states = [row.new for row in kept(tmp_path, ProcessKey("h")) if row.key.is_host]
    assert len(states) >= 2
    assert states[-1] in ("UP", "DEGRADED")
    with reading(tmp_path) as past:
        assert past is not None
        ((start, end),) = past.coverage(0, 2e9).unreached("h")
    assert 0 < end - start < 60
