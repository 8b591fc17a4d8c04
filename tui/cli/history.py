"""`history`: what was seen to change, from the file that the screen and `watch` keep; no host is asked."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tui.cli.exit_codes import ExitCode
from tui.cli.invocation import Invocation, narrate
from tui.cli.moments import moment
from tui.cli.output import SCHEMA, aligned, iso, print_json
from tui.cli.selection import Selection
from tui.errors import ConfigError, NoMatchError, UsageError
from tui.model.fleet import Fleet, FleetPicture, Transition
from tui.model.host import HostSnapshot
from tui.model.past import PastFilter, remark, row_of, transition_document
from tui.model.process import ProcessKey, disambiguate
from tui.model.states import HostState
from tui.model.target import resolve_wholes
from tui.model.timeline import is_bad
from tui.text import clean, clean_cell, compact_duration, duration_words

if TYPE_CHECKING:
    from tui.engine.history.coverage import Gap
    from tui.engine.history.figures import Record
    from tui.engine.history.reading import Past

NOTHING = "nothing was kept yet: the screen and `watch` keep what they see"


@dataclass(frozen=True, slots=True)
class _Window:
    """What was asked for; epoch seconds."""

    since: float | None
    until: float | None
    now: float
    limit: int

    @property
    def end(self) -> float:
        return self.now if self.until is None else min(self.now, self.until)


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--since", default="", metavar="TIME", help="From then on: 2h (ago), 14:30, 2026-02-28T14:30.")
@click.option("--until", default="", metavar="TIME", help="Up to then.")
@click.option("--select", default="", metavar="QUERY", help="Only changes to what this filter selects.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=100, show_default=True, help="The newest; 0: all."
)
@click.option("--summary", is_flag=True, help="Restarts, time in each state and availability instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (schema 1).")
@click.pass_obj
def history(
    invocation: Invocation,
    targets: tuple[str, ...],
    since: str,
    until: str,
    select: str,
    limit: int,
    summary: bool,
    as_json: bool,
) -> int:
    """Print what was seen to change, of everything or of the TARGETS, oldest first.

    The times are those of this machine. What is not known, because no program looked, is drawn as a gap.
    """
    from tui.config.paths import state_place
    from tui.engine.history.reading import reading

    selection = Selection.parse(targets, select or invocation.select)
    wall = time.time()
    window = _Window(
        moment(since, wall, "--since") if since else None,
        moment(until, wall, "--until") if until else None,
        wall,
        limit or 10**12,
    )
    if window.since is not None and window.since > window.end:
        raise UsageError("--since is after --until, or in the future", "no time is left between them")
    tags = _tags(invocation)
    with reading(state_place()) as past:
        if past is None:
            narrate(NOTHING)
        chosen = _Chosen(past, selection, PastFilter(selection.query, tags, wall), tags)
        if summary:
            _print_summary(past, chosen, window, as_json)
        else:
            _print_changes(past, chosen, window, as_json)
    return ExitCode.OK


class _Chosen:
    """Whom the targets and the names in the filter mean. Raises NoMatchError for a target that names nobody."""

    def __init__(
        self, past: Past | None, selection: Selection, accept: PastFilter, tags: dict[str, frozenset[str]]
    ) -> None:
        self.accept = accept
        self.keys = {} if past is None else past.processes()
        self.numbers: list[int] | None = None
        named: dict[ProcessKey, int] = self.keys
        if selection.targets:
            if past is None:
                raise NoMatchError(NOTHING)
            wholes = resolve_wholes(selection.targets, _picture(self.keys, tags))
            wanted = {number for key in wholes for number in past.numbers_of(key)}
            named = {key: number for key, number in named.items() if number in wanted}
        if accept.by_name:
            named = {key: number for key, number in named.items() if accept.may_select(key)}
        if selection.targets or accept.by_name:
            self.numbers = list(named.values())
        self.shown = _shown_names(named)
        hosts = {key.host for key in named}
        self.only_host = hosts.pop() if len(hosts) == 1 else None
        """The host that all of them are on."""


def _print_changes(past: Past | None, chosen: _Chosen, window: _Window, as_json: bool) -> None:
    rows: list[Transition] = []
    gaps: list[Gap] = []
    if past is not None:
        rows = past.newest_first(
            window.limit,
            since=window.since,
            until=window.until,
            processes=chosen.numbers,
            ends=chosen.accept.ends,
            accept=chosen.accept,
        )[::-1]
        began = past.began()
        if began is not None:
            start = began if window.since is None else max(began, window.since)
            if len(rows) == window.limit:
                start = max(start, rows[0].time)
            gaps = past.coverage(start, window.end).gaps(chosen.only_host)
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "time": iso(window.now),
                "transitions": [
                    {
                        **transition_document(row),
                        "found": row.found,
                        "start": iso(row.start),
                        "stop": iso(row.stop),
                    }
                    for row in rows
                ],
                "gaps": [_gap_document(gap) for gap in gaps],
            }
        )
    elif rows or gaps:
        click.echo("\n".join(_lines(rows, gaps, chosen.shown)))
    elif past is not None:
        narrate("nothing changed in that time")


def _lines(rows: Sequence[Transition], gaps: Sequence[Gap], shown: dict[ProcessKey, str]) -> Iterable[str]:
    """The table; a gap is a line across it, where its end is."""
    cells = [
        (
            [
                _local(row.time),
                row.key.host,
                shown.get(row.key) or _title(row.key),
                f"{row.old or 'new'} → {row.new or 'gone'}",
                clean_cell(remark(row)),
            ],
            "red" if is_bad(row) else None,
        )
        for row in rows
    ]
    header, *lines = aligned(["TIME", "HOST", "PROCESS", "CHANGE", "WHAT"], cells, coloured=3).split("\n")
    drawn = heapq.merge(
        zip((row.time for row in rows), lines, strict=True),
        ((gap.end, _gap_words(gap)) for gap in sorted(gaps, key=lambda gap: gap.end)),
        key=lambda line: line[0],
    )
    return [header, *(line for _, line in drawn)]


def _gap_words(gap: Gap) -> str:
    where = f"{gap.host} was " if gap.host else ""
    return (
        f"── {where}{gap.reason} from {_local(gap.start)} to {_local(gap.end)}"
        f" ({duration_words(gap.end - gap.start)}) ──"
    )


def _gap_document(gap: Gap) -> dict[str, Any]:
    return {"from": iso(gap.start), "to": iso(gap.end), "host": gap.host or None, "reason": gap.reason}


def _print_summary(past: Past | None, chosen: _Chosen, window: _Window, as_json: bool) -> None:
    records: list[Record] = []
    start = window.end if window.since is None else window.since
    if past is not None:
        from tui.engine.history.figures import records as records_of

        began = past.began()
        start = max(filter(None, (began, window.since)), default=start)
        records = records_of(past, start, window.end, chosen.numbers)
    if as_json:
        print_json(
            {
                "schema": SCHEMA,
                "since": iso(start),
                "until": iso(window.end),
                "processes": [_record_document(record) for record in records],
            }
        )
    elif records:
        click.echo(f"from {_local(start)} to {_local(window.end)} ({duration_words(window.end - start)})")
        click.echo(_record_table(records, chosen.shown))
    elif past is not None:
        narrate("no process was known in that time")


def _record_document(record: Record) -> dict[str, Any]:
    available = record.availability
    return {
        "host": record.key.host,
        "group": record.key.group,
        "name": record.key.name,
        "state": record.state,
        "restarts": record.restarts,
        "restarts_ours": record.ours,
        "availability": None if available is None else round(available, 6),
        "seconds": {state: round(seconds, 3) for state, seconds in record.seconds.items()},
        "seconds_unknown": round(record.unknown, 3),
        "changed": None if record.changed is None else iso(record.changed),
    }


def _record_table(records: Sequence[Record], shown: dict[ProcessKey, str]) -> str:
    from tui.engine.history.figures import percent

    lines = [
        (
            [
                record.key.host,
                shown.get(record.key) or _title(record.key),
                record.state or "gone",
                str(record.restarts),
                str(record.ours),
                percent(record.availability),
                compact_duration(record.unknown) if record.unknown >= 1 else "-",
                " ".join(
                    f"{state} {compact_duration(seconds)}"
                    for state, seconds in sorted(record.seconds.items(), key=lambda item: -item[1])
                ),
            ],
            None,
        )
        for record in records
    ]
    return aligned(
        ["HOST", "PROCESS", "STATE", "RESTARTS", "OURS", "AVAILABLE", "UNKNOWN", "TIME IN STATES"],
        lines,
        coloured=2,
    )


def _tags(invocation: Invocation) -> dict[str, frozenset[str]]:
    """Of the configured hosts. The history can be read without a configuration, too."""
    try:
        settings = invocation.settings()
    except ConfigError as error:
        if error.place:
            raise
        return {}
    if not settings.history.enabled:
        narrate("note: the configuration says to keep no history; this is what was kept before")
    return {host.name: host.tags for host in settings.hosts.values()}


def _picture(keys: Iterable[ProcessKey], tags: dict[str, frozenset[str]]) -> FleetPicture:
    """Everybody of whom something is known, as a fleet that targets can be resolved in."""
    by_host: dict[str, list[ProcessKey]] = {}
    for key in keys:
        by_host.setdefault(key.host, []).extend([] if key.is_host else [key])
    return Fleet(
        HostSnapshot(
            host,
            HostState.UP,
            tags=tags.get(host, frozenset()),
            processes=disambiguate([row_of(Transition(0, 0.0, key, "", "STOPPED")) for key in mine]),
            read_at=0.0,
        )
        for host, mine in by_host.items()
    ).picture()


def _shown_names(keys: Iterable[ProcessKey]) -> dict[ProcessKey, str]:
    """Only those that are not shown as they are."""
    odd = [key for key in keys if not (key.group + key.name).isprintable()]
    rows = disambiguate([row_of(Transition(0, 0.0, key, "", "STOPPED")) for key in odd])
    return {row.key: clean_cell(row.title) for row in rows}


def _title(key: ProcessKey) -> str:
    if key.is_host:
        return "(host)"
    return clean_cell(clean(key.name if key.group == key.name else key.address))


def _local(epoch: float) -> str:
    return datetime.fromtimestamp(epoch).astimezone().strftime("%Y-%m-%d %H:%M:%S")
