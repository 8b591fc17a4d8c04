"""What only the list of jobs has."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import Action, Scope, Section, action

_on_jobs = partial(action, scopes=(Scope.JOBS,), screen="jobs:JobsScreen")

ON_JOBS: tuple[Action, ...] = (
    _on_jobs(
        "job-cancel",
        "c",
        "Cancel",
        "Begin nothing more of this job.",
        section=Section.ACT,
        word="cancel",
        footer=10,
    ),
    _on_jobs(
        "job-retry",
        "r",
        "Retry failed",
        "A new job with what failed; asks.",
        section=Section.ACT,
        word="retry",
        footer=11,
    ),
    _on_jobs(
        "job-resume",
        "R",
        "Resume the rest",
        "A new job with what this one has not begun.",
        section=Section.ACT,
        dangerous=True,
        word="resume",
        footer=12,
    ),
    _on_jobs(
        "job-undo",
        "U",
        "Undo",
        "Start what the job stopped, or stop what it started.",
        section=Section.ACT,
        dangerous=True,
        word="undo",
        footer=13,
    ),
    _on_jobs(
        "job-copy",
        "y",
        "Copy failed",
        "Copy the failed targets.",
        section=Section.LOOK,
        word="copy failed",
        footer=20,
    ),
    _on_jobs("job-newer", "<", "Newer job", "The job after this one.", section=Section.LOOK),
    _on_jobs("job-older", ">", "Older job", "The job before this one.", section=Section.LOOK),
)
