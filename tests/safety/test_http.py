"""Whatever a peer makes of HTTP, it costs one request, a bounded time and a bounded memory, and nobody else hears of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.hostile import Hostile, Whole, running_hostile
from tests.support.hostile.attacks import GOOD, attacks
from tui.errors import WireError
from tui.model.endpoint import Endpoint
from tui.model.process import ProcessKey
from tui.rpc.client import Supervisor

DEADLINE = 1.0
"""Seconds that a call may take; its connection comes about at once here."""
LATE = 0.5
"""Seconds after its deadline in which a call must have ended."""
BUSY = 0.0 if WHOLE else 3.0
"""More of them on a machine that does other things as well."""
MEMORY = 32 * 1024 * 1024
ALL = tuple(attacks(""))
FLOODS = ("an endless body", "one endless header", "endless chunks", "8 MiB announced, one byte sent")
KEY = ProcessKey("web-01", "web", "web")
PASSWORD = b"Basic Y2FuYXJ5OmNhbmFyeQ=="


async def drain(supervisor: Supervisor) -> None:
    """Follow a log for as long as it lasts, or until a call would have ended."""
    stream = supervisor.stream_log(KEY, "stdout")
    async with contextlib.aclosing(stream):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEADLINE):
                async for _ in stream:
                    pass


CALLS: dict[str, Callable[[Supervisor], Awaitable[object]]] = {
    "read": lambda supervisor: supervisor.status(),
    "act": lambda supervisor: supervisor.start(KEY),
    "stream": drain,
}


@dataclass
class Fleet:
    """The attackers, and a host that nobody may be sent to."""

    hostile: Hostile
    bystander: Hostile

    def supervisor(self, name: str) -> Supervisor:
        endpoint = Endpoint("http", "127.0.0.1", self.hostile.ports[name])
        return Supervisor(endpoint, "web-01", authorization=lambda: PASSWORD, timeout=DEADLINE)


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    with running_hostile({"": Whole(GOOD)}) as bystander:
        elsewhere = f"http://127.0.0.1:{bystander.ports['']}/RPC2"
        for variable in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, elsewhere)
        faces = {f"{call} {name}": face for name, face in attacks(elsewhere).items() for call in CALLS}
        with running_hostile(faces) as hostile:
            yield Fleet(hostile, bystander)


async def seconds_of(supervisor: Supervisor, call: str) -> float:
    """How long a call took; it returned or raised a WireError, anything else goes on."""
    began = time.monotonic()
    with contextlib.suppress(WireError):
        await CALLS[call](supervisor)
    taken = time.monotonic() - began
    await supervisor.close()
    return taken


@pytest.mark.parametrize("call", CALLS)
async def test_every_attack_costs_one_request_and_ends_in_time_and_nobody_else_is_asked(
    fleet: Fleet, call: str
) -> None:
    slowest = 0.0
    together = 1 if WHOLE else 16
    for first in range(0, len(ALL), together):
        names = ALL[first : first + together]
        calls = [seconds_of(fleet.supervisor(f"{call} {name}"), call) for name in names]
        for name, seconds in zip(names, await asyncio.gather(*calls), strict=True):
            assert seconds <= DEADLINE + LATE + BUSY, f"{name}: {seconds:.2f} s"
            slowest = max(slowest, seconds)
    for name in ALL:
        seen = fleet.hostile.seen[f"{call} {name}"]
        assert len(seen.requests) <= 1, f"{name}: {len(seen.requests)} requests"
        assert seen.connections == 1, f"{name}: {seen.connections} connections"
    assert fleet.bystander.seen[""].connections == 0
    show(
        f"Hostile HTTP: {call}",
        "every attack ends within the deadline and 0.5 s, no second request, no byte to another host",
        f"{len(ALL)} attacks, deadline {DEADLINE:g} s: the slowest ended after {slowest:.2f} s; 1 request and 1 connection each, "
        "none to the bystander",
    )


@pytest.mark.parametrize("call", CALLS)
async def test_no_attack_fills_the_memory(fleet: Fleet, call: str) -> None:
    most, worst = 0, ""
    for name in ALL if WHOLE else FLOODS:
        supervisor = fleet.supervisor(f"{call} {name}")
        tracemalloc.start()
        try:
            await seconds_of(supervisor, call)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MEMORY, f"{name}: {peak:,} bytes"
        if peak > most:
            most, worst = peak, name
    show(
        f"Hostile HTTP: memory, {call}",
        "every attack stays below 32 MB",
        f"at most {most / 1024 / 1024:.1f} MB ({worst}), what the attacker itself needed counted in",
    )


async def test_what_comes_after_an_answer_is_never_taken_for_the_next_one(fleet: Fleet) -> None:
    for name in (
        "two answers",
        "two answers apart",
        "garbage after the answer",
        "garbage after chunks",
        "too short a length",
    ):
        supervisor = fleet.supervisor(f"read {name}")
        for _ in range(2):
            with contextlib.suppress(WireError):
                await supervisor.version()
            await asyncio.sleep(0.1)  # what the attacker sends late has time to be mistaken for an answer
        await supervisor.close()
        assert fleet.hostile.seen[f"read {name}"].connections == 2, name
