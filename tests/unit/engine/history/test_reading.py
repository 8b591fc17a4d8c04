"""Pages, newest first: of everybody, of a few, of many, between two times, and of what a filter selects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.engine.history.changes import BEGAN, change, told, writer
from tui.engine.history.browsing import facts_of, glance, page_before
from tui.engine.history.reading import FEW, Past, reading
from tui.model.fleet import Transition
from tui.model.past import STATUSES, PastFilter
from tui.model.process import ProcessKey
from tui.model.query import Query

STATES = ("RUNNING", "FATAL", "STOPPED")


@pytest.fixture
def past(tmp_path: Path) -> Iterator[Past]:
    """300 processes on three hosts, one change a second, in turn: process `n` changes at n, n + 300 and n + 600."""
    with writer(tmp_path) as one:
        one.write(
            change(
                STATES[(n // 300 + 2) % 3],
                STATES[n // 300],
                n,
                key=ProcessKey(f"web-{n % 3}", "g", f"p{n % 300:03}"),
                pid=n + 1,
                start=n + 1,
            )
            for n in range(900)
        )
    with reading(tmp_path) as open_past:
        assert open_past is not None
        yield open_past


def seconds(rows: list) -> list[int]:  # type: ignore[type-arg]
    """When they were, after the beginning."""
    return [round(row.time - BEGAN) for row in rows]


def test_the_newest_page_and_the_ones_before_it_are_everything_once(past: Past) -> None:
    found, before = [], 2**63 - 1
    while page := past.newest_first(77, before=before):
        found += page
        before = page[-1].serial
    assert seconds(found) == list(range(899, -1, -1))


def test_since_is_within_and_until_is_not(past: Past) -> None:
    assert seconds(past.newest_first(99, since=BEGAN + 5, until=BEGAN + 8)) == [7, 6, 5]


@pytest.mark.parametrize("many", [1, FEW, FEW + 1, 300])
def test_the_pages_of_some_processes_are_those_of_nobody_else(past: Past, many: int) -> None:
    keys = sorted(key for key in past.processes())[:many]
    numbers = [past.processes()[key] for key in keys]
    rows = past.newest_first(10_000, processes=numbers, since=BEGAN + 100, until=BEGAN + 800)
    assert seconds(rows) == sorted(seconds(rows), reverse=True)
    names = {int(key.name[1:]) for key in keys}
    assert sorted(seconds(rows)) == [n for n in range(100, 800) if n % 300 in names]


def test_a_filter_may_ask_for_what_a_change_led_to(past: Past) -> None:
    accept = PastFilter(Query.parse("state:fatal host:web-1"), {}, BEGAN + 900)
    rows = past.newest_first(3, accept=accept)
    assert told(rows) == [("RUNNING", "FATAL")] * 3
    assert seconds(rows) == [598, 595, 592]


@pytest.mark.parametrize("few", [False, True])
def test_changes_to_other_states_are_not_even_looked_at(past: Past, few: bool) -> None:
    looked_at: list[Transition] = []
    numbers = sorted(past.processes().values())[:3] if few else None

    def accept(transition: Transition) -> bool:
        looked_at.append(transition)
        return True

    asked = {"processes": numbers, "limit": 10_000}
    rows = past.newest_first(ends={"FATAL": STATUSES}, accept=accept, **asked)  # type: ignore[arg-type]
    assert rows == [row for row in past.newest_first(**asked) if row.new == "FATAL"]  # type: ignore[arg-type]
    assert looked_at == rows
    assert rows


def test_the_part_of_a_filter_that_is_about_names_tells_whom_to_ask(past: Past) -> None:
    accept = PastFilter(Query.parse("name:p007 exit:0|1"), {}, BEGAN + 900)
    assert [key.name for key in past.processes() if accept.may_select(key)] == ["p007"]


def test_a_key_stands_for_the_process_the_group_or_the_host(past: Past) -> None:
    assert len(past.numbers_of(ProcessKey("web-1", "g", "p001"))) == 1
    assert len(past.numbers_of(ProcessKey("web-1", "g"))) == 100
    assert len(past.numbers_of(ProcessKey("web-1"))) == 100
    assert past.numbers_of(ProcessKey("nobody")) == []


def test_no_question_goes_through_what_it_does_not_return(past: Past) -> None:
    """A page of one process, and one between two times, are found by an index: a scan of the table would show here."""
    for where in ("t.process = 1 AND t.id BETWEEN 1 AND 9", "t.id BETWEEN 1 AND 9"):
        plan = past.connection.execute(
            "EXPLAIN QUERY PLAN SELECT t.id, p.host FROM transition t JOIN process p ON p.id = t.process"
            f" WHERE {where} ORDER BY t.id DESC"
        ).fetchall()
        words = " ".join(row[3] for row in plan)
        assert "SCAN" not in words
        assert "TEMP B-TREE" not in words


# --- the past behind what a program has seen ------------------------------------------------------------------------


def test_what_another_program_noticed_a_moment_sooner_is_not_shown_a_second_time(tmp_path: Path) -> None:
    mine = change("RUNNING", "FATAL", 100, start=7)
    with writer(tmp_path) as one:
        one.write([change("STARTING", "RUNNING", 50, pid=3, start=6), replace(mine, time=mine.time - 1.5)])
    page = page_before(tmp_path, mine.time, None, seen={facts_of(mine)})
    assert told(page.rows) == [("STARTING", "RUNNING")]
    assert told(page_before(tmp_path, mine.time, None).rows) == [
        ("RUNNING", "FATAL"),
        ("STARTING", "RUNNING"),
    ]


def test_pages_follow_one_another_to_the_end(tmp_path: Path) -> None:
    with writer(tmp_path) as one:
        one.write(change("RUNNING", "RUNNING", n, pid=n + 1, start=n + 1) for n in range(25))
    found: list[Transition] = []
    pages = 0
    while True:
        page = page_before(tmp_path, BEGAN + 99, found[-1] if found else None, size=10)
        found += page.rows
        pages += 1
        if page.ended:
            break
    assert pages == 3
    assert seconds(found) == list(range(24, -1, -1))


def test_a_glance_joins_what_was_kept_with_what_was_seen_and_doubles_nothing(tmp_path: Path) -> None:
    mine = change("RUNNING", "FATAL", 100, start=7)
    with writer(tmp_path) as one:
        one.begin_run(["web-01"], BEGAN)
        one.write([change("STARTING", "RUNNING", 50, pid=3, start=6), replace(mine, time=mine.time - 1.5)])
    found = glance(tmp_path, mine.key, BEGAN + 200)
    assert told(found.with_seen([mine])) == [("STARTING", "RUNNING"), ("RUNNING", "FATAL")]
    assert told(found.with_seen([])) == [("STARTING", "RUNNING"), ("RUNNING", "FATAL")]
    assert found.words.startswith("no restart")
    assert glance(tmp_path / "nothing", mine.key, BEGAN).words == ""
