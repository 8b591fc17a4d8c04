"""The actions on older releases of supervisord: their answers differ in fields, faults and timing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fleets import run_job, run_one, watched
from tests.support.releases import release_site
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.engine.engine import Engine
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=2
startsecs=0
[program:idle]
command=sleep 1000
autostart=false
startsecs=0
[program:broken]
command=sh -c 'exit 7'
autostart=false
startsecs=1
startretries=0
"""


@pytest.fixture(params=["4.1.0", "4.2.5"])
def daemon(request: pytest.FixtureRequest) -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS, user="u", password="p", site=release_site(request.param)) as running:
        wait_until(lambda: witness(running, "web")["statename"] == "RUNNING", what="web to run")
        assert running.proxy.supervisor.getSupervisorVersion() == request.param
        yield running


@pytest.fixture
def engine(daemon: RealSupervisord) -> Iterator[Engine]:
    with watched({"h": daemon}) as running:
        yield running


def witness(daemon: RealSupervisord, name: str) -> Any:  # noqa: ANN401
    return daemon.proxy.supervisor.getProcessInfo(name)


def key(name: str) -> ProcessKey:
    return ProcessKey("h", name, name)


def test_processes_are_started_stopped_restarted_and_signalled(
    engine: Engine, daemon: RealSupervisord
) -> None:
    before = witness(daemon, "web")["pid"]
    assert run_one(engine, Verb.RESTART, key("web")).kind is OutcomeKind.DONE
    assert witness(daemon, "web")["pid"] not in (0, before)
    assert run_one(engine, Verb.STOP, key("web")).kind is OutcomeKind.DONE
    assert witness(daemon, "web")["statename"] == "STOPPED"
    assert run_one(engine, Verb.START, key("idle")).kind is OutcomeKind.DONE
    assert run_one(engine, Verb.SIGNAL, key("idle"), argument="HUP").kind is OutcomeKind.DONE
    assert run_one(engine, Verb.START, key("broken")).kind is OutcomeKind.FAILED


def test_a_group_is_restarted_and_an_update_adds_a_group(engine: Engine, daemon: RealSupervisord) -> None:
    job = run_job(engine, Verb.RESTART, [ProcessKey("h", "pool")])
    assert {outcome.kind for outcome in job.outcomes.values()} == {OutcomeKind.DONE}
    daemon.write_config(PROGRAMS + "[program:newcomer]\ncommand=sleep 1000\nstartsecs=0\n")
    assert run_one(engine, Verb.UPDATE, ProcessKey("h")).kind is OutcomeKind.DONE
    wait_until(lambda: witness(daemon, "newcomer")["pid"] != 0, what="the new group to run")


def test_supervisord_itself_is_restarted_and_a_broken_file_refused(
    engine: Engine, daemon: RealSupervisord
) -> None:
    assert run_one(engine, Verb.DAEMON_RESTART, ProcessKey("h")).kind is OutcomeKind.DONE
    assert witness(daemon, "web")["statename"] == "RUNNING"
    daemon.write_config("[program:web]\nnumprocs=many\n")
    assert run_one(engine, Verb.DAEMON_RESTART, ProcessKey("h")).kind is OutcomeKind.FAILED
    assert witness(daemon, "web")["statename"] == "RUNNING"
