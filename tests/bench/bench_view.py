"""What a key and a tick cost on the fleet screen of a very large fleet: filter, sort, problems, marks, cursor.

The real screen, without a terminal: CPU time from the call that a key makes until every changed line is painted in memory,
the worst of a few (of ticks the median). Nothing is awaited in between, so that this is what a key has to wait when it comes at a bad moment.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from textual.pilot import Pilot

from tests.bench.figures import AtMost, Figure, Size, run
from tests.bench.still_engine import StillEngine
from tui.model.query import Query
from tui.model.view import Column, Sort
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.pauses import keep_pauses_short
from tui.ui.screens.fleet import FleetScreen
from tui.ui.session import Session
from tui.ui.widgets.fleet_table import PROBLEMS

PROCESSES = 50
SIZES = (1000, 2000)
"""Hosts: 50,000 rows, for which the targets are, and twice as many."""
FEEL = AtMost(16)
"""ms: what one does not feel."""
PAGE = AtMost(25)
NOTES = {
    "tick, every host changed": "ten times the churn of which a user speaks: one row of each host within 0.1 s",
    "sort by UPTIME, either way": "7 ms work out the ranks, 4 sort them, the rest gathers the rows of every host, lays them out and paints",
}
TYPED = "worker_1 web-00"

Act = Callable[[], object]


class Timed:
    """The screen, and what each act on it took."""

    def __init__(self, engine: StillEngine, screen: FleetScreen) -> None:
        self.engine = engine
        self.screen = screen
        self.table = screen.table
        self.hosts = len(engine.settings.hosts)
        self._next = 0

    def milliseconds(self, *acts: Act) -> float:
        """CPU of the slowest of these acts."""
        worst = 0.0
        for act in acts:
            began = time.thread_time()
            act()
            worst = max(worst, time.thread_time() - began)
        return worst * 1e3

    def ticks(self, changed: int, times: int = 7) -> float:
        """Pictures in which so many hosts have another row; the median."""
        taken = []
        for _ in range(times):
            for _ in range(changed):
                self.engine.read(self._next * 7 % self.hosts)
                self._next += 1
            began = time.thread_time()
            self.engine.publish_quietly()
            self.screen.picture_changed()
            taken.append(time.thread_time() - began)
        return statistics.median(taken) * 1e3

    def typing(self, text: str) -> float:
        """The slowest letter of a filter typed from nothing, then rubbed out again."""
        stages = [text[:end].strip() for end in range(2, len(text) + 1)]
        return self.milliseconds(*(self._filter(words) for words in [*stages, *stages[::-1], ""]))

    def sort(self, column: Column) -> float:
        """Another order, and turned round."""
        return self.milliseconds(
            lambda: self.table.set_sort(Sort(column)), lambda: self.table.set_sort(Sort(column, True))
        )

    def _filter(self, text: str) -> Act:
        query = Query.parse(text)
        return lambda: self.screen.set_query(query)


def figures_of(timed: Timed) -> Iterator[tuple[str, float, AtMost | None]]:
    """All acts, in an order in which each finds what it needs."""
    table = timed.table
    timed.screen.set_query(Query.ALL)
    yield "tick, 1 host changed", timed.ticks(1), FEEL
    yield "tick, 1 host in 50 changed", timed.ticks(timed.hosts // 50), FEEL
    yield "tick, every host changed", timed.ticks(timed.hosts, 3), None
    yield "cursor down", timed.milliseconds(*[table.cursor_down] * 20), FEEL
    yield "page down", timed.milliseconds(*[table.page_down] * 20), PAGE
    yield "to the end and back", timed.milliseconds(table.end, table.home), PAGE
    yield f"a letter of the filter '{TYPED}'", timed.typing(TYPED), FEEL
    yield "a letter of the filter '~wk9'", timed.typing("~wk9"), FEEL
    yield "problems and back", timed.milliseconds(*problems(timed)), FEEL
    yield "next problem", timed.milliseconds(*[table.next_problem] * 5), FEEL
    yield "mark all shown", timed.milliseconds(table.mark_all), FEEL
    yield "tick, 1 host in 50 changed, all marked", timed.ticks(timed.hosts // 50), FEEL
    yield "unmark one of all", timed.milliseconds(table.toggle_mark), FEEL
    yield "unmark all", timed.milliseconds(table.clear_marks), FEEL
    for column in (Column.STATE, Column.UPTIME, Column.NAME):
        yield f"sort by {column.value}, either way", timed.sort(column), FEEL
        yield f"tick, 1 host in 50 changed, by {column.value}", timed.ticks(timed.hosts // 50), FEEL
    table.set_sort(Sort())
    timed.screen.set_query(Query.parse(PROBLEMS))
    yield "tick, 1 host in 50 changed, problems only", timed.ticks(timed.hosts // 50), FEEL


def problems(timed: Timed) -> list[Act]:
    """The key, pressed four times."""
    return [timed.screen.action_problems] * 4


def measure(size: Size) -> Iterator[Figure]:
    """All acts at each size."""
    keep_pauses_short()
    for hosts in {Size.FULL: SIZES, Size.QUICK: SIZES[:1], Size.SMOKE: (60,)}[size]:
        found: list[tuple[str, float, AtMost | None]] = []
        engine = StillEngine(hosts, PROCESSES)
        app = SupervisorTuiApp(Session(engine, engine.settings, make_keymap({})))
        app.run(headless=True, size=(160, 50), auto_pilot=driver(engine, app, found))
        for name, taken, limit in found:
            judged = limit if hosts == SIZES[0] else None
            yield Figure(
                f"{name}, {hosts * PROCESSES:,} rows", taken, "ms CPU", judged, note=NOTES.get(name, "")
            )


def driver(
    engine: StillEngine, app: SupervisorTuiApp, found: list[tuple[str, float, AtMost | None]]
) -> Callable[[Pilot[Any]], Any]:
    """Fill the screen, act, leave."""

    async def drive(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        for number in range(len(engine.settings.hosts)):
            engine.read(number)
        engine.publish()
        await pilot.pause()
        for figure in figures_of(Timed(engine, app.fleet)):
            found.append(figure)
            await pilot.pause()
        app.exit()

    return drive


if __name__ == "__main__":
    run(measure)
