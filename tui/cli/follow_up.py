"""`retry`, `resume`, `undo`: what may follow the last job that left something, also one of an earlier run."""

from __future__ import annotations

import time
from datetime import datetime

import click

from tui.cli.act import consent_options, lines_option, run_plan
from tui.cli.invocation import Invocation, narrate, watching
from tui.config.paths import usable_state_dir
from tui.engine.acting.follow_up import FollowUp, failed, follow_up, may_be_undone, rest
from tui.engine.acting.kept_jobs import KeptJob, KeptJobs
from tui.errors import NoMatchError
from tui.text import clean

_LEFT = {
    FollowUp.RETRY: (failed, "{} failed", "no job that is remembered has failed anywhere"),
    FollowUp.RESUME: (rest, "{} not begun", "no job that is remembered has left anything not begun"),
    FollowUp.UNDO: (may_be_undone, "{} changed", "no job that is remembered has stopped or started anything"),
}


def _command(what: FollowUp, doc: str) -> click.Command:
    @click.command(what.name.lower(), help=doc)
    @lines_option
    @consent_options
    @click.pass_obj
    def command(invocation: Invocation, /, yes: bool, dry_run: bool, as_json: bool, as_lines: bool) -> int:
        kept = _last(what)
        job = kept.job
        narrate(_words(what, kept))
        hosts = {step.key.host for step in job.plan.steps}
        with watching(invocation, lambda host: host in hosts, keeps_history=True) as engine:
            plan = follow_up(what, job, engine.picture, time.monotonic())
            dark = any(not engine.picture.hosts[host].fresh for host in hosts & engine.picture.hosts.keys())
            return run_plan(
                engine, plan, yes=yes, dry_run=dry_run, as_json=as_json, as_lines=as_lines, unreadable=dark
            )

    return command


def _last(what: FollowUp) -> KeptJob:
    """The newest that left something of this kind. Raises NoMatchError."""
    left, _, nothing = _LEFT[what]
    for kept in KeptJobs(usable_state_dir(narrate), complain=narrate).load():
        if left(kept.job):
            return kept
    raise NoMatchError(nothing, "what a later job has acted on since is not an earlier one's any more")


def _words(what: FollowUp, kept: KeptJob) -> str:
    """'restart of web-*/celery, ended 2026-11-25 14:02: 5 not begun'."""
    left, words, _ = _LEFT[what]
    when = datetime.fromtimestamp(kept.ended).astimezone().strftime("%Y-%m-%d %H:%M")
    plan = kept.job.plan
    return f"{plan.verb} of {clean(plan.scope)}, ended {when}: {words.format(len(left(kept.job)))}"


retry = _command(FollowUp.RETRY, "Try again what failed in the last job that left something.")
resume = _command(
    FollowUp.RESUME, "Take up what the last job that left something had not begun, at its pace."
)
undo = _command(FollowUp.UNDO, "Start again what the last job stopped, or stop what it started.")
