"""What we cost a real supervisord that we watch, above what it costs when nobody does.

CPU of supervisord's own process (nanoseconds of /proc/PID/schedstat) as a share of one core, after its programs have started.
The baseline asks it for everything every 2 s over a kept connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.bench.figures import AtMost, Figure, Size, TimesLess, run
from tests.bench.others import PollingThreads
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine

PERIOD = 2.0
SETTLE = 8.0
WATCH = {Size.FULL: 60.0, Size.QUICK: 2.0, Size.SMOKE: 0.5}
SIZES = ((50, 8, 0.05), (200, 15, 0.5))
"""Processes, and how many times less, and percent of a core at most, that we may cost."""


def percent(daemon: RealSupervisord, watching: AbstractContextManager[object], seconds: float) -> float:
    """Percent of a core that supervisord takes while it is watched in this way, once that has settled."""
    with watching:
        time.sleep(min(SETTLE, seconds))
        spent, began = _spent(daemon), time.perf_counter()
        time.sleep(seconds)
        return 100 * (_spent(daemon) - spent) / (time.perf_counter() - began)


def _spent(daemon: RealSupervisord) -> float:
    return int(Path(f"/proc/{daemon.pid}/schedstat").read_text().split()[0]) / 1e9


def measure(size: Size) -> Iterator[Figure]:
    """50 and 200 processes."""
    seconds = WATCH[size]
    for processes, times, limit in {Size.FULL: SIZES, Size.QUICK: SIZES[:1], Size.SMOKE: ((5, 8, 0.05),)}[
        size
    ]:
        programs = (
            "[program:w]\ncommand=sleep 100000\nprocess_name=%(program_name)s_%(process_num)03d\n"
            f"startsecs=0\nnumprocs={processes}\n"
        )
        with running_supervisord(programs) as daemon:
            wait_until(_all_run(daemon, processes), seconds=60, what=f"{processes} processes")
            settings = Settings({"web": HostSettings("web", daemon.endpoint)})
            idle = percent(daemon, nullcontext(), seconds)
            polled = percent(daemon, PollingThreads([daemon.port], PERIOD), seconds) - idle
            mine = max(0.0, percent(daemon, Engine(settings), seconds) - idle)
        yield Figure(
            f"load on a supervisord with {processes} processes, above idle",
            mine,
            "% of a core",
            TimesLess(times),
            "getAllProcessInfo every 2 s",
            polled,
            note=f"Idle it takes {idle:.3f} %.",
        )
        yield Figure(f"the same, {processes} processes", mine, "% of a core", AtMost(limit))


def _all_run(daemon: RealSupervisord, processes: int) -> Callable[[], bool]:
    children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
    return lambda: len(children.read_text().split()) == processes


if __name__ == "__main__":
    run(measure)
