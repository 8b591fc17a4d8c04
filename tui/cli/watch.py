"""`watch`: one JSON line per state change, for ever."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from typing import Any

import click

from tui.cli.ending import require_reader
from tui.cli.invocation import Invocation, narrate, watching
from tui.model.fleet import Transition
from tui.model.query import Query

LOOK_SECONDS = 1.0
"""How often it is looked, while nothing changes, whether anybody still reads us."""


@click.command()
@click.option("--select", default="", metavar="QUERY", help="Only changes of what this filter selects.")
@click.pass_obj
def watch(invocation: Invocation, select: str) -> int:
    """Print one JSON line per state change, until ctrl-c. A host's own changes have an empty group and name."""
    query = Query.parse(select or invocation.select)
    with watching(invocation, keeps_history=True, watches=True) as engine:
        wake = threading.Event()
        engine.subscribe(wake.set)
        narrate(f"watching {len(engine.picture.hosts)} hosts")
        serial = max((transition.serial for transition in engine.timeline.after(0)), default=0)
        while True:
            if not wake.wait(LOOK_SECONDS):
                require_reader()
                continue
            wake.clear()
            picture = engine.picture
            news = engine.timeline.after(serial)
            if news and news[0].serial > serial + 1:
                narrate(f"-- {news[0].serial - serial - 1} changes are lost: nobody read them in time")
            for transition in news:
                serial = transition.serial
                snapshot = picture.hosts[transition.key.host]
                process = picture.process(transition.key)
                if query.matches(snapshot, process, 0.0):
                    click.echo(json.dumps(transition_document(transition)))


def transition_document(transition: Transition) -> dict[str, Any]:
    """A line of `watch` (interfaces.md)."""
    time = (
        datetime.fromtimestamp(transition.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
    return {
        "time": time,
        "host": transition.key.host,
        "group": transition.key.group,
        "name": transition.key.name,
        "from": transition.old,
        "to": transition.new,
        "pid": transition.pid,
        "exitstatus": transition.exitstatus,
        "ours": transition.ours,
    }
