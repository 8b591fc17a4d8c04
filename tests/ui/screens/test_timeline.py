"""The timeline on the screen: the past from the disk behind what was seen, pages, gaps, filters, one process's own."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.screens.cockpit import PROGRAMS, Cockpit, cockpit
from tests.unit.engine.history.changes import change, store
from tui.engine.engine import Engine
from tui.engine.history.browsing import PAGE, Page, page_before
from tui.engine.history.writing import Writer
from tui.model.fleet import Transition
from tui.model.process import ProcessKey
from tui.model.states import ProcessState
from tui.ui.screens import timeline as timeline_module
from tui.ui.screens.details import DetailsScreen
from tui.ui.screens.timeline import TimelineScreen

API, CELERY = ProcessKey("web", "api", "api-00"), ProcessKey("web", "celery", "celery")
DAY = 86400.0


def past(directory: Path, *rows: Transition, ago: float = DAY) -> None:
    """Kept yesterday, while a program looked for an hour; the times of `rows` count from its beginning."""
    now = time.time()
    with store(directory) as connection:
        one = Writer(connection)
        run = one.begin_run(["web"], now - ago)
        one.write(replace(row, time=now - ago + row.time) for row in rows)
        one.goes_on(run, now - ago + 3600)


def at(seconds: float, old: str, new: str, key: ProcessKey = CELERY, **rest: int) -> Transition:
    return replace(change(old, new, 0, key=key, **rest), time=seconds)  # type: ignore[arg-type]


@asynccontextmanager
async def timeline(
    tmp_path: Path,
    daemon: RealSupervisord,
    monkeypatch: pytest.MonkeyPatch,
    *,
    size: tuple[int, int] = (140, 30),
) -> AsyncIterator[Cockpit]:
    """The app over what was kept in `tmp_path`; nothing more is recorded."""
    monkeypatch.setattr(Engine, "history_directory", property(lambda engine: tmp_path))
    async with cockpit(tmp_path, {"web": daemon}, size=size) as cock:
        yield cock


async def shown(cock: Cockpit, words: str) -> str:
    """Wait until the screen says so; all that it says then."""
    await cock.until(lambda: isinstance(cock.app.screen, TimelineScreen) and words in cock.text())
    return cock.text()


def lines(text: str, words: str) -> list[str]:
    """Those that say it."""
    return [line for line in text.splitlines() if words in line]


async def test_behind_what_was_seen_comes_what_was_kept_with_the_gap_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(
        tmp_path,
        at(10, "RUNNING", "FATAL"),
        at(60, "UP", "TIMEOUT", ProcessKey("web")),
        at(90, "FATAL", "STOPPED"),
    )
    with running_supervisord(PROGRAMS) as daemon:
        async with timeline(tmp_path, daemon, monkeypatch) as cock:
            daemon.proxy.supervisor.stopProcess("celery")
            await cock.until(lambda: cock.state("web", "celery") is ProcessState.STOPPED)
            await cock.press("E")
            text = await shown(cock, "nobody looked")
            order = ["nobody looked", "FATAL→STOPPED", "UP→TIMEOUT", "RUNNING→FATAL"]
            places = [text.index(words) for words in order]
            assert places == sorted(places)
            assert "→STOPPED" in text[: places[0]]  # by way of STOPPING, when a poll came in between


@pytest.fixture(scope="module")
def daemon() -> object:
    """Only looked at, so one for all."""
    with running_supervisord(PROGRAMS) as one:
        yield one


async def test_older_rows_are_fetched_as_the_list_is_gone_down(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 3 * PAGE - 7
    past(tmp_path, *(at(n, "RUNNING", "RUNNING", pid=n + 1, start=n + 1) for n in range(count)))
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.press("E")
        await shown(cock, f"pid {count}")
        screen = cock.app.screen
        assert isinstance(screen, TimelineScreen)
        held = [screen.list.count()]
        assert held[0] < count
        while screen.list.count() < count:
            await cock.press("G")
            await cock.until(_more_than(screen, held[-1]))
            held.append(screen.list.count())
        await cock.press("G")
        await shown(cock, "pid 1,")
        assert len(held) == 3
        pids = [row.pid for row in screen._rows.old if isinstance(row, Transition)]
        assert pids == list(range(count, 0, -1))


def _more_than(screen: TimelineScreen, count: int) -> Callable[[], bool]:
    return lambda: screen.list.count() > count


async def test_a_filter_reaches_what_is_on_the_disk_and_escape_takes_it_back(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(
        tmp_path,
        at(1, "RUNNING", "FATAL"),
        at(2, "RUNNING", "EXITED", API, exitstatus=3),
        *(at(3 + n, "RUNNING", "RUNNING", API, pid=n + 1, start=n + 1) for n in range(2 * PAGE)),
    )
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.press("E")
        await shown(cock, "pid 1000")
        await cock.press("/", *"state:bad", "enter")
        text = await shown(cock, "RUNNING→FATAL")
        assert "RUNNING→EXITED" in text
        assert "pid 1000" not in text
        await cock.press("/", *[*(["backspace"] * 9), *"celery"], "enter")
        await cock.until(lambda: "EXITED" not in cock.text() and "FATAL" in cock.text())
        await cock.press("escape")
        await shown(cock, "pid 1000")
        await cock.press("/", *"state:nope", "enter")
        await cock.told("there is no state")


async def test_ours_not_ours_and_all_are_told_apart(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(tmp_path, at(1, "RUNNING", "FATAL"), at(2, "RUNNING", "STOPPED", API, ours=True))
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.press("E")
        await shown(cock, "RUNNING→FATAL")
        await cock.press("o")
        await cock.until(lambda: "RUNNING→STOPPED" in cock.text() and "FATAL" not in cock.text())
        await cock.press("o")
        await cock.until(lambda: "RUNNING→STOPPED" not in cock.text() and "FATAL" in cock.text())
        await cock.press("o")
        await cock.until(lambda: "RUNNING→STOPPED" in cock.text() and "FATAL" in cock.text())


async def test_opened_on_a_process_it_shows_that_one_and_its_host_s_gaps(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = ProcessKey("web")
    past(
        tmp_path,
        at(1, "RUNNING", "FATAL"),
        at(2, "RUNNING", "EXITED", API),
        at(100, "UP", "TIMEOUT", host),
        at(400, "TIMEOUT", "UP", host),
        at(500, "FATAL", "STOPPED"),
    )
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.go_to("web", "celery")
        await cock.press("d")
        await cock.until(lambda: isinstance(cock.app.screen, DetailsScreen))
        await cock.press("E")
        text = await shown(cock, "RUNNING→FATAL")
        assert "Timeline of web/celery" in text or "Timeline of web celery" in text
        assert "EXITED" not in text
        assert len(lines(text, "web was not reached")) == 1
        assert "5 minutes" in lines(text, "web was not reached")[0]
        await cock.press("t")
        await shown(cock, "EXITED")


async def test_flapping_is_called_out(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(tmp_path, *(at(10.0 * n, "EXITED", "STARTING", pid=n + 1, start=n + 1) for n in range(4)))
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.press("E")
        text = await shown(cock, "flapped 2 times")
        assert len(lines(text, "flapping")) == 2


async def test_new_changes_do_not_move_the_row_that_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(tmp_path, *(at(n, "RUNNING", "RUNNING", pid=n + 1, start=n + 1) for n in range(50)))
    with running_supervisord(PROGRAMS) as daemon:
        async with timeline(tmp_path, daemon, monkeypatch) as cock:
            await cock.press("E")
            await shown(cock, "pid 50")
            await cock.press("j", "j", "j")
            screen = cock.app.screen
            assert isinstance(screen, TimelineScreen)
            before = screen.list.cursor_item
            daemon.proxy.supervisor.stopProcess("celery")
            await cock.until(lambda: bool(screen._rows.live))
            assert screen.list.cursor_item is before
            await cock.press("f")
            assert screen.list.follows


async def test_a_damaged_history_is_told_and_what_was_seen_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "history.sqlite").write_bytes(b"no database at all" * 500)
    with running_supervisord(PROGRAMS) as daemon:
        async with timeline(tmp_path, daemon, monkeypatch) as cock:
            daemon.proxy.supervisor.stopProcess("celery")
            await cock.until(lambda: cock.state("web", "celery") is ProcessState.STOPPED)
            await cock.press("E")
            await shown(cock, "STOPPED")
            await cock.told("is damaged")


async def test_the_details_tell_restarts_availability_and_changes_from_before(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(
        tmp_path,
        at(0, "", "RUNNING", pid=1, start=1),
        at(1800, "RUNNING", "FATAL"),
        at(1900, "FATAL", "RUNNING", pid=2, start=2),
    )
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.go_to("web", "celery")
        await cock.press("d")
        await cock.until(lambda: "1 restart; " in cock.text())
        (line,) = lines(cock.text(), "1 restart; ")
        assert "97.22% up in 1 hour" in line
        assert "FATAL→RUNNING" in cock.text()


async def test_a_page_that_comes_after_another_filter_was_set_is_not_shown(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    past(tmp_path, at(1, "RUNNING", "FATAL"), at(2, "RUNNING", "EXITED", API))
    go_on, first = threading.Event(), [True]

    def slow(*arguments: Any, **more: Any) -> Page:  # noqa: ANN401
        late, first[0] = first[0], False
        page = page_before(*arguments, **more)
        assert not late or go_on.wait(20)
        return page

    monkeypatch.setattr(timeline_module, "page_before", slow)
    async with timeline(tmp_path, daemon, monkeypatch) as cock:
        await cock.press("E")
        await cock.until(lambda: not first[0])
        await cock.press("/", *"celery", "enter")
        await shown(cock, "RUNNING→FATAL")
        go_on.set()
        screen = cock.app.screen
        assert isinstance(screen, TimelineScreen)
        await cock.until(lambda: not screen.workers._workers)
        assert "EXITED" not in cock.text()
