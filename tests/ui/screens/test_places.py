"""Where the focus is, what leaving a place means, and the way back: step by step, never by accident out of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import Cockpit, still_app
from tests.ui.widgets.stage import lines_of, until
from tui.model.query import Query
from tui.model.view import Scope as Part


async def test_a_click_elsewhere_answers_a_question_with_no(tmp_path: Path) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press("escape")
        await cock.go_to("web-01", "celery")
        await cock.press("X")
        await until(lambda: cock.fleet.confirm.asking)
        await pilot.click(cock.fleet.table, offset=(10, 3))
        await until(lambda: not cock.fleet.confirm.asking)
        await cock.told("not done: stop web-01 celery")
        assert not cock.fleet.table.hold


async def test_another_window_on_the_desktop_leaves_the_question_open(tmp_path: Path) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press("escape")
        await cock.go_to("web-01", "celery")
        await cock.press("X")
        await until(lambda: cock.fleet.confirm.asking and cock.fleet.confirm.has_focus)
        app.app_focus = False
        await pilot.pause()
        app.app_focus = True
        await pilot.pause()
        assert cock.fleet.confirm.asking
        await until(lambda: cock.fleet.confirm.has_focus)


async def test_q_leaves_a_pane_that_stands_alone_before_it_leaves_the_program(tmp_path: Path) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press("3")
        await until(lambda: cock.fleet.detail.display and not cock.fleet.table.display)
        await cock.press("q")
        assert cock.fleet.table.display
        assert app.is_running
        await cock.press("q")
        await until(lambda: not app.is_running)


async def test_escape_closes_a_filter_that_has_lost_the_focus(tmp_path: Path) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press("slash", *"celery")
        await pilot.click(cock.fleet.table, offset=(10, 3))
        await until(lambda: app.focused is cock.fleet.table)
        await cock.press("escape")
        assert not cock.fleet.filter.display
        await cock.press("escape")
        assert cock.fleet.table.view.query == Query.ALL


@pytest.mark.parametrize("pane", ["1", "3"])
async def test_when_a_pane_has_no_room_any_more_the_table_has_the_focus(tmp_path: Path, pane: str) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(200, 60)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press(pane)
        await pilot.resize_terminal(80, 24)
        await until(lambda: app.focused is cock.fleet.table)
        assert cock.fleet.table.display


async def test_what_is_told_at_the_bottom_and_at_the_side_is_what_a_verb_would_act_on(tmp_path: Path) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(200, 60)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press("1")
        assert app.fleet.tree_pane.select(Part(host="web-05"))
        await until(lambda: "web-05: 6 processes — a verb acts on the whole host" in cock.ticker)
        await until(lambda: lines_of(app.fleet.detail)[0].strip() == "web-05")
        await cock.press("2")
        await until(lambda: "whole host" not in cock.ticker)
        row = app.fleet.table.cursor_row
        assert row is not None
        host = row.key.host
        await until(lambda: host in lines_of(app.fleet.detail)[0])


async def test_after_a_question_the_pane_that_asked_has_the_focus_again(tmp_path: Path) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test(size=(200, 60)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.press("1")
        assert app.fleet.tree_pane.select(Part(host="web-05"))
        await cock.press("D", "r")
        await until(lambda: cock.fleet.confirm.asking and cock.fleet.confirm.has_focus)
        await cock.press("n")
        await until(lambda: app.focused is app.fleet.tree_pane)
