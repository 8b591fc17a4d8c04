"""How CPU, memory and the time of a sweep grow with the fleet: an engine without a screen at several sizes.

The exponent is the slope of the line through the logarithms: 1 is linear. The fleet is served by the same cores, so that a
sweep has the fleet's work in it as much as ours.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator, Sequence
from math import log
from pathlib import Path
from typing import NamedTuple

from tests.bench.figures import AtMost, Figure, Size, run
from tests.bench.watching import peak_mb, running_watcher
from tests.support.fake_fleet import Plan, running_fake_fleet

PROCESSES = 50
CHURN = 0.0002
"""Of all processes, so many crash in a second: 2 % of the hosts have one in each 2 s."""
HOSTS = {Size.FULL: (100, 300, 1000, 3000), Size.QUICK: (30, 100), Size.SMOKE: (2, 4)}
SETTLE_SWEEPS = {Size.FULL: 5, Size.QUICK: 2, Size.SMOKE: 1}
WATCH = {Size.FULL: 20.0, Size.QUICK: 1.0, Size.SMOKE: 0.3}
NOISE = 1.15
"""An exponent up to this counts as linear."""


class Taken(NamedTuple):
    """By a fleet of one size."""

    cpu: float
    """Percent of a core."""
    memory: float
    """MB above an engine without hosts."""
    sweep: float
    """Seconds."""
    answering: int
    """Hosts that answered in the last sweep."""


def taken_by(hosts: int, size: Size, empty: float) -> Taken:
    """Sweeps first, which is also when the feeds open; then a while of watching."""
    with (
        running_fake_fleet(Plan(hosts, PROCESSES, churn=CHURN)) as fleet,
        running_watcher(fleet.hosts_yaml) as watcher,
    ):
        sweeps = [watcher.sweep() for _ in range(SETTLE_SWEEPS[size])]
        watcher.percent(WATCH[size])
        return Taken(
            max(watcher.percent(WATCH[size]), 0.01),  # the clock that counts it has steps of 10 ms
            max(peak_mb(watcher.pid) - empty, 0.1),
            statistics.median(sweeps),
            watcher.answering,
        )


def empty_mb() -> float:
    """What an engine takes that has one host, which refuses."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "hosts.yaml"
        path.write_text("hosts:\n  none: http://127.0.0.1:9\n")
        path.chmod(0o600)
        with running_watcher(path) as watcher:
            return peak_mb(watcher.pid)


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Of the power of the size that fits the values best."""
    slope, _ = statistics.linear_regression([log(size) for size in sizes], [log(value) for value in values])
    return slope


def measure(size: Size) -> Iterator[Figure]:
    """Each size, then the exponents."""
    hosts = HOSTS[size]
    empty = empty_mb()
    taken = [taken_by(number, size, empty) for number in hosts]
    late = [
        f"{n - one.answering:,} of {n:,}" for n, one in zip(hosts, taken, strict=True) if one.answering < n
    ]
    warning = (
        f" NOT VALID, the machine was too busy: {', '.join(late)} did not answer in time." if late else ""
    )
    kinds = (("CPU", "% of a core"), ("memory above an engine without hosts", "MB"), ("a sweep", "s"))
    for (kind, unit), values in zip(kinds, zip(*taken, strict=True), strict=False):
        spoken = ", ".join(f"{value:.3g}" for value in values)
        sizes = ", ".join(f"{number:,}" for number in hosts)
        yield Figure(
            f"growth of {kind} from {hosts[0]:,} to {hosts[-1]:,} hosts x {PROCESSES}",
            exponent(hosts, values),
            "(exponent)",
            None if late else AtMost(NOISE),
            note=f"{spoken} {unit} at {sizes} hosts.{warning}",
        )


if __name__ == "__main__":
    run(measure)
