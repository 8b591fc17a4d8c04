"""The whole app without a terminal, which keeps what a terminal would be sent, at 200x60."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from rich.color import ColorSystem
from textual.pilot import Pilot

from tests.ui.screens.cockpit import StillEngine
from tests.ui.widgets.stage import EPOCH, NOW
from tui.engine.engine import Engine
from tui.model.fleet import FleetPicture
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.session import Session
from tui.ui.terminal.diff_driver import redraw
from tui.ui.terminal.shadow_grid import ShadowGrid


class CountedApp(SupervisorTuiApp):
    """Keeps what a true-colour terminal would be sent."""

    sent: list[str]
    grid: ShadowGrid
    counting = False

    def __init__(self, engine: Engine) -> None:
        self.later = 0.0
        super().__init__(
            Session(
                engine,
                engine.settings,
                make_keymap({}),
                monotonic=lambda: NOW + self.later,
                wall=lambda: EPOCH + self.later,
            )
        )

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
    app = CountedApp(engine)
    async with app.run_test(size=(200, 60)) as pilot:
        await pilot.press("escape")
        await painted(pilot)
        app.count_bytes()
        redraw(app)
        app._tick()  # the title of the window is told once
        await painted(pilot)
        yield app, pilot


async def painted(pilot: Pilot[int]) -> None:
    for _ in range(4):
        await pilot.pause()


async def cost(app: CountedApp, pilot: Pilot[int], *keys: str) -> int:
    """Bytes that keys cost."""
    return await cost_of(app, pilot, lambda: pilot.press(*keys))


async def cost_of(app: CountedApp, pilot: Pilot[int], act: Callable[[], Awaitable[object] | None]) -> int:
    """Bytes that an act costs."""
    app.sent = []
    waiting = act()
    if waiting is not None:
        await waiting
    await painted(pilot)
    return sum(len(data.encode()) for data in app.sent)


def pass_seconds(app: CountedApp, seconds: float) -> None:
    """Time goes on."""
    app.later += seconds
    app._tick()
