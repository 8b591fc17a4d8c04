"""What a key and a poll may cost on the wire to the terminal, with the whole app at 200x60 (the design's budget)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rich.color import ColorSystem
from textual.pilot import Pilot

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import StillEngine
from tests.ui.widgets.stage import EPOCH, NOW, host, picture, process
from tui.model.fleet import FleetPicture
from tui.model.states import ProcessState
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.session import Session
from tui.ui.terminal.diff_driver import redraw
from tui.ui.terminal.shadow_grid import ShadowGrid

KILO = 1024


class CountedApp(SupervisorTuiApp):
    """Keeps what a true-colour terminal would be sent."""

    sent: list[str]
    grid: ShadowGrid
    counting = False

    @property
    def is_headless(self) -> bool:
        return not self.counting

    def count_bytes(self) -> None:
        assert self._driver is not None
        self.sent = []
        self.grid = ShadowGrid(*self.size)
        self.console._color_system = ColorSystem.TRUECOLOR
        self._driver.write = self.keep  # type: ignore[method-assign]
        self.counting = True

    def keep(self, data: str) -> None:
        sent = self.grid.feed(data)
        if sent:
            self.sent.append(sent)

    def show(self, what: FleetPicture) -> None:
        self.engine._picture = what
        self._wake()


@asynccontextmanager
async def counted(tmp_path: Path, what: FleetPicture) -> AsyncIterator[tuple[CountedApp, Pilot[int]]]:
    engine = StillEngine(what, tmp_path)
    session = Session(
        engine, engine.settings, make_keymap({}), monotonic=lambda: NOW, wall=lambda: float(EPOCH)
    )
    app = CountedApp(session)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("escape")
        await painted(pilot)
        app.count_bytes()
        redraw(app)
        await painted(pilot)
        yield app, pilot


async def painted(pilot: Pilot[int]) -> None:
    for _ in range(4):
        await pilot.pause()


async def cost(app: CountedApp, pilot: Pilot[int], *keys: str) -> int:
    app.sent = []
    await pilot.press(*keys)
    await painted(pilot)
    return sum(len(data.encode()) for data in app.sent)


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
