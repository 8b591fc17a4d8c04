"""The whole app under a pilot, over real supervisords or over a fleet that stands still."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.support.supervisord import RealSupervisord
from tests.ui.widgets.stage import EPOCH, NOW, lines_of
from tui.config.rereading import Rereading
from tui.config.schema import HostSettings, Settings, UiSettings
from tui.config.secrets import Secret
from tui.engine.engine import Engine
from tui.model.endpoint import Endpoint
from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.model.query import Query
from tui.model.states import ProcessState
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.last_picture import LastPicture
from tui.ui.session import Session

PROGRAMS = """
[program:api]
command=sleep 1000
numprocs=2
process_name=%(program_name)s-%(process_num)02d
startsecs=0
[program:celery]
command=sleep 1000
startsecs=0
"""
BROKEN = "[program:broken]\ncommand=/bin/false\nstartretries=0\n"


class Cockpit:
    """A running app, with words for what a test does and sees."""

    def __init__(self, app: SupervisorTuiApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot
        self.engine = app.engine
        self.fleet = app.fleet

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        """Wait until something is true; fail with the picture of the screen's text."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "never came true; the ticker says: " + self.ticker
            await self.pilot.pause(0.02)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def answered(self) -> None:
        await self.until(lambda: self.engine.picture.counts.pending == 0)
        await self.pilot.pause()

    async def go_to(self, host: str, name: str, group: str = "") -> None:
        """Put the cursor on a process."""
        key = ProcessKey(host, group or name, name)
        await self.until(lambda: self.fleet.table.select(key))
        await self.pilot.pause()

    async def say_yes(self, asking: Callable[[], bool] | None = None) -> None:
        """Press y as a person would: a while after the question, again when it was too soon."""
        asking = asking or (lambda: self.fleet.asking)
        await self.until(asking)
        for _ in range(50):
            await asyncio.sleep(0.2)
            await self.press("y")
            await asyncio.sleep(0.1)
            await self.pilot.pause()
            if not asking():
                return
        raise AssertionError("the question did not take y")

    async def type_answer(self, text: str) -> None:
        """Type and press enter, with a pause before it."""
        await self.press(*text)
        for _ in range(50):
            await asyncio.sleep(0.2)
            await self.press("enter")
            await asyncio.sleep(0.1)
            await self.pilot.pause()
            if not self.fleet.asking:
                return
        raise AssertionError("the question did not take the answer")

    def state(self, host: str, name: str, group: str = "") -> ProcessState | None:
        process = self.engine.picture.process(ProcessKey(host, group or name, name))
        return None if process is None else process.state

    def pid(self, host: str, name: str, group: str = "") -> int:
        process = self.engine.picture.process(ProcessKey(host, group or name, name))
        return 0 if process is None else process.pid

    @property
    def shown(self) -> list[str]:
        """The names in the table."""
        return [row.key.name or row.key.host for row in self.fleet.table.view.rows]

    @property
    def ticker(self) -> str:
        screen = next((one for one in self.app.screen_stack[::-1] if hasattr(one, "ticker")), None)
        return "" if screen is None else "\n".join(lines_of(screen.ticker))

    async def told(self, words: str) -> None:
        """Wait until the ticker says so."""
        await self.until(lambda: words in self.ticker)

    def text(self) -> str:
        """Everything that the top screen shows."""
        return "\n".join(
            "".join(segment.text for segment in strip)
            for strip in self.app.screen._compositor.render_strips()
        )


def host_settings(name: str, daemon: RealSupervisord) -> HostSettings:
    return HostSettings(name, daemon.endpoint, user=daemon.user, poll=0.2, timeout=5.0)


@asynccontextmanager
async def cockpit(
    tmp_path: Path,
    daemons: Mapping[str, RealSupervisord],
    *,
    size: tuple[int, int] = (120, 40),
    read_only: bool = False,
    select: str = "",
    settings: Settings | None = None,
    keys: Mapping[str, str] | None = None,
    rereading: Rereading | None = None,
) -> AsyncIterator[Cockpit]:
    """The app over these, every host answered; with a `rereading` its settings can be read again."""
    hosts = {name: host_settings(name, daemon) for name, daemon in daemons.items()}
    settings = settings or Settings(hosts, ui=UiSettings(keys=keys or {}))
    passwords = {name: Secret(daemon.password) for name, daemon in daemons.items() if daemon.password}
    engine = Engine(settings, read_only=read_only, state_dir=tmp_path, passwords=passwords)
    session = Session(
        engine,
        settings,
        make_keymap(settings.ui.keys),
        read_only,
        Query.parse(select) if select else Query.ALL,
        rereading=rereading,
    )
    app = SupervisorTuiApp(session)
    try:
        async with app.run_test(size=size) as pilot:
            cock = Cockpit(app, pilot)
            await cock.answered()
            yield cock
    finally:
        await asyncio.to_thread(engine.stop)


class StillEngine(Engine):
    """An engine that never asks anybody: it shows one picture for ever."""

    def __init__(self, picture: FleetPicture, state_dir: Path) -> None:
        nowhere = Endpoint("http", host="127.0.0.1", port=9)
        hosts = {name: HostSettings(name, nowhere) for name in picture.hosts}
        super().__init__(Settings(hosts, source=Path("/etc/prod-eu/hosts.yaml")), state_dir=state_dir)
        self._picture = picture

    def start(self) -> None:
        """Nothing is contacted."""

    def ask(self, host: str, question: object) -> concurrent.futures.Future[Any]:
        """No answer ever comes."""
        return concurrent.futures.Future()

    def preview_update(self, hosts: Iterable[str]) -> concurrent.futures.Future[Any]:
        """No answer ever comes."""
        return concurrent.futures.Future()


def still_app(
    picture: FleetPicture, state_dir: Path, *, theme: str = "textual-dark", last: LastPicture | None = None
) -> SupervisorTuiApp:
    """The app over a fleet that stands still, at a time that stands still."""
    engine = StillEngine(picture, state_dir)
    session = Session(
        engine, engine.settings, make_keymap({}), last=last, monotonic=lambda: NOW, wall=lambda: float(EPOCH)
    )
    app = SupervisorTuiApp(session)
    app.call_later(setattr, app, "theme", theme)
    return app
