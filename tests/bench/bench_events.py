"""How long after a kill on a real supervisord its row shows it, in a real pseudo-terminal.

What must pass: the kernel tells supervisord, supervisord writes its log, the stream carries it, we ask about the process,
the engine wakes the screen, and the terminal gets the bytes. The baseline is the same program with `feed: off`.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.figures import AtMost, Figure, Size, run
from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.support.terminal import Terminal, run_in_terminal

PROCESSES = 50
PROGRAMS = (
    "[program:w]\ncommand=sleep 1000\nprocess_name=%(program_name)s_%(process_num)02d\nstartsecs=0\n"
    f"numprocs={PROCESSES}\nautorestart=false\n"
)
KILLS = {Size.FULL: 30, Size.QUICK: 2, Size.SMOKE: 1}
SETTLE_SECONDS = 3.0
"""Until the second poll has been and the feed is up."""


def seconds_to_row(terminal: Terminal, pid: int, name: str) -> float:
    """From the kill to the row of `name` that says EXITED."""
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    deadline = began + 10
    while time.perf_counter() < deadline:
        terminal.take(0.002)
        if any(name in line and "EXITED" in line for line in terminal.screen.display):
            return time.perf_counter() - began
    raise RuntimeError(f"the row of {name} did not change within 10 s")


def latencies(feed: str, kills: int) -> list[float]:
    """Seconds from each of `kills` kills to its row."""
    draw = random.Random(4711)
    with running_supervisord(PROGRAMS) as daemon, tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        hosts = place / "hosts.yaml"
        hosts.write_text(f"hosts:\n  web: {{url: 'http://127.0.0.1:{daemon.port}', feed: {feed}}}\n")
        hosts.chmod(0o600)
        with run_in_terminal("-c", str(hosts), home=place, columns=200, rows=60) as terminal:
            terminal.wait_for(f"w_{PROCESSES - 1}")
            terminal.press("esc")
            _take_for(terminal, SETTLE_SECONDS)
            # Asked for once: a request right before a kill would change when supervisord looks at its log.
            pids = {row["name"]: row["pid"] for row in _rows(daemon)}
            taken = []
            for number in range(kills):
                _take_for(terminal, draw.uniform(0.5, 2.5))
                name = f"w_{number:02}"
                taken.append(seconds_to_row(terminal, pids[name], name))
    return taken


def _rows(daemon: RealSupervisord) -> Any:  # noqa: ANN401  (what xmlrpc.client gives)
    return daemon.proxy.supervisor.getAllProcessInfo()


def _take_for(terminal: Terminal, seconds: float) -> None:
    """Read on for so long, whatever comes."""
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        terminal.take(min(left, 0.05))


def measure(size: Size) -> Iterator[Figure]:
    """Median and worst of a kill to its row, by feed and by polls of 2 s."""
    kills = KILLS[size]
    fed, polled = latencies("on", kills), latencies("off", kills)
    what = f"kill -9 of one of {PROCESSES} → its row painted"
    against = "the same by polls of 2 s"
    yield Figure(
        f"{what}, median of {kills}",
        statistics.median(fed) * 1e3,
        "ms",
        AtMost(100),
        against,
        statistics.median(polled) * 1e3,
    )
    yield Figure(f"{what}, worst of {kills}", max(fed) * 1e3, "ms", AtMost(1200), against, max(polled) * 1e3)


if __name__ == "__main__":
    run(measure)
