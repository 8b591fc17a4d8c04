"""`status`: the fleet, or the targets, as a table or as JSON."""

from __future__ import annotations

import sys
import threading
import time

import click

from tui.cli.exit_codes import ExitCode, worst
from tui.cli.invocation import Invocation, host_filter, watching
from tui.cli.output import print_json, status_document, status_table
from tui.cli.selection import Selection
from tui.errors import UsageError
from tui.model.fleet import FleetPicture
from tui.model.process import Process
from tui.model.states import Health, ProcessState

_RUNNING = frozenset({ProcessState.RUNNING, ProcessState.STARTING, ProcessState.STOPPING})


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--select", default="", metavar="QUERY", help="Only what this filter selects.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (schema 1).")
@click.option("--problems", is_flag=True, help="Only what wants attention.")
@click.option("--watch", "again", is_flag=True, help="Print again at every change, until ctrl-c.")
@click.pass_obj
def status(
    invocation: Invocation, targets: tuple[str, ...], select: str, as_json: bool, problems: bool, again: bool
) -> int:
    """Print the processes of the fleet, or of the TARGETS (HOST/GROUP:NAME, globs allowed)."""
    selection = Selection.parse(targets, select or invocation.select)
    with watching(invocation, host_filter(targets)) as engine:
        wake = threading.Event()
        engine.subscribe(wake.set)
        while True:
            wake.clear()
            picture = engine.picture
            rows = selection.rows(picture, time.monotonic())
            if problems:
                rows = {host: [p for p in found if p.health is Health.BAD] for host, found in rows.items()}
            monotonic, wall = time.monotonic(), time.time()
            if as_json:
                print_json(status_document(picture, rows, monotonic, wall), one_line=again)
            else:
                if again and sys.stdout.isatty():
                    click.clear()
                click.echo(status_table(picture, rows, monotonic, problems_only=problems))
            if not again:
                return _exit_code(picture, rows)
            wake.wait()


def _exit_code(picture: FleetPicture, rows: dict[str, list[Process]]) -> ExitCode:
    if not picture.hosts:
        raise UsageError("there is no host to ask")
    codes = [ExitCode.UNREADABLE for host in rows if not picture.hosts[host].fresh]
    codes += [
        ExitCode.NOT_RUNNING for found in rows.values() for process in found if process.state not in _RUNNING
    ]
    return worst(codes)
