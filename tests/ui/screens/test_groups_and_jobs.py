"""Groups as one target, jobs and their rows, logs of several, and the palette's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.screens.cockpit import PROGRAMS, cockpit
from tests.ui.widgets.stage import lines_of
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState
from tui.ui.screens.jobs import JobsScreen
from tui.ui.screens.log import LogScreen
from tui.ui.screens.modals import LineScreen, QuestionScreen

ONCE_BROKEN = """
[program:moody]
command=sh -c 'test -e {flag} && exec sleep 1000'
autostart=false
startsecs=1
startretries=0
"""


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as one:
        yield one


async def test_a_group_is_marked_by_one_key_and_is_then_the_target(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "api-01", "api")
        await cock.press("plus", "X")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        assert "Target: group api on web" in cock.text()
        await cock.say_yes()
        stopped = ProcessState.STOPPED
        await cock.until(lambda: cock.state("web", "api-00", "api") is stopped)
        await cock.until(lambda: cock.state("web", "api-01", "api") is stopped)
        assert cock.state("web", "celery") is ProcessState.RUNNING
        assert cock.engine.jobs[0].plan.whole_groups == {ProcessKey("web", "api")}
        assert not cock.fleet.table.marks


async def test_a_group_that_lost_a_mark_is_its_processes_again(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "api-00", "api")
        await cock.press("plus", "space")
        pointed = cock.fleet.pointed()
        assert pointed is not None
        assert pointed.keys == (ProcessKey("web", "api", "api-01"),)


async def test_the_jobs_are_listed_and_each_shows_its_rows(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("X")
        await cock.say_yes()
        await cock.until(lambda: cock.state("web", "celery") is ProcessState.STOPPED)
        await cock.until(lambda: cock.engine.jobs[0].finished)
        await cock.press("S")
        await cock.until(lambda: len(cock.engine.jobs) == 2 and cock.engine.jobs[0].finished)
        await cock.press("J")
        screen = cock.app.screen
        assert isinstance(screen, JobsScreen)
        await cock.until(lambda: len([line for line in lines_of(screen.list) if "celery" in line]) == 2)
        assert "job 2  start web celery" in lines_of(screen.table)[0]
        await cock.press("greater_than_sign")
        assert "job 1  stop web celery" in lines_of(screen.table)[0]
        await cock.press("greater_than_sign")
        await cock.told("no other job")


async def test_what_failed_is_tried_again_after_a_question(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    with running_supervisord(PROGRAMS + ONCE_BROKEN.format(flag=flag)) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.go_to("web", "moody")
            await cock.press("S")
            await cock.until(lambda: bool(cock.engine.jobs) and cock.engine.jobs[0].finished, 30)
            await cock.until(lambda: cock.state("web", "moody") is ProcessState.FATAL)
            flag.touch()
            await cock.press("J", "r")
            await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
            await cock.until(
                lambda: "failed in job 1" in cock.text()
            )  # it is on top a moment before it is painted
            await cock.say_yes(lambda: isinstance(cock.app.screen, QuestionScreen))
            await cock.until(lambda: len(cock.engine.jobs) == 2 and cock.engine.jobs[0].finished, 30)
            (outcome,) = cock.engine.jobs[0].outcomes.values()
            assert outcome.kind is OutcomeKind.DONE
            # Its end is told, and would be said over the answer; its progress begins with the same words.
            await cock.until(lambda: "job 2 start web moody: done" in cock.ticker)
            await cock.press("r")
            await cock.told("nothing to try again")


async def test_a_restart_in_batches_asks_for_its_pace_and_then_as_always(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "api-00", "api")
        pids = {name: cock.pid("web", name, "api") for name in ("api-00", "api-01")}
        await cock.press("+", "B")
        await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
        await cock.until(lambda: "batch 20% canary settle 5s max-failed 1" in cock.text())
        await cock.press("ctrl+u", *"bach 1", "enter")
        await cock.until(lambda: "'bach' is no word for a pace" in cock.text())
        await cock.press("ctrl+u", *"batch 1 settle 1s", "enter")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.until(lambda: "Pace: 1 at a time" in cock.text())
        await cock.say_yes(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.until(lambda: bool(cock.engine.jobs) and cock.engine.jobs[0].finished, 30)
        assert {outcome.kind for outcome in cock.engine.jobs[0].outcomes.values()} == {OutcomeKind.DONE}
        assert all(cock.pid("web", name, "api") != pid for name, pid in pids.items())
        await cock.press("J")
        await cock.until(lambda: "batch 1 settle 1s" in cock.text())


async def test_leaving_the_pace_with_escape_restarts_nothing(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("B")
        await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
        await cock.press("escape")
        await cock.told("not done")
        assert not cock.engine.jobs
        assert not cock.fleet.table.hold


async def test_what_a_job_stopped_is_brought_back_by_undo(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.until(lambda: cock.state("web", "celery") is ProcessState.RUNNING)
        await cock.go_to("web", "celery")
        await cock.press("X")
        await cock.say_yes()
        await cock.told("job 1 stop web celery: done")
        await cock.press("J", "R")
        await cock.told("nothing to take up")
        await cock.press("U")
        await cock.until(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.until(lambda: "changed by job 1" in cock.text())
        await cock.say_yes(lambda: isinstance(cock.app.screen, QuestionScreen))
        await cock.until(lambda: cock.state("web", "celery") is ProcessState.RUNNING)


async def test_the_logs_of_marks_are_merged_each_line_with_its_source(tmp_path: Path) -> None:
    talkers = "".join(
        f"[program:{name}]\ncommand=sh -c 'while :; do echo says {name}; sleep 0.2; done'\nkillasgroup=true\n"
        "stopasgroup=true\nstartsecs=0\n"
        for name in ("ann", "bob")
    )
    with running_supervisord(talkers) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.go_to("web", "ann")
            await cock.press("asterisk", "l")
            screen = cock.app.screen
            assert isinstance(screen, LogScreen)
            await cock.until(lambda: {"web ann says ann", "web bob says bob"} <= set(lines_of(screen.view)))


async def test_the_palette_shows_keys_as_they_are_and_does_what_they_do(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await cock.go_to("web", "celery")
        await cock.press("colon", *"previous p")
        await cock.until(lambda: "Previous problem  [[]" in cock.text())
        await cock.press("escape")
        await cock.press("colon", *"stop")
        await cock.until(lambda: "Stop  [X]" in cock.text())
        await cock.press("enter")
        await cock.until(lambda: "Stop web celery?" in cock.text())
        await cock.press("n")
