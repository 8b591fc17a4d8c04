"""Acting on supervisord itself, on a scripted one: what is asked in which order, and what each failure is called."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tui.engine.acting.daemon_actions import act_on_host
from tui.engine.journal import FILE_NAME, Journal
from tui.errors import Cause, FaultCode, WireError
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
from tui.rpc.answers import Reread

from ..scripted import Clock, ScriptedSupervisor, no, plan_of, scene_of, timed_out

DONE, FAILED, NOT_EXECUTED, UNKNOWN = (
    OutcomeKind.DONE,
    OutcomeKind.FAILED,
    OutcomeKind.NOT_EXECUTED,
    OutcomeKind.UNKNOWN,
)
HOST = ProcessKey("h")
CHANGES = Reread(added=("new",), changed=("web",), removed=("old",))


@pytest.fixture(autouse=True)
def unhurried_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between two readings cost nothing: the scripted clock moves by itself."""
    yield_once = asyncio.sleep

    async def sleep(seconds: float) -> None:
        await yield_once(0)

    monkeypatch.setattr("tui.engine.acting.daemon_actions.asyncio.sleep", sleep)


@pytest.fixture
def host() -> ScriptedSupervisor:
    host = ScriptedSupervisor(Clock(0.5))
    host.groups = ["web", "old"]
    return host


async def act(
    host: ScriptedSupervisor, verb: Verb, *, directory: Path | None = None, shown: Reread | None = None
) -> Outcome:
    plan = plan_of(host, verb, HOST)
    return await act_on_host(scene_of(host, directory), plan, plan.steps[0], shown)


# --- update ---------------------------------------------------------------------------------------------------------


async def test_an_update_removes_then_changes_then_adds(host: ScriptedSupervisor) -> None:
    host.files = CHANGES
    outcome = await act(host, Verb.UPDATE, shown=CHANGES)
    assert outcome.kind is DONE
    assert host.sent == [
        "reread",
        "stopProcessGroup old",
        "remove old",
        "stopProcessGroup web",
        "remove web",
        "add web",
        "add new",
    ]


async def test_an_update_that_is_not_the_one_that_was_shown_changes_nothing(host: ScriptedSupervisor) -> None:
    host.files = CHANGES
    outcome = await act(host, Verb.UPDATE, shown=Reread(added=("new",)))
    assert outcome.kind is NOT_EXECUTED
    assert "web" in outcome.detail
    assert host.sent == ["reread"]


async def test_an_update_of_broken_files_changes_nothing_and_quotes_supervisord(
    host: ScriptedSupervisor,
) -> None:
    host.fails["reread"] = [no(FaultCode.CANT_REREAD)]
    outcome = await act(host, Verb.UPDATE)
    assert outcome.kind is FAILED
    assert "CANT_REREAD" in outcome.detail
    assert host.sent == ["reread"]


async def test_an_update_that_stops_half_way_says_how_far_it_came(host: ScriptedSupervisor) -> None:
    host.files = CHANGES
    host.fails["remove web"] = [no(FaultCode.STILL_RUNNING)]
    outcome = await act(host, Verb.UPDATE)
    assert outcome.kind is FAILED
    assert "removed old" in outcome.detail
    assert "still runs" in outcome.detail
    assert "add new" not in host.sent


async def test_an_update_whose_connection_goes_half_way_is_failed_and_says_how_far_it_came(
    host: ScriptedSupervisor,
) -> None:
    host.files = CHANGES
    host.fails["stopProcessGroup web"] = [timed_out(committed=False)]
    outcome = await act(host, Verb.UPDATE)
    assert outcome.kind is FAILED
    assert "removed old" in outcome.detail


async def test_an_update_whose_files_could_not_be_checked_is_not_executed(host: ScriptedSupervisor) -> None:
    host.fails["reread"] = [timed_out(committed=True)]
    outcome = await act(host, Verb.UPDATE)
    assert outcome.kind is NOT_EXECUTED
    assert "not sent" in outcome.detail


async def test_a_group_that_cannot_be_added_again_is_named(host: ScriptedSupervisor) -> None:
    host.files = Reread(changed=("web",))
    host.fails["add web"] = [no(FaultCode.FAILED)]
    outcome = await act(host, Verb.UPDATE)
    assert outcome.kind is FAILED
    assert "web was removed and could not be added again" in outcome.detail


async def test_a_death_between_remove_and_add_is_told_at_the_next_start(
    host: ScriptedSupervisor, tmp_path: Path
) -> None:
    """What the journal holds at that moment is given to a later run."""
    host.files = Reread(changed=("web",))
    held: list[str] = []
    host.does["add web"] = lambda: held.append((tmp_path / FILE_NAME).read_text())
    await act(host, Verb.UPDATE, directory=tmp_path)
    (tmp_path / FILE_NAME).write_text(_of_the_dead(held[0]))
    said: list[str] = []
    later = Journal(tmp_path, complain=said.append)
    assert not later.interrupted
    (sentence,) = said
    assert "group web" in sentence
    assert "update h once more" in sentence
    later.settle([HOST], "updated")
    said.clear()
    Journal(tmp_path, complain=said.append)
    assert not said


async def test_an_update_that_came_to_its_end_leaves_nothing_to_tell(
    host: ScriptedSupervisor, tmp_path: Path
) -> None:
    host.files = Reread(changed=("web",))
    await act(host, Verb.UPDATE, directory=tmp_path)
    (tmp_path / FILE_NAME).write_text(_of_the_dead((tmp_path / FILE_NAME).read_text()))
    said: list[str] = []
    Journal(tmp_path, complain=said.append)
    assert not said


def _of_the_dead(journal: str) -> str:
    """The same lines, written by a process that has ended."""
    records = [json.loads(line) for line in journal.splitlines()]
    return "".join(json.dumps({**record, "instance": "999999999/1"}) + "\n" for record in records)


# --- supervisord's restart ------------------------------------------------------------------------------------------


async def test_a_restart_of_supervisord_checks_its_files_first(host: ScriptedSupervisor) -> None:
    host.does["restart"] = host.runs
    outcome = await act(host, Verb.DAEMON_RESTART)
    assert outcome.kind is DONE
    assert host.sent == ["reread", "restart"]


async def test_broken_files_keep_supervisord_from_being_restarted(host: ScriptedSupervisor) -> None:
    host.fails["reread"] = [no(FaultCode.CANT_REREAD)]
    outcome = await act(host, Verb.DAEMON_RESTART)
    assert outcome.kind is FAILED
    assert "not restarted" in outcome.detail
    assert host.sent == ["reread"]


async def test_files_that_could_not_be_checked_keep_supervisord_from_being_restarted(
    host: ScriptedSupervisor,
) -> None:
    host.fails["reread"] = [timed_out(committed=True)]
    outcome = await act(host, Verb.DAEMON_RESTART)
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == ["reread"]


async def test_a_restart_that_was_not_sent_after_the_check_is_not_executed(host: ScriptedSupervisor) -> None:
    host.fails["restart"] = [timed_out(committed=False)]
    outcome = await act(host, Verb.DAEMON_RESTART)
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == ["reread"]


async def test_a_supervisord_that_never_comes_back_is_unknown(host: ScriptedSupervisor) -> None:
    def vanish() -> None:
        host.unreadable = True

    host.does["restart"] = vanish
    outcome = await act(host, Verb.DAEMON_RESTART)
    assert outcome.kind is UNKNOWN


async def test_what_ran_and_does_not_come_back_is_named(host: ScriptedSupervisor) -> None:
    def come_back_without() -> None:
        host.groups = ["old"]
        host.runs()

    host.does["restart"] = come_back_without
    outcome = await act(host, Verb.DAEMON_RESTART)
    assert outcome.kind is DONE
    assert "do not run now: web" in outcome.detail


async def test_rows_from_before_prove_nothing_when_the_host_goes_away_again(host: ScriptedSupervisor) -> None:
    """It answers once after the restart and is silent from then on: nothing is said about what runs."""
    scene = scene_of(host)
    polls = 0

    async def poll() -> object:
        nonlocal polls
        polls += 1
        host.unreadable = polls > 2
        return host.snapshot()

    host.does["restart"] = host.runs
    object.__setattr__(scene, "poll", poll)
    plan = plan_of(host, Verb.DAEMON_RESTART, HOST)
    outcome = await act_on_host(scene, plan, plan.steps[0], None)
    assert outcome.kind is UNKNOWN
    assert "restarted" in outcome.detail


# --- shutdown -------------------------------------------------------------------------------------------------------


def silent(cause: Cause, *, committed: bool) -> WireError:
    return WireError(cause, "no answer", committed=committed)


async def test_shutdown_is_done_when_nothing_listens_any_more(host: ScriptedSupervisor) -> None:
    host.fails["getState"] = [
        no(FaultCode.SHUTDOWN_STATE),
        silent(Cause.PROTOCOL, committed=True),
        silent(Cause.REFUSED, committed=False),
    ]
    outcome = await act(host, Verb.DAEMON_SHUTDOWN)
    assert outcome.kind is DONE
    assert host.sent.count("getState") == 3


async def test_shutdown_of_a_supervisord_that_still_answers_is_failed(host: ScriptedSupervisor) -> None:
    outcome = await act(host, Verb.DAEMON_SHUTDOWN)
    assert outcome.kind is FAILED
    assert "still answers" in outcome.detail


@pytest.mark.parametrize("error", [silent(Cause.TIMEOUT, committed=True), silent(Cause.DNS, committed=False)])
async def test_shutdown_of_a_host_that_can_no_longer_be_asked_is_unknown(
    host: ScriptedSupervisor, error: WireError
) -> None:
    host.fails["getState"] = [error] * 1000
    outcome = await act(host, Verb.DAEMON_SHUTDOWN)
    assert outcome.kind is UNKNOWN
    assert "no answer" in outcome.detail


async def test_a_shutdown_that_was_not_sent_is_not_executed(host: ScriptedSupervisor) -> None:
    host.fails["shutdown"] = [timed_out(committed=False)]
    outcome = await act(host, Verb.DAEMON_SHUTDOWN)
    assert outcome.kind is NOT_EXECUTED
    assert host.sent == []
