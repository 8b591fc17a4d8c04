"""The view: filtered and sorted as if from scratch, whatever came in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.unit.model.fleets import NOW, OFFSET, host, picture, process, snapshots
from tui.model.fleet import Fleet
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey
from tui.model.query import Query
from tui.model.states import HostState
from tui.model.view import Column, Row, Scope, Sort, View

queries = st.sampled_from(
    ["", "api", "state:bad", "!tag:prod", "uptime<1m", "uptime>6s", "state:unreachable|running"]
).map(Query.parse)
sorts = st.builds(Sort, st.sampled_from(Column), st.booleans())
scopes = st.sampled_from([Scope.ALL, Scope(folder=("eu",)), Scope(tag="db"), Scope(host="web-2")])


class IncrementalView(RuleBasedStateMachine):
    """After any sequence of polls and wishes, a view equals a new one that is shown the last picture."""

    def __init__(self) -> None:
        super().__init__()
        self.fleet = Fleet([HostSnapshot("web-1", HostState.PENDING)])
        self.view = View()
        self.now = NOW
        self.view.update(self.fleet.picture(), self.now)

    @rule(polled=st.lists(snapshots, min_size=1, max_size=4), seconds=st.sampled_from([0.0, 0.3, 1.5]))
    def poll(self, polled: list[HostSnapshot], seconds: float) -> None:
        for snapshot in polled:
            self.fleet.apply(snapshot, wall=0)
        self.show(seconds)

    @rule(data=st.data())
    def change_one_process(self, data: st.DataObject) -> None:
        for snapshot in list(self.fleet.picture().hosts.values())[:1]:
            rows = list(snapshot.processes)
            if not rows:
                continue
            index = data.draw(st.integers(0, len(rows) - 1))
            rows[index] = replace(rows[index], pid=data.draw(st.integers(0, 9)), exitstatus=1)
            self.fleet.apply(replace(snapshot, processes=tuple(rows)), wall=0)
        self.show(0)

    @rule(name=st.sampled_from(["web-1", "web-2"]))
    def forget(self, name: str) -> None:
        self.fleet.forget(name)
        self.show(0)

    @rule(query=queries)
    def filter(self, query: Query) -> None:
        self.view.set_query(query)
        self.show(2)

    @rule(sort=sorts)
    def sort(self, sort: Sort) -> None:
        self.view.set_sort(sort)

    @rule(scope=scopes)
    def look_at(self, scope: Scope) -> None:
        self.view.set_scope(scope)

    @rule(seconds=st.sampled_from([0.0, 2.0]))
    def hold_for_a_while(self, seconds: float) -> None:
        self.view.hold = True
        before = [row.key for row in self.view.rows]
        self.show(seconds)
        assert [row.key for row in self.view.rows] == before
        self.view.hold = False

    def show(self, seconds: float) -> None:
        self.now += seconds
        before = {row.key: row for row in self.view.rows}
        order, had = list(before), self.everything()
        change = self.view.update(self.fleet.picture(), self.now)
        after = {row.key: row for row in self.view.rows}
        assert change.moved or list(after) == order
        assert {key for key, row in after.items() if before.get(key) is not row} <= change.changed
        assert change.left == had - self.everything()

    def everything(self) -> set[ProcessKey]:
        """Every row, shown or not."""
        return {row.key for segment in self.view._segments.values() for row in segment.all}

    @invariant()
    def equals_a_view_from_scratch(self) -> None:
        view = self.view
        fresh = View(view.query, view.sort, view.scope)
        fresh.update(self.fleet.picture(), view._filtered_at if view.query.depends_on_time else self.now)
        assert [(row.key, row.process) for row in view.rows] == [(row.key, row.process) for row in fresh.rows]
        assert view.total == fresh.total
        assert all(view.index(row.key) == index for index, row in enumerate(view.rows))
        shown = self.fleet.picture().hosts
        assert all(row.host.looks_like(shown[row.key.host]) for row in view.rows)


TestIncrementalView = IncrementalView.TestCase
TestIncrementalView.settings = settings(deadline=None, max_examples=150, stateful_step_count=12)


def names(view: View) -> list[str]:
    return [f"{row.key.host}/{row.key.name}" for row in view.rows]


def shown(*hosts: HostSnapshot, sort: Sort | None = None, query: str = "") -> View:
    view = View(Query.parse(query), sort)
    view.update(picture(*hosts), NOW)
    return view


def test_names_sort_as_people_count() -> None:
    hosts = [host(name, process("a")) for name in ("web-10", "web-2", "Web-1", "db")]
    assert names(shown(*hosts)) == ["db/a", "Web-1/a", "web-2/a", "web-10/a"]
    assert names(shown(*hosts, sort=Sort(reverse=True))) == ["web-10/a", "web-2/a", "Web-1/a", "db/a"]


def test_the_worst_states_come_first_and_an_unreachable_host_before_all() -> None:
    view = shown(
        host(
            "a",
            process("run"),
            process("fatal", "FATAL"),
            process("stop", "STOPPED"),
            process("go", "STARTING"),
        ),
        host("b", state=HostState.TIMEOUT),
        sort=Sort(Column.STATE),
    )
    assert names(view) == ["b/", "a/fatal", "a/go", "a/stop", "a/run"]


@pytest.mark.parametrize(
    ("column", "known"),
    [
        (Column.PID, process("x")),
        (Column.UPTIME, process("x")),
        (Column.EXIT, process("x", "EXITED", exitstatus=3)),
        (Column.SINCE, process("x", "EXITED")),
        (Column.TAGS, process("x")),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_unknown_comes_last_either_way(column: Column, known: Process, reverse: bool) -> None:
    unknown = host("a", process("never", "STOPPED", start=0))
    view = shown(unknown, host("b", known, tags=["t"]), sort=Sort(column, reverse))
    assert names(view) == ["b/x", "a/never"]


def test_uptime_sorts_the_youngest_first_across_clocks() -> None:
    young, old = process("young", start=1_700_000_990), process("old", start=1_700_000_100)
    skewed = replace(host("b", old), clock_offset=1_700_003_000.0)  # its clock is ahead: 'old' is older still
    view = shown(
        host("a", young), skewed, host("c", process("mid", start=1_700_000_500)), sort=Sort(Column.UPTIME)
    )
    assert names(view) == ["a/young", "c/mid", "b/old"]


def test_a_host_has_a_row_of_its_own_when_it_does_not_answer_or_has_no_processes() -> None:
    view = shown(host("a", process("x")), host("b"), host("c", process("x"), state=HostState.TIMEOUT))
    assert names(view) == ["a/x", "b/", "c/", "c/x"]
    assert view.rows[1].process is None


def test_total_counts_the_rows_before_the_filter_in_the_scope() -> None:
    view = shown(host("a", process("x"), process("y")), host("b", process("x")), query="y")
    assert (len(view.rows), view.total) == (1, 3)
    view.set_scope(Scope(host="b"))
    assert (len(view.rows), view.total) == (0, 1)


def test_an_update_in_which_nothing_changed_leaves_the_very_rows() -> None:
    first = host("a", process("x"))
    view = shown(first)
    rows = list(view.rows)
    change = view.update(picture(replace(first, read_at=NOW + 5)), NOW + 5)
    assert not change.moved
    assert not change.changed
    assert all(row is other for row, other in zip(view.rows, rows, strict=True))


def test_a_changed_process_gets_a_new_row_in_the_same_place_and_its_neighbours_the_new_snapshot() -> None:
    before = host("a", process("x"), process("y"))
    view = shown(before)
    keep = view.rows[0]
    after = host("a", process("x"), process("y", pid=9))
    change = view.update(picture(after), NOW)
    assert not change.moved
    assert change.changed == {ProcessKey("a", "y", "y")}
    assert view.rows[0] is keep
    assert keep.host is after


def test_while_held_rows_change_in_place_new_rows_wait_and_gone_rows_stay() -> None:
    view = shown(host("a", process("x"), process("y")), host("b", process("x")), sort=Sort(Column.STATE))
    view.hold = True
    change = view.update(picture(host("a", process("w"), process("y", "FATAL"))), NOW)
    assert names(view) == ["a/x", "a/y", "b/x"]
    assert not change.moved
    assert view.rows[1].process is not None
    assert view.rows[1].process.state.name == "FATAL"
    assert view.index(ProcessKey("b", "x", "x")) == 2
    view.hold = False
    assert names(view) == ["a/y", "a/w"]


def test_a_new_filter_shows_at_once_even_while_held() -> None:
    view = shown(host("a", process("x"), process("y")))
    view.hold = True
    view.set_query(Query.parse("y"))
    assert names(view) == ["a/y"]
    assert view.hold


def test_a_filter_on_time_lets_rows_go_as_they_age() -> None:
    hosts = picture(host("a", process("x", start=1_700_000_950)))
    view = View(Query.parse("uptime<1m"))
    view.update(hosts, NOW)
    assert names(view) == ["a/x"]
    assert view.update(hosts, NOW + 0.5).moved is False
    assert view.update(hosts, NOW + 20).moved
    assert names(view) == []


def test_a_filter_on_time_tells_which_rows_came_as_they_aged() -> None:
    shown = picture(host("web-1", process("old"), process("new", start=int(OFFSET + NOW - 5))))
    view = View(Query.parse("uptime>6s"))
    view.update(shown, NOW)
    change = view.update(shown, NOW + 2)
    assert names(view) == ["web-1/new", "web-1/old"]
    assert change.moved
    assert change.changed == {ProcessKey("web-1", "new", "new")}


@pytest.mark.parametrize(
    ("scope", "words", "covered"),
    [
        (Scope.ALL, "all", True),
        (Scope(folder=("eu",)), "eu", True),
        (Scope(folder=("eu", "web")), "eu/web", True),
        (Scope(folder=("eu", "web", "x")), "eu/web/x", False),
        (Scope(folder=("web",)), "web", False),
        (Scope(tag="prod"), "tag:prod", True),
        (Scope(tag="pro"), "tag:pro", False),
        (Scope(host="web-01"), "web-01", True),
        (Scope(host="web-0\x1b"), "web-0␛", False),
    ],
)
def test_a_scope_covers_a_part_of_the_fleet_and_says_which(scope: Scope, words: str, covered: bool) -> None:
    assert scope.words == words
    assert scope.covers(host("web-01", folder=("eu", "web"), tags=["prod"])) is covered


def test_an_update_looks_only_at_the_rows_of_changed_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [host(f"web-{n}", process("x"), process("y")) for n in range(20)]
    fleet = Fleet(hosts)
    view = View(Query.parse("x|y"))
    view.update(fleet.picture(), NOW)
    seen: list[str] = []
    original = Query.select

    def spy(self: Query, of: HostSnapshot, rows: Sequence[Row], now: float) -> list[Row]:
        seen.append(of.host)
        return original(self, of, rows, now)

    monkeypatch.setattr(Query, "select", spy)
    fleet.apply(host("web-7", process("x"), process("y", "FATAL")), wall=0)
    view.update(fleet.picture(), NOW)
    assert seen == ["web-7"]


def test_an_update_tells_which_rows_are_on_no_host_any_more() -> None:
    fleet = Fleet([host("web-1", process("x"), process("y")), host("web-2", process("x"))])
    view = View(Query.parse("nothing"))
    view.update(fleet.picture(), NOW)
    fleet.apply(host("web-1", process("y", "FATAL")), wall=0)
    assert view.update(fleet.picture(), NOW).left == {ProcessKey("web-1", "x", "x")}
    view.hold = True
    fleet.forget("web-2")
    assert view.update(fleet.picture(), NOW).left == {ProcessKey("web-2", "x", "x")}
