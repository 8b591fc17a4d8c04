"""The screen as a picture, on a fleet and at a time that stand still; `pytest tests/snapshots --snapshot-update` draws anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import still_app
from tests.ui.widgets.stage import until

SnapCompare = Callable[..., bool]

WIDE, MIDDLE, SMALL = (200, 60), (120, 40), (80, 24)


@pytest.fixture(autouse=True)
def _one_time_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("size", "theme", "keys"),
    [
        (WIDE, "textual-dark", ()),
        (WIDE, "textual-dark", ("escape", "j", "j", "j", "space", "space")),
        (MIDDLE, "textual-dark", ("escape", "j", "j", "X")),
        (MIDDLE, "textual-light", ("escape", "1", "j", "j", "j", "j", "j", "R")),
        (MIDDLE, "clear-dark", ("escape", "j", "j", "a")),
        (SMALL, "textual-dark", ("/", *"state:x")),
        (SMALL, "textual-light", ()),
        (SMALL, "textual-dark", ("escape", "t")),
        (WIDE, "textual-dark", ("?",)),
    ],
    ids=[
        "problems first",
        "marks",
        "question in a line",
        "question in a panel",
        "menu",
        "filter that does not parse",
        "small and light",
        "tree over the table",
        "help",
    ],
)
def test_the_screen_looks_as_it_did(
    snap_compare: SnapCompare, tmp_path: Path, size: tuple[int, int], theme: str, keys: tuple[str, ...]
) -> None:
    app = still_app(still_fleet(), tmp_path, theme=theme)

    async def act(pilot: Pilot[int]) -> None:
        await pilot.pause()
        await pilot.press(*keys)
        await until(lambda: app.fleet.facts.settled)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=act)
