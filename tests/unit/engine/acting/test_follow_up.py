"""What may follow a job: which targets, by which verb, and what is said when there are none."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from tui.engine.acting.follow_up import FollowUp, follow_up
from tui.engine.acting.job_picture import JobPicture
from tui.errors import RefusedError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan
from tui.model.process import ProcessKey, process_from_wire
from tui.model.states import HostState, OutcomeKind, ProcessState

from ...model.fleets import picture

RUNNING, STOPPED = ProcessState.RUNNING, ProcessState.STOPPED
NAMES = ("a", "b", "c", "d")
PACE = Pace(batch=1, max_failed=1)


def fleet(**states: ProcessState) -> FleetPicture:
    rows = tuple(
        process_from_wire("h", name, name, state=states.get(name, RUNNING), pid=7, start=5) for name in NAMES
    )
    return picture(HostSnapshot("h", HostState.UP, processes=rows, read_at=1.0))


def key(name: str) -> ProcessKey:
    return ProcessKey("h", name, name)


def ended(verb: Verb, *outcomes: Outcome, before: FleetPicture | None = None) -> JobPicture:
    plan = make_plan(verb, [key(name) for name in NAMES], before or fleet(), 1.0, pace=PACE, argument="HUP")
    return JobPicture(
        3, plan, 0.0, 1.0, outcomes=MappingProxyType({outcome.key: outcome for outcome in outcomes})
    )


def outcome(name: str, kind: OutcomeKind, old: ProcessState | None, new: ProcessState | None) -> Outcome:
    return Outcome(key(name), kind, "", old, new)


STOPPING = (
    outcome("a", OutcomeKind.DONE, RUNNING, STOPPED),
    outcome("b", OutcomeKind.FAILED, RUNNING, RUNNING),
    outcome("c", OutcomeKind.SKIPPED, RUNNING, None),
    outcome("d", OutcomeKind.DONE, RUNNING, STOPPED),
)


@pytest.mark.parametrize(
    ("what", "verb", "names"),
    [
        (FollowUp.RETRY, Verb.STOP, ["b"]),
        (FollowUp.RESUME, Verb.STOP, ["c"]),
        (FollowUp.UNDO, Verb.START, ["a", "d"]),
    ],
)
def test_each_target_of_a_stop_is_followed_up_by_what_fits_how_it_ended(
    what: FollowUp, verb: Verb, names: list[str]
) -> None:
    plan = follow_up(what, ended(Verb.STOP, *STOPPING), fleet(a=STOPPED, d=STOPPED), 2.0)
    assert (plan.verb, [step.key.name for step in plan.acting]) == (verb, names)
    assert plan.pace == PACE
    assert "job 3" in plan.scope


def test_what_somebody_has_started_since_is_not_started_by_an_undo() -> None:
    plan = follow_up(FollowUp.UNDO, ended(Verb.STOP, *STOPPING), fleet(a=STOPPED), 2.0)
    assert [step.key.name for step in plan.steps] == ["a"]


def test_the_undo_of_a_start_stops_what_it_started() -> None:
    before = fleet(**dict.fromkeys(NAMES, STOPPED))
    started = ended(Verb.START, outcome("a", OutcomeKind.DONE, STOPPED, RUNNING), before=before)
    plan = follow_up(FollowUp.UNDO, started, fleet(), 2.0)
    assert (plan.verb, [step.key.name for step in plan.acting]) == (Verb.STOP, ["a"])


def test_the_undo_of_a_restart_starts_what_it_left_stopped() -> None:
    restarted = ended(
        Verb.RESTART,
        outcome("a", OutcomeKind.DONE, RUNNING, RUNNING),
        outcome("b", OutcomeKind.FAILED, RUNNING, STOPPED),
    )
    plan = follow_up(FollowUp.UNDO, restarted, fleet(b=STOPPED), 2.0)
    assert (plan.verb, [step.key.name for step in plan.acting]) == (Verb.START, ["b"])


@pytest.mark.parametrize("what", FollowUp)
def test_nothing_to_follow_is_said_with_the_job(what: FollowUp) -> None:
    signalled = ended(Verb.SIGNAL, outcome("a", OutcomeKind.DONE, RUNNING, RUNNING))
    with pytest.raises(RefusedError, match=r"nothing to .* job 3"):
        follow_up(what, signalled, fleet(), 2.0)


@pytest.mark.parametrize("what", FollowUp)
def test_a_job_that_still_runs_is_not_followed_up(what: FollowUp) -> None:
    running = replace(ended(Verb.STOP, *STOPPING), finished_at=None)
    with pytest.raises(RefusedError, match="still runs"):
        follow_up(what, running, fleet(a=STOPPED, d=STOPPED), 2.0)
