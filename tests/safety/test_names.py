"""Names that nobody answers for cost their own hosts, and no other."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.supervisord import running_supervisord, wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine
from tui.errors import Cause, WireError
from tui.model.endpoint import Endpoint
from tui.model.states import HostState
from tui.rpc import names
from tui.rpc.names import MOST_THREADS, Resolver

LIVE = 20
DEAD = 50
MANY_DEAD = 400
ROUNDS = 20 if WHOLE else 3


@pytest.fixture
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The system's resolver, which answers for `live-…` and never for `dead-…`; the names it hangs on."""
    answered, hangs, end = socket.getaddrinfo, list[str](), threading.Event()

    def look_up(host: str, *arguments: Any, **more: Any) -> object:  # noqa: ANN401 - as the system's
        if host.startswith("dead-"):
            hangs.append(host)
            end.wait(120)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return answered("127.0.0.1" if host.startswith("live-") else host, *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield hangs
    end.set()
    wait_until(
        lambda: not [t for t in threading.enumerate() if t.name == "resolver"], what="its threads to end"
    )


@pytest.mark.e2e
def test_fifty_dead_names_delay_no_healthy_one(
    hanging_resolver: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)  # every connection asks again
    with running_supervisord() as daemon:
        hosts = [
            HostSettings(
                f"{kind}-{n}", Endpoint("http", host=f"{kind}-{n}.example", port=daemon.port), poll=0.5
            )
            for kind, count in (("dead", DEAD), ("live", LIVE))
            for n in range(count)
        ]
        live = [host.name for host in hosts[DEAD:]]
        with Engine(Settings({host.name: host for host in hosts})) as engine:
            wait_until(lambda: _up(engine, live), seconds=30, what="the live hosts to be read")
            for _ in range(ROUNDS):
                asked = [
                    engine.ask(name, lambda supervisor: _on_a_new_connection(supervisor)) for name in live
                ]
                assert {answer.result(10) for answer in asked} == {"4.3.0"}
            assert _up(engine, live)
            wait_until(lambda: len(set(hanging_resolver)) == DEAD, what="every dead name to be asked for")
            wait_until(
                lambda: {engine.picture.hosts[host.name].state for host in hosts[:DEAD]} == {HostState.DNS},
                what="the dead names to be told",
                seconds=30,
            )
            assert _up(engine, live)
    show(
        f"{DEAD} names that the resolver never answers for, beside {LIVE} healthy ones",
        "the healthy ones read as if alone, the dead ones told as DNS",
        f"{LIVE} of {LIVE} read, {ROUNDS * LIVE} new connections made, while all {DEAD} lookups hung",
    )


def _up(engine: Engine, live: list[str]) -> bool:
    return {engine.picture.hosts[name].state for name in live} == {HostState.UP}


async def _on_a_new_connection(supervisor: Any) -> str:  # noqa: ANN401
    await supervisor.close()
    version: str = await supervisor.version()
    return version


async def test_healthy_names_behind_hundreds_of_dead_ones_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "SLOW_SECONDS", 0.05)
    end = threading.Event()

    def look_up(name: str) -> list[tuple[socket.AddressFamily, str, int]]:
        if name.startswith("dead"):
            end.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, "10.0.0.1", 0)]

    resolver = Resolver(look_up)
    try:
        dead = [asyncio.create_task(resolver.addresses(f"dead{n}", 1, 30)) for n in range(MANY_DEAD)]
        await asyncio.sleep(0)
        found = await asyncio.gather(*(resolver.addresses(f"alive{n}", 80, 30) for n in range(LIVE)))
        assert found == [[(socket.AF_INET, ("10.0.0.1", 80))]] * LIVE
        assert not any(task.done() for task in dead)
        assert len([t for t in threading.enumerate() if t.name == "resolver"]) <= MOST_THREADS
    finally:
        end.set()
    for task in dead:
        with contextlib.suppress(WireError):
            await task
        error = task.exception()
        assert isinstance(error, WireError)
        assert error.cause is Cause.DNS
    show(
        f"{LIVE} healthy names asked for after {MANY_DEAD} dead ones",
        "found while the dead ones hang",
        f"{LIVE} of {LIVE}",
    )
