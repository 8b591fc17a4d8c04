"""Connections that go away around the byte that makes a request run: what ran is what the outcome says, and never twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_proxy import Fault, FaultProxy, running_proxies
from tests.support.fleets import run_job, run_one, settings_for, wait_state, watched
from tests.support.supervisord import (
    RealSupervisord,
    ignores_term,
    running_supervisord,
    wait_until,
)
from tui.engine.engine import Engine
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
stopwaitsecs=2
[program:idle]
command=sleep 1000
autostart=false
startsecs=0
[program:stubborn]
command=sh -c 'trap "" TERM; while :; do sleep 0.1; done'
startsecs=0
stopwaitsecs=2
killasgroup=true
[program:crasher]
command=sh -c 'sleep 0.4; exit 3'
startsecs=0
autorestart=true
[program:doomed]
command=sh -c 'exit 7'
autostart=false
startsecs=1
startretries=0
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=6
startsecs=0
"""


START = b"startProcess"
LAST_BYTE = -1
"""A cut right before it."""


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as running:
        wait_until(lambda: ignores_term(witness(running, "stubborn")["pid"]), what="the programs to run")
        yield running


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def proxy(daemon: RealSupervisord) -> Iterator[FaultProxy]:
    with running_proxies() as proxies:
        yield proxies.before(daemon.endpoint)


@pytest.fixture
def engine(daemon: RealSupervisord, proxy: FaultProxy, state_dir: Path) -> Iterator[Engine]:
    """An engine that reaches the supervisord through the proxy only."""
    through = RealSupervisord(daemon.directory, port=proxy.port)
    with watched({"h": daemon}, settings=settings_for({"h": through}), state_dir=state_dir) as running:
        yield running


def key(name: str, group: str = "") -> ProcessKey:
    return ProcessKey("h", group or name, name)


def witness(daemon: RealSupervisord, name: str) -> Any:  # noqa: ANN401
    return daemon.proxy.supervisor.getProcessInfo(name)


# --- around the commit byte -----------------------------------------------------------------------------------------


def test_a_start_that_is_cut_before_its_last_byte_did_not_run_and_says_so(
    engine: Engine, daemon: RealSupervisord, proxy: FaultProxy
) -> None:
    proxy.fault = Fault(marker=START, cut_request=LAST_BYTE)
    outcome = run_one(engine, Verb.START, key("idle"))
    assert [exchange.whole for exchange in proxy.calls(START)] == [False]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert witness(daemon, "idle")["start"] == 0


def test_a_connection_that_is_refused_at_the_action_is_not_executed(
    engine: Engine, daemon: RealSupervisord, proxy: FaultProxy
) -> None:
    """The host answered a moment ago; the connection of the action itself never comes about."""
    plan = make_plan(Verb.START, [key("idle")], engine.picture, time.monotonic())
    proxy.refuse()
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 60).outcomes[key("idle")]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert outcome.detail.startswith("not sent")
    assert witness(daemon, "idle")["start"] == 0


def test_a_start_whose_answer_is_lost_ran_once_and_is_settled_by_reading(
    engine: Engine, daemon: RealSupervisord, proxy: FaultProxy
) -> None:
    proxy.fault = Fault(marker=START, cut_answer=0)
    outcome = run_one(engine, Verb.START, key("idle"))
    assert outcome.kind is OutcomeKind.DONE
    assert [exchange.whole for exchange in proxy.calls(START)] == [True]
    assert outcome.pid_after == witness(daemon, "idle")["pid"]


def test_a_restart_whose_answer_is_lost_ends_with_a_new_run(
    engine: Engine, daemon: RealSupervisord, proxy: FaultProxy
) -> None:
    """supervisord drops the start when the connection goes during the stop; the engine then sends it by itself."""
    before = witness(daemon, "stubborn")["pid"]
    proxy.fault = Fault(marker=b"multicall", cut_answer=0)
    outcome = run_one(engine, Verb.RESTART, key("stubborn"))
    assert outcome.kind is OutcomeKind.DONE
    assert [exchange.whole for exchange in proxy.calls(b"multicall")] == [True]
    after = witness(daemon, "stubborn")
    assert after["statename"] == "RUNNING"
    assert after["pid"] == outcome.pid_after != before


def test_the_intent_is_on_the_disk_when_supervisord_gets_the_last_byte(
    engine: Engine, proxy: FaultProxy, state_dir: Path
) -> None:
    journals: list[str] = []

    def look(request: bytes) -> None:
        if START in request:
            journals.append((state_dir / "journal.jsonl").read_text())

    proxy.at_commit = look
    assert run_one(engine, Verb.START, key("idle")).kind is OutcomeKind.DONE
    (journal,) = journals
    assert '"kind": "intent"' in journal
    assert '"outcome"' not in journal


# --- frozen ---------------------------------------------------------------------------------------------------------


def test_a_restart_under_a_supervisord_that_freezes_is_unknown_and_settled_when_it_thaws(
    daemon: RealSupervisord, state_dir: Path
) -> None:
    before = witness(daemon, "stubborn")["pid"]
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        plan = make_plan(Verb.RESTART, [key("stubborn")], engine.picture, time.monotonic())
        number = engine.submit(plan, Tier.TYPED)
        wait_until(lambda: witness(daemon, "stubborn")["statename"] == "STOPPING", what="the stop to begin")
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            job = engine.wait_job(number, 60)
            assert job.outcomes[key("stubborn")].kind is OutcomeKind.UNKNOWN
            assert "settled" in job.note
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        wait_until(
            lambda: engine.jobs[0].outcomes[key("stubborn")].kind is OutcomeKind.DONE,
            seconds=60,
            what="the restart to be finished",
        )
    after = witness(daemon, "stubborn")
    assert after["statename"] == "RUNNING"
    assert after["pid"] not in (0, before)
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        assert not engine.interrupted


# --- programs and targets that misbehave ----------------------------------------------------------------------------


def test_restart_of_a_program_that_keeps_crashing_gives_one_honest_outcome(
    engine: Engine, daemon: RealSupervisord
) -> None:
    outcome = run_one(engine, Verb.RESTART, key("crasher"))
    assert outcome.kind in (
        OutcomeKind.DONE,
        OutcomeKind.FAILED,
        OutcomeKind.NOT_EXECUTED,
        OutcomeKind.SKIPPED,
    )
    assert outcome.detail
    if outcome.kind is OutcomeKind.DONE:
        assert outcome.pid_after != outcome.pid_before


def test_a_target_that_was_removed_after_the_plan_was_made_is_not_executed(
    engine: Engine, daemon: RealSupervisord
) -> None:
    plan = make_plan(Verb.START, [key("idle")], engine.picture, time.monotonic())
    daemon.proxy.supervisor.removeProcessGroup("idle")
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 30).outcomes[key("idle")]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert "no longer there" in outcome.detail


def test_a_target_that_was_never_there_is_skipped_in_words(engine: Engine) -> None:
    outcome = run_one(engine, Verb.STOP, key("nobody"))
    assert outcome.kind is OutcomeKind.SKIPPED
    assert outcome.detail


def test_start_of_a_program_that_is_fatal_already_fails_again_in_words(engine: Engine) -> None:
    run_one(engine, Verb.START, key("doomed"))
    wait_state(engine, key("doomed"), "FATAL")
    outcome = run_one(engine, Verb.START, key("doomed"))
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.state_after is ProcessState.FATAL


def test_a_stop_while_somebody_else_stops_it_is_left_to_him(engine: Engine, daemon: RealSupervisord) -> None:
    plan = make_plan(Verb.RESTART, [key("stubborn")], engine.picture, time.monotonic())
    daemon.proxy.supervisor.stopProcess("stubborn", False)
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 30).outcomes[key("stubborn")]
    assert outcome.kind is OutcomeKind.SKIPPED
    assert "stopping" in outcome.detail


# --- rolling --------------------------------------------------------------------------------------------------------


def test_a_rolling_restart_takes_every_process_of_two_hosts_once(daemon: RealSupervisord) -> None:
    with running_supervisord(PROGRAMS) as other, watched({"h": daemon, "i": other}) as engine:
        group = [ProcessKey(host, "pool") for host in ("h", "i")]
        before = {name: witness(daemon, name)["pid"] for name in _pool()}
        job = run_job(engine, Verb.RESTART, group, pace=Pace(batch=3, max_failed=1))
        assert {outcome.kind for outcome in job.outcomes.values()} == {OutcomeKind.DONE}
        assert len(job.outcomes) == 12
        after = {name: witness(daemon, name)["pid"] for name in _pool()}
        assert all(after[name] not in (0, before[name]) for name in before)


def test_a_rolling_start_stops_at_the_allowed_failures_and_leaves_the_rest_alone(
    engine: Engine, daemon: RealSupervisord
) -> None:
    daemon.proxy.supervisor.stopProcessGroup("pool")
    wait_state(engine, key("pool_05", "pool"), "STOPPED")
    keys = [key("pool_00", "pool"), key("doomed"), *(key(f"pool_{n:02}", "pool") for n in range(1, 6))]
    job = run_job(engine, Verb.START, keys, pace=Pace(batch=2, max_failed=1))
    kinds = [job.outcomes[each].kind for each in keys]
    assert kinds == [OutcomeKind.DONE, OutcomeKind.FAILED, *[OutcomeKind.SKIPPED] * 5]
    assert witness(daemon, "pool:pool_05")["statename"] == "STOPPED"


def _pool() -> list[str]:
    return [f"pool:pool_{number:02}" for number in range(6)]
