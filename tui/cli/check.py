"""`check`: is the configuration right, and does every host answer?"""

from __future__ import annotations

import click

from tui.cli.exit_codes import ExitCode
from tui.cli.invocation import Invocation, host_filter, watching
from tui.cli.output import SCHEMA, print_json
from tui.errors import NoMatchError
from tui.model.host import HostSnapshot
from tui.model.target import resolve_hosts


@click.command()
@click.argument("hosts", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON document (schema 1).")
@click.pass_obj
def check(invocation: Invocation, hosts: tuple[str, ...], as_json: bool) -> int:
    """Validate the configuration and probe each host: reached, authenticated, version, latency, advice."""
    with watching(invocation, host_filter(tuple(f"{host}/" for host in hosts))) as engine:
        picture = engine.picture
        names = resolve_hosts(hosts, picture) if hosts else tuple(picture.hosts)
        if not names:
            raise NoMatchError("the configuration names no host", "add one under `hosts:`")
        found = [picture.hosts[name] for name in names]
        if as_json:
            print_json({"schema": SCHEMA, "hosts": [_document(snapshot) for snapshot in found]})
        else:
            for snapshot in found:
                click.echo(_sentence(snapshot))
        return ExitCode.OK if all(snapshot.fresh for snapshot in found) else ExitCode.UNREADABLE


def _sentence(snapshot: HostSnapshot) -> str:
    if not snapshot.fresh:
        line = f"✗ {snapshot.host}  {snapshot.url}  {snapshot.state}: {snapshot.problem}"
        return f"{line}\n    {snapshot.advice}" if snapshot.advice else line
    latency = f"{(snapshot.latency or 0) * 1000:.0f} ms"
    line = (
        f"✓ {snapshot.host}  {snapshot.url}  supervisord {snapshot.version or '?'}, "
        f"{len(snapshot.processes)} processes, {latency}"
    )
    return "\n".join([line, *(f"    note: {badge}" for badge in snapshot.badges)])


def _document(snapshot: HostSnapshot) -> dict[str, object]:
    return {
        "name": snapshot.host,
        "url": snapshot.url,
        "state": str(snapshot.state),
        "error": snapshot.problem or None,
        "advice": snapshot.advice or None,
        "supervisor_version": snapshot.version or None,
        "latency": snapshot.latency,
        "processes": len(snapshot.processes),
        "badges": list(snapshot.badges),
    }
