"""Keys that arrive together, as they do over a slow link: none is lost, none goes to the wrong place, none closes too much."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.keys import _character_to_key

from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.screens.cockpit import PROGRAMS, Cockpit, cockpit
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.log import LogScreen
from tui.ui.screens.modals import MenuScreen


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealSupervisord]:
    """Only looked at, so one for all."""
    with running_supervisord(PROGRAMS) as one:
        yield one


def arrive_together(cock: Cockpit, *keys: str) -> None:
    """All keys are in the app's queue before the first is looked at."""
    for key in keys:
        character = key if len(key) == 1 else None
        cock.app.post_message(events.Key(_character_to_key(key) if character else key, character))


async def test_a_filter_typed_in_one_go_is_taken_whole(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        arrive_together(cock, *"/celery", "enter", "*")
        await cock.until(lambda: cock.shown == ["celery"])
        await cock.until(lambda: not cock.fleet.filter.display)
        await cock.until(lambda: len(cock.fleet.table.marks) == 1)


async def test_a_second_choice_in_a_menu_closes_no_other_screen(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.press("o")
        menu = cock.app.screen
        assert isinstance(menu, MenuScreen)
        menu.dismiss("")
        menu.dismiss("")
        await cock.until(lambda: cock.app.screen is cock.fleet)
        assert cock.app.is_running


async def test_keys_of_a_screen_that_is_being_opened_reach_it(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        arrive_together(cock, "l", "/", *"word")
        await cock.until(lambda: "word" in cock.text())
        assert isinstance(cock.app.screen_stack[1], LogScreen)
        arrive_together(cock, "escape", "escape", "?")
        await cock.until(lambda: isinstance(cock.app.screen, HelpScreen))
        assert len(cock.app.screen_stack) == 2
