"""Take the pictures of the README: the real screen on the demo fleet, without a terminal.

`make picture` runs `scripts/picture.py docs`. For screen.svg a mailer is killed first, so that there is something to see: a
crashed process on top, its cause and its log on the right. logs.svg is the merged log of the web hosts.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from tui.config.load import load
from tui.config.passwords import fetch_passwords
from tui.demo import keeper
from tui.demo.fleet import DemoFleet
from tui.engine.engine import Engine
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.query import Query
from tui.model.states import ProcessState
from tui.model.view import Column
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.screens.jobs import JobsScreen
from tui.ui.screens.log import LogScreen
from tui.ui.session import Session

SIZE = (164, 36)
SECONDS = 40.0
VICTIM = ProcessKey("pyweb3", "mailer", "mailer")


def main() -> None:
    """Bring the fleet up, take the picture, write it."""
    if len(sys.argv) != 2:
        sys.exit("usage: picture.py DIRECTORY")
    tempfile.tempdir = "/tmp"  # noqa: S108  in the picture it reads better than a private place of this machine
    with DemoFleet() as fleet:
        pictures = asyncio.run(take_pictures(fleet))
    for name, picture in pictures.items():
        path = Path(sys.argv[1], f"{name}.svg")
        path.write_text(picture)
        sys.stderr.write(f"{path}: {len(picture)} bytes\n")


async def take_pictures(fleet: DemoFleet) -> dict[str, str]:
    """The screens as SVG: the fleet after a crash, a merged log, and a rolling restart half-way."""
    settings = load(fleet.hosts_file)
    passwords = fetch_passwords(settings.hosts.values())
    engine = Engine(settings, state_dir=fleet.state_dir, passwords=passwords)
    app = SupervisorTuiApp(
        Session(engine, settings, make_keymap(settings.ui.keys, "hosts.yaml")), engine.redact
    )
    try:
        async with app.run_test(size=SIZE) as pilot:
            await until(
                pilot, lambda: state(engine, ProcessKey("pyweb4", *["search-indexer"] * 2)) == "FATAL"
            )
            await until(pilot, lambda: not engine.picture.counts.busy)
            crash(engine)
            await until(pilot, lambda: state(engine, VICTIM) == "EXITED")
            table = app.fleet.table
            await pilot.press("!", "2")
            await press_until(pilot, ">", lambda: table.view.sort.column is Column.STATE)  # trouble first
            await press_until(pilot, "]", lambda: table.cursor_key == VICTIM)
            await pilot.pause(2.0)  # the details come from two more answers
            screen = private(app.export_screenshot(title="supervisor-tui"))
            await merge_logs(app, pilot)
            logs = private(app.export_screenshot(title="supervisor-tui: logs"))
            await roll(app, pilot)
            rolling = private(app.export_screenshot(title="supervisor-tui: a rolling restart"))
            return {"screen": screen, "logs": logs, "rolling": rolling}
    finally:
        engine.stop()


async def merge_logs(app: SupervisorTuiApp, pilot: Pilot[int]) -> None:
    """What the web hosts print, merged, with times, and one word looked for."""
    app.fleet.set_query(Query.parse("tag:web !flapping !slow !site"))
    await pilot.press("*", "l")
    await until(pilot, lambda: isinstance(app.screen, LogScreen))
    screen = app.screen
    assert isinstance(screen, LogScreen)
    await pilot.press("t")
    screen.view.search("miss")
    await pilot.press("G")
    live = SIZE[1]
    await until(pilot, lambda: sum(line.arrived > 0 for line in screen.view.memory.lines) > live)
    screen.ticker.hush()
    await pilot.pause(1.0)  # a flood is painted now and then


async def roll(app: SupervisorTuiApp, pilot: Pilot[int]) -> None:
    """A restart of all workers in batches, half-way."""
    engine = app.engine
    workers = [ProcessKey(host, "pool", "") for host in ("pyweb1", "pyweb3", "pyweb4")]
    pace = Pace(batch=3, canary=True, settle=1.0, max_failed=1)
    plan = make_plan(Verb.RESTART, workers, engine.picture, time.monotonic(), pace=pace)
    number = engine.submit(plan, Tier.TYPED)
    await pilot.press("escape", "J")
    await until(pilot, lambda: isinstance(app.screen, JobsScreen))
    await until(pilot, lambda: engine.wait_job(number, 0).done > 1 + pace.batch)
    await until(pilot, lambda: len(engine.wait_job(number, 0).running) > 1)
    await pilot.pause(0.2)


def crash(engine: Engine) -> None:
    """Kill the victim, as the kernel does when memory is short."""
    process = engine.picture.process(VICTIM)
    if process is None or not process.pid:
        raise SystemExit(f"{VICTIM.name} does not run")
    os.kill(process.pid, signal.SIGKILL)


def state(engine: Engine, key: ProcessKey) -> str:
    process = engine.picture.process(key)
    return ProcessState(process.state).name if process is not None else ""


async def until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("the fleet did not come to the state that the picture wants")
        await pilot.pause(0.05)


async def press_until(pilot: Pilot[int], key: str, condition: Callable[[], bool]) -> None:
    for _ in range(SIZE[1]):
        if condition():
            return
        await pilot.press(key)
        await pilot.pause()
    raise SystemExit(f"pressing {key} does not lead to what the picture wants")


def private(svg: str) -> str:
    """Without fonts from elsewhere, and without the random part of the directory's name."""
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(rf"{keeper.PREFIX}\w{{8}}", f"{keeper.PREFIX}12345678", svg)


if __name__ == "__main__":
    main()
