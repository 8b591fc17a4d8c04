"""The rows a screen shows: part of the fleet, filtered and sorted, kept up to date with little work.

Pictures come in, rows leave. A row's identity is its key, never its position. The rule: an update looks only at hosts
whose snapshot is another object, and moves only rows that differ.

Two orders are kept differently. Sorted by host, the rows are the hosts' own lists one after another, and a host whose rows
stay the same ones is replaced in place. Sorted by any other column, each row has a rank, and a row that differs is taken
out and put in by bisection; when many hosts changed, everything is sorted anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import ClassVar

from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.order import FEW_RANKS, Rank, natural, ranker
from tui.model.order import Column as Column
from tui.model.order import Sort as Sort
from tui.model.process import Process, ProcessKey
from tui.model.query import Query
from tui.model.states import ANSWERING
from tui.text import clean


@dataclass(slots=True, eq=False)
class Row:
    """One line. A process that looks different gets another row object, so rows compare by identity."""

    key: ProcessKey
    host: HostSnapshot
    """The host as of its last visible change; the view keeps it current in place."""
    process: Process | None
    """None: the host's own row, for a host that does not answer or has no processes."""
    rank: Rank = 0.0
    """The view's own: where the row belongs by the column that is sorted by."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which part of the fleet is looked at: a folder of the tree, a tag, one host, or with no field set all of it."""

    folder: tuple[str, ...] = ()
    tag: str = ""
    host: str = ""

    ALL: ClassVar[Scope]

    def covers(self, host: HostSnapshot) -> bool:
        """Whether the host belongs to it; a folder also covers the folders below it."""
        if self.host:
            return host.host == self.host
        if self.tag:
            return self.tag in host.tags
        return host.folder[: len(self.folder)] == self.folder

    @property
    def words(self) -> str:
        """'all', 'eu/web', 'tag:db', 'web-01'; safe to show."""
        if self.host:
            return clean(self.host)
        if self.tag:
            return f"tag:{clean(self.tag)}"
        return clean("/".join(self.folder)) or "all"


Scope.ALL = Scope()


@dataclass(frozen=True, slots=True)
class ViewChange:
    """What one update did to the rows."""

    moved: bool = False
    """The order or the membership is another one."""
    changed: frozenset[ProcessKey] = frozenset()
    """Rows that look different or are new."""
    left: frozenset[ProcessKey] = frozenset()
    """Rows that are on none of the hosts any more, whether they were shown or not."""


UNCHANGED = ViewChange()

_FEW_ROWS = 8
"""So many rows are always cheaper moved one by one."""


class View:
    """Filtered, sorted rows. Owned by one thread."""

    def __init__(self, query: Query = Query.ALL, sort: Sort | None = None, scope: Scope = Scope.ALL) -> None:
        self.query = query
        self.sort = sort or Sort()
        self.scope = scope
        self.total = 0
        """Rows in the scope before the filter."""
        self._rows: list[Row] = []
        self._segments: dict[str, _Segment] = {}
        self._picture: FleetPicture | None = None
        self._monotonic = 0.0
        self._filtered_at = 0.0
        self._held: dict[ProcessKey, int] | None = None

    @property
    def rows(self) -> Sequence[Row]:
        """What is shown, in order. To be read only; updates may change it in place."""
        return self._rows

    def index(self, key: ProcessKey) -> int | None:
        """Where the row with this identity is; None when it is not shown."""
        if self._held is not None:
            return self._held.get(key)
        segment = self._segments.get(key.host)
        if segment is None:
            return None
        for place, row in enumerate(segment.rows):
            if row.key == key:
                return segment.offset + place if self.sort.column is Column.HOST else self._find(row)
        return None

    def set_query(self, query: Query) -> None:
        """Show the rows that `query` matches."""
        if query != self.query:
            self.query = query
            self._refilter()
            self._arrange()

    def set_sort(self, sort: Sort) -> None:
        """Show the rows in this order."""
        if sort != self.sort:
            self.sort = sort
            self._arrange()

    def set_scope(self, scope: Scope) -> None:
        """Show only rows of hosts in this part of the fleet."""
        if scope != self.scope:
            self.scope = scope
            self._refilter()
            self._arrange()

    @property
    def hold(self) -> bool:
        """While true the order stands still: rows change in place, new rows wait, rows that are gone stay."""
        return self._held is not None

    @hold.setter
    def hold(self, on: bool) -> None:
        if on and self._held is None:
            self._held = _places(self._rows)
        elif not on and self._held is not None:
            self._held = None
            self._arrange()

    def update(self, picture: FleetPicture, monotonic: float) -> ViewChange:
        """Bring the rows up to `picture`. A filter that depends on time is asked again at most once a second."""
        self._monotonic = monotonic
        replaced: list[_Replacement] = []
        if picture is not self._picture:
            self._picture = picture
            replaced = self._replaced(picture)
        change = self._take_in(replaced)
        left = frozenset(_left(replaced))
        return replace(change, left=left) if left else change

    # --- what one picture brings ------------------------------------------------------------------------------------

    def _take_in(self, replaced: list[_Replacement]) -> ViewChange:
        """Bring the rows in line with the hosts that were replaced."""
        monotonic = self._monotonic
        if self.query.depends_on_time and monotonic - self._filtered_at >= 1.0:
            before = self._rows
            self._refilter()
            change = self._update_everything(replaced)
            return replace(change, changed=change.changed | _appeared(before, self._rows))
        if not replaced:
            return UNCHANGED
        if self._held is not None:
            return self._update_everything(replaced)
        if self.sort.column is Column.HOST:
            return ViewChange(self._update_by_host(replaced), _changed(replaced))
        changed = _changed(replaced)
        if len(changed) > max(_FEW_ROWS, len(self._rows) // 64):
            return self._update_everything(replaced)
        return ViewChange(self._update_by_rank(replaced), changed)

    def _replaced(self, picture: FleetPicture) -> list[_Replacement]:
        """(old, new) for each host that looks different, came or went; the new segments are already in place."""
        segments = self._segments
        replaced: list[_Replacement] = []
        for host, snapshot in picture.hosts.items():
            old = segments.get(host)
            if old is not None:
                if old.snapshot is snapshot:
                    continue
                if old.snapshot.looks_like(snapshot):
                    old.snapshot = snapshot
                    continue
            new = segments[host] = _Segment(snapshot, old)
            self._filter(new)
            replaced.append((old, new))
        if len(segments) > len(picture.hosts):
            gone = [host for host in segments if host not in picture.hosts]
            replaced.extend((segments.pop(host), None) for host in gone)
        for before, after in replaced:
            self.total += (after.total if after else 0) - (before.total if before else 0)
        return replaced

    def _update_everything(self, replaced: list[_Replacement]) -> ViewChange:
        """Order everything anew; or, while held, put new values into the rows that are shown and nothing else."""
        if self._held is not None:
            return ViewChange(False, self._update_held(replaced))
        before = self._rows
        self._arrange()
        if len(before) == len(self._rows):
            pairs = zip(before, self._rows, strict=True)
            moved = any(one is not other and one.key != other.key for one, other in pairs)
        else:
            moved = True
        return ViewChange(moved, _changed(replaced))

    def _update_held(self, replaced: list[_Replacement]) -> frozenset[ProcessKey]:
        assert self._held is not None
        changed = set()
        for _, new in replaced:
            for row in new.all if new else ():
                index = self._held.get(row.key)
                if index is not None and self._rows[index] is not row:
                    self._rows[index] = row
                    changed.add(row.key)
        return frozenset(changed)

    def _update_by_host(self, replaced: list[_Replacement]) -> bool:
        """Whether rows moved; when each host shows the same rows as before, they are replaced where they stand."""
        for old, new in replaced:
            if old is None or new is None or not _same_keys(old.rows, new.rows):
                self._arrange()
                return True
        for old, new in replaced:
            if old is not None and new is not None:
                new.offset = old.offset
                self._rows[new.offset : new.offset + len(new.rows)] = new.rows
        return False

    def _update_by_rank(self, replaced: list[_Replacement]) -> bool:
        """Whether rows moved; a row that differs is taken out and put in by bisection."""
        moved, rank = False, ranker(self.sort)
        for old, new in replaced:
            before = {row.key: row for row in old.rows} if old else {}
            for row in new.rows if new else ():
                known = before.pop(row.key, None)
                if known is row:
                    continue
                row.rank = rank(row.host, row.process)
                if known is not None and known.rank == row.rank:
                    self._rows[self._find(known)] = row
                    continue
                moved = True
                if known is not None:
                    del self._rows[self._find(known)]
                self._rows.insert(self._find(row), row)
            for row in before.values():
                del self._rows[self._find(row)]
                moved = True
        return moved

    def _find(self, row: Row) -> int:
        """Where `row` is, or belongs, in the order by rank."""
        return bisect_left(self._rows, _sort_key(row), key=_sort_key)

    # --- from scratch -----------------------------------------------------------------------------------------------

    def _refilter(self) -> None:
        self._filtered_at = self._monotonic
        for segment in self._segments.values():
            self._filter(segment)
        self.total = sum(segment.total for segment in self._segments.values())

    def _filter(self, segment: _Segment) -> None:
        covered = self.scope.covers(segment.snapshot)
        segment.total = len(segment.all) if covered else 0
        if not covered:
            segment.rows = []
        elif not self.query:
            segment.rows = segment.all
        else:
            segment.rows = self.query.select(segment.snapshot, segment.all, self._monotonic)

    def _arrange(self) -> None:
        """Order all filtered rows anew, and hold those if the order is held."""
        by_host = self.sort.column is Column.HOST
        rows: list[Row] = []
        for host in sorted(self._segments, key=_host_key, reverse=by_host and self.sort.reverse):
            segment = self._segments[host]
            segment.offset = len(rows)
            rows.extend(segment.rows)
        self._rows = rows if by_host else _by_rank(rows, self.sort)
        if self._held is not None:
            self._held = _places(rows)


def _by_rank(rows: list[Row], sort: Sort) -> list[Row]:
    """The rows in the order of their ranks, which are worked out here; ties keep the order they have."""
    rank = ranker(sort)
    if sort.column not in FEW_RANKS:
        for row in rows:
            row.rank = rank(row.host, row.process)
        return sorted(rows, key=attrgetter("rank"))
    heaps: dict[Rank, list[Row]] = {}
    for row in rows:
        row.rank = place = rank(row.host, row.process)
        heap = heaps.get(place)
        if heap is None:
            heaps[place] = [row]
        else:
            heap.append(row)
    return [row for place in sorted(heaps) for row in heaps[place]]


class _Segment:
    """The rows of one host."""

    __slots__ = ("all", "offset", "rows", "snapshot", "total")

    def __init__(self, snapshot: HostSnapshot, old: _Segment | None) -> None:
        self.snapshot = snapshot
        self.all = _rows_of(snapshot, old)
        """Every row, by group and name."""
        self.rows = self.all
        """Those that the filter lets through."""
        self.total = 0
        self.offset = 0
        """Where `rows` begin in the view, when sorted by host."""


_Replacement = tuple[_Segment | None, _Segment | None]


def _rows_of(snapshot: HostSnapshot, old: _Segment | None) -> list[Row]:
    """The host's rows in order; rows that look as before are the very objects of `old`, moved to this snapshot."""
    if old is not None and old.snapshot.is_as(snapshot):
        if (rows := _same_order(snapshot, old)) is not None:
            return rows
        known = {row.key: row for row in old.all}
    else:
        known = {}
    rows = []
    if _has_own_row(snapshot):
        rows.append(_kept_or_new(known.get(ProcessKey(snapshot.host)), snapshot, None))
    rows.extend(_kept_or_new(known.get(process.key), snapshot, process) for process in snapshot.processes)
    rows.sort(key=_within_host)
    return rows


def _same_order(snapshot: HostSnapshot, old: _Segment) -> list[Row] | None:
    """The rows when the host has the same processes as before, by far the most frequent case; else None."""
    before, after = old.snapshot.processes, snapshot.processes
    if not after or len(before) != len(after):
        return None
    differing: dict[ProcessKey, Process] = {}
    for one, other in zip(before, after, strict=True):
        if one is not other:
            if one.key != other.key:
                return None
            differing[other.key] = other
    rows = old.all.copy()
    for place, row in enumerate(rows):
        if (process := differing.get(row.key)) is not None:
            rows[place] = row = _kept_or_new(row, snapshot, process)
        row.host = snapshot
    return rows


def _has_own_row(snapshot: HostSnapshot) -> bool:
    return snapshot.state not in ANSWERING or not snapshot.processes


def _kept_or_new(row: Row | None, snapshot: HostSnapshot, process: Process | None) -> Row:
    if row is None or (row.process is not process and row.process != process):
        return Row(process.key if process else ProcessKey(snapshot.host), snapshot, process)
    row.host, row.process = snapshot, process
    return row


def _within_host(row: Row) -> tuple[str, str, ProcessKey]:
    return natural(row.key.group), natural(row.key.name), row.key


def _sort_key(row: Row) -> tuple[Rank, str, str, str, str, ProcessKey]:
    """A row's place in the order by rank: what `_arrange` reaches by a stable sort."""
    return row.rank, *_host_key(row.key.host), *_within_host(row)


def _host_key(host: str) -> tuple[str, str]:
    return natural(host), host


def _places(rows: Iterable[Row]) -> dict[ProcessKey, int]:
    return {row.key: index for index, row in enumerate(rows)}


def _same_keys(before: list[Row], after: list[Row]) -> bool:
    return len(before) == len(after) and all(
        one is other or one.key == other.key for one, other in zip(before, after, strict=True)
    )


def _left(replaced: Iterable[_Replacement]) -> Iterator[ProcessKey]:
    """The rows that these hosts no longer have."""
    for old, new in replaced:
        if old is not None and (new is None or not _same_keys(old.all, new.all)):
            yield from {row.key for row in old.all} - {row.key for row in (new.all if new else ())}


def _appeared(before: list[Row], after: list[Row]) -> frozenset[ProcessKey]:
    known = set(map(id, before))
    return frozenset(row.key for row in after if id(row) not in known)


def _changed(replaced: Iterable[_Replacement]) -> frozenset[ProcessKey]:
    """The rows of these hosts that are new or look different."""
    changed: set[ProcessKey] = set()
    for old, new in replaced:
        known = set(map(id, old.rows)) if old else set()
        changed.update(row.key for row in (new.rows if new else ()) if id(row) not in known)
    return frozenset(changed)
