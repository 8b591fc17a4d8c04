"""How long a key waits for its first byte in a real pseudo-terminal, while the rows of a large fleet change.

The whole program over a fake fleet (served by another process on the same cores) of which 2 % of the processes crash and
come back in each 2 s. The baseline is a DataTable program whose rows change as often, and which asks nobody for them.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pexpect
import pyte

from tests.bench.figures import AtMost, Figure, Size, run
from tests.bench.places import COLUMNS, PROGRAM, ROWS, environment_of
from tests.support.fake_fleet import Plan, running_fake_fleet

PROCESSES = 50
CHURN = 0.01
"""Of all processes, so many crash in a second."""
STEPS, PAGES = 120, 40
SHARE = {Size.FULL: 1, Size.QUICK: 6, Size.SMOKE: 20}
"""What the numbers of steps and pages are divided by."""
SIZES = ((200, 10, 25), (1000, 16, 25), (2000, 16, None))
"""Hosts, and ms that a step and a page may wait."""
DOWN, PAGE_DOWN, PAGE_UP = "\x1b[B", "\x1b[6~", "\x1b[5~"
PATIENCE = 180.0
QUIET = 0.01
"""Seconds without a byte before a key is pressed, so that what comes next is its own."""


class Typist:
    """A program in a terminal, and how long its keys take."""

    def __init__(self, command: Sequence[str], home: Path) -> None:
        self._child = pexpect.spawn(
            command[0], list(command[1:]), dimensions=(ROWS, COLUMNS), env=environment_of(home)
        )
        self._draw = random.Random(4711)
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)

    def __enter__(self) -> Typist:
        return self

    def __exit__(self, *_error: object) -> None:
        self._child.send("\x11q")  # ctrl+q for Textual's own, q for ours
        with contextlib.suppress(pexpect.EOF, pexpect.TIMEOUT):
            self._child.expect(pexpect.EOF, timeout=10)
        self._child.close(force=True)

    def wait_for(self, word: str) -> None:
        """Until a word without blanks stands on the screen; large numbers have blanks in them."""
        until = time.perf_counter() + PATIENCE
        while not any(word in re.sub(r"\s", "", line) for line in self._screen.display):
            assert time.perf_counter() < until, "\n".join(self._screen.display)
            self._stream.feed(self._read(0.1))

    def waits(self, key: str, times: int) -> list[float]:
        """Milliseconds from a key to the first byte after it, a person's pauses apart."""
        taken = []
        for _ in range(times):
            self._pause(self._draw.uniform(0.05, 0.15))
            began = time.perf_counter()
            os.write(self._child.child_fd, key.encode())  # pexpect waits 50 ms before it sends
            assert self._read(PATIENCE), "the key was not answered"
            taken.append(1000 * (time.perf_counter() - began))
        return taken

    def _pause(self, seconds: float) -> None:
        """Read what comes for so long, and on until nothing comes."""
        until = time.perf_counter() + seconds
        while self._read(QUIET) or time.perf_counter() < until:
            pass

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._child.child_fd], [], [], seconds)[0]:
            return b""
        return os.read(self._child.child_fd, 1 << 20)


def waits_of(
    command: Sequence[str], home: Path, sign: str, size: Size, first: str = ""
) -> tuple[float, float, float]:
    """The 95th percentile and the median of steps, and the 95th of pages, once `sign` is on the screen."""
    steps, pages = STEPS // SHARE[size], PAGES // SHARE[size]
    with Typist(command, home) as typist:
        typist.wait_for(sign)
        if first:
            typist.waits(first, 1)
        typist.waits(DOWN, 3)
        stepped = typist.waits(DOWN, steps)
        paged = [*typist.waits(PAGE_DOWN, pages // 2), *typist.waits(PAGE_UP, pages - pages // 2)]
    return p95(stepped), statistics.median(stepped), p95(paged)


def p95(values: Sequence[float]) -> float:
    """The value that one in twenty exceeds."""
    return statistics.quantiles(values, n=20)[-1]


def measure(size: Size) -> Iterator[Figure]:
    """10,000 and 50,000 rows, and for ourselves 100,000."""
    for hosts, step, page in {Size.FULL: SIZES, Size.QUICK: SIZES[:1], Size.SMOKE: ((3, 10, 25),)}[size]:
        rows = hosts * PROCESSES
        with tempfile.TemporaryDirectory() as directory:
            home = Path(directory)
            with running_fake_fleet(Plan(hosts, PROCESSES, churn=CHURN)) as fleet:
                command = [str(PROGRAM), "-c", str(fleet.hosts_yaml)]
                ours, middle, paged = waits_of(command, home, f"{rows}procs", size, first="\x1b")
            theirs: Sequence[float | None] = (None, None, None)
            if page is not None:
                program = [sys.executable, "-m", "tests.bench.datatable_program", str(rows)]
                theirs = waits_of(program, home, "worker_00", size)
        against = "a DataTable program" if theirs[0] is not None else ""
        what = f"while {rows:,} rows change"
        yield Figure(
            f"key → first byte {what}, p95",
            ours,
            "ms",
            AtMost(step),
            against,
            theirs[0],
            note=f"The median is {middle:.1f} ms.",
        )
        yield Figure(
            f"page down → first byte {what}, p95",
            paged,
            "ms",
            AtMost(page) if page else None,
            against,
            theirs[2],
        )


if __name__ == "__main__":
    run(measure)
