"""How data leaves: aligned tables for people, `schema: 1` documents for scripts.

Everything here is already cleaned where it entered; what is printed as JSON is the raw name, escaped by the encoder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.process import Process
from tui.model.states import Health, OutcomeKind
from tui.text import cell_width, clean_cell, compact_duration

SCHEMA = 1
_NAME_CELLS = 120
"""Of a name in a table: every row is as wide as the widest."""

_COLOUR = {Health.GOOD: "green", Health.BUSY: "yellow", Health.RESTING: None, Health.BAD: "red"}
_OUTCOME_COLOUR = {
    OutcomeKind.DONE: "green",
    OutcomeKind.FAILED: "red",
    OutcomeKind.NOT_EXECUTED: "red",
    OutcomeKind.UNKNOWN: "yellow",
    OutcomeKind.SKIPPED: None,
}


def iso(epoch: float) -> str | None:
    """Epoch seconds as ISO 8601 UTC; None for supervisord's 0, 'never'."""
    if epoch <= 0:
        return None
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def print_json(document: Mapping[str, Any], *, one_line: bool = False) -> None:
    """One document on stdout, ASCII only: no terminal and no locale can be harmed by it."""
    click.echo(json.dumps(document, indent=None if one_line else 2))


def status_document(
    picture: FleetPicture, rows: Mapping[str, Sequence[Process]], monotonic: float, wall: float
) -> dict[str, Any]:
    """`status --json` (interfaces.md): times are ISO 8601 UTC, durations seconds."""
    return {
        "schema": SCHEMA,
        "time": iso(wall),
        "hosts": [_host_document(picture.hosts[host], found, monotonic) for host, found in rows.items()],
    }


def _host_document(snapshot: HostSnapshot, processes: Sequence[Process], monotonic: float) -> dict[str, Any]:
    age = snapshot.age(monotonic)
    return {
        "name": snapshot.host,
        "url": snapshot.url,
        "state": str(snapshot.state),
        "error": snapshot.problem or None,
        "age": None if age is None else round(age, 3),
        "supervisor_version": snapshot.version or None,
        "identification": snapshot.identification or None,
        "processes": [_process_document(process, snapshot.now(monotonic)) for process in processes],
    }


def _process_document(process: Process, now: float) -> dict[str, Any]:
    uptime = process.uptime(now)
    return {
        "group": process.key.group,
        "name": process.key.name,
        "state": process.state.name,
        "pid": process.pid,
        "start": iso(process.start),
        "stop": iso(process.stop),
        "uptime": None if uptime is None else round(uptime),
        "exitstatus": process.exitstatus,
        "spawnerr": process.spawnerr,
        "stdout_logfile": process.stdout_logfile,
        "stderr_logfile": process.stderr_logfile,
    }


def status_table(
    picture: FleetPicture,
    rows: Mapping[str, Sequence[Process]],
    monotonic: float,
    *,
    problems_only: bool = False,
) -> str:
    """The table of `status`, hosts that cannot be read as lines of their own with the cause."""
    header = ["HOST", "PROCESS", "STATE", "PID", "UPTIME", "EXIT", "NOTE"]
    lines: list[tuple[list[str], str | None]] = []
    for host, processes in rows.items():
        snapshot = picture.hosts[host]
        if not snapshot.fresh:
            note = f"{snapshot.problem} — {snapshot.advice}" if snapshot.advice else snapshot.problem
            lines.append(([host, "(host)", str(snapshot.state), "-", "-", "-", note], "red"))
        lines += [
            (_status_cells(snapshot, process, monotonic), _COLOUR[process.health]) for process in processes
        ]
    if not lines:
        return "nothing wants attention" if problems_only else "no process is configured"
    return aligned(header, lines, coloured=2)


def _status_cells(snapshot: HostSnapshot, process: Process, monotonic: float) -> list[str]:
    note = process.spawnerr
    age = snapshot.age(monotonic)
    if not snapshot.fresh and age is not None:
        note = f"as of {compact_duration(age)} ago" + (f"; {note}" if note else "")
    return [
        snapshot.host,
        clean_cell(process.title, _NAME_CELLS),
        process.state.name,
        str(process.pid or "-"),
        compact_duration(process.uptime(snapshot.now(monotonic))),
        "-" if process.exit_code is None else str(process.exit_code),
        clean_cell(note),
    ]


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """One entry of `outcomes` in an action's JSON."""
    return {
        "host": outcome.key.host,
        "group": outcome.key.group,
        "name": outcome.key.name,
        "outcome": outcome.kind.value,
        "detail": outcome.detail,
        "state_before": outcome.state_before.name if outcome.state_before is not None else None,
        "state_after": outcome.state_after.name if outcome.state_after is not None else None,
        "pid_before": outcome.pid_before,
        "pid_after": outcome.pid_after,
        "seconds": round(outcome.seconds, 3),
    }


def action_document(verb: str, job: int, outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """An action's `--json`: each target exactly once."""
    return {"schema": SCHEMA, "verb": verb, "job": job, "outcomes": [outcome_document(o) for o in outcomes]}


def counts_document(verb: str, job: int, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The last line of `--json-lines`: how many targets ended how."""
    counts = {kind.value: sum(outcome.kind is kind for outcome in outcomes) for kind in OutcomeKind}
    return {"schema": SCHEMA, "verb": verb, "job": job, "targets": len(outcomes), "counts": counts}


def outcome_table(outcomes: Sequence[tuple[str, Outcome]]) -> str:
    """Outcomes for people; each comes with its target's shown name."""
    lines = [
        (
            [
                outcome.key.host,
                clean_cell(shown, _NAME_CELLS),
                outcome.kind.value.replace("_", " "),
                f"{outcome.seconds:.1f}s",
                clean_cell(outcome.detail, 400),
            ],
            _OUTCOME_COLOUR[outcome.kind],
        )
        for shown, outcome in outcomes
    ]
    return aligned(["HOST", "TARGET", "OUTCOME", "TOOK", "DETAIL"], lines, coloured=2)


def aligned(header: list[str], lines: Sequence[tuple[list[str], str | None]], *, coloured: int) -> str:
    """Columns as wide as their widest cell; the last one is left ragged. Colour goes on column `coloured` alone."""
    cells = [header, *(line for line, _ in lines)]
    widths = [max(cell_width(row[column]) for row in cells) for column in range(len(header) - 1)]
    text = [_padded(header, widths)]
    for row, colour in lines:
        padded = [cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=False)]
        if colour is not None:
            padded[coloured] = click.style(padded[coloured], fg=colour)
        text.append("  ".join([*padded, row[-1]]).rstrip())
    return "\n".join(text)


def _padded(row: list[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - cell_width(cell)) for cell, width in zip(row, widths, strict=False)]
    return "  ".join([*padded, row[-1]]).rstrip()
