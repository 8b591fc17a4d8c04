"""What keeping a large fleet current takes, with the screen on it: CPU of our process as a share of one core.

The whole program in a terminal over a fake fleet (another process on the same cores), once every feed is up. The baseline
asks each host for everything every 2 s, with xmlrpc.client in 32 threads and without a screen; it is measured with 200
hosts and multiplied, as it would need more than the cores there are.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.figures import AtMost, Figure, Size, TimesLess, run
from tests.bench.watching import PERIOD, cpu_seconds, percent, running_screen, running_threads
from tests.support.fake_fleet import Plan, running_fake_fleet

PROCESSES = 50
CHURN = 0.02
"""Of all hosts, or in the other figure of all processes, this share has a crash in each 2 s."""
BASELINE_HOSTS = 200
SIZES = ((1000, 10), (2000, 15))
"""Hosts, and percent of a core that they may take."""
SETTLE = {Size.FULL: 75.0, Size.QUICK: 3.0, Size.SMOKE: 0.5}
"""Seconds after the start: feeds open with the second read, and one that was late then is tried again after half a minute."""
WATCH = {Size.FULL: 30.0, Size.QUICK: 2.0, Size.SMOKE: 0.5}


def theirs(hosts: int, churn: float, size: Size) -> float:
    """Percent of a core that the threads take for so many hosts."""
    with (
        running_fake_fleet(Plan(hosts, PROCESSES, churn=churn)) as fleet,
        running_threads(fleet.ports) as pid,
    ):
        return percent(pid, min(WATCH[size], 10.0))


def measure(size: Size) -> Iterator[Figure]:
    """Few hosts at a time have a change, then nearly all."""
    baseline_hosts = BASELINE_HOSTS if size is Size.FULL else 20
    light, heavy = CHURN / PERIOD / PROCESSES, CHURN / PERIOD
    baseline = theirs(baseline_hosts, light, size) / baseline_hosts
    against = f"xmlrpc.client in 32 threads, from {baseline_hosts} hosts"
    for hosts, limit in {Size.FULL: SIZES, Size.QUICK: ((200, 10),), Size.SMOKE: ((4, 10),)}[size]:
        with (
            running_fake_fleet(Plan(hosts, PROCESSES, churn=light)) as fleet,
            running_screen(fleet.hosts_yaml) as screen,
        ):
            screen.read_for(SETTLE[size])
            served = cpu_seconds(fleet.pid)
            quiet = screen.percent(WATCH[size])
            served = 100 * (cpu_seconds(fleet.pid) - served) / WATCH[size]
            fleet.set_churn(heavy)
            screen.read_for(SETTLE[size] / 10)
            busy = screen.percent(WATCH[size])
        what = f"steady CPU, {hosts:,} x {PROCESSES}, 2 s"
        times = TimesLess(20) if hosts == SIZES[0][0] else None
        few = f"{what}, 2 % of the hosts have a crash in each period"
        note = f"The fleet that is watched takes {served:.0f} % of a core to serve this."
        yield Figure(few, quiet, "% of a core", AtMost(limit), note=note)
        yield Figure(f"the same, {hosts:,} hosts", quiet, "% of a core", times, against, baseline * hosts)
        yield Figure(
            f"{what}, 2 % of the processes crash in each period",
            busy,
            "% of a core",
            None,
            against,
            baseline * hosts,
            note="So every host has a crash every 2 s, and a read after each: no feed can be better than polls then.",
        )


if __name__ == "__main__":
    run(measure)
