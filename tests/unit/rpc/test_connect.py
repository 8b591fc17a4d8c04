"""Turns to connect: who takes long makes room for those behind, and waits among his likes the next time."""

from __future__ import annotations

import asyncio

import pytest

from tui.model.endpoint import Endpoint
from tui.rpc import connect
from tui.rpc.connect import CONNECTS, Dialer


def black_hole(number: int) -> Endpoint:
    return Endpoint("http", host=f"hole-{number}", port=9001)


HEALTHY = Endpoint("http", host="web-01", port=9001)


async def connects_for_ever(dialer: Dialer, endpoint: Endpoint) -> None:
    async with dialer.turn(endpoint):
        await asyncio.Event().wait()


async def ended(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_hundreds_of_black_holes_hold_nobody_else_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "GIVE_WAY", 0.01)
    dialer = Dialer()
    holes = [asyncio.create_task(connects_for_ever(dialer, black_hole(n))) for n in range(10 * CONNECTS)]
    await asyncio.sleep(0)
    async with asyncio.timeout(10), dialer.turn(HEALTHY):
        assert not any(task.done() for task in holes)
    await ended(holes)


async def test_as_many_connect_at_a_time_as_there_are_places() -> None:
    dialer = Dialer()
    places = CONNECTS - CONNECTS // 4
    quick = [asyncio.create_task(connects_for_ever(dialer, black_hole(n))) for n in range(places)]
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02), dialer.turn(HEALTHY):
            pass
    await ended(quick)


async def test_a_place_that_was_given_up_is_not_given_back_a_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connect, "GIVE_WAY", 0.0)
    dialer = Dialer()
    for _ in range(3):
        async with dialer.turn(HEALTHY):
            await asyncio.sleep(0.01)
    monkeypatch.setattr(connect, "GIVE_WAY", 60.0)
    places = CONNECTS - CONNECTS // 4
    held = [asyncio.create_task(connects_for_ever(dialer, black_hole(n))) for n in range(places)]
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02), dialer.turn(HEALTHY):
            pass
    await ended(held)
