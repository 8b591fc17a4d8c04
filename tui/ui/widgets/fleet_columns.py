"""Which columns of the process table are shown, how wide, and what stands in each cell.

Who comes in: rows of the view. Who leaves: a `Layout` for a width, and cells as text. Pure: no widget, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.timeline import RESTART_SLOTS
from tui.model.view import Column, Row
from tui.text import cell_width, compact_duration

DROP_ORDER = (Column.TAGS, Column.PID, Column.EXIT, Column.GROUP, Column.UPTIME)
"""What goes first when the terminal is narrow; GROUP is then told in PROGRAM as group:name."""
GUTTER = 3
"""The cursor's cell, the mark's cell and a blank before the first column."""
GAP = 1
HEADINGS = {Column.NAME: "PROGRAM"}
RIGHT = frozenset({Column.PID, Column.UPTIME, Column.EXIT, Column.SINCE})
FIXED = {Column.STATE: 13, Column.PID: 7, Column.UPTIME: 7, Column.EXIT: 4, Column.SINCE: 9}
LEAST = {Column.HOST: 8, Column.GROUP: 6, Column.NAME: 10, Column.TAGS: 6}
MOST = {Column.HOST: 32, Column.GROUP: 20, Column.NAME: 40, Column.TAGS: 24}
HOST_ROW = "(host)"
RESTARTS = "RESTARTS 2h"
"""The heading over the recent restarts, which stand behind the last column where there is room to spare."""
RESTARTS_WIDTH = max(len(RESTARTS), RESTART_SLOTS)


@dataclass(frozen=True, slots=True)
class Widths:
    """The widest text seen in each column whose width follows the data, in cells."""

    host: int = 0
    group: int = 0
    name: int = 0
    folded: int = 0
    """Of `group:name`."""
    tags: int = 0

    def grown(self, other: Widths) -> Widths:
        """At least as wide as both: columns never shrink while one looks at them."""
        return Widths(
            max(self.host, other.host),
            max(self.group, other.group),
            max(self.name, other.name),
            max(self.folded, other.folded),
            max(self.tags, other.tags),
        )


@dataclass(frozen=True, slots=True)
class Layout:
    """The shown columns, left to right, with the cell each begins at and its width."""

    columns: tuple[tuple[Column, int, int], ...]
    folded: bool = False
    """Whether the group is told in the PROGRAM column."""
    restarts: bool = False
    """Whether the recent restarts are shown behind the last column."""

    def at(self, x: int) -> Column | None:
        """The column under a cell of the heading."""
        return next(
            (column for column, start, width in self.columns if start <= x < start + width + GAP), None
        )

    def width(self, column: Column) -> int:
        """How wide a shown column is; 0 when it is not shown."""
        return next((width for shown, _, width in self.columns if shown is column), 0)


def host_widths(host: HostSnapshot, seen: HostSnapshot | None = None) -> Widths:
    """What one host asks for; of its rows only those are looked at that `seen` has not, at the same place."""
    group = name = folded = 0
    known = seen.processes if seen is not None else ()
    for process, before in zip_longest(host.processes, known[: len(host.processes)]):
        if process is before:
            continue
        group = max(group, cell_width(process.shown_group))
        name = max(name, cell_width(process.shown_name))
        folded = max(folded, cell_width(process.title))
    tags = cell_width(tags_text(host))
    return Widths(cell_width(host.host), group, name, folded, tags)


def layout(width: int, wanted: Widths, *, restarts: bool = False) -> Layout:
    """Every column that fits `width`; the others dropped in order, then names made narrower.

    With `restarts` there are some to be shown: rather than the tags, if all other columns leave room.
    """
    shown = [column for column in Column if column is not Column.TAGS or wanted.tags]
    sizes = _sizes(wanted, folded=False)
    if restarts:
        others = [column for column in shown if column is not Column.TAGS]
        restarts = _total(others, sizes) + RESTARTS_WIDTH <= width
        width -= RESTARTS_WIDTH if restarts else 0
    dropped = []
    for column in DROP_ORDER:
        if _total(shown, sizes) <= width or column not in shown:
            continue
        shown.remove(column)
        dropped.append(column)
        if column is Column.GROUP:
            sizes = _sizes(wanted, folded=True)
    for column in reversed(dropped):  # without the groups there may be room again for what is narrower
        if column is not Column.GROUP and _total([*shown, column], sizes) <= width:
            shown = [one for one in Column if one in shown or one is column]
    _narrow(shown, sizes, width)
    columns, x = [], GUTTER
    for column in shown:
        columns.append((column, x, sizes[column]))
        x += sizes[column] + GAP
    return Layout(tuple(columns), folded=Column.GROUP not in shown, restarts=restarts)


def _sizes(wanted: Widths, *, folded: bool) -> dict[Column, int]:
    name = max(wanted.folded if folded else wanted.name, len(HOST_ROW))
    asked = {
        Column.HOST: wanted.host,
        Column.GROUP: wanted.group,
        Column.NAME: name,
        Column.TAGS: wanted.tags,
    }
    bound = {column: min(max(size, LEAST[column]), MOST[column]) for column, size in asked.items()}
    return {**FIXED, **bound}


def _total(shown: Iterable[Column], sizes: dict[Column, int]) -> int:
    return GUTTER + sum(sizes[column] + GAP for column in shown)


def _narrow(shown: list[Column], sizes: dict[Column, int], width: int) -> None:
    """Take from the widest name column until it fits or all are at their least."""
    flexible = [column for column in shown if column in LEAST]
    while _total(shown, sizes) > width:
        widest = max(flexible, key=lambda column: sizes[column] - LEAST[column])
        if sizes[widest] <= LEAST[widest]:
            return
        sizes[widest] -= 1


def cell(column: Column, row: Row, monotonic: float, *, folded: bool) -> str:
    """The text of one cell; not of STATE, and not of a host's own name, which `fleet_rows` tell."""
    host, process = row.host, row.process
    if column is Column.HOST:
        return host.host
    if column is Column.TAGS:
        return tags_text(host)
    if process is None:
        return _host_cell(column, host, monotonic)
    return _process_cell(column, host, process, monotonic, folded=folded)


def tags_text(host: HostSnapshot) -> str:
    """A host's tags for a cell."""
    return ",".join(sorted(host.tags))


def _host_cell(column: Column, host: HostSnapshot, monotonic: float) -> str:
    return compact_duration(host.age(monotonic)) if column is Column.SINCE else "-"


def _process_cell(
    column: Column, host: HostSnapshot, process: Process, monotonic: float, *, folded: bool
) -> str:
    # What a host no longer tells does not age as if it did: a stale row stands still at its last reading.
    seen_at = monotonic if host.fresh or host.read_at is None else host.read_at
    now = host.now(seen_at)
    if column is Column.GROUP:
        return process.shown_group
    if column is Column.NAME:
        return process.title if folded else process.shown_name
    if column is Column.PID:
        return str(process.pid) if process.pid else "-"
    if column is Column.UPTIME:
        return compact_duration(process.uptime(now))
    if column is Column.EXIT:
        return exit_text(process)
    if not host.fresh:
        return _age_text(host.age(monotonic))
    since = process.since()
    return compact_duration(max(0.0, now - since) if since else None)


def exit_text(process: Process) -> str:
    """How the last run ended: the exit code, 'sig' for a signal, '-' when it runs, never ran, or nobody knows."""
    code = process.exit_code
    if code is None:
        return "-"
    return "sig" if code < 0 else str(code)


def _age_text(seconds: float | None) -> str:
    """The age of a stale row; two units are one too many here."""
    text = compact_duration(seconds)
    head = next((index + 1 for index, character in enumerate(text) if character.isalpha()), len(text))
    return f"{text[:head]} old"
