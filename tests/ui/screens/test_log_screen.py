"""The log screen over real supervisords: filter, past, merged programs, copying, saving."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.screens.cockpit import Cockpit, cockpit
from tui.model.process import ProcessKey
from tui.ui.screens.log import LogScreen, save_privately
from tui.ui.screens.modals import LineScreen

LINES = 30_000
WRITER = f"""[program:writer]
command=sh -c "seq -f 'line %%06.0f' 0 {LINES - 1}; echo ERROR it broke; exec cat"
startsecs=0
[program:other]
command=sh -c "echo I am other; exec cat"
startsecs=0
"""


@pytest.fixture(scope="module")
def daemons() -> Iterator[dict[str, RealSupervisord]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(running_supervisord(WRITER)) for name in ("one", "two")}


async def open_log(cock: Cockpit, program: str, key: str, wanted: str) -> LogScreen:
    await cock.go_to("one", program)
    await cock.press(key)
    await cock.until(lambda: isinstance(cock.app.screen, LogScreen) and wanted in cock.text())
    screen = cock.app.screen
    assert isinstance(screen, LogScreen)
    return screen


async def answer(cock: Cockpit, key: str, text: str) -> None:
    await cock.press(key)
    await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
    await cock.press(*text, "enter")


async def test_going_up_reads_the_past_to_the_beginning_of_the_log(
    tmp_path: Path, daemons: dict[str, RealSupervisord]
) -> None:
    async with cockpit(tmp_path, {"one": daemons["one"]}) as cock:
        screen = await open_log(cock, "writer", "l", "ERROR it broke")
        deadline = time.monotonic() + 20
        while "the log begins here" not in cock.text():
            assert time.monotonic() < deadline
            await cock.press("g")
        assert "line 000000" in cock.text()
        assert screen.view.line_count == LINES + 2
        await cock.press("]")
        await cock.until(lambda: "ERROR it broke" in cock.text())
        await cock.press("]")
        assert "no line below looks like an error" in cock.text()
        await cock.press("G")
        assert screen.view.follow


async def test_a_filter_is_shown_and_taken_back_by_escape(
    tmp_path: Path, daemons: dict[str, RealSupervisord]
) -> None:
    async with cockpit(tmp_path, {"one": daemons["one"]}) as cock:
        screen = await open_log(cock, "writer", "l", "ERROR it broke")
        await answer(cock, "&", "29999")
        await cock.until(lambda: screen.view.line_count == 1)
        assert "only 29999" in cock.text()
        assert "1 of" in cock.ticker
        await answer(cock, "&", "/(/")
        await cock.told("this is no pattern")
        await cock.press("escape")
        assert screen.view.line_count > 1000
        await answer(cock, "/", "line 02999")
        await cock.told("10 lines match")
        await cock.press("escape", "escape")
        assert cock.app.screen is cock.fleet


async def test_one_key_merges_the_logs_of_a_program_on_every_host(
    tmp_path: Path, daemons: dict[str, RealSupervisord]
) -> None:
    async with cockpit(tmp_path, daemons) as cock:
        await cock.until(lambda: len(cock.shown) >= 4)
        screen = await open_log(cock, "other", "L", "two other")
        assert screen.keys == (ProcessKey("one", "other", "other"), ProcessKey("two", "other", "other"))
        await cock.until(lambda: cock.text().count("I am other") == 2)


async def test_the_lines_in_view_are_copied(tmp_path: Path, daemons: dict[str, RealSupervisord]) -> None:
    async with cockpit(tmp_path, {"one": daemons["one"]}) as cock:
        await open_log(cock, "other", "l", "I am other")
        await cock.press("y")
        assert cock.app.clipboard == "I am other"
        await cock.told("copied the 1 line")


def test_a_full_disk_while_saving_is_said_and_leaves_no_half_file(tmp_path: Path) -> None:
    path = tmp_path / "saved.log"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        words, severity = save_privately(path, "x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert severity == "error"
    assert "not saved" in words
    assert not path.exists()


async def test_a_pattern_that_takes_too_long_is_given_up_and_said_with_what_to_do(tmp_path: Path) -> None:
    trap = "a" * 60 + "b"
    program = (
        f'[program:hostile]\ncommand=sh -c "echo aaa; echo {trap}; echo the end; exec cat"\nstartsecs=0\n'
    )
    with running_supervisord(program) as daemon:
        async with cockpit(tmp_path, {"one": daemon}) as cock:
            screen = await open_log(cock, "hostile", "l", "the end")
            await answer(cock, "/", "/(a|aa)+$/")
            await cock.told("takes too long on these lines: simplify it, or search a text")
            await cock.press("n")
            assert "takes too long" in cock.ticker
            await answer(cock, "/", "the")
            await cock.told("1 line matches")
            await answer(cock, "&", "/(a|aa)+$/")
            await cock.told("takes too long on these lines: the rest is shown; simplify it")
            assert "gave up" in cock.text()
            assert screen.view.line_count == screen.view.memory.kept
            await answer(cock, "&", "/x(/")
            await cock.told("this is no pattern")
            await cock.press("&")
            await cock.until(lambda: isinstance(cock.app.screen, LineScreen))
            assert cock.app.screen.query_one(Input).value == "/x(/", "to be corrected"
            await cock.press("escape")
            await answer(cock, "&", "/x{e/")
            await cock.told("0 of")
            assert "gave up" not in cock.text()


async def test_marks_are_drawn_and_walked_by_keys(
    tmp_path: Path, daemons: dict[str, RealSupervisord]
) -> None:
    async with cockpit(tmp_path, daemons) as cock:
        await cock.until(lambda: len(cock.shown) >= 4)
        screen = await open_log(cock, "other", "L", "two other")
        await cock.press("}")
        assert "no mark below" in cock.ticker
        await cock.press("{")
        assert "no mark above" in cock.ticker
        await cock.press("n")
        assert "nothing is searched" in cock.ticker
        await cock.press("m", "{")
        assert not screen.view.follow
        await cock.press("m")
        assert "marked the end" in cock.ticker
        await cock.press("}", "}")
        assert "no mark below" in cock.ticker
        await cock.press("{")
        assert "no mark" not in cock.ticker
