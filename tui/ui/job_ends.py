"""Jobs that have ended: each is told of once, in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tui.model.states import OutcomeKind
from tui.ui.widgets.job_words import job_title
from tui.ui.widgets.ticker import Severity

if TYPE_CHECKING:  # jobs are imported with the first of them
    from tui.engine.acting.jobs import JobPicture


class JobEnds:
    """Which ends were told."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def new(self, jobs: Sequence[JobPicture]) -> Iterator[JobPicture]:
        """Those of the jobs, newest first, that have ended and were not told of before; the oldest first."""
        for job in reversed(jobs):
            if job.finished and job.number not in self._told:
                self._told.add(job.number)
                yield job


def job_sentence(job: JobPicture) -> tuple[str, Severity]:
    """What became of a job, in one sentence, and how grave that is."""
    title = f"job {job.number} {job_title(job.plan)}"
    if job.failed:
        bad = next(o for o in job.outcomes.values() if o.kind not in (OutcomeKind.DONE, OutcomeKind.SKIPPED))
        if job.total == 1:
            return f"{title}: {bad.kind.value.replace('_', ' ')} — {bad.detail}", "error"
        return f"{title}: {job.failed} of {job.total} failed; J shows each", "error"
    if job.note:
        return f"{title}: {job.note}", "warning"
    if job.cancelled:
        return f"{title}: cancelled after {job.done} of {job.total}", "warning"
    only = next(iter(job.outcomes.values()), None) if job.total == 1 else None
    detail = f" — {only.detail}" if only is not None and only.detail else ""
    return f"{title}: done{detail}", "good"
