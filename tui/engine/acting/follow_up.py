"""What may follow a job: what failed is tried again, the rest is taken up, what it changed is brought back.

Who comes in: a job as it ended and how the fleet is now. What leaves: a new `Plan`, to be asked about and submitted like
any other, so that what was confirmed is what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from tui.engine.acting.job_picture import RETRIED, JobPicture, never_begun
from tui.errors import RefusedError
from tui.model.fleet import FleetPicture
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Verb, make_plan
from tui.model.process import ProcessKey
from tui.model.states import RUNNING_STATES, STOPPED_STATES, ProcessState


class FollowUp(Enum):
    """What is wanted of an ended job, with the word for its scope and what is said when there is nothing."""

    RETRY = "failed in", "nothing to try again: nothing of job {} failed"
    RESUME = "not begun in", "nothing to take up: job {} left nothing that it had not begun"
    UNDO = (
        "changed by",
        "nothing to bring back: job {} neither stopped nor started anything that stands so now",
    )


def follow_up(what: FollowUp, job: JobPicture, picture: FleetPicture, monotonic: float) -> Plan:
    """The plan for it, on how things are now. Raises RefusedError while the job runs and when there is nothing to do."""
    if not job.finished:
        raise RefusedError(f"job {job.number} still runs", "wait for its end, or cancel it")
    verb, keys_of = job.plan.verb, _KEYS[what]
    if what is FollowUp.UNDO:
        verb = _OPPOSITE.get(verb, verb)
    keys = tuple(keys_of(job, picture))
    words, nothing = what.value
    if not keys:
        raise RefusedError(nothing.format(job.number))
    return make_plan(
        verb,
        keys,
        picture,
        monotonic,
        argument=job.plan.argument,
        pace=job.plan.pace,
        scope=f"{words} job {job.number}",
    )


def failed(job: JobPicture) -> tuple[ProcessKey, ...]:
    """What did not come to what was asked, in the plan's order."""
    return tuple(key for key, outcome in _acted(job) if outcome.kind in RETRIED)


def rest(job: JobPicture) -> tuple[ProcessKey, ...]:
    """What was to be acted on and has never been, in the plan's order: cancelled, given up after failures, cut off."""
    return tuple(key for key, outcome in _acted(job) if never_begun(outcome))


def may_be_undone(job: JobPicture) -> tuple[ProcessKey, ...]:
    """What it stopped, or started, in the plan's order; whether that still stands is not known here."""
    old, new = RUNNING_STATES, STOPPED_STATES
    match _OPPOSITE.get(job.plan.verb):
        case None:
            return ()
        case Verb.STOP:
            old, new = new, old
    return tuple(
        key for key, outcome in _acted(job) if outcome.state_before in old and outcome.state_after in new
    )


_OPPOSITE = {Verb.STOP: Verb.START, Verb.RESTART: Verb.START, Verb.START: Verb.STOP}
"""A restart is undone where it left something stopped."""


def _undone(job: JobPicture, picture: FleetPicture) -> Iterator[ProcessKey]:
    """What the job stopped and nobody has started since, or the reverse."""
    for key in may_be_undone(job):
        process = picture.process(key)
        if process is not None and process.state in _same(job.outcomes[key].state_after):
            yield key


def _same(state: ProcessState | None) -> frozenset[ProcessState]:
    return STOPPED_STATES if state in STOPPED_STATES else RUNNING_STATES


def _acted(job: JobPicture) -> Iterator[tuple[ProcessKey, Outcome]]:
    for step in job.plan.acting:
        outcome = job.outcomes.get(step.key)
        if outcome is not None:
            yield step.key, outcome


_KEYS: dict[FollowUp, Callable[[JobPicture, FleetPicture], tuple[ProcessKey, ...] | Iterator[ProcessKey]]] = {
    FollowUp.RETRY: lambda job, _picture: failed(job),
    FollowUp.RESUME: lambda job, _picture: rest(job),
    FollowUp.UNDO: _undone,
}
