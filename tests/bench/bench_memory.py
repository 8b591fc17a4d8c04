"""How much memory the screen takes over a fleet, beside a bare Textual program.

Each is a process of its own and tells its peak resident size. Ours is the real fleet screen; the engine asks nobody, but
every row came in as supervisord's bytes through the decoders that a run keeps. What a connection takes, an idle task and
its buffers, is not in it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from tests.bench.figures import AtMost, Figure, Size, run
from tests.bench.still_screen import PROCESSES

SIZES = ((200, 15), (1000, 45))
"""Hosts, and MB above a bare program that they may take."""


def peaks(hosts: int) -> list[float]:
    """MB: a bare program (0 hosts) has one peak; ours one when all is read, and one after some keys."""
    command = [sys.executable, "-m", "tests.bench.still_screen", str(hosts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=120)
    return [float(word) for word in done.stdout.split()]


def measure(size: Size) -> Iterator[Figure]:
    """Peaks above a bare program's."""
    bare = peaks(0)[-1]
    for hosts, limit in {Size.FULL: SIZES, Size.QUICK: SIZES[:1], Size.SMOKE: ((3, 15),)}[size]:
        watching, used = peaks(hosts)
        rows = f"{hosts * PROCESSES:,} rows"
        yield Figure(
            f"peak memory above a bare Textual program, {rows}",
            watching - bare,
            "MB",
            AtMost(limit),
            note=f"{watching:.0f} MB in all; the bare program takes {bare:.0f}",
        )
        yield Figure(f"the same after a filter, marks on all and a sort, {rows}", used - bare, "MB")


if __name__ == "__main__":
    run(measure)
