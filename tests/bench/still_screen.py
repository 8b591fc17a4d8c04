"""The program whose memory `bench_memory` measures: the real fleet screen over an engine that asks nobody.

`python -m tests.bench.still_screen HOSTS` fills the screen from answers as supervisord writes them, through the decoders
that a run keeps, lets rows change for a while, does what a user does, and prints the peak before and after the latter in
MB. With 0 hosts it is a bare Textual program.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

PROCESSES = 50
SIZE = (120, 40)
WAVES = 10
"""Pictures in which the first answers come in."""
ROUNDS = 10
"""Pictures of change after that, in each of which every host has another row."""


class Bare(App[None]):
    """The least there can be."""

    def compose(self) -> ComposeResult:
        yield Static("nothing")


def main() -> None:
    """Run one of the two and print what it took."""
    hosts = int(sys.argv[1])
    if hosts:
        _fleet_screen(hosts)
    else:
        Bare().run(headless=True, size=SIZE, auto_pilot=_leave)
    sys.stdout.write(f"{peak():.1f}\n")


def peak() -> float:
    """The most memory that this process ever held, in MB (Linux: VmHWM; unlike ru_maxrss it is not our parent's)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


async def _leave(pilot: Pilot[Any]) -> None:
    await pilot.pause()
    pilot.app.exit()


def _fleet_screen(hosts: int) -> None:
    from tests.bench.still_engine import StillEngine
    from tui.ui.app import SupervisorTuiApp
    from tui.ui.keymap import make_keymap
    from tui.ui.pauses import keep_pauses_short
    from tui.ui.session import Session

    keep_pauses_short()
    engine = StillEngine(hosts, PROCESSES)
    app = SupervisorTuiApp(Session(engine, engine.settings, make_keymap({})))

    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        for wave in range(WAVES):
            for number in range(wave, hosts, WAVES):
                engine.read(number)
            engine.publish()
            await pilot.pause()
        for _ in range(ROUNDS):
            for number in range(hosts):
                engine.read(number)
            engine.publish()
            await pilot.pause()
        assert app.fleet.table.view.total == hosts * PROCESSES
        sys.stdout.write(f"{peak():.1f} ")
        await pilot.press("escape", "slash", *"worker_1 uptime>1h", "enter")
        await pilot.press("escape", "asterisk", "pagedown")
        assert app.fleet.table.mark_count == hosts * PROCESSES
        app.fleet.action_sort_next()
        await pilot.pause()
        for number in range(hosts):
            engine.read(number)
        engine.publish()
        await pilot.pause()
        app.exit()

    app.run(headless=True, size=SIZE, auto_pilot=drive)


if __name__ == "__main__":
    main()
