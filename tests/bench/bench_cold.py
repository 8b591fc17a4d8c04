"""How long until the whole fleet is known: 100 hosts x 50 processes, of which 5 refuse and 2 accept and say nothing.

Wall seconds from nothing to a picture with the rows of every live host. The fleet is one process on loopback, so what a
distant fleet adds, its round trips, is left out for everybody.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.figures import Figure, Size, TimesLess, run
from tests.bench.others import THREADS, seconds_by_threads, seconds_one_by_one
from tests.support.fake_fleet.client import FakeFleet, running_fake_fleet
from tests.support.fake_fleet.faults import Fault
from tests.support.fake_fleet.plan import Plan
from tui.config.load import load
from tui.engine.engine import Engine

HOSTS, PROCESSES = 100, 50
DEAD = {**dict.fromkeys((11, 29, 47, 63, 88), Fault.REFUSED), **dict.fromkeys((20, 71), Fault.BLACK_HOLE)}
SMOKE = Plan(hosts=5, processes=3, faults={3: Fault.REFUSED})
PATIENCE = 30.0


def ours(fleet: FakeFleet, live: int) -> float:
    """Seconds until our picture has every live host."""
    engine = Engine(load(fleet.hosts_yaml))
    began = time.perf_counter()
    engine.start()
    try:
        while engine.picture.counts.answering < live:
            if time.perf_counter() - began > PATIENCE:
                raise RuntimeError("not every live host answered")
            time.sleep(0.002)
        return time.perf_counter() - began
    finally:
        engine.stop()


def measure(size: Size) -> Iterator[Figure]:
    """Ours beside two ways of using xmlrpc.client."""
    plan = SMOKE if size is Size.SMOKE else Plan(hosts=HOSTS, processes=PROCESSES, faults=DEAD)
    with running_fake_fleet(plan) as fleet:
        live = plan.hosts - len(plan.faults)
        mine = min(ours(fleet, live) for _ in range(3 if size is Size.FULL else 1))
        pooled, whole = seconds_by_threads(fleet.ports, live)
        single = whole if size is Size.QUICK else seconds_one_by_one(fleet.ports)
    what = f"full picture of {HOSTS} x {PROCESSES}, 5 refused, 2 black holes"
    if size is not Size.QUICK:
        yield Figure(what, mine, "s", TimesLess(100), "xmlrpc.client, one after another, 5 s", single)
    yield Figure(
        what,
        mine,
        "s",
        TimesLess(30),
        f"{THREADS} threads of the same, until the pool has ended",
        whole,
        note="The fleet is served by the same two cores, so that ours waits for the fleet as much as for itself.",
    )
    yield Figure(what, mine, "s", None, "the same pool, until its last live host has answered", pooled)


if __name__ == "__main__":
    run(measure)
