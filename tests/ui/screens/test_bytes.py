"""What a key and a poll may cost on the wire to the terminal, with the whole app at 200x60 (the design's budget)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.counted import cost, cost_of, counted, painted, pass_seconds
from tests.ui.widgets.stage import host, picture, process
from tui.model.fleet import FleetPicture
from tui.model.states import ProcessState

KILO = 1024


@pytest.mark.parametrize(
    ("keys", "most"),
    [
        (("j",), 2 * KILO),
        (("space",), 2 * KILO),
        (("1",), 10 * KILO),
        (("3",), 10 * KILO),
        (("X",), 5 * KILO),
        (("R",), 5 * KILO),
        (("asterisk",), 25 * KILO),
        (("greater_than_sign",), 25 * KILO),
        (("exclamation_mark",), 25 * KILO),
        (("pagedown",), 25 * KILO),
        (("slash",), 5 * KILO),
        (("slash", "c"), 25 * KILO),
        (("slash", "colon"), 25 * KILO),
        (("D",), 50 * KILO),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_a_key_costs_no_more_than_it_may(tmp_path: Path, keys: tuple[str, ...], most: int) -> None:
    async with counted(tmp_path, still_fleet()) as (app, pilot):
        spent = await cost(app, pilot, *keys)
        assert 0 < spent <= most


async def test_a_large_question_costs_no_more_than_it_may(tmp_path: Path) -> None:
    async with counted(tmp_path, still_fleet()) as (app, pilot):
        await pilot.press("asterisk")
        assert 0 < await cost(app, pilot, "R") <= 50 * KILO


async def test_what_lay_below_a_menu_is_all_that_closing_it_sends(tmp_path: Path) -> None:
    async with counted(tmp_path, still_fleet()) as (app, pilot):
        await pilot.press("D")
        await painted(pilot)
        assert 0 < await cost(app, pilot, "escape") <= 8 * KILO


async def test_a_poll_that_changed_nothing_sends_nothing(tmp_path: Path) -> None:
    async with counted(tmp_path, still_fleet()) as (app, pilot):
        app.sent = []
        app.show(still_fleet())
        await painted(pilot)
        app._tick()
        await painted(pilot)
        assert "".join(app.sent) == ""


def busy(restarted: int = 0) -> FleetPicture:
    """More rows than the screen has lines; so many of them, not the one under the cursor, have another pid by one digit."""
    names = [f"gunicorn-{number:02d}" for number in range(80)]
    pids = [4000 + n + (n % 11 == 3 and n // 11 < restarted) for n in range(80)]
    rows = [process("web-01", "api", name, age=11, pid=pid) for name, pid in zip(names, pids, strict=True)]
    return picture(host("web-01", rows))


async def test_a_tick_that_changed_one_cell_in_a_hundred_sends_some_bytes_each(tmp_path: Path) -> None:
    async with counted(tmp_path, busy()) as (app, pilot):
        assert 0 < await cost_of(app, pilot, lambda: app.show(busy(restarted=4))) <= 64


async def test_a_tick_that_changed_every_age_sends_the_digits_and_the_ways_to_them(tmp_path: Path) -> None:
    async with counted(tmp_path, busy()) as (app, pilot):
        assert 100 < await cost_of(app, pilot, lambda: pass_seconds(app, 10)) <= KILO


async def test_a_step_costs_two_lines_at_most(tmp_path: Path) -> None:
    async with counted(tmp_path, busy()) as (app, pilot):
        await pilot.press("j", "j")
        assert 0 < await cost(app, pilot, "j") <= 600


@pytest.mark.parametrize("key", ["1", "3", "X", "R"])
async def test_a_change_of_focus_and_a_question_stay_below_5_kb(tmp_path: Path, key: str) -> None:
    async with counted(tmp_path, busy()) as (app, pilot):
        assert 0 < await cost(app, pilot, key) <= 5 * KILO


async def test_one_changed_row_sends_little(tmp_path: Path) -> None:
    def fleet(state: ProcessState) -> FleetPicture:
        rows = [process("web-01", "api", f"gunicorn-{index:02d}") for index in range(39)]
        return picture(host("web-01", [*rows, process("web-01", "celery", "celery", state)]))

    async with counted(tmp_path, fleet(ProcessState.RUNNING)) as (app, pilot):
        app.sent = []
        app.show(fleet(ProcessState.STOPPING))
        await painted(pilot)
        spent = sum(len(data.encode()) for data in app.sent)
        assert 0 < spent <= 1000
