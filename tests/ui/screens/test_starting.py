"""The first seconds: what an earlier run left open is offered, remarks are told once, and nothing moves under the hands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.screens.cockpit import PROGRAMS, Cockpit, cockpit, host_settings, still_app
from tests.ui.widgets.stage import host, picture, process
from tui.config.schema import Settings
from tui.model.fleet import FleetPicture
from tui.model.states import HostState, ProcessState
from tui.ui.screens.modals import QuestionScreen
from tui.ui.widgets.fleet_table import PROBLEMS

CUT_SHORT = """
import sys
from pathlib import Path
from tui.engine.journal import Journal
from tui.model.plan import Verb
from tui.model.process import ProcessKey
Journal(Path(sys.argv[1])).intent(Verb.RESTART, ProcessKey("web", "celery", "celery"))
"""
"""A run that begins a restart and is killed."""


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as one:
        yield one


def cut_a_restart_short(state_dir: Path) -> None:
    subprocess.run([sys.executable, "-c", CUT_SHORT, str(state_dir)], check=True)


async def test_what_a_cut_restart_left_stopped_is_offered_and_started(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    cut_a_restart_short(tmp_path)
    daemon.proxy.supervisor.stopProcess("celery")
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.until(lambda: "Start web celery?" in cock.text())
        assert "cut short" in cock.text()
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "celery") is ProcessState.RUNNING)


async def test_an_offer_that_was_declined_is_not_made_again(tmp_path: Path, daemon: RealSupervisord) -> None:
    cut_a_restart_short(tmp_path)
    daemon.proxy.supervisor.stopProcess("celery")
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.press("escape")
        await cock.until(lambda: cock.app.screen is cock.fleet)
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: cock.app._offered)
        assert cock.app.screen is cock.fleet
        assert cock.state("web", "celery") is ProcessState.STOPPED


async def test_nothing_is_offered_when_it_runs_again(tmp_path: Path, daemon: RealSupervisord) -> None:
    cut_a_restart_short(tmp_path)
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: cock.app._offered)
        assert cock.app.screen is cock.fleet
        await cock.until(lambda: not cock.engine.interrupted)


async def test_warnings_of_the_settings_are_told_and_stay_in_the_help(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    settings = Settings({"web": host_settings("web", daemon)}, warnings=("others can read hosts.yaml",))
    async with cockpit(tmp_path, {"web": daemon}, settings=settings) as cock:
        await cock.until(lambda: "others can read hosts.yaml" in cock.ticker)
        await cock.press("question_mark")
        await cock.until(lambda: "Remarks of this run" in cock.text())
        assert "others can read hosts.yaml" in cock.text()


def waiting() -> FleetPicture:
    """Two hosts with a problem, a third that has not answered yet."""
    bad = [process("web-01", "api", "a", ProcessState.FATAL), process("web-01", "api", "b")]
    return picture(
        host("web-01", bad), host("web-02", [process("web-02")]), host("web-03", state=HostState.PENDING)
    )


def answered() -> FleetPicture:
    """The third has."""
    return picture(*list(waiting().hosts.values())[:2], host("web-03", [process("web-03")]), number=2)


async def see(cock: Cockpit, what: FleetPicture) -> None:
    cock.engine._picture = what
    cock.fleet.refresh_picture()
    await cock.pilot.pause()


@pytest.mark.parametrize("keys", [(), ("j",), ("space",), ("1", "j", "enter"), ("slash", "w")])
async def test_problems_come_first_only_while_the_hands_are_still(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    app = still_app(waiting(), tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        cock = Cockpit(app, pilot)
        await cock.until(lambda: bool(cock.shown))
        await cock.press(*keys)
        await see(cock, answered())
        assert (cock.fleet.table.view.query.text == PROBLEMS) is (not keys)
