"""While the screen's loop stands still, as on a terminal that nobody reads, nothing piles up for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import still_app


async def test_a_loop_that_stands_still_is_called_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = still_app(still_fleet(), tmp_path)
    async with app.run_test() as pilot:
        await pilot.pause()
        calls: list[object] = []
        loop = asyncio.get_running_loop()
        call = loop.call_soon_threadsafe

        def counted(work: Callable[..., object], *more: object) -> object:
            calls.append(work)
            return call(work, *more)

        monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
        (wake,) = app.engine._wakeups._subscribers
        for _ in range(100):
            wake()
        assert calls == [app._wake]
        await pilot.pause()
        wake()
        assert calls == [app._wake, app._wake], "the next news were lost"
