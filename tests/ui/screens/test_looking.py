"""What the fleet's screen shows first, how filters, panes and other screens come and go; nothing here changes a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.command import CommandList

from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.screens.cockpit import BROKEN, PROGRAMS, cockpit
from tui.config.schema import HostSettings, Settings
from tui.model.endpoint import Endpoint
from tui.model.process import ProcessKey
from tui.model.states import ProcessState
from tui.ui.screens.details import DetailsScreen
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.log import LogScreen
from tui.ui.screens.modals import LineScreen
from tui.ui.screens.timeline import TimelineScreen

TALKER = '[program:talker]\ncommand=sh -c "echo hello; echo oops >&2; sleep 1000"\nstartsecs=0\n'


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealSupervisord]:
    """Only looked at, so one for all."""
    with running_supervisord(PROGRAMS + TALKER) as one:
        yield one


async def test_problems_come_first_and_escape_shows_everything(tmp_path: Path) -> None:
    with running_supervisord(PROGRAMS + BROKEN) as daemon:
        while daemon.proxy.supervisor.getProcessInfo("broken")["state"] != ProcessState.FATAL:  # type: ignore[index,call-overload]
            pass
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.until(lambda: cock.shown == ["broken"])
            await cock.told("esc or ! shows everything")
            await cock.press("escape")
            assert len(cock.shown) == 4
            await cock.press("!")
            assert cock.shown == ["broken"]


async def test_nothing_wrong_shows_the_fleet(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: len(cock.shown) == 4)


async def test_a_filter_is_live_and_escape_takes_it_back(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.press("/", *"cel")
        await cock.until(lambda: cock.shown == ["celery"])
        await cock.press("escape")
        await cock.until(lambda: len(cock.shown) == 4)
        await cock.press("/", *"api", "enter")
        await cock.until(lambda: cock.shown == ["api-00", "api-01"])
        assert cock.app.focused is cock.fleet.table
        await cock.press("escape")
        await cock.until(lambda: len(cock.shown) == 4)


async def test_a_filter_that_does_not_parse_points_and_keeps_the_rows(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.press("/", *"state:nonsense")
        await cock.until(lambda: "^" in cock.text())
        await cock.press("escape")
        assert len(cock.shown) == 4


async def test_select_begins_with_that_filter(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}, select="celery") as cock:
        assert cock.shown == ["celery"]


async def test_an_own_key_works_and_the_usual_one_does_not(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}, keys={"stop": "ctrl+k"}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("X")
        assert not cock.fleet.asking
        await cock.press("ctrl+k")
        assert cock.fleet.asking
        await cock.press("n")
        assert "ctrl+k stop" in cock.text()


@pytest.mark.parametrize(
    ("size", "panes"),
    [((200, 60), {"tree", "table", "detail"}), ((120, 40), {"tree", "table"}), ((80, 24), {"table"})],
)
async def test_as_many_panes_as_fit(
    tmp_path: Path, daemon: RealSupervisord, size: tuple[int, int], panes: set[str]
) -> None:
    async with cockpit(tmp_path, {"web": daemon}, size=size) as cock:
        await cock.pilot.pause()
        shown = {
            pane.id for pane in (cock.fleet.tree_pane, cock.fleet.table, cock.fleet.detail) if pane.display
        }
        assert shown == panes


async def test_t_brings_the_tree_over_a_narrow_table_and_a_choice_brings_the_table_back(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}, size=(80, 24)) as cock:
        await cock.press("t")
        assert cock.fleet.tree_pane.display
        assert not cock.fleet.table.display
        await cock.press("j", "enter")
        await cock.until(lambda: cock.fleet.table.display)
        assert cock.fleet.table.view.scope.host == "web"
        await cock.press("escape")
        assert cock.fleet.table.view.scope.words == "all"


async def test_a_terminal_that_is_too_small_gets_a_sentence(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}, size=(39, 7)) as cock:
        await cock.pilot.pause()
        assert "is needed" in cock.text().replace("\n", "")
        await cock.pilot.resize_terminal(80, 24)
        await cock.pilot.pause()
        assert "celery" in cock.text()


async def test_one_dead_host_leaves_the_others_alone_and_says_why(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    hosts = {
        "dead": HostSettings("dead", Endpoint("http", host="127.0.0.1", port=9), poll=0.2),
        "web": HostSettings("web", daemon.endpoint, poll=0.2),
    }
    async with cockpit(tmp_path, {}, settings=Settings(hosts)) as cock:
        await cock.until(lambda: cock.shown == ["dead"])
        assert "nothing listens" in cock.text()
        await cock.press("!")
        assert "celery" in cock.text()


async def test_the_log_follows_either_channel_and_finds_text(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "talker")
        await cock.press("l")
        await cock.until(lambda: isinstance(cock.app.screen, LogScreen) and "hello" in cock.text())
        assert "oops" not in cock.text()
        await cock.press("e")
        await cock.until(lambda: "oops" in cock.text() and "hello" not in cock.text())
        await cock.press("e")
        await cock.until(lambda: "oops" in cock.text() and "hello" in cock.text())
        await cock.press("/")
        await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
        await cock.press(*"hell", "enter")
        await cock.until(lambda: "1 line matches" in cock.text())
        await cock.press("escape", "escape")
        assert cock.app.screen is cock.fleet


async def test_a_saved_log_is_private_and_never_overwrites(tmp_path: Path, daemon: RealSupervisord) -> None:
    path = tmp_path / "saved.log"
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "talker")
        await cock.press("l")
        await cock.until(lambda: isinstance(cock.app.screen, LogScreen) and "hello" in cock.text())
        for said in ("saved", "not saved"):
            await cock.press("ctrl+s")
            await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
            await cock.press("ctrl+u", *str(path), "enter")
            await cock.until(lambda said=said: said in cock.text())  # type: ignore[misc]
    assert "hello" in path.read_text()
    assert os.stat(path).st_mode & 0o777 == 0o600


async def test_details_tell_the_configuration(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "talker")
        await cock.press("enter")
        await cock.until(lambda: isinstance(cock.app.screen, DetailsScreen) and "autostart" in cock.text())
        await cock.until(lambda: "hello" in cock.text())
        await cock.press("q")
        assert cock.app.screen is cock.fleet


async def test_copy_goes_through_the_terminal(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "api-00", "api")
        await cock.press("y")
        assert cock.app.clipboard == "web/api:api-00"
        await cock.press("Y")
        assert '"state": "RUNNING"' in cock.app.clipboard


async def test_help_names_every_key_of_the_screen_it_was_asked_on(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}, size=(200, 60)) as cock:
        await cock.press("?")
        await cock.until(lambda: isinstance(cock.app.screen, HelpScreen))
        await cock.pilot.pause()
        assert "Restart what runs." in cock.text()
        await cock.press("escape", "E", "?")
        await cock.until(lambda: isinstance(cock.app.screen, HelpScreen))
        assert "Restart what runs." not in cock.text()


async def test_the_timeline_shows_what_changed(tmp_path: Path) -> None:
    with running_supervisord(PROGRAMS) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            daemon.proxy.supervisor.stopProcess("celery")
            await cock.until(lambda: cock.state("web", "celery") is ProcessState.STOPPED)
            await cock.press("E")
            await cock.until(lambda: isinstance(cock.app.screen, TimelineScreen) and "STOPPED" in cock.text())
            await cock.press("enter")
            await cock.until(lambda: isinstance(cock.app.screen, DetailsScreen))


async def test_the_palette_finds_a_host_and_sets_a_filter(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.press(":", *"go to host web")
        await cock.until(lambda: "Go to host web" in cock.text())
        await cock.press("enter")
        await cock.until(lambda: cock.fleet.table.view.scope.host == "web")
        await cock.press("ctrl+p", *"filter name:celery")
        await cock.until(lambda: "Filter name:celery" in cock.text())
        await cock.press("enter")
        await cock.until(lambda: cock.shown == ["celery"])


async def test_a_page_key_in_a_palette_whose_list_is_not_drawn_yet_does_nothing(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.press(":", *"restart")
        await cock.until(lambda: "Restart" in cock.text())
        found = cock.app.screen.query_one(CommandList)
        found.styles.height = 0
        await cock.until(lambda: not found.scrollable_content_region)
        found._clear_caches()
        await cock.press("pagedown", "pageup")
        found.styles.height = None
        await cock.press("pagedown", "escape")
        assert cock.app.return_code is None


async def test_hold_keeps_the_order_and_the_truth(tmp_path: Path) -> None:
    with running_supervisord(PROGRAMS) as daemon:
        async with cockpit(tmp_path, {"web": daemon}, select="state:running") as cock:
            await cock.press("p")
            daemon.proxy.supervisor.stopProcess("celery")
            await cock.until(lambda: cock.state("web", "celery") is ProcessState.STOPPED)
            await cock.until(lambda: "STOPPED" in cock.text())
            assert "HOLD" in cock.text()
            await cock.press("p")
            await cock.until(lambda: "celery" not in cock.shown)


async def test_the_cursor_stays_on_its_process_when_others_go(tmp_path: Path) -> None:
    with running_supervisord(PROGRAMS) as daemon:
        async with cockpit(tmp_path, {"web": daemon}, select="state:running") as cock:
            await cock.go_to("web", "celery")
            daemon.proxy.supervisor.stopProcess("api:api-00")
            await cock.until(lambda: "api-00" not in cock.shown)
            assert cock.fleet.table.cursor_key == ProcessKey("web", "celery", "celery")


async def test_q_quits_at_the_root(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.press("q")
        assert cock.app.return_value == 0
