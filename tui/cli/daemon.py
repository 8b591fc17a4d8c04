"""`reread`, `update` and `daemon …`: supervisord itself, and its configuration."""

from __future__ import annotations

import time

import click

from tui.cli.act import consent_options, run_plan
from tui.cli.exit_codes import ExitCode, worst
from tui.cli.invocation import Invocation, narrate, watching
from tui.cli.output import print_json
from tui.engine.acting.daemon_actions import reread_words
from tui.errors import RefusedError, SupervisorTuiError, UsageError
from tui.model.plan import Verb, make_plan
from tui.model.process import ProcessKey
from tui.model.target import resolve_hosts
from tui.rpc.answers import Reread

_PREVIEW_SECONDS = 60.0


@click.command()
@click.argument("hosts", nargs=-1, required=True)
@consent_options
@click.pass_obj
def reread(invocation: Invocation, hosts: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool) -> int:
    """Let supervisord on HOSTS read its files again; nothing is started, stopped or added yet."""
    return _host_verb(invocation, Verb.REREAD, hosts, yes=yes, dry_run=dry_run, as_json=as_json)


@click.command()
@click.argument("hosts", nargs=-1, required=True)
@consent_options
@click.pass_obj
def update(invocation: Invocation, hosts: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool) -> int:
    """Apply changed program files on HOSTS. The plan is printed first; changed groups are restarted whole."""
    with watching(invocation, keeps_history=True) as engine:
        names = resolve_hosts(hosts, engine.picture)
        previews = engine.preview_update(names).result(_PREVIEW_SECONDS)
        failed = {host: answer for host, answer in previews.items() if isinstance(answer, SupervisorTuiError)}
        plans = {host: answer for host, answer in previews.items() if isinstance(answer, Reread)}
        for host, error in failed.items():
            narrate(f"{host}: {error}")
        if dry_run and as_json:
            print_json(
                {"schema": 1, "verb": str(Verb.UPDATE), "plan": [_plan_entry(h, r) for h, r in plans.items()]}
            )
        else:
            for host, answer in plans.items():
                (click.echo if dry_run else narrate)(f"{host}: {reread_words(answer)}")
        todo = [host for host, answer in plans.items() if answer.added or answer.changed or answer.removed]
        refused = worst(
            ExitCode.REFUSED if isinstance(error, RefusedError) else ExitCode.UNREADABLE
            for error in failed.values()
        )
        if dry_run or not todo:
            return refused
        plan = make_plan(
            Verb.UPDATE,
            [ProcessKey(host) for host in todo],
            engine.picture,
            time.monotonic(),
            scope=" ".join(hosts),
        )
        return max(refused, run_plan(engine, plan, yes=yes, dry_run=False, as_json=as_json))


def _plan_entry(host: str, plan: Reread) -> dict[str, object]:
    return {
        "host": host,
        "added": list(plan.added),
        "changed": list(plan.changed),
        "removed": list(plan.removed),
    }


@click.group()
def daemon() -> None:
    """Restart or shut down supervisord itself, send it an event, or read its log."""


@daemon.command("restart")
@click.argument("hosts", nargs=-1, required=True)
@consent_options
@click.pass_obj
def daemon_restart(
    invocation: Invocation, hosts: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool
) -> int:
    """Restart supervisord on HOSTS: its configuration is checked first, and it is watched until it is back."""
    return _host_verb(invocation, Verb.DAEMON_RESTART, hosts, yes=yes, dry_run=dry_run, as_json=as_json)


@daemon.command("shutdown")
@click.argument("hosts", nargs=-1, required=True)
@consent_options
@click.pass_obj
def daemon_shutdown(
    invocation: Invocation, hosts: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool
) -> int:
    """Shut supervisord down on HOSTS, with everything it runs. It cannot be started again from here."""
    return _host_verb(invocation, Verb.DAEMON_SHUTDOWN, hosts, yes=yes, dry_run=dry_run, as_json=as_json)


@daemon.command("event")
@click.argument("kind", metavar="TYPE")
@click.argument("data")
@click.argument("hosts", nargs=-1, required=True)
@consent_options
@click.pass_obj
def daemon_event(
    invocation: Invocation,
    kind: str,
    data: str,
    hosts: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send a remote communication event of this TYPE, with DATA, to the event listeners on HOSTS."""
    if not kind or " " in kind:
        raise UsageError("the type of an event is one word", "for example: deploy")
    return _host_verb(
        invocation,
        Verb.SEND_EVENT,
        hosts,
        yes=yes,
        dry_run=dry_run,
        as_json=as_json,
        argument=f"{kind} {data}",
    )


@daemon.command("log")
@click.argument("hosts", nargs=-1, required=True)
@click.option("-f", "follow", is_flag=True, help="Go on printing what comes.")
@click.option("-n", "lines", type=click.IntRange(0, 100_000), default=20, show_default=True)
@click.option(
    "--grep", default="", metavar="TEXT", help="Only lines with TEXT or /PATTERN/; ! turns it round."
)
@click.pass_obj
def daemon_log(invocation: Invocation, hosts: tuple[str, ...], follow: bool, lines: int, grep: str) -> int:
    """Print the end of supervisord's own log on HOSTS."""
    from tui.cli.tail import parse_grep, print_logs

    search = parse_grep(grep)
    with watching(invocation) as engine:
        keys = [ProcessKey(host) for host in resolve_hosts(hosts, engine.picture)]
        return print_logs(engine, keys, ("stdout",), lines=lines, follow=follow, search=search)


def _host_verb(
    invocation: Invocation,
    verb: Verb,
    hosts: tuple[str, ...],
    *,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    argument: str = "",
) -> int:
    with watching(invocation, keeps_history=True) as engine:
        keys = [ProcessKey(host) for host in resolve_hosts(hosts, engine.picture)]
        plan = make_plan(
            verb, keys, engine.picture, time.monotonic(), argument=argument, scope=" ".join(hosts)
        )
        unreadable = any(not engine.picture.hosts[key.host].fresh for key in keys)
        return run_plan(engine, plan, yes=yes, dry_run=dry_run, as_json=as_json, unreadable=unreadable)
