"""Every action on real supervisords, also those that must fail: what the outcome says is what a witness finds."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleets import process, run_job, run_one, settings_for, wait_state, watched
from tests.support.supervisord import RealSupervisord, ignores_term, running_supervisord, wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine.acting.follow_up import FollowUp, follow_up
from tui.engine.engine import Engine
from tui.errors import RefusedError
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import HostState, OutcomeKind, ProcessState
from tui.rpc.answers import Reread

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
stopwaitsecs=3
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=4
startsecs=0
[program:idle]
command=sleep 1000
autostart=false
startsecs=0
[program:stubborn]
command=sh -c 'trap "" TERM; while :; do sleep 0.1; done'
startsecs=0
stopwaitsecs=2
killasgroup=true
[program:broken]
command=sh -c 'exit 7'
autostart=false
startsecs=1
startretries=1
[program:absent]
command=/no/such/program
autostart=false
[program:oneshot]
command=sh -c 'exit 0'
autostart=false
startsecs=0
autorestart=false
[program:reader]
command=sh -c 'read line; echo got $line; exec sleep 1000'
startsecs=0
"""


def key(name: str, group: str = "", host: str = "h") -> ProcessKey:
    return ProcessKey(host, group or name, name)


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as running:
        wait_until(lambda: witness(running, "reader")["statename"] == "RUNNING", what="the programs to run")
        wait_until(lambda: ignores_term(witness(running, "stubborn")["pid"]), what="one to ignore TERM")
        yield running


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def engine(daemon: RealSupervisord, state_dir: Path) -> Iterator[Engine]:
    with watched({"h": daemon}, state_dir=state_dir) as running:
        yield running


def witness(daemon: RealSupervisord, name: str) -> Any:  # noqa: ANN401
    """What the standard library's client is told."""
    return daemon.proxy.supervisor.getProcessInfo(name)


def journal(state_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (state_dir / "journal.jsonl").read_text().splitlines()]


# --- start ----------------------------------------------------------------------------------------------------------


def test_start_is_done_when_a_new_run_is_seen(engine: Engine, daemon: RealSupervisord) -> None:
    outcome = run_one(engine, Verb.START, key("idle"))
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.pid_after == witness(daemon, "idle")["pid"] != 0
    assert (outcome.state_before, outcome.state_after) == (ProcessState.STOPPED, ProcessState.RUNNING)


def test_start_of_what_runs_is_skipped(engine: Engine, daemon: RealSupervisord) -> None:
    pid = witness(daemon, "web")["pid"]
    assert run_one(engine, Verb.START, key("web")).kind is OutcomeKind.SKIPPED
    assert witness(daemon, "web")["pid"] == pid


def test_start_of_a_program_that_keeps_failing_is_failed_with_its_cause(engine: Engine) -> None:
    outcome = run_one(engine, Verb.START, key("broken"))
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.state_after is ProcessState.FATAL
    assert "gave up" in outcome.detail


def test_start_of_a_program_without_its_file_is_failed_in_words(engine: Engine) -> None:
    outcome = run_one(engine, Verb.START, key("absent"))
    assert outcome.kind is OutcomeKind.FAILED
    assert "program" in outcome.detail


def test_start_of_a_one_shot_that_exits_0_is_done(engine: Engine) -> None:
    outcome = run_one(engine, Verb.START, key("oneshot"))
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.state_after in (ProcessState.RUNNING, ProcessState.EXITED)


# --- stop -----------------------------------------------------------------------------------------------------------


def test_stop_is_done_when_the_process_has_ended(engine: Engine, daemon: RealSupervisord) -> None:
    outcome = run_one(engine, Verb.STOP, key("web"))
    assert outcome.kind is OutcomeKind.DONE
    assert witness(daemon, "web")["statename"] == "STOPPED"


def test_stop_of_a_process_that_ignores_term_waits_until_it_is_killed(engine: Engine) -> None:
    outcome = run_one(engine, Verb.STOP, key("stubborn"))
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.seconds >= 1.5


def test_a_waiting_stop_does_not_make_supervisord_spin(engine: Engine, daemon: RealSupervisord) -> None:
    before = _cpu_ticks(daemon.pid)
    run_one(engine, Verb.STOP, key("stubborn"))
    assert (_cpu_ticks(daemon.pid) - before) / os.sysconf("SC_CLK_TCK") < 1.0


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


# --- restart --------------------------------------------------------------------------------------------------------


def test_restart_is_done_when_a_new_pid_runs(engine: Engine, daemon: RealSupervisord) -> None:
    before = witness(daemon, "web")["pid"]
    outcome = run_one(engine, Verb.RESTART, key("web"))
    assert outcome.kind is OutcomeKind.DONE
    assert outcome.pid_before == before
    assert outcome.pid_after == witness(daemon, "web")["pid"] != before


def test_restart_of_a_stopped_process_is_skipped_with_its_state(engine: Engine) -> None:
    outcome = run_one(engine, Verb.RESTART, key("idle"))
    assert outcome.kind is OutcomeKind.SKIPPED
    assert "not running" in outcome.detail


def test_restart_is_refused_when_the_process_was_restarted_after_the_question(
    engine: Engine, daemon: RealSupervisord
) -> None:
    plan = make_plan(Verb.RESTART, [key("web")], engine.picture, time.monotonic())
    os.kill(witness(daemon, "web")["pid"], signal.SIGKILL)
    wait_until(
        lambda: witness(daemon, "web")["pid"] not in (0, plan.steps[0].pid), what="supervisord to revive it"
    )
    pid = witness(daemon, "web")["pid"]
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 30).outcomes[key("web")]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert "since you asked" in outcome.detail
    assert witness(daemon, "web")["pid"] == pid


def test_a_stop_of_a_supervisord_that_freezes_is_unknown_and_settled_when_it_thaws(
    engine: Engine, daemon: RealSupervisord, state_dir: Path
) -> None:
    plan = make_plan(Verb.STOP, [key("stubborn")], engine.picture, time.monotonic())
    number = engine.submit(plan, Tier.TYPED)
    path = state_dir / "journal.jsonl"
    wait_until(lambda: path.exists() and "intent" in path.read_text(), what="the stop to be sent")
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        job = engine.wait_job(number, 60)
        assert job.outcomes[key("stubborn")].kind is OutcomeKind.UNKNOWN
        assert engine.picture.hosts["h"].state is HostState.TIMEOUT
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    wait_until(
        lambda: engine.jobs[0].outcomes[key("stubborn")].kind is OutcomeKind.DONE,
        seconds=90,
        what="a later read to settle it",
    )
    assert witness(daemon, "stubborn")["statename"] == "STOPPED"


def test_a_frozen_supervisord_is_sent_nothing(engine: Engine, daemon: RealSupervisord) -> None:
    before = witness(daemon, "web")["pid"]
    plan = make_plan(Verb.RESTART, [key("web")], engine.picture, time.monotonic())
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 60).outcomes[key("web")]
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert "does not answer" in outcome.detail
    assert witness(daemon, "web")["pid"] == before


# --- signals, logs, stdin -------------------------------------------------------------------------------------------


def test_a_signal_is_done_when_supervisord_took_it(engine: Engine, daemon: RealSupervisord) -> None:
    before = witness(daemon, "web")["pid"]
    assert run_one(engine, Verb.SIGNAL, key("web"), argument="KILL").kind is OutcomeKind.DONE
    wait_until(lambda: witness(daemon, "web")["pid"] != before, what="the signal to end it")


def test_an_unknown_signal_is_failed_in_words(engine: Engine) -> None:
    outcome = run_one(engine, Verb.SIGNAL, key("web"), argument="NONSENSE")
    assert outcome.kind is OutcomeKind.FAILED
    assert "no signal" in outcome.detail


def test_text_reaches_standard_input_and_is_journalled_by_its_length_only(
    engine: Engine, daemon: RealSupervisord, state_dir: Path
) -> None:
    assert run_one(engine, Verb.STDIN, key("reader"), argument="hunter2\n").kind is OutcomeKind.DONE
    proxy = daemon.proxy.supervisor
    wait_until(
        lambda: "got hunter2" in str(proxy.readProcessStdoutLog("reader", 0, 100)), what="the text to arrive"
    )
    assert "hunter2" not in (state_dir / "journal.jsonl").read_text()


def test_clearing_logs_empties_them(engine: Engine, daemon: RealSupervisord) -> None:
    run_one(engine, Verb.STDIN, key("reader"), argument="x\n")
    proxy = daemon.proxy.supervisor
    wait_until(lambda: proxy.readProcessStdoutLog("reader", 0, 100) != "", what="a log")
    assert run_one(engine, Verb.CLEAR_LOGS, key("reader")).kind is OutcomeKind.DONE
    assert proxy.readProcessStdoutLog("reader", 0, 100) == ""


def test_clearing_logs_of_a_stopped_process_is_not_called_done(engine: Engine) -> None:
    outcome = run_one(engine, Verb.CLEAR_LOGS, key("idle"))
    assert outcome.kind is OutcomeKind.FAILED


# --- groups, hosts, jobs --------------------------------------------------------------------------------------------


def test_restarting_a_host_takes_what_runs_and_leaves_the_rest(
    engine: Engine, daemon: RealSupervisord
) -> None:
    job = run_job(engine, Verb.RESTART, [ProcessKey("h")])
    kinds = {k.name: outcome.kind for k, outcome in job.outcomes.items()}
    assert kinds["web"] is kinds["pool_03"] is OutcomeKind.DONE
    assert kinds["idle"] is kinds["oneshot"] is OutcomeKind.SKIPPED
    assert witness(daemon, "idle")["statename"] == "STOPPED"


def test_stop_all_remembers_and_start_all_brings_back_just_that(
    engine: Engine, daemon: RealSupervisord
) -> None:
    run_one(engine, Verb.START, key("idle"))
    run_one(engine, Verb.STOP, key("web"))
    run_job(engine, Verb.STOP, [ProcessKey("h")])
    wait_state(engine, key("pool_00", "pool"), "STOPPED")
    run_job(engine, Verb.START, [ProcessKey("h")], recall=True)
    assert witness(daemon, "idle")["statename"] == "RUNNING"
    assert witness(daemon, "web")["statename"] == "STOPPED"
    assert engine.remembered("h") == frozenset()


def test_what_was_stopped_is_still_known_after_we_were_restarted(
    daemon: RealSupervisord, state_dir: Path
) -> None:
    with watched({"h": daemon}, state_dir=state_dir) as first:
        run_job(first, Verb.STOP, [ProcessKey("h")])
    with watched({"h": daemon}, state_dir=state_dir) as second:
        assert key("web") in second.remembered("h")


def test_a_rolling_restart_stops_after_the_allowed_failures(daemon: RealSupervisord, state_dir: Path) -> None:
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        keys = [key("broken"), key("idle"), key("oneshot")]
        job = run_job(engine, Verb.START, keys, pace=Pace(batch=1, max_failed=1))
    assert [job.outcomes[k].kind for k in keys] == [
        OutcomeKind.FAILED,
        OutcomeKind.SKIPPED,
        OutcomeKind.SKIPPED,
    ]
    assert witness(daemon, "idle")["statename"] == "STOPPED"


def test_a_failing_canary_ends_the_job(engine: Engine, daemon: RealSupervisord) -> None:
    job = run_job(engine, Verb.START, [key("broken"), key("idle")], pace=Pace(canary=True))
    assert job.outcomes[key("idle")].kind is OutcomeKind.SKIPPED
    assert witness(daemon, "idle")["statename"] == "STOPPED"


def test_cancelling_a_job_leaves_alone_what_has_not_begun(engine: Engine, daemon: RealSupervisord) -> None:
    keys = [key("stubborn"), key("web")]
    plan = make_plan(Verb.STOP, keys, engine.picture, time.monotonic())
    number = engine.submit(plan, Tier.TYPED)
    wait_until(lambda: bool(engine.jobs[0].running), what="the first stop to begin")
    engine.cancel(number)
    job = engine.wait_job(number, 30)
    assert job.outcomes[keys[0]].kind is OutcomeKind.DONE
    assert job.outcomes[keys[1]].kind is OutcomeKind.SKIPPED
    assert witness(daemon, "web")["statename"] == "RUNNING"


def test_retry_takes_only_what_failed(engine: Engine) -> None:
    first = run_job(engine, Verb.START, [key("broken"), key("idle")])
    plan = follow_up(FollowUp.RETRY, first, engine.picture, time.monotonic())
    again = engine.wait_job(engine.submit(plan, Tier.TYPED), 30)
    assert set(again.outcomes) == {key("broken")}


def test_what_a_job_stopped_is_started_again_and_nothing_else(
    engine: Engine, daemon: RealSupervisord
) -> None:
    stopped = run_job(engine, Verb.STOP, [key("web"), key("idle")])
    plan = follow_up(FollowUp.UNDO, stopped, engine.picture, time.monotonic())
    engine.wait_job(engine.submit(plan, Tier.TYPED), 30)
    assert witness(daemon, "web")["statename"] == "RUNNING"
    assert witness(daemon, "idle")["statename"] == "STOPPED"


def test_a_process_that_does_not_stay_up_ends_a_rolling_restart(tmp_path: Path, state_dir: Path) -> None:
    programs = (
        "[program:dies]\ncommand=sh -c 'sleep 2; exit 3'\nstartsecs=1\nautorestart=false\nautostart=false\n"
        "[program:lives]\ncommand=sleep 1000\nstartsecs=1\nautostart=false\n"
    )
    keys = [key("dies"), key("lives")]
    with running_supervisord(programs) as daemon, watched({"h": daemon}, state_dir=state_dir) as engine:
        job = run_job(engine, Verb.START, keys, pace=Pace(batch=1, max_failed=1, settle=4))
        assert job.outcomes[keys[0]].kind is OutcomeKind.FAILED
        assert "did not stay up: EXITED" in job.outcomes[keys[0]].detail
        assert "exit code 3" in job.outcomes[keys[0]].detail
        assert job.outcomes[keys[1]].kind is OutcomeKind.SKIPPED
        resumed = follow_up(FollowUp.RESUME, job, engine.picture, time.monotonic())
        again = engine.wait_job(engine.submit(resumed, Tier.TYPED), 30)
        assert list(again.outcomes) == [keys[1]]
        assert again.outcomes[keys[1]].kind is OutcomeKind.DONE
        assert "still up after 4 s" in again.outcomes[keys[1]].detail


# --- refusals -------------------------------------------------------------------------------------------------------


def test_a_read_only_run_refuses_in_the_engine(daemon: RealSupervisord) -> None:
    with watched({"h": daemon}, read_only=True) as engine:
        plan = make_plan(Verb.STOP, [key("web")], engine.picture, time.monotonic())
        with pytest.raises(RefusedError, match="read-only"):
            engine.submit(plan, Tier.TYPED)
        answer = engine.preview_update(["h"]).result(10)["h"]
    assert isinstance(answer, RefusedError)
    assert witness(daemon, "web")["statename"] == "RUNNING"


def test_a_host_that_is_read_only_by_configuration_refuses(daemon: RealSupervisord) -> None:
    daemons = {"h": daemon}
    with watched(daemons, settings=settings_for(daemons, read_only=True)) as engine:
        plan = make_plan(Verb.STOP, [key("web")], engine.picture, time.monotonic())
        with pytest.raises(RefusedError, match="read-only"):
            engine.submit(plan, Tier.TYPED)


def test_a_plan_that_was_not_confirmed_firmly_enough_is_refused(engine: Engine) -> None:
    plan = make_plan(Verb.STOP, [ProcessKey("h")], engine.picture, time.monotonic())
    with pytest.raises(RefusedError, match="confirmed"):
        engine.submit(plan, Tier.DO)


def test_a_host_that_went_away_is_not_executed(daemon: RealSupervisord) -> None:
    with watched({"h": daemon}) as engine:
        plan = make_plan(Verb.RESTART, [key("web")], engine.picture, time.monotonic())
        daemon.stop()
        outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 30).outcomes[key("web")]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert outcome.detail


# --- supervisord itself ---------------------------------------------------------------------------------------------


def test_restarting_supervisord_names_what_did_not_come_back(engine: Engine, daemon: RealSupervisord) -> None:
    run_one(engine, Verb.START, key("idle"))
    outcome = run_one(engine, Verb.DAEMON_RESTART, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.DONE
    assert "idle:idle" in outcome.detail
    assert "web:web" not in outcome.detail
    assert witness(daemon, "web")["statename"] == "RUNNING"


def test_supervisord_with_broken_files_is_not_restarted(engine: Engine, daemon: RealSupervisord) -> None:
    pid = witness(daemon, "web")["pid"]
    daemon.write_config("[program:web]\nnumprocs=many\n")
    outcome = run_one(engine, Verb.DAEMON_RESTART, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.FAILED
    assert "not restarted" in outcome.detail
    assert witness(daemon, "web")["pid"] == pid


def test_shutdown_is_done_when_nothing_listens_any_more(engine: Engine, daemon: RealSupervisord) -> None:
    outcome = run_one(engine, Verb.DAEMON_SHUTDOWN, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.DONE
    assert daemon.process is not None
    daemon.process.wait(timeout=10)


def test_an_update_applies_added_changed_and_removed_groups(engine: Engine, daemon: RealSupervisord) -> None:
    pid = witness(daemon, "web")["pid"]
    other = daemon.programs.replace(
        "command=sleep 1000\nstartsecs=0\nstopwaitsecs=3", "command=sleep 2000\nstartsecs=0"
    )
    removed = other[: other.index("[program:reader]")]
    daemon.write_config(removed + "[program:newcomer]\ncommand=sleep 1000\nstartsecs=0\n")
    shown = engine.preview_update(["h"]).result(10)["h"]
    assert shown == Reread(("newcomer",), ("web",), ("reader",))
    outcome = run_one(engine, Verb.UPDATE, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.DONE
    names = {row["name"] for row in daemon.proxy.supervisor.getAllProcessInfo()}  # type: ignore[union-attr,index,call-overload]
    assert "newcomer" in names
    assert "reader" not in names
    wait_until(lambda: witness(daemon, "web")["pid"] not in (0, pid), what="web to run with its new settings")


def test_what_crashes_after_a_reread_is_not_called_our_doing(engine: Engine, daemon: RealSupervisord) -> None:
    run_job(engine, Verb.REREAD, [ProcessKey("h")])
    os.kill(witness(daemon, "web")["pid"], signal.SIGKILL)
    wait_until(lambda: bool(engine.timeline.of(key("web"))), what="the crash to be seen")
    assert not any(change.ours for change in engine.timeline.of(key("web")))


def test_changed_files_are_told_of_by_themselves_where_a_setting_says_so(daemon: RealSupervisord) -> None:
    settings = Settings(
        {"h": HostSettings("h", daemon.endpoint, user=daemon.user, poll=0.3, check_drift=0.2)}
    )
    with watched({"h": daemon}, settings=settings) as engine:
        daemon.write_config(daemon.programs.replace("[program:idle]", "[program:idler]"))
        wait_until(lambda: "idler" in engine.picture.hosts["h"].drift, what="the drift to be seen")
        assert engine.picture.hosts["h"].drift == "stop and remove idle; add idler"
        run_job(engine, Verb.DAEMON_RESTART, [ProcessKey("h")])
        wait_until(lambda: engine.picture.hosts["h"].drift == "", what="the sign to go with the restart")


def test_a_read_only_host_is_never_made_to_read_its_files(daemon: RealSupervisord) -> None:
    settings = Settings({"h": HostSettings("h", daemon.endpoint, user=daemon.user, check_drift=0.2)})
    with watched({"h": daemon}, settings=settings, read_only=True) as engine:
        daemon.write_config(daemon.programs.replace("[program:idle]", "[program:idler]"))
        polled = engine.picture.hosts["h"].tried_at or 0.0
        wait_until(lambda: (engine.picture.hosts["h"].tried_at or 0.0) > polled + 2, what="two polls more")
        assert engine.picture.hosts["h"].drift == ""


def test_an_update_that_differs_from_what_was_shown_is_not_executed(
    engine: Engine, daemon: RealSupervisord
) -> None:
    daemon.write_config(PROGRAMS + "[program:one]\ncommand=sleep 1000\n")
    engine.preview_update(["h"]).result(10)
    daemon.write_config(PROGRAMS + "[program:two]\ncommand=sleep 1000\n")
    outcome = run_one(engine, Verb.UPDATE, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    names = {row["name"] for row in daemon.proxy.supervisor.getAllProcessInfo()}  # type: ignore[union-attr,index,call-overload]
    assert not names & {"one", "two"}


def test_reread_tells_and_changes_nothing(engine: Engine, daemon: RealSupervisord) -> None:
    daemon.write_config(PROGRAMS + "[program:one]\ncommand=sleep 1000\n")
    outcome = run_one(engine, Verb.REREAD, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.DONE
    assert "add one" in outcome.detail


def test_reread_of_broken_files_is_failed_with_supervisords_words(
    engine: Engine, daemon: RealSupervisord
) -> None:
    daemon.write_config("[program:web]\nnumprocs=many\n")
    outcome = run_one(engine, Verb.REREAD, ProcessKey("h"))
    assert outcome.kind is OutcomeKind.FAILED
    assert "many" in outcome.detail


# --- the journal ----------------------------------------------------------------------------------------------------


def test_every_action_is_journalled_with_its_intent_and_its_outcome(engine: Engine, state_dir: Path) -> None:
    run_one(engine, Verb.RESTART, key("web"))
    intent, outcome = journal(state_dir)
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert intent["id"] == outcome["id"]
    assert intent["who"]["uid"] == os.getuid()
    assert intent["pid"] != outcome["pid"]
    assert outcome["outcome"] == "DONE"
    assert (state_dir / "journal.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_restart_cut_short_by_our_own_death_is_reported_at_the_next_start(
    daemon: RealSupervisord, state_dir: Path
) -> None:
    """A child process begins a restart of the stubborn program and is killed before supervisord has answered."""
    child = os.fork()
    if child == 0:
        with watched({"h": daemon}, state_dir=state_dir) as engine:
            plan = make_plan(Verb.RESTART, [key("stubborn")], engine.picture, time.monotonic())
            engine.submit(plan, Tier.TYPED)
            signal.pause()
        os._exit(0)
    path = state_dir / "journal.jsonl"
    wait_until(lambda: witness(daemon, "stubborn")["statename"] == "STOPPING", what="supervisord to begin")
    assert "intent" in path.read_text()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    wait_until(lambda: witness(daemon, "stubborn")["statename"] == "STOPPED", what="supervisord to end it")
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        assert engine.interrupted == (key("stubborn"),)
        assert run_one(engine, Verb.START, key("stubborn")).kind is OutcomeKind.DONE
        assert not engine.interrupted
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        assert not engine.interrupted


def test_leaving_finishes_a_pending_restart_first(daemon: RealSupervisord, state_dir: Path) -> None:
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        before = process(engine, key("stubborn")).pid
        plan = make_plan(Verb.RESTART, [key("stubborn")], engine.picture, time.monotonic())
        engine.submit(plan, Tier.TYPED)
    after = witness(daemon, "stubborn")
    assert after["statename"] == "RUNNING"
    assert after["pid"] != before
