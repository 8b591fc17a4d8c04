"""How long until a command answers: `--version`, `status` on one local host, beside what Python and supervisorctl take.

Run by `make bench`. Wall seconds of whole processes, medians; the ratios are what to compare between machines.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.supervisord import running_supervisord, wait_until

RUNS = 7
FIFTY = "[program:w]\ncommand=sleep 1000\nprocess_name=%(program_name)s_%(process_num)02d\nnumprocs=50\nstartsecs=0\n"


def median_seconds(command: list[str], environment: dict[str, str]) -> float:
    """The median wall time of `command` over `RUNS` runs, after one that is not counted."""
    taken = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        subprocess.run(command, env=environment, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as place, running_supervisord(FIFTY) as daemon:
        wait_until(lambda: len(list(Path(daemon.directory).glob("w_*"))) >= 50, what="fifty processes")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["XDG_STATE_HOME"] = place
        bin_dir = Path(sys.executable).parent
        url = f"http://127.0.0.1:{daemon.port}"
        python = median_seconds([sys.executable, "-c", "pass"], environment)
        print(f"{'command':42} {'ms':>6} {'x bare Python':>14}")
        for name, command in (
            ("python -c pass", [sys.executable, "-c", "pass"]),
            ("supervisor-tui --version", [str(bin_dir / "supervisor-tui"), "--version"]),
            ("supervisor-tui status, 50 processes", [str(bin_dir / "supervisor-tui"), "-s", url, "status"]),
            ("supervisorctl status, 50 processes", [str(bin_dir / "supervisorctl"), "-s", url, "status"]),
        ):
            seconds = median_seconds(command, environment)
            print(f"{name:42} {seconds * 1000:6.0f} {seconds / python:14.1f}")


if __name__ == "__main__":
    main()
