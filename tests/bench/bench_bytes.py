"""What a tick, a step, a change of focus and a question send to a terminal of 200x60, beside a DataTable program.

Bytes of the frames of the whole app, without a terminal behind it. Both programs show the same 200 processes; the
DataTable program has no panes and asks no question, so that a step and a page are all that it can be compared by.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from rich.color import ColorSystem
from textual.pilot import Pilot

from tests.bench.datatable_program import DataTableProgram, rows_of
from tests.bench.figures import AtMost, Figure, Size, run
from tests.ui.screens.counted import CountedApp, cost, cost_of, counted, pass_seconds
from tests.ui.widgets.stage import NOW, host, picture, process
from tui.model.fleet import FleetPicture

ROWS = 200
VISIBLE = 55
CELLS = VISIBLE * 9
AGE = 11
STEPS = {Size.FULL: 20, Size.QUICK: 5, Size.SMOKE: 1}
WAY = (
    "a running row has two ages, and each costs the way to it, some seven bytes, besides its digits; "
    "they are never all due in one second"
)
LINES = "two lines change their background and are written again, and the details show another process"


def fleet(restarted: int = 0) -> FleetPicture:
    """One host; so many processes, scattered over the lines in view, have another pid by one digit."""
    rows = [process("web-01", "api", f"gunicorn-{n:03d}", age=AGE, pid=4000 + n) for n in range(ROWS)]
    for place in range(restarted):
        row = 3 + place * VISIBLE // (restarted + 1)
        rows[row] = replace(rows[row], pid=rows[row].pid + 1)
    return picture(host("web-01", rows))


class CountedDataTable(DataTableProgram):
    """Keeps how many bytes a true-colour terminal would be sent."""

    sent = 0
    counting = False

    @property
    def is_headless(self) -> bool:
        return not self.counting

    def count_bytes(self) -> None:
        """From now on."""
        assert self._driver is not None
        self.console._color_system = ColorSystem.TRUECOLOR
        self._driver.write = self._take  # type: ignore[method-assign]
        self.counting = True

    def _take(self, data: str) -> None:
        self.sent += len(data.encode())


async def ours(app: CountedApp, pilot: Pilot[int], steps: int) -> AsyncIterator[tuple[str, float]]:
    """Each act's bytes."""
    yield "nothing", await cost_of(app, pilot, lambda: app.show(fleet()))
    yield "cells", await cost_of(app, pilot, lambda: app.show(fleet(CELLS // 100)))
    yield "ages", await cost_of(app, pilot, lambda: pass_seconds(app, 10))
    await pilot.press(*"jj")
    yield "step", sum([await cost(app, pilot, "j") for _ in range(steps)]) / steps
    yield "page", await cost(app, pilot, "pagedown")
    yield "focus", await cost(app, pilot, "1")
    await pilot.press("2")
    yield "question", await cost(app, pilot, "X")


async def theirs(app: CountedDataTable, pilot: Pilot[None], steps: int) -> AsyncIterator[tuple[str, float]]:
    """The same of the DataTable program, as far as it has it."""

    async def taken(act: Callable[[], Awaitable[object] | None]) -> int:
        before = app.sent
        waiting = act()
        if waiting is not None:
            await waiting
        await settled(pilot)
        return app.sent - before

    now = NOW
    yield "nothing", await taken(lambda: app.show(rows_of(fleet(), now)))
    yield "cells", await taken(lambda: app.show(rows_of(fleet(CELLS // 100), now)))
    yield "ages", await taken(lambda: app.show(rows_of(fleet(CELLS // 100), now + 10)))
    yield "step", sum([await taken(lambda: pilot.press("down")) for _ in range(steps)]) / steps
    yield "page", await taken(lambda: pilot.press("pagedown"))


async def settled(pilot: Pilot[None]) -> None:
    """Let everything be painted."""
    for _ in range(4):
        await pilot.pause()


async def both(steps: int) -> tuple[dict[str, float], dict[str, float]]:
    """Everything, one program after the other."""
    with tempfile.TemporaryDirectory() as directory:
        async with counted(Path(directory), fleet()) as (app, pilot):
            mine = {name: sent async for name, sent in ours(app, pilot, steps)}
    table = CountedDataTable()
    async with table.run_test(size=(200, 60)) as watching:
        table.show(rows_of(fleet(), NOW))
        await settled(watching)
        table.count_bytes()
        others = {name: sent async for name, sent in theirs(table, watching, steps)}
    return mine, others


def measure(size: Size) -> Iterator[Figure]:
    """All acts; bytes are the same in each run."""
    mine, others = asyncio.run(both(STEPS[size]))
    rows: tuple[tuple[str, str, AtMost | None, str], ...] = (
        ("nothing", "a tick that changed nothing", AtMost(0), ""),
        ("cells", "a tick that changed 1 % of the cells in view", AtMost(64), ""),
        ("ages", "a tick that changed every age in view", AtMost(500), WAY),
        ("step", "a step of the cursor", AtMost(300), LINES),
        ("page", "a page down", AtMost(25 * 1024), ""),
        ("focus", "focus to another pane", AtMost(5 * 1024), ""),
        ("question", "a question of one line", AtMost(5 * 1024), ""),
    )
    for name, what, target, note in rows:
        against = "a DataTable program" if name in others else ""
        yield Figure(what, mine[name], "bytes", target, against, others.get(name), note)


if __name__ == "__main__":
    run(measure)
