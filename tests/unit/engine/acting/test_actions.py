"""The order of an action's steps, and what is made of every way in which one of them can fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tui.engine.acting.actions import act_on_process
from tui.engine.acting.program_limits import ProgramLimits
from tui.engine.journal import FILE_NAME
from tui.errors import FaultCode
from tui.model.outcome import Outcome
from tui.model.pace import Pace
from tui.model.plan import Verb
from tui.model.process import Process, ProcessKey
from tui.model.states import OutcomeKind, ProcessState
from tui.rpc.answers import ProgramConfig

from ..scripted import KEY, Clock, ScriptedSupervisor, no, plan_of, scene_of, timed_out

DONE, FAILED, NOT_EXECUTED, UNKNOWN, SKIPPED = (
    OutcomeKind.DONE,
    OutcomeKind.FAILED,
    OutcomeKind.NOT_EXECUTED,
    OutcomeKind.UNKNOWN,
    OutcomeKind.SKIPPED,
)


@pytest.fixture(autouse=True)
def unhurried_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between two readings cost nothing: the scripted clock moves by itself."""
    yield_once = asyncio.sleep

    async def sleep(seconds: float) -> None:
        await yield_once(0)

    monkeypatch.setattr("tui.engine.acting.evidence.asyncio.sleep", sleep)


@pytest.fixture
def host() -> ScriptedSupervisor:
    return ScriptedSupervisor(Clock())


async def act(
    host: ScriptedSupervisor,
    verb: Verb,
    *,
    argument: str = "",
    directory: Path | None = None,
    wait: bool = True,
    settle: float = 0.0,
) -> Outcome:
    plan = replace(plan_of(host, verb, argument=argument), pace=Pace(settle=settle))
    return await act_on_process(scene_of(host, directory, wait=wait), plan, plan.steps[0])


# --- before the commit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "method", "state"),
    [
        (Verb.START, "start", "STOPPED"),
        (Verb.STOP, "stop", "RUNNING"),
        (Verb.RESTART, "stop+start", "RUNNING"),
    ],
)
async def test_what_fails_before_its_last_byte_is_not_executed_and_not_sent_again(
    verb: Verb, method: str, state: str
) -> None:
    host = ScriptedSupervisor(Clock(), state)
    host.fails[method] = [timed_out(committed=False)]
    outcome = await act(host, verb)
    assert outcome.kind is NOT_EXECUTED
    assert outcome.detail.startswith("not sent")
    assert host.sent == []


async def test_a_host_that_cannot_be_read_first_is_sent_nothing(host: ScriptedSupervisor) -> None:
    plan = plan_of(host, Verb.RESTART)
    host.unreadable = True
    outcome = await act_on_process(scene_of(host), plan, plan.steps[0])
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == []


async def test_a_process_that_is_gone_since_is_not_executed(host: ScriptedSupervisor) -> None:
    plan = plan_of(host, Verb.STOP)
    host.groups.remove("web")
    outcome = await act_on_process(scene_of(host), plan, plan.steps[0])
    assert outcome.kind is NOT_EXECUTED
    assert "no longer there" in outcome.detail


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.RESTART, Verb.SIGNAL, Verb.STDIN])
async def test_another_run_than_the_one_that_was_confirmed_is_left_alone(
    host: ScriptedSupervisor, verb: Verb
) -> None:
    plan = plan_of(host, verb, argument="HUP")
    host.runs()
    outcome = await act_on_process(scene_of(host), plan, plan.steps[0])
    assert outcome.kind is NOT_EXECUTED
    assert "since you asked" in outcome.detail
    assert host.sent == []


@pytest.mark.parametrize("verb", [Verb.SIGNAL, Verb.STDIN])
async def test_a_signal_or_text_never_reaches_the_run_after_the_one_that_was_confirmed(
    host: ScriptedSupervisor, verb: Verb
) -> None:
    plan = plan_of(host, verb, argument="KILL")
    host.runs("STARTING")
    outcome = await act_on_process(scene_of(host), plan, plan.steps[0])
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == []


async def test_a_program_that_keeps_crashing_can_be_restarted_though_its_pid_moves_on(
    host: ScriptedSupervisor,
) -> None:
    plan = plan_of(host, Verb.RESTART)
    host.runs("STARTING")
    outcome = await act_on_process(scene_of(host), plan, plan.steps[0])
    assert outcome.kind is DONE


@pytest.mark.parametrize(
    ("verb", "then"), [(Verb.START, "RUNNING"), (Verb.STOP, "EXITED"), (Verb.RESTART, "FATAL")]
)
async def test_what_is_so_already_is_skipped_in_words(verb: Verb, then: str) -> None:
    host = ScriptedSupervisor(Clock(), "STOPPED" if verb is Verb.START else "RUNNING")
    plan = plan_of(host, verb)
    if then == "RUNNING":
        host.runs()
    else:
        host.ends(then)
    outcome = await act_on_process(scene_of(host), plan, plan.steps[0])
    assert outcome.kind is SKIPPED
    assert then in outcome.detail
    assert host.sent == []


async def test_a_required_journal_that_cannot_be_written_keeps_the_request_from_being_sent(
    host: ScriptedSupervisor, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).mkdir()
    scene = scene_of(host, tmp_path)
    scene.journal.required = True
    plan = plan_of(host, Verb.STOP)
    outcome = await act_on_process(scene, plan, plan.steps[0])
    assert outcome.kind is NOT_EXECUTED
    assert "journal" in outcome.detail
    assert host.sent == []


async def test_the_intent_is_on_the_disk_before_the_request_runs(
    host: ScriptedSupervisor, tmp_path: Path
) -> None:
    seen: list[str] = []

    def look_then_run() -> None:
        seen.append((tmp_path / FILE_NAME).read_text())
        host.ends()
        host.runs()

    host.does["stop+start"] = look_then_run
    await act(host, Verb.RESTART, directory=tmp_path)
    (line,) = seen[0].splitlines()
    assert json.loads(line)["kind"] == "intent"
    assert json.loads(line)["pid"] == 100
    assert len((tmp_path / FILE_NAME).read_text().splitlines()) == 2


# --- start ----------------------------------------------------------------------------------------------------------


async def test_start_is_done_only_when_it_runs_and_not_while_it_starts() -> None:
    host = ScriptedSupervisor(Clock(), "STOPPED")
    host.does["start"] = lambda: host.runs("STARTING")
    scene = scene_of(host)
    plan = plan_of(host, Verb.START)
    acting = asyncio.ensure_future(act_on_process(scene, plan, plan.steps[0]))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not acting.done()
    host.runs()
    assert (await acting).kind is DONE


async def test_start_that_ends_fatal_is_failed_with_supervisords_reason() -> None:
    host = ScriptedSupervisor(Clock(), "FATAL")
    host.does["start"] = lambda: host.runs("FATAL", pid=0, spawnerr="Exited too quickly")
    outcome = await act(host, Verb.START)
    assert outcome.kind is FAILED
    assert "Exited too quickly" in outcome.detail


async def test_start_that_is_still_being_retried_at_the_deadline_is_failed() -> None:
    host = ScriptedSupervisor(Clock(0.5), "STOPPED")
    host.does["start"] = lambda: host.runs("BACKOFF", pid=0, spawnerr="Exited too quickly")
    outcome = await act(host, Verb.START)
    assert outcome.kind is FAILED
    assert "BACKOFF" in outcome.detail


@pytest.mark.parametrize("code", [FaultCode.SPAWN_ERROR, FaultCode.ABNORMAL_TERMINATION])
async def test_a_start_that_supervisord_tries_again_is_followed_to_what_it_comes_to(code: FaultCode) -> None:
    host = ScriptedSupervisor(Clock(), "STOPPED")

    def fail_at_first() -> None:
        host.runs("BACKOFF", pid=0, spawnerr="Exited too quickly")
        raise no(code)

    host.does["start"] = fail_at_first
    scene = scene_of(host)
    plan = plan_of(host, Verb.START)
    acting = asyncio.ensure_future(act_on_process(scene, plan, plan.steps[0]))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not acting.done()
    host.runs()
    assert (await acting).kind is DONE


async def test_start_of_a_one_shot_that_has_ended_well_is_done() -> None:
    host = ScriptedSupervisor(Clock(), "STOPPED")

    def run_through() -> None:
        host.runs()
        host.ends("EXITED")

    host.does["start"] = run_through
    outcome = await act(host, Verb.START)
    assert outcome.kind is DONE
    assert outcome.state_after is ProcessState.EXITED


async def test_start_of_a_one_shot_that_has_ended_badly_is_failed() -> None:
    host = ScriptedSupervisor(Clock(), "STOPPED")

    def run_through() -> None:
        host.runs()
        host.ends("EXITED", exitstatus=3, spawnerr="Bad exit code 3")

    host.does["start"] = run_through
    outcome = await act(host, Verb.START)
    assert outcome.kind is FAILED
    assert "3" in outcome.detail


async def test_a_start_that_somebody_else_was_quicker_with_is_done() -> None:
    host = ScriptedSupervisor(Clock(), "STOPPED")

    host.fails["start"] = [no(FaultCode.ALREADY_STARTED)]
    plan = plan_of(host, Verb.START)
    scene = scene_of(host)
    acting = asyncio.ensure_future(act_on_process(scene, plan, plan.steps[0]))
    await asyncio.sleep(0)
    host.runs()
    assert (await acting).kind is DONE


async def test_an_answer_of_true_that_starts_nothing_is_no_success() -> None:
    host = ScriptedSupervisor(Clock(0.5), "STOPPED")
    host.does["start"] = lambda: None
    outcome = await act(host, Verb.START)
    assert outcome.kind is FAILED
    assert "STOPPED" in outcome.detail


async def test_a_program_may_take_as_long_to_start_as_its_own_settings_say() -> None:
    slow = ProgramConfig(*KEY[1:], startsecs=300, startretries=3)
    assert ProgramLimits([slow]).start_seconds(KEY) >= 300


# --- stop -----------------------------------------------------------------------------------------------------------


async def test_stop_refused_because_it_has_ended_by_itself_is_done(host: ScriptedSupervisor) -> None:
    host.fails["stop"] = [no(FaultCode.NOT_RUNNING)]
    plan = plan_of(host, Verb.STOP)
    acting = asyncio.ensure_future(act_on_process(scene_of(host), plan, plan.steps[0]))
    await asyncio.sleep(0)
    host.ends("EXITED")
    assert (await acting).kind is DONE


async def test_a_stop_whose_answer_is_lost_is_settled_by_reading(host: ScriptedSupervisor) -> None:
    host.fails["stop"] = [timed_out(committed=True)]
    outcome = await act(host, Verb.STOP)
    assert outcome.kind is DONE
    assert host.sent == ["stop"]


async def test_a_stop_whose_answer_is_lost_and_that_never_ran_is_not_executed() -> None:
    host = ScriptedSupervisor(Clock(0.5))
    host.fails["stop"] = [timed_out(committed=True)]
    host.does["stop"] = lambda: None
    outcome = await act(host, Verb.STOP)
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == ["stop"]


async def test_a_stop_after_which_nothing_can_be_read_is_unknown() -> None:
    host = ScriptedSupervisor(Clock(0.5))
    host.fails["stop"] = [timed_out(committed=True)]

    def freeze() -> None:
        host.unreadable = True

    host.does["stop"] = freeze
    outcome = await act(host, Verb.STOP)
    assert outcome.kind is UNKNOWN
    assert host.sent == ["stop"]


# --- another supervisord --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.RESTART])
async def test_what_another_supervisord_shows_does_not_prove_that_a_run_has_ended(
    host: ScriptedSupervisor, verb: Verb
) -> None:
    """The old supervisord was killed before it did anything; the new one knows nothing of what still runs."""
    request = "stop" if verb is Verb.STOP else "stop+start"
    host.fails[request] = [timed_out(committed=True)]

    def killed_and_started_anew() -> None:
        host.daemon_pid += 1
        host.ends()
        if verb is Verb.RESTART:
            host.runs()

    host.does[request] = killed_and_started_anew
    outcome = await act(host, verb)
    assert outcome.kind is FAILED
    assert "pid 100 may still run" in outcome.detail


async def test_a_start_that_only_the_old_supervisord_could_tell_of_is_not_called_not_executed() -> None:
    host = ScriptedSupervisor(Clock(0.5), "STOPPED", start_ago=0)
    host.fails["start"] = [timed_out(committed=True)]

    def killed_and_started_anew() -> None:
        host.daemon_pid += 1

    host.does["start"] = killed_and_started_anew
    outcome = await act(host, Verb.START)
    assert outcome.kind is FAILED
    assert "nobody can tell" in outcome.detail


async def test_nothing_is_sent_to_a_supervisord_that_does_not_say_which_one_it_is(
    host: ScriptedSupervisor,
) -> None:
    """It answered a moment ago; without its pid a lost answer could be settled by another one's word."""

    async def pid() -> int:
        raise timed_out(committed=True)

    host.pid = pid  # type: ignore[method-assign]
    assert (await act(host, Verb.STOP)).kind is NOT_EXECUTED
    assert not host.sent


async def test_a_lost_answer_is_unknown_while_nobody_says_which_supervisord_answers(
    host: ScriptedSupervisor,
) -> None:
    host.fails["stop"] = [timed_out(committed=True)]
    asked = []

    async def pid() -> int:
        asked.append(host.clock.now)
        if len(asked) > 1:
            raise timed_out(committed=True)
        return 1000

    host.pid = pid  # type: ignore[method-assign]
    assert (await act(host, Verb.STOP)).kind is UNKNOWN


# --- restart --------------------------------------------------------------------------------------------------------


async def test_restart_sends_one_request_and_is_done_when_a_new_pid_runs(host: ScriptedSupervisor) -> None:
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is DONE
    assert (outcome.pid_before, outcome.pid_after) == (100, 1)
    assert host.sent == ["stop+start"]


async def test_restart_after_which_the_old_pid_still_runs_is_not_called_done() -> None:
    host = ScriptedSupervisor(Clock(0.5))
    host.does["stop+start"] = lambda: None
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is FAILED
    assert host.sent == ["stop+start"]


async def test_restart_whose_answer_is_lost_with_the_old_pid_still_there_is_not_executed() -> None:
    host = ScriptedSupervisor(Clock(0.5))
    host.fails["stop+start"] = [timed_out(committed=True)]
    host.does["stop+start"] = lambda: None
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == ["stop+start"]


async def test_restart_cut_after_its_stop_is_finished_with_a_start(host: ScriptedSupervisor) -> None:
    host.fails["stop+start"] = [timed_out(committed=True)]
    host.does["stop+start"] = host.ends
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is DONE
    assert outcome.state_after is ProcessState.RUNNING
    assert host.sent == ["stop+start", "start"]


async def test_restart_whose_start_was_swallowed_by_somebody_elses_stop_is_finished_with_a_start(
    host: ScriptedSupervisor,
) -> None:
    host.does["stop+start"] = host.ends
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is DONE
    assert host.sent == ["stop+start", "start"]


async def test_restart_that_somebody_stopped_again_afterwards_is_not_started_against_his_will() -> None:
    host = ScriptedSupervisor(Clock(0.5))

    def restart_then_stop() -> None:
        host.ends()
        host.runs()
        host.ends()

    host.does["stop+start"] = restart_then_stop
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is FAILED
    assert host.sent == ["stop+start"]


async def test_restart_of_a_one_shot_whose_answer_is_lost_does_not_run_it_twice(
    host: ScriptedSupervisor,
) -> None:
    def run_through() -> None:
        host.ends()
        host.runs()
        host.ends("EXITED")

    host.fails["stop+start"] = [timed_out(committed=True)]
    host.does["stop+start"] = run_through
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is DONE
    assert host.sent == ["stop+start"]


async def test_restart_whose_start_is_refused_says_that_the_process_stands_still(
    host: ScriptedSupervisor,
) -> None:
    def stop_only() -> tuple[object, object]:
        host.ends()
        return True, no(FaultCode.NO_FILE)

    host.does["stop+start"] = stop_only
    outcome = await act(host, Verb.RESTART)
    assert outcome.kind is FAILED
    assert "stopped" in outcome.detail
    assert outcome.state_after is ProcessState.STOPPED


async def test_restart_without_waiting_is_done_when_it_was_accepted(host: ScriptedSupervisor) -> None:
    assert (await act(host, Verb.RESTART, wait=False)).kind is DONE


# --- signals --------------------------------------------------------------------------------------------------------


async def test_a_signal_is_done_when_supervisord_took_it_and_says_what_it_saw(
    host: ScriptedSupervisor,
) -> None:
    host.does["signal TERM"] = lambda: host.ends("EXITED")
    outcome = await act(host, Verb.SIGNAL, argument="TERM")
    assert outcome.kind is DONE
    assert "TERM" in outcome.detail
    assert "EXITED" in outcome.detail


async def test_a_signal_whose_answer_is_lost_is_unknown_and_not_sent_again(host: ScriptedSupervisor) -> None:
    host.fails["signal HUP"] = [timed_out(committed=True)]
    outcome = await act(host, Verb.SIGNAL, argument="HUP")
    assert outcome.kind is UNKNOWN
    assert host.sent == ["signal HUP"]


async def test_a_fault_is_failed_and_shows_the_state_it_left(host: ScriptedSupervisor) -> None:
    host.fails["signal HUP"] = [no(FaultCode.NOT_RUNNING)]
    host.does["signal HUP"] = lambda: None
    outcome = await act(host, Verb.SIGNAL, argument="HUP")
    assert outcome.kind is FAILED
    assert outcome.state_after is ProcessState.RUNNING


# --- staying up -----------------------------------------------------------------------------------------------------


class Later(ScriptedSupervisor):
    """Something happens to the new run a while after it came up."""

    def __init__(self, what: Callable[[ScriptedSupervisor], object], after: float = 3.0) -> None:
        super().__init__(Clock())
        self.what = what
        self.at = 0.0
        self.after = after

    async def process(self, key: ProcessKey) -> Process:
        row = await super().process(key)
        if row.pid != 100 and row.state is ProcessState.RUNNING:
            self.at = self.at or self.clock.now + self.after
            if self.clock.now > self.at:
                self.what(self)
                self.what = lambda _host: None
        return row


@pytest.mark.parametrize("verb", [Verb.RESTART, Verb.SIGNAL])
async def test_what_stays_up_for_the_settling_time_is_done(host: ScriptedSupervisor, verb: Verb) -> None:
    began = host.clock.now
    outcome = await act(host, verb, argument="HUP", settle=20)
    assert outcome.kind is DONE
    assert ("still up after 20 s" in outcome.detail) == (verb is Verb.RESTART)
    assert (host.clock.now - began > 20) == (verb is Verb.RESTART)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda host: host.ends("EXITED", exitstatus=3), "EXITED after"),
        (lambda host: host.ends("BACKOFF", spawnerr="Exited too quickly"), "Exited too quickly"),
        (lambda host: host.runs(), "RUNNING after"),
    ],
    ids=["it ends", "it is being retried", "another run took its place"],
)
async def test_what_does_not_stay_up_is_failed_and_written_down_as_such(
    what: Callable[[ScriptedSupervisor], object], words: str, tmp_path: Path
) -> None:
    outcome = await act(Later(what), Verb.RESTART, settle=20, directory=tmp_path)
    assert outcome.kind is FAILED
    assert "it did not stay up" in outcome.detail
    assert words in outcome.detail
    records = [json.loads(line) for line in (tmp_path / FILE_NAME).read_text().splitlines()]
    assert [record.get("outcome") for record in records] == [None, "DONE", "FAILED"]


async def test_what_cannot_be_read_at_the_end_of_the_settling_time_is_unknown() -> None:
    def vanish(host: ScriptedSupervisor) -> None:
        host.unreadable = True

    outcome = await act(Later(vanish), Verb.RESTART, settle=20)
    assert outcome.kind is UNKNOWN
