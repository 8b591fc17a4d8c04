"""How long until a command answers: `--version`, `status` on one local host, beside what Python and supervisorctl take.

Wall time of whole processes, medians; the ratios are what to compare between machines.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import AtMost, Figure, Size, run
from tests.support.supervisord import running_supervisord, wait_until

RUNS = 7
FIFTY = "[program:w]\ncommand=sleep 1000\nprocess_name=%(program_name)s_%(process_num)02d\nnumprocs=50\nstartsecs=0\n"


def median_seconds(command: list[str], environment: dict[str, str], runs: int) -> float:
    """The median wall time of `command` over `runs`, after one that is not counted."""
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        subprocess.run(command, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def measure(size: Size) -> Iterator[Figure]:
    """Commands on one host, beside the same of supervisorctl and what Python takes to start."""
    runs = {Size.FULL: RUNS, Size.QUICK: 2, Size.SMOKE: 1}[size]
    with tempfile.TemporaryDirectory() as place, running_supervisord(FIFTY) as daemon:
        wait_until(lambda: len(list(Path(daemon.directory).glob("w_*"))) >= 50, what="fifty processes")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["XDG_STATE_HOME"] = place
        bin_dir = Path(sys.executable).parent
        url = f"http://127.0.0.1:{daemon.port}"
        python, version, ours, theirs = (
            1000 * median_seconds(command, environment, runs)
            for command in (
                [sys.executable, "-c", "pass"],
                [str(bin_dir / "supervisor-tui"), "--version"],
                [str(bin_dir / "supervisor-tui"), "-s", url, "status"],
                [str(bin_dir / "supervisorctl"), "-s", url, "status"],
            )
        )
    yield Figure("supervisor-tui --version", version, "ms", AtMost(100), "python -c pass", python)
    yield Figure(
        "status of one host with 50 processes", ours, "ms", AtMost(250), "supervisorctl status", theirs
    )


if __name__ == "__main__":
    run(measure)
