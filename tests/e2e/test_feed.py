"""The push feed on real supervisords: changes come by themselves, and a feed that cannot be trusted is given up."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import releases
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.config.schema import FeedMode, HostSettings, Settings
from tui.config.secrets import Secret
from tui.engine.engine import Engine
from tui.engine.watching import feed as feed_module
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey
from tui.model.states import HostState, ProcessState

pytestmark = pytest.mark.e2e

FED = "by its main log"
MANY = feed_module.PAYS_FROM
PROGRAMS = (
    "[program:w]\ncommand=sleep 1000\nprocess_name=%(program_name)s_%(process_num)02d\nstartsecs=0\n"
    f"numprocs={MANY}\nautorestart=false\n"
)
NEW_GROUP = "[program:late]\ncommand=sleep 1000\nautostart=false\n"
RARE = 3600.0
"""A poll period that no test waits for: what is noticed was told by the feed."""


@contextlib.contextmanager
def watching(daemon: RealSupervisord, *, mode: FeedMode = "auto", poll: float = 0.2) -> Iterator[Engine]:
    """An engine that polls until its feed is up."""
    settings = Settings({"web": HostSettings("web", daemon.endpoint, user=daemon.user, poll=poll, feed=mode)})
    engine = Engine(settings, passwords={"web": Secret(daemon.password)} if daemon.user else {})
    with engine:
        yield engine


@pytest.fixture(autouse=True)
def _no_polls_behind_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.engine.watching.poller.WHOLE_SECONDS", RARE)
    monkeypatch.setattr("tui.engine.watching.poller.BEAT", RARE)


def snapshot(engine: Engine) -> HostSnapshot:
    return engine.picture.hosts["web"]


def wait_for_rhythm(engine: Engine, words: str) -> None:
    wait_until(lambda: words in snapshot(engine).rhythm, seconds=20, what=f"{words!r}")


def row(engine: Engine, name: str) -> Process:
    process = engine.picture.process(ProcessKey("web", "w", name))
    assert process is not None
    return process


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_a_kill_is_seen_without_a_poll(unix: bool) -> None:
    with (
        running_supervisord(PROGRAMS, user="u", password="p:w", unix=unix) as daemon,
        watching(daemon) as engine,
    ):
        wait_for_rhythm(engine, FED)
        os.kill(row(engine, "w_07").pid, signal.SIGKILL)
        wait_until(lambda: row(engine, "w_07").state is ProcessState.EXITED, what="the end to be told")
        seen = engine.timeline.of(ProcessKey("web", "w", "w_07"))
        assert [(each.old, each.new, each.exitstatus) for each in seen] == [("RUNNING", "EXITED", -1)]
        assert snapshot(engine).state is HostState.DEGRADED
        assert row(engine, "w_08").state is ProcessState.RUNNING


@pytest.mark.parametrize("version", releases.OTHER_RELEASES)
def test_other_releases_push_as_well(version: str) -> None:
    site = releases.release_site(version)
    with running_supervisord(PROGRAMS, site=site) as daemon, watching(daemon) as engine:
        wait_for_rhythm(engine, FED)
        daemon.proxy.supervisor.stopProcess("w:w_03")
        wait_until(lambda: row(engine, "w_03").state is ProcessState.STOPPED, what="the stop to be told")
        daemon.proxy.supervisor.startProcess("w:w_03")
        wait_until(lambda: row(engine, "w_03").state is ProcessState.RUNNING, what="the start to be told")


def test_more_changes_than_a_few_are_all_seen() -> None:
    with running_supervisord(PROGRAMS) as daemon, watching(daemon) as engine:
        wait_for_rhythm(engine, FED)
        daemon.proxy.supervisor.stopProcessGroup("w")
        names = [f"w_{number:02}" for number in range(MANY)]
        wait_until(
            lambda: all(row(engine, name).state is ProcessState.STOPPED for name in names),
            what="every stop to be told",
        )
        wait_for_rhythm(engine, FED)


def test_a_restart_of_supervisord_is_seen_and_the_feed_comes_back() -> None:
    with running_supervisord(PROGRAMS) as daemon, watching(daemon) as engine:
        wait_for_rhythm(engine, FED)
        before = row(engine, "w_00").pid
        daemon.proxy.supervisor.restart()
        wait_until(
            lambda: row(engine, "w_00").pid not in (0, before),
            seconds=30,
            what="the new processes to be seen",
        )
        wait_for_rhythm(engine, FED)
        os.kill(row(engine, "w_01").pid, signal.SIGKILL)
        wait_until(lambda: row(engine, "w_01").state is ProcessState.EXITED, what="the end to be told")


def test_a_feed_that_names_no_changes_is_given_up_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_supervisord(PROGRAMS, loglevel="critical") as daemon, watching(daemon) as engine:
        wait_for_rhythm(engine, FED)
        daemon.proxy.supervisor.stopProcess("w:w_05")
        engine.poll_now()
        wait_for_rhythm(engine, "its main log did not tell of a change of w_05")
        assert row(engine, "w_05").state is ProcessState.STOPPED
        daemon.proxy.supervisor.stopProcess("w:w_06")
        wait_until(lambda: row(engine, "w_06").state is ProcessState.STOPPED, what="a poll to see it")


def test_a_group_that_only_a_whole_read_can_see_does_not_count_against_the_feed() -> None:
    with running_supervisord(PROGRAMS) as daemon, watching(daemon) as engine:
        wait_for_rhythm(engine, FED)
        daemon.write_config(PROGRAMS + NEW_GROUP)
        daemon.proxy.supervisor.reloadConfig()
        daemon.proxy.supervisor.addProcessGroup("late")
        key = ProcessKey("web", "late", "late")
        engine.poll_now()
        wait_until(lambda: engine.picture.process(key) is not None, what="the new group")
        daemon.proxy.supervisor.startProcess("late", False)
        wait_until(
            lambda: (late := engine.picture.process(key)) is not None and late.state is ProcessState.RUNNING,
            what="the start to be told",
        )
        assert FED in snapshot(engine).rhythm


def test_without_a_main_log_the_host_is_polled_and_says_why() -> None:
    with running_supervisord(PROGRAMS) as daemon:
        daemon.main_log.unlink()
        with watching(daemon) as engine:
            wait_for_rhythm(engine, "its main log is kept in no file")
            daemon.proxy.supervisor.stopProcess("w:w_05")
            wait_until(lambda: row(engine, "w_05").state is ProcessState.STOPPED, what="a poll to see it")


def test_a_log_that_brings_nothing_is_given_up_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "SILENCE", 0.5)
    with running_supervisord(PROGRAMS) as daemon, watching(daemon) as engine:
        daemon.proxy.supervisor.clearLog()
        wait_for_rhythm(engine, "its main log brings nothing")


def test_a_loud_log_is_given_up_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_supervisord(PROGRAMS) as daemon, watching(daemon) as engine:
        wait_for_rhythm(engine, FED)
        with Path(daemon.main_log).open("a") as log:
            log.write("2026-01-01 00:00:00,000 DEBG 'w' stdout output:\n" * 3000)
        wait_for_rhythm(engine, "its main log is loud")


@pytest.mark.parametrize(
    ("mode", "count", "expected"),
    [("off", MANY, "asked every 0.2s; feed: off"), ("auto", 2, "asked every 0.2s"), ("on", 2, FED)],
)
def test_a_host_is_fed_when_it_pays_or_when_told_so(mode: FeedMode, count: int, expected: str) -> None:
    programs = PROGRAMS.replace(f"numprocs={MANY}", f"numprocs={count}")
    with running_supervisord(programs) as daemon, watching(daemon, mode=mode) as engine:
        wait_for_rhythm(engine, expected)
