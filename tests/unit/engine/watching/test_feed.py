"""When a feed that was given up is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from tui.engine.supervision import Work
from tui.engine.watching import feed as feed_module
from tui.engine.watching.feed import Feed, FeedState
from tui.rpc.client import Supervisor


class SilentSupervisor:
    """Streams what it is given, and otherwise nothing."""

    host = "web"

    def __init__(self) -> None:
        self.opened = 0
        self.pieces: list[bytes] = []

    async def stream_main_log(self) -> AsyncGenerator[bytes, None]:
        self.opened += 1
        for piece in self.pieces:
            yield piece
        await asyncio.Event().wait()


class Stage:
    """A feed of fifty processes, on a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.supervisor = SilentSupervisor()
        self.tasks: list[asyncio.Task[None]] = []
        supervisor = cast("Supervisor", self.supervisor)
        self.feed = Feed(supervisor, "auto", supervise=self._supervise, clock=lambda: self.now)
        for _ in range(2):
            self.feed.whole_read_ended((), ())

    def _supervise(self, _name: str, work: Work) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work()))
        return self.tasks[-1]

    async def opens_after(self, seconds: float) -> bool:
        """Whether a whole read so much later opens it; if so, wait until it has been given up, or heard."""
        self.now += seconds
        before = self.supervisor.opened
        self.feed.consider(50)
        async with asyncio.timeout(5):
            while self._is_opening(before):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return self.supervisor.opened > before

    def _is_opening(self, before: int) -> bool:
        begun = self.feed._task is not None and self.supervisor.opened == before
        return begun or self.feed._state is FeedState.OPENING


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(feed_module, "SILENCE", 0.01)
    return Stage()


async def test_a_log_that_brings_nothing_is_tried_again_ever_later(stage: Stage) -> None:
    assert await stage.opens_after(0)
    for pause in (30, 120, 480, 600, 600):
        assert not await stage.opens_after(pause - 1)
        assert "brings nothing" in stage.feed.reason
        assert await stage.opens_after(1)


async def test_a_log_that_was_late_once_is_believed_when_it_comes(stage: Stage) -> None:
    assert await stage.opens_after(0)
    assert await stage.opens_after(30)
    stage.supervisor.pieces.append(b"2026-11-25 02:00:00,123 INFO supervisord started with pid 1\n")
    assert await stage.opens_after(120)
    assert stage.feed._state is FeedState.HEARD
    assert stage.feed.reason == ""
    stage.feed.close()
    stage.supervisor.pieces.clear()
    assert await stage.opens_after(0)
    assert not await stage.opens_after(29)
    assert await stage.opens_after(1)
