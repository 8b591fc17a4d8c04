"""`start`, `stop`, `restart`, `signal`: a frozen plan, a question, a job, one outcome per target."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import click

from tui.cli.exit_codes import ExitCode, code_for_outcomes
from tui.cli.invocation import Invocation, host_filter, narrate, watching
from tui.cli.output import action_document, counts_document, outcome_document, outcome_table, print_json
from tui.cli.selection import Selection
from tui.engine.acting.jobs import JobPicture
from tui.engine.engine import Engine
from tui.errors import NoMatchError, RefusedError, UsageError
from tui.model.outcome import Outcome
from tui.model.pace import Pace, in_batches, settle_seconds
from tui.model.plan import Plan, Verb, make_plan, plan_summary, plan_words
from tui.model.policy import Judgement, Tier
from tui.model.process import ProcessKey

CLEARED = "\r\x1b[K"

Command = TypeVar("Command", bound=Callable[..., object])


def consent_options(command: Command) -> Command:
    """The options of everything that changes something."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON document (schema 1)."),
        click.option("--dry-run", is_flag=True, help="Print the plan and change nothing."),
        click.option("-y", "--yes", is_flag=True, help="Do not ask; needed where there is no terminal."),
    ):
        command = option(command)
    return command


def lines_option(command: Command) -> Command:
    """For what may take long."""
    return click.option(
        "--json-lines",
        "as_lines",
        is_flag=True,
        help="One JSON object a line: each outcome as it comes, at last the counts.",
    )(command)


def _process_options(command: Command) -> Command:
    for option in (
        lines_option,
        click.option("--no-wait", is_flag=True, help="An accepted request is enough."),
        click.option(
            "--max-failed", type=click.IntRange(0), default=0, help="Begin nothing more after N failures."
        ),
        click.option(
            "--settle",
            default="",
            metavar="DURATION",
            help="What was started counts as done when it still runs after so long.",
        ),
        click.option("--canary", is_flag=True, help="The first one alone; the others only when it is done."),
        click.option(
            "--batch", default="", metavar="N|P%", help="So many at a time; the next when these are done."
        ),
        click.option("--select", default="", metavar="QUERY", help="Only what this filter selects."),
    ):
        command = option(command)
    return consent_options(command)


def _act(
    invocation: Invocation,
    verb: Verb,
    targets: tuple[str, ...],
    *,
    select: str,
    batch: str,
    canary: bool,
    settle: str,
    max_failed: int,
    no_wait: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    as_lines: bool,
    argument: str = "",
) -> int:
    if not targets and not select:
        raise UsageError(
            f"{verb} needs a target", f"'supervisor-tui {verb} HOST/GROUP:NAME', or --select QUERY"
        )
    selection = Selection.parse(targets, select)
    if settle and no_wait:
        raise UsageError("--settle waits and --no-wait does not", "leave one of them out")
    pace = Pace(max_failed=max_failed, wait=not no_wait, canary=canary, settle=settle_seconds(settle))
    pace = in_batches(pace, batch)
    with watching(invocation, host_filter(targets), keeps_history=True) as engine:
        monotonic = time.monotonic()
        picture = engine.picture
        rows = selection.rows(picture, monotonic)
        keys = selection.keys(picture, monotonic)
        count = sum(map(len, rows.values()))
        dark = [host for host in rows if not picture.hosts[host].fresh]
        for host in dark:
            narrate(f"{host} cannot be read: {picture.hosts[host].problem}")
        if not count:
            raise NoMatchError(
                "none of the hosts that were named could be read", "`supervisor-tui check` says why"
            )
        plan = make_plan(
            verb,
            keys,
            picture,
            monotonic,
            argument=argument,
            recall={host: engine.remembered(host) for host in rows},
            pace=pace,
            scope=" ".join(targets) or select,
        )
        return run_plan(
            engine,
            plan,
            yes=yes,
            dry_run=dry_run,
            as_json=as_json,
            as_lines=as_lines,
            unreadable=bool(dark),
        )


def run_plan(
    engine: Engine,
    plan: Plan,
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    as_lines: bool = False,
    unreadable: bool = False,
) -> int:
    """Show, ask, run and report a plan; the exit code. Raises RefusedError when policy or the user says no."""
    judgement = engine.policy.judge(plan, engine.picture, time.monotonic())
    if judgement.refusal:
        raise RefusedError(judgement.refusal, judgement.advice)
    if dry_run:
        _print_plan(plan)
        return ExitCode.OK
    if plan.acting and not yes:
        ask(plan, judgement)
    number = engine.submit(plan, Tier.TYPED)
    picture = _follow(engine, number, _print_line if as_lines else None)
    shown = {step.key: step.shown for step in plan.steps}
    outcomes = list(picture.outcomes.values())
    if as_lines:
        print_json(counts_document(plan.verb, number, outcomes), one_line=True)
    elif as_json:
        print_json(action_document(plan.verb, number, outcomes))
    else:
        click.echo(outcome_table([(shown.get(o.key, o.key.address), o) for o in outcomes]))
    if picture.note:
        narrate(picture.note)
    return code_for_outcomes(outcomes, unreadable)


def ask(plan: Plan, judgement: Judgement) -> None:
    """The question of the plan's tier, on a terminal; without one, or without a yes, RefusedError."""
    if not sys.stdin.isatty():
        raise RefusedError(f"{plan_words(plan)}: not confirmed", "there is no terminal to ask on; use --yes")
    for line in plan_summary(plan):
        narrate(line)
    if judgement.tier is Tier.TYPED:
        answer = click.prompt(f"Type {judgement.typed} to go on", default="", show_default=False, err=True)
        if answer.strip() != judgement.typed:
            raise RefusedError("not confirmed", "nothing was done")
    elif not click.confirm(f"{plan_words(plan)}?", default=False, err=True):
        raise RefusedError("not confirmed", "nothing was done")


def _follow(engine: Engine, number: int, tell: Callable[[Outcome], None] | None) -> JobPicture:
    """Wait for the job, with a line of progress on a terminal; ctrl-c cancels what has not begun.

    `tell` hears each outcome once, as it comes; one that is settled later is told as it was first.
    """
    told: set[ProcessKey] = set()
    try:
        while True:
            picture = engine.wait_job(number, 0.25)
            if sys.stderr.isatty():
                _overwrite(_progress(picture))
            for key, outcome in picture.outcomes.items() if tell else ():
                if tell and key not in told:
                    told.add(key)
                    tell(outcome)
            if picture.finished:
                if sys.stderr.isatty():
                    _overwrite(CLEARED)
                return picture
    except KeyboardInterrupt:
        engine.cancel(number)
        narrate("\ncancelled: what has begun is finished first")
        raise


def _progress(picture: JobPicture) -> str:
    """What overwrites itself on a terminal: done, running, waiting, failed."""
    waiting = picture.total - picture.done - len(picture.running)
    counts = f"{picture.done}/{picture.total} done, {len(picture.running)} running, {waiting} waiting"
    return f"{CLEARED}{counts}, {picture.failed} failed "


def _overwrite(text: str) -> None:
    with contextlib.suppress(OSError):  # the terminal is gone; the job is not
        sys.stderr.write(text)
        sys.stderr.flush()


def _print_line(outcome: Outcome) -> None:
    print_json(outcome_document(outcome), one_line=True)


def _print_plan(plan: Plan) -> None:
    click.echo(plan_words(plan))
    for step in plan.steps:
        shown = "" if step.key.is_host else step.shown
        state = f"{step.state.name}" if step.state is not None else ""
        action = f"skip ({step.skip})" if step.skip else str(plan.verb)
        click.echo("  " + "  ".join(filter(None, (step.key.host, shown, state, action))))


def _process_command(verb: Verb, doc: str) -> click.Command:
    @click.command(str(verb), help=doc)
    @click.argument("targets", nargs=-1)
    @_process_options
    @click.pass_obj
    def command(invocation: Invocation, /, targets: tuple[str, ...], **options: object) -> int:
        return _act(invocation, verb, targets, **options)  # type: ignore[arg-type]

    return command


start = _process_command(Verb.START, "Start the TARGETS (HOST/GROUP:NAME, globs allowed) that do not run.")
stop = _process_command(Verb.STOP, "Stop the TARGETS (HOST/GROUP:NAME, globs allowed) that run.")
restart = _process_command(Verb.RESTART, "Restart the TARGETS (HOST/GROUP:NAME, globs allowed) that run.")


@click.command()
@click.argument("signal_name", metavar="SIGNAL")
@click.argument("targets", nargs=-1)
@_process_options
@click.pass_obj
def signal(invocation: Invocation, /, signal_name: str, targets: tuple[str, ...], **options: object) -> int:
    """Send SIGNAL (HUP, USR1, 15 …) to the TARGETS that have a process."""
    return _act(invocation, Verb.SIGNAL, targets, argument=signal_name, **options)  # type: ignore[arg-type]


@click.command()
@click.argument("line")
@click.argument("targets", nargs=-1)
@_process_options
@click.pass_obj
def send(invocation: Invocation, /, line: str, targets: tuple[str, ...], **options: object) -> int:
    """Send LINE, and a line feed, to the standard input of the TARGETS that have a process."""
    return _act(invocation, Verb.STDIN, targets, argument=f"{line}\n", **options)  # type: ignore[arg-type]
