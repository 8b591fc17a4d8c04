"""Host names: cached, on threads of their own, a dead one never in the way of the others."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from tests.unit.rpc.loopback import Peer, ok, serving, xml
from tui.errors import Cause, WireError
from tui.model.endpoint import Endpoint
from tui.rpc.connect import Dialer
from tui.rpc.http import Wire
from tui.rpc.names import THREADS, Resolver

Found = list[tuple[socket.AddressFamily, str, int]]
V4, V6 = socket.AF_INET, socket.AF_INET6


async def test_dead_names_do_not_hold_up_a_healthy_one() -> None:
    release = threading.Event()

    def lookup(name: str) -> Found:
        if name.startswith("dead"):
            release.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(V4, "10.0.0.1", 0)]

    resolver = Resolver(lookup)
    dead = [asyncio.create_task(resolver.addresses(f"dead{n}", 1, 0.5)) for n in range(THREADS // 2)]
    await asyncio.sleep(0)
    assert await resolver.addresses("alive", 9001, 5) == [(V4, ("10.0.0.1", 9001))]
    for result in await asyncio.gather(*dead, return_exceptions=True):
        assert isinstance(result, WireError)
        assert result.cause is Cause.DNS
        assert "took too long" in result.problem
    release.set()


async def test_a_name_is_looked_up_once_for_all_who_ask() -> None:
    asked: list[str] = []

    def lookup(name: str) -> Found:
        asked.append(name)
        return [(V4, "10.0.0.1", 0)]

    resolver = Resolver(lookup)
    await asyncio.gather(*(resolver.addresses("web", port, 5) for port in range(1, 20)))
    await resolver.addresses("web", 80, 5)
    assert asked == ["web"]


async def test_a_name_that_stops_resolving_keeps_its_addresses() -> None:
    answers: list[Found | OSError] = [[(V4, "10.0.0.1", 0)], socket.gaierror(socket.EAI_AGAIN, "down")]

    def lookup(name: str) -> Found:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    resolver = Resolver(lookup)
    first = await resolver.addresses("web", 80, 5)
    resolver._known["web"].until = 0
    assert await resolver.addresses("web", 80, 5) == first
    assert not answers


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "there is no host named"),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), "the resolver does not answer"),
        (UnicodeError("label too long"), "there is no host named"),
    ],
)
async def test_each_failure_has_its_words(error: Exception, words: str) -> None:
    def lookup(name: str) -> Found:
        raise error

    with pytest.raises(WireError, match=words) as caught:
        await Resolver(lookup).addresses("no\x1bsuch", 80, 5)
    assert caught.value.cause is Cause.DNS
    assert caught.value.problem.isprintable()


async def test_addresses_take_turns_by_family_and_literals_are_not_looked_up() -> None:
    def lookup(name: str) -> Found:
        assert name == "both"
        return [(V6, "::1", 0), (V6, "::2", 3), (V4, "10.0.0.1", 0)]

    resolver = Resolver(lookup)
    assert await resolver.addresses("both", 80, 5) == [
        (V6, ("::1", 80, 0, 0)),
        (V4, ("10.0.0.1", 80)),
        (V6, ("::2", 80, 0, 3)),
    ]
    assert await resolver.addresses("127.0.0.1", 80, 5) == [(V4, ("127.0.0.1", 80))]
    assert await resolver.addresses("::1", 80, 5) == [(V6, ("::1", 80, 0, 0))]


async def test_a_name_whose_first_address_refuses_is_reached_at_the_next() -> None:
    async def talk(peer: Peer) -> None:
        while await peer.request():
            await peer.send(ok(xml(1)))

    def lookup(name: str) -> Found:
        return [(V6, "::1", 0), (V4, "127.0.0.2", 0), (V4, "127.0.0.1", 0)]

    async with serving(talk) as (endpoint, _):
        dialer = Dialer(Resolver(lookup))
        wire = Wire(Endpoint("http", host="name", port=endpoint.port), lambda: None, dialer)
        assert await wire.read(b"<call>", 5) == xml(1)
        wire.close()
        elsewhere = Wire(Endpoint("http", host="name", port=1), lambda: None, dialer)
        with pytest.raises(WireError, match=r"nothing listens|no route"):
            await elsewhere.read(b"<call>", 5)
