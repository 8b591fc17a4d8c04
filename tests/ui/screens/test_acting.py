"""Keys that change the world, on real supervisords: asked, answered, done; and refused."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.supervisord import RealSupervisord, ignores_term, running_supervisord
from tests.ui.screens.cockpit import BROKEN, PROGRAMS, cockpit
from tui.demo.programs import listener as listener_program
from tui.engine.journal import FILE_NAME
from tui.model.states import HostState, OutcomeKind, ProcessState
from tui.ui.screens.modals import LineScreen, MenuScreen, QuestionScreen

STOPPED, RUNNING = ProcessState.STOPPED, ProcessState.RUNNING


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as one:
        yield one


async def test_stop_asks_and_y_stops(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("X")
        assert "Stop web celery?" in cock.text()
        assert cock.state("web", "celery") is RUNNING
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "celery") is STOPPED)
        await cock.until(lambda: "done" in cock.ticker)


@pytest.mark.parametrize("key", ["enter", "escape", "n", "N"])
async def test_every_other_answer_is_no(tmp_path: Path, daemon: RealSupervisord, key: str) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("X", key)
        await cock.until(lambda: not cock.fleet.asking)
        await cock.told("not done")
        assert not cock.engine.jobs
        assert cock.state("web", "celery") is RUNNING
        assert not cock.fleet.table.hold


async def test_restart_gives_the_process_another_pid(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        before = cock.pid("web", "celery")
        await cock.press("R")
        await cock.say_yes()
        await cock.until(lambda: cock.pid("web", "celery") not in (0, before))
        await cock.until(lambda: cock.engine.jobs[0].finished)
        assert [outcome.kind for outcome in cock.engine.jobs[0].outcomes.values()] == [OutcomeKind.DONE]


async def test_start_of_one_process_is_not_asked(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        daemon.proxy.supervisor.stopProcess("celery")
        await cock.until(lambda: cock.state("web", "celery") is STOPPED)
        await cock.go_to("web", "celery")
        await cock.press("S")
        await cock.until(lambda: cock.state("web", "celery") is RUNNING)


async def test_marks_are_the_target_and_are_gone_afterwards(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "api-00", "api")
        await cock.press("space", "space", "X")
        assert "Stop 2 processes on web?" in cock.text()
        assert "api:api-00, api:api-01" in cock.text()
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "api-01", "api") is STOPPED)
        assert cock.state("web", "celery") is RUNNING
        assert not cock.fleet.table.marks


async def test_v_shows_the_whole_plan_before_y(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("X", "v")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        assert "States: RUNNING" in cock.text()
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "celery") is STOPPED)


async def test_the_list_stands_still_while_a_question_is_open(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}, select="state:running") as cock:
        await cock.go_to("web", "celery")
        await cock.press("X")
        daemon.proxy.supervisor.stopProcess("api:api-00")
        await cock.until(lambda: cock.state("web", "api-00", "api") is STOPPED)
        await cock.pilot.pause()
        assert "api-00" in cock.shown
        await cock.press("n")
        await cock.until(lambda: "api-00" not in cock.shown)


async def test_a_host_node_is_the_whole_host_and_start_brings_back_what_ran(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    daemon.proxy.supervisor.stopProcess("api:api-00")
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: cock.state("web", "api-00", "api") is STOPPED)
        await cock.press("1", "j", "X")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.say_yes()
        await cock.until(lambda: cock.engine.picture.counts.resting == 3)
        await cock.until(lambda: cock.engine.jobs[0].finished)
        await cock.press("S")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "celery") is RUNNING)
        await cock.until(lambda: cock.engine.jobs[0].finished)
        assert cock.state("web", "api-00", "api") is STOPPED


async def test_a_signal_is_chosen_then_asked(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        before = cock.pid("web", "celery")
        await cock.press("K")
        await cock.until(lambda: isinstance(cock.app.screen, MenuScreen))
        await cock.press("t")
        await cock.until(lambda: cock.fleet.confirm.asking)
        assert "Send TERM to web celery?" in cock.text()
        await cock.say_yes()
        await cock.until(lambda: cock.pid("web", "celery") not in (0, before))


async def test_a_process_stuck_in_stopping_is_offered_kill_first(tmp_path: Path) -> None:
    stubborn = "[program:stubborn]\ncommand=sh -c 'trap \"\" TERM; while :; do sleep 1; done'\nstopwaitsecs=600\nstartsecs=0\n"
    with running_supervisord(stubborn) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.until(lambda: ignores_term(cock.pid("web", "stubborn")))
            daemon.proxy.supervisor.stopProcess("stubborn", False)
            await cock.until(lambda: cock.state("web", "stubborn") is ProcessState.STOPPING)
            await cock.go_to("web", "stubborn")
            await cock.press("X")
            await cock.told("is already stopping; K offers KILL")
            await cock.press("K")
            await cock.until(lambda: isinstance(cock.app.screen, MenuScreen))
            await cock.until(lambda: "stuck in STOPPING" in cock.text())
            await cock.press("enter")
            await cock.say_yes()
            await cock.until(lambda: cock.state("web", "stubborn") is STOPPED)


async def test_a_line_is_typed_asked_about_and_sent_to_standard_input(tmp_path: Path) -> None:
    with running_supervisord("[program:parrot]\ncommand=cat\nstartsecs=0\n") as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.go_to("web", "parrot")
            await cock.press("I")
            await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
            await cock.press(*"hello", "enter")
            await cock.until(lambda: "Send the line 'hello' to web parrot?" in cock.text())
            await cock.say_yes()
            await cock.until(
                lambda: daemon.proxy.supervisor.readProcessStdoutLog("parrot", 0, 100) == "hello\n"
            )
            assert "hello" not in (tmp_path / FILE_NAME).read_text()


async def test_an_event_is_sent_to_the_listeners(tmp_path: Path) -> None:
    listener = f"[eventlistener:ear]\ncommand={sys.executable} {listener_program.__file__}\nevents=REMOTE_COMMUNICATION\nstartsecs=0\n"
    with running_supervisord(PROGRAMS + listener) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.go_to("web", "celery")
            await cock.press("D", "e")
            await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
            await cock.press(*"deploy v7", "enter")
            await cock.until(lambda: "Send the event 'deploy v7' to the listeners of web?" in cock.text())
            await cock.say_yes()
            heard = daemon.proxy.supervisor.readProcessStderrLog
            await cock.until(lambda: "REMOTE_COMMUNICATION type:deploy" in str(heard("ear", 0, 1000)))
            journal = (tmp_path / FILE_NAME).read_text()
            assert '"deploy 2 characters"' in journal


async def test_a_daemon_restart_wants_the_name_typed(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        before = cock.pid("web", "celery")
        await cock.press("D")
        await cock.until(lambda: isinstance(cock.app.screen, MenuScreen))
        await cock.press("R")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.press("y")
        assert cock.fleet.asking
        assert not cock.engine.jobs
        await cock.press("backspace")
        await cock.type_answer("web")
        await cock.until(lambda: bool(cock.engine.jobs) and cock.engine.jobs[0].finished, 40)
        await cock.until(lambda: cock.pid("web", "celery") not in (0, before), 40)


async def test_update_shows_what_would_change_and_then_does_it(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        daemon.write_config(PROGRAMS + "[program:added]\ncommand=sleep 1000\nstartsecs=0\n")
        await cock.go_to("web", "celery")
        await cock.press("D")
        await cock.until(lambda: isinstance(cock.app.screen, MenuScreen))
        await cock.press("u")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        assert "add and start added" in cock.text()
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "added") is RUNNING)


async def test_a_host_whose_files_have_changed_wears_a_sign_until_it_is_updated(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}, size=(200, 60)) as cock:

        def host_line() -> str:
            return next(line for line in cock.text().splitlines() if line[2:].lstrip().startswith("web "))

        daemon.write_config(PROGRAMS + "[program:added]\ncommand=sleep 1000\nstartsecs=0\n")
        await cock.press("1", "j", "D", "r")
        await cock.say_yes()
        await cock.until(lambda: "Δ" in host_line())
        await cock.until(lambda: "an update would add added" in " ".join(cock.text().split()))
        await cock.press("D", "u")
        await cock.say_yes(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.until(lambda: cock.state("web", "added") is RUNNING)
        await cock.until(lambda: "Δ" not in host_line())


async def test_read_only_refuses_with_its_reason(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}, read_only=True) as cock:
        await cock.go_to("web", "celery")
        for key in ("X", "R", "S", "C"):
            await cock.press(key)
            await cock.told("read-only")
            assert not cock.fleet.asking
        assert "READ-ONLY" in cock.text()


async def test_a_verb_without_a_target_is_a_sentence(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}, select="nothing-is-called-this") as cock:
        for key in ("X", "R", "S", "K", "D", "a", "l", "d", "y"):
            await cock.press(key)
            await cock.told("nothing is under the cursor")


async def test_what_cannot_be_done_is_said_not_asked(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("S")
        await cock.told("already running")


async def test_what_was_done_to_a_process_stands_in_its_details(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("R")
        await cock.say_yes()
        await cock.until(lambda: bool(cock.engine.jobs) and cock.engine.jobs[0].finished)
        await cock.press("d")
        await cock.until(lambda: "restart  DONE" in cock.text())


async def test_a_failure_is_a_row_of_its_job(tmp_path: Path) -> None:
    with running_supervisord(PROGRAMS + BROKEN) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.until(lambda: cock.state("web", "broken") is ProcessState.FATAL)
            await cock.go_to("web", "broken")
            await cock.press("S")
            await cock.until(lambda: bool(cock.engine.jobs) and cock.engine.jobs[0].finished)
            await cock.until(lambda: "FAILED" in cock.ticker)
            await cock.press("J")
            await cock.until(lambda: "FAILED" in cock.text())
            await cock.press("escape")
            assert cock.app.screen is cock.fleet


async def test_an_unreachable_host_is_said_not_asked(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        daemon.stop()
        await cock.until(lambda: cock.engine.picture.hosts["web"].state is HostState.REFUSED)
        await cock.go_to("web", "celery")
        await cock.press("R")
        await cock.until(lambda: "unreachable" in cock.ticker or "cannot be reached" in cock.ticker)
        assert not cock.fleet.asking
