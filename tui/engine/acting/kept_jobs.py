"""The last jobs that left something to follow up, kept across runs: a small private JSON file.

Who comes in: ended jobs. Who leaves: the same, as far as `follow_up` needs them. The rule: what a later job has acted on is
no longer an earlier one's to follow up. Several running programs share the file; each reads it again before it writes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tui.engine.acting.follow_up import failed, may_be_undone, rest
from tui.engine.acting.job_picture import JobPicture
from tui.engine.json_file import read_json, write_json
from tui.model.outcome import Outcome
from tui.model.pace import Pace
from tui.model.plan import HOST_VERBS, Plan, Step, Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState
from tui.text import clean

FILE_NAME = "jobs.json"
MOST = 20


@dataclass(frozen=True, slots=True)
class KeptJob:
    """A job of this run or an earlier one."""

    run: str
    """Tells the runs of the program apart; a job's number is its own run's."""
    ended: float
    """Our wall clock."""
    job: JobPicture
    """With its acting steps and their outcomes; its times are not kept."""


class KeptJobs:
    """The newest `MOST` jobs with something to follow up."""

    def __init__(
        self, state_dir: Path | None, *, complain: Callable[[str], None] = lambda sentence: None
    ) -> None:
        """No directory: nothing is kept."""
        self._path = None if state_dir is None else state_dir / FILE_NAME
        self._complain = complain
        self._run = f"{time.time_ns()}-{os.getpid()}"

    def load(self) -> tuple[KeptJob, ...]:
        """Newest first. A file that cannot be read is said, and is none."""
        if self._path is None:
            return ()
        try:
            return tuple(_from_json(entry) for entry in read_json(self._path)["jobs"])
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._complain(f"{self._path} cannot be read: what earlier jobs left is no longer known")
            return ()

    def keep(self, job: JobPicture) -> None:
        """Take in a job that has ended; what it acted on leaves the earlier ones."""
        if self._path is None or job.plan.verb in HOST_VERBS:
            return
        acted = {step.key for step in job.plan.acting}.difference(rest(job))
        mine = KeptJob(self._run, time.time(), job)
        earlier = self.load()
        others = [
            replace(one, job=_without(one.job, acted))
            for one in earlier
            if (one.run, one.job.number) != (mine.run, job.number)
        ]
        kept = [one for one in (mine, *others) if worth_keeping(one.job)][:MOST]
        if not kept and not earlier:
            return
        try:
            write_json(self._path, {"schema": 1, "jobs": [_to_json(one) for one in kept]})
        except OSError as error:
            self._complain(f"{self._path} cannot be written: {error.strerror}")


def worth_keeping(job: JobPicture) -> bool:
    """Whether something failed, was left out, or could be brought back."""
    return bool(rest(job) or failed(job) or may_be_undone(job))


def _without(job: JobPicture, keys: Iterable[ProcessKey]) -> JobPicture:
    gone = frozenset(keys)
    if gone.isdisjoint(job.outcomes):
        return job
    steps = tuple(step for step in job.plan.steps if step.key not in gone)
    outcomes = {key: outcome for key, outcome in job.outcomes.items() if key not in gone}
    return replace(job, plan=replace(job.plan, steps=steps), outcomes=MappingProxyType(outcomes))


def _to_json(kept: KeptJob) -> dict[str, Any]:
    job = kept.job
    return {
        "run": kept.run,
        "ended": kept.ended,
        "job": job.number,
        "verb": job.plan.verb.value,
        "argument": job.plan.argument,
        "scope": job.plan.scope,
        "pace": asdict(job.plan.pace),
        "targets": [
            [*outcome.key, outcome.kind.value, _name(outcome.state_before), _name(outcome.state_after)]
            for outcome in (job.outcomes[step.key] for step in job.plan.acting if step.key in job.outcomes)
        ],
    }


def _from_json(entry: dict[str, Any]) -> KeptJob:
    outcomes = {}
    for host, group, name, kind, before, after in entry["targets"]:
        key = ProcessKey(str(host), str(group), str(name))
        outcomes[key] = Outcome(
            key, OutcomeKind(kind), state_before=_state(before), state_after=_state(after)
        )
    plan = Plan(
        Verb(entry["verb"]),
        tuple(Step(key, clean(key.address)) for key in outcomes),
        argument=str(entry["argument"]),
        scope=str(entry["scope"]),
        pace=Pace(**entry["pace"]),
    )
    job = JobPicture(int(entry["job"]), plan, 0.0, 0.0, outcomes=MappingProxyType(outcomes))
    return KeptJob(str(entry["run"]), float(entry["ended"]), job)


def _name(state: ProcessState | None) -> str | None:
    return None if state is None else state.name


def _state(name: str | None) -> ProcessState | None:
    return None if name is None else ProcessState[name]
