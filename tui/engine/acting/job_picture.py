"""One job at one time: what a screen shows of it, and the words for what the user should do next.

Immutable; `jobs` makes a new one whenever something moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tui.model.outcome import Outcome
from tui.model.plan import HOST_VERBS, LEAVES_A_TRACE, Plan, Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind

RETRIED = frozenset({OutcomeKind.FAILED, OutcomeKind.NOT_EXECUTED, OutcomeKind.UNKNOWN})
"""What has not come to what was asked, and may be tried again."""


@dataclass(frozen=True)
class JobPicture:
    """One job at one time."""

    number: int
    plan: Plan
    started_at: float
    """Our monotonic clock, as is `finished_at`."""
    finished_at: float | None = None
    outcomes: Mapping[ProcessKey, Outcome] = field(default_factory=dict)
    """In the order in which the targets ended."""
    running: frozenset[ProcessKey] = frozenset()
    cancelled: bool = False
    note: str = ""
    """What the outcomes do not say by themselves; no keys: a script reads it too."""

    @property
    def total(self) -> int:
        return len(self.plan.steps)

    @property
    def done(self) -> int:
        """How many targets have their outcome."""
        return len(self.outcomes)

    @property
    def failed(self) -> int:
        """How many did not come to what was asked: FAILED, NOT EXECUTED and UNKNOWN."""
        return sum(outcome.kind in RETRIED for outcome in self.outcomes.values())

    @property
    def finished(self) -> bool:
        return self.finished_at is not None


def hosts_not_begun(job: JobPicture) -> frozenset[str]:
    """Hosts on which something that was to be acted on has never been: cancelled, given up, or not sent."""
    asked = (job.outcomes[step.key] for step in job.plan.acting)
    return frozenset(
        outcome.key.host
        for outcome in asked
        if outcome.kind is OutcomeKind.NOT_EXECUTED or never_begun(outcome)
    )


def never_begun(outcome: Outcome) -> bool:
    """Whether a target that was to be acted on was left out before its turn came: its state was not even read."""
    return outcome.kind is OutcomeKind.SKIPPED and outcome.state_after is None


def note(job: JobPicture) -> str:
    """What the outcomes do not say by themselves; no keys: a script reads it too."""
    if any(outcome.kind is OutcomeKind.UNKNOWN for outcome in job.outcomes.values()):
        if job.plan.verb in HOST_VERBS:
            return "what is UNKNOWN was sent and not seen to end; look at the host itself"
        if job.plan.verb not in LEAVES_A_TRACE:
            return "what is UNKNOWN was sent, and nothing that can be read tells whether it was done"
        return "what is UNKNOWN was sent and not seen to end; it is settled as soon as its host answers"
    if job.plan.verb is Verb.DAEMON_RESTART and any(
        "do not run now" in outcome.detail for outcome in job.outcomes.values()
    ):
        return "not everything that ran came back: start it again (autostart may be off in its program file)"
    return ""
