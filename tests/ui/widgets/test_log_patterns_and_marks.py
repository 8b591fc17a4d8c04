"""Patterns that would run for ever, and walking from mark to mark, in the log view."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.ui.widgets.stage import lines_of, staged, until
from tests.ui.widgets.test_log_view import OTHER, Line, numbered
from tui.model.log_search import LogSearch
from tui.ui.widgets.log_memory import LogMemory, is_mark
from tui.ui.widgets.log_view import LogView

ENDLESS = r"/(a|aa)+$/"
"""On `TRAP` it tries more ways than a life has seconds."""
TRAP = "a" * 60 + "b"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """CPU of this thread: a busy machine is no failure."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < seconds


def mark(text: str) -> Line:
    return Line(text, kind="mark")


async def test_a_search_that_would_take_for_ever_gives_up_soon_and_says_so_once() -> None:
    view = LogView()
    async with staged(view, size=(80, 5)) as (app, pilot):
        view.add_lines([*numbered(100), *[Line(TRAP)] * 1_000])
        with within(1):
            assert view.search(ENDLESS) == 0
            assert not view.previous_match()
            assert not view.next_match()
            for _ in range(20):
                view.add_lines([Line(TRAP)] * 500)
        await pilot.pause()
        assert [message.filtering for message in app.heard if isinstance(message, LogView.GaveUp)] == [False]
        assert app.messages(LogView.Searched) == []


async def test_a_search_gives_up_also_on_a_line_that_came_later_and_only_has_to_be_highlighted() -> None:
    view = LogView()
    async with staged(view, size=(80, 5)) as (app, pilot):
        view.add_lines([*numbered(100), Line("aaa")])
        assert view.search(ENDLESS) == 1
        assert view.searching is not None
        assert not view.searching.gave_up
        with within(1):
            view.add_lines([Line(TRAP)] * 100)
            view.end()
        await until(lambda: len(app.messages(LogView.GaveUp)) == 1)
        view.add_lines(numbered(10, 100))
        await pilot.pause()
        assert len(app.messages(LogView.GaveUp)) == 1


async def test_a_filter_that_gave_up_lets_through_what_it_did_not_decide() -> None:
    view = LogView()
    async with staged(view, size=(80, 5)) as (app, pilot):
        view.add_lines([*numbered(10), Line("aaa"), Line(TRAP), Line("after")])
        with within(1):
            assert view.set_filter(ENDLESS) == 3
            for _ in range(20):
                view.add_lines([Line(TRAP)] * 500)
        assert [line.text for line in view.memory.lines[:3]] == ["aaa", TRAP, "after"]
        assert view.line_count == 10_003
        await pilot.pause()
        assert [message.filtering for message in app.heard if isinstance(message, LogView.GaveUp)] == [True]
        view.set_filter(ENDLESS)
        await pilot.pause()
        assert len(app.messages(LogView.GaveUp)) == 2, "asked again, told again"


def test_lines_that_a_filter_had_hidden_before_it_gave_up_are_dropped_as_hidden_ones() -> None:
    memory = LogMemory(most=100)
    memory.set_filter(LogSearch.parse(ENDLESS, filtering=True), 0)
    memory.add(numbered(50))
    memory.add([Line("aaa"), Line(TRAP)])
    memory.add(numbered(80, 100))
    assert memory.filter is not None
    assert memory.filter.gave_up
    assert [line.text for line in memory.lines] == ["aaa", TRAP, *(f"line {n}" for n in range(100, 180))]
    assert memory.kept == 100
    assert memory.first == 0
    memory.add(numbered(40, 180))
    assert memory[memory.first].text == "line 120"
    assert memory.first == 22


def test_the_newest_lines_that_a_filter_had_hidden_before_it_gave_up_are_left_out_as_hidden_ones() -> None:
    memory = LogMemory(most=100)
    memory.set_filter(LogSearch.parse(ENDLESS, filtering=True), 0)
    memory.add([Line("aaa"), *numbered(50)])
    memory.prepend([*numbered(88, 100), Line(TRAP), Line("before")])
    assert memory.left_out > 0
    assert [line.text for line in memory.lines] == [TRAP, "before", "aaa"]


async def test_marks_are_walked_up_and_down_and_the_walk_stops_at_the_ends() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(
            [
                *numbered(50),
                mark("one"),
                *numbered(50, 50),
                Line("a remark", kind="note"),
                mark("two"),
                *numbered(50),
            ]
        )
        assert view.previous_mark()
        assert "two" in lines_of(view)
        assert not view.follow
        assert view.previous_mark()
        assert "one" in lines_of(view)
        y = lines_of(view).index("one")
        assert next(segment.style for segment in view.render_line(y)) == view.palette.match
        assert not view.previous_mark()
        assert "one" in lines_of(view)
        assert view.next_mark()
        assert "two" in lines_of(view)
        assert not view.next_mark()


async def test_without_marks_a_walk_goes_nowhere() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        assert not view.next_mark()
        view.add_lines([*numbered(50), Line("── 12:00:00 ──")])
        assert not view.previous_mark()
        assert not view.next_mark()
        assert view.follow


async def test_a_mark_passes_every_filter_and_is_found_where_it_is_then() -> None:
    view = LogView()
    async with staged(view, size=(60, 5)):
        view.add_lines([*numbered(50), mark("one"), *numbered(50, 50), Line("other", key=OTHER), mark("two")])
        view.set_filter("/line .7$/")
        assert view.previous_mark()
        assert view.previous_mark()
        assert any("one" in line for line in lines_of(view))
        assert (
            view.memory[
                next(s for s in range(view.memory.first, view.memory.end) if is_mark(view.memory[s]))
            ].text
            == "one"
        )
        view.set_filter("")
        assert any("one" in line for line in lines_of(view))


async def test_a_mark_that_was_dropped_is_no_mark_above() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.memory = LogMemory(most=200)
        view.add_lines([*numbered(10), mark("one"), *numbered(100), mark("two")])
        assert view.previous_mark()
        assert view.previous_mark()
        view.add_lines(numbered(150))
        assert not view.previous_mark()
        assert view.next_mark()
        assert "two" in lines_of(view)
        view.add_lines(numbered(500))
        assert not view.next_mark()
        assert not view.previous_mark()


@pytest.mark.parametrize("before", ["match", "trouble"])
async def test_marks_go_on_from_the_line_that_another_jump_found(before: str) -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(
            [mark("one"), *numbered(50), Line("ERROR here"), *numbered(50), mark("two"), *numbered(50)]
        )
        if before == "match":
            view.search("error here")
        else:
            view.previous_trouble()
        assert view.next_mark()
        assert "two" in lines_of(view)


async def test_a_match_at_the_end_is_found_and_counted_however_many_lines_lie_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(LogMemory.count, "__defaults__", (0.0,))
    view = LogView()
    async with staged(view, size=(40, 5)) as (app, pilot):
        view.add_lines([*numbered(10_000), Line("needle")])
        assert view.search("/nee.le/") == 1
        await pilot.pause()
        assert view.search("/no such needle/") == 0
        await pilot.pause()
        told = [message.complete for message in app.heard if isinstance(message, LogView.Searched)]
        assert told == [False, True], "where nothing is found, every line was looked at"


async def test_a_mark_belongs_to_no_source_on_the_screen_and_in_what_is_saved() -> None:
    view = LogView()
    async with staged(view, size=(60, 5)):
        view.add_lines([Line("here"), mark("──── 12:00:00 ────"), Line("there", key=OTHER)])
        assert lines_of(view)[:3] == [
            "web-01 gunicorn here",
            "──── 12:00:00 ────",
            "web-02 gunicorn there",
        ]
        assert view.text()().splitlines()[1] == "──── 12:00:00 ────"
