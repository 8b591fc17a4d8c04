"""The pictures of all jobs of this run: what they were asked, and which outcomes are known.

Who comes in: the jobs, with each outcome. What leaves: immutable `JobPicture`s. The rule: every change is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tui.engine.acting.job_picture import JobPicture
from tui.errors import NoMatchError
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Step
from tui.model.states import OutcomeKind


class JobPictures:
    """As many as there were jobs, newest first. Belongs to the engine's loop."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.all: tuple[JobPicture, ...] = ()
        """Newest first."""
        self._changed = changed

    def begin(self, plan: Plan, now: float) -> int:
        """The picture of a new job, whose skipped steps have their outcomes; its number. Tell of it by `changed`."""
        number = len(self.all) + 1
        skipped = {
            step.key: Outcome(step.key, OutcomeKind.SKIPPED, step.skip) for step in plan.steps if step.skip
        }
        self.all = (JobPicture(number, plan, now, outcomes=MappingProxyType(skipped)), *self.all)
        return number

    def of(self, number: int) -> JobPicture:
        """The job with this number. Raises NoMatchError."""
        for job in self.all:
            if job.number == number:
                return job
        raise NoMatchError(f"there is no job {number}")

    def take(self, number: int, *outcomes: Outcome) -> None:
        """These are known now."""
        known = {**self.of(number).outcomes, **{outcome.key: outcome for outcome in outcomes}}
        self.update(number, outcomes=MappingProxyType(known))

    def skip(self, number: int, steps: Iterable[Step], reason: str) -> None:
        """These will not be done."""
        self.take(
            number,
            *(Outcome(step.key, OutcomeKind.SKIPPED, reason, state_before=step.state) for step in steps),
        )

    def update(self, number: int, **changes: Any) -> None:  # noqa: ANN401  (the fields of JobPicture)
        """Another picture of this job."""
        self.all = tuple(replace(job, **changes) if job.number == number else job for job in self.all)
        self._changed()
