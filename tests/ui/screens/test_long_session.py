"""A long random session, watched on two terminals: with the shadow grid and without it they show the same all along."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

from rich.color import ColorSystem
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import StillEngine
from tests.ui.terminal.twin_screens import TwinScreens
from tests.ui.widgets.stage import EPOCH, NOW, host, picture, process
from tui.model.fleet import FleetPicture
from tui.model.states import ProcessState
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.session import Session
from tui.ui.terminal.diff_driver import redraw

STEPS = int(os.environ.get("SESSION_STEPS", "200"))
"""Each a burst of keys, or something that happens to the fleet or the terminal: thousands of keys in all."""
LONGEST = 12.0
"""Seconds after which a busy machine has done enough, unless SESSION_STEPS asks for so many."""
KEYS = (
    *"jjjjkkkkggGGzt123!/oO<>wpnNdledEJvuaXRSKD?*]] ",
    *(
        "down",
        "up",
        "pagedown",
        "pageup",
        "ctrl+d",
        "ctrl+u",
        "home",
        "end",
        "left",
        "right",
        "enter",
        "tab",
        "ctrl+l",
    ),
    *("escape",) * 12,
)
SIZES = ((100, 30), (80, 24), (120, 24), (30, 6), (150, 16))
THEMES = ("textual-dark", "textual-light", "nord", "colour-blind")
NAMES = (
    "gunicorn",
    "世界",
    "e\u0301te\u0301",
    "naïve-αβγ",
    "worker-with-a-long-name-that-is-cut",
    "🦊-fox",
    "x",
)


class WatchedApp(SupervisorTuiApp):
    """Textual believes that it has a terminal; it has two."""

    twins: TwinScreens | None = None

    @property
    def is_headless(self) -> bool:
        return self.twins is None

    def watch_closely(self) -> None:
        assert self._driver is not None
        self.console._color_system = ColorSystem.TRUECOLOR
        self._driver.write = self._write  # type: ignore[method-assign]
        self.twins = TwinScreens(*self.size)
        self._sync_available = True

    def _write(self, data: str) -> None:
        assert self.twins is not None
        if self.size != (self.twins.grid.width, self.twins.grid.height):
            self.twins.resize(*self.size)
        self.twins.write(data)


def random_fleet(chance: random.Random) -> FleetPicture:
    """Some hosts, in whatever state, with names of every width."""
    hosts = []
    for number in range(chance.randint(1, 9)):
        name = f"web-{number:02d}"
        rows = [
            process(
                name,
                chance.choice(NAMES),
                f"{chance.choice(NAMES)}-{index}",
                chance.choice(list(ProcessState)),
                age=chance.choice((3, 75, 4000, 900_000)),
            )
            for index in range(chance.randint(0, 8))
        ]
        hosts.append(host(name, rows, folder=("eu", chance.choice(("web", "世"))), tags=["web"]))
    return picture(*hosts)


class Visitor:
    """Does anything a user, a fleet or a terminal can do."""

    def __init__(self, app: WatchedApp, pilot: Pilot[int], chance: random.Random) -> None:
        self.app, self.pilot, self.chance = app, pilot, chance
        self.done: list[str] = []

    async def step(self) -> None:
        dice = self.chance.random()
        if dice < 0.9:
            for key in self.chance.choices(KEYS, k=self.chance.randint(1, 20)):
                self._press(key)
        elif dice < 0.97:
            self.app.engine._picture = random_fleet(self.chance)
            self.app._wake()
            self.app._tick()
            self.done.append("picture")
        elif dice < 0.98:
            self.app.theme = self.chance.choice(
                [name for name in THEMES if name in self.app.available_themes]
            )
            self.done.append(self.app.theme)
        elif dice < 0.99:
            await self._resize(*self.chance.choice(SIZES))
        else:
            await self._suspend()
        await self.pilot.pause(0)

    def _press(self, name: str) -> None:
        key = _character_to_key(name) if len(name) == 1 else name
        self.done.append(key)
        self.app.post_message(events.Key(key, name if len(name) == 1 else None))

    async def _resize(self, width: int, height: int) -> None:
        self.done.append(f"{width}x{height}")
        await self.pilot.resize_terminal(width, height)

    async def _suspend(self) -> None:
        """As ctrl+z and fg: the terminal is left, a shell writes on it, and it is taken again."""
        await self.pilot.pause()
        twins = self.app.twins
        assert twins is not None
        self.done.append("suspend")
        twins.write("\x1b[?1049l")
        twins.show_both("\x1b[2J\x1b[3;3H\x1b[31mjobs\x1b[0m")
        twins.write("\x1b[?1049h")
        redraw(self.app)


async def test_with_and_without_the_grid_a_long_session_looks_the_same(tmp_path: Path) -> None:
    seed = int(os.environ.get("SESSION_SEED") or random.SystemRandom().randrange(1 << 32))
    chance = random.Random(seed)
    engine = StillEngine(still_fleet(), tmp_path)
    session = Session(
        engine, engine.settings, make_keymap({}), monotonic=lambda: NOW, wall=lambda: float(EPOCH)
    )
    app = WatchedApp(session)
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.pause()
        app.watch_closely()
        redraw(app)
        await pilot.pause()
        assert app.twins is not None
        visitor = Visitor(app, pilot, chance)
        deadline = time.monotonic() + LONGEST
        for number in range(STEPS):
            if time.monotonic() > deadline and "SESSION_STEPS" not in os.environ:
                break
            await visitor.step()
            if number % 7 == 0:
                await pilot.pause()
                different = app.twins.difference()
                assert different == "", (
                    f"SESSION_SEED={seed}, step {number}: {different}; then: {visitor.done[-30:]}"
                )
        assert app.twins.sent_bytes < app.twins.plain_bytes / 2
