"""One poller against a supervisord that does what each test says, on a clock that only moves when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import pytest

from tui.config.schema import HostSettings
from tui.engine.watching.advice import version_badges
from tui.engine.watching.feed import Feed
from tui.engine.watching.main_log import NO_NEWS, News
from tui.engine.watching.poller import RESTART_GRACE, Poller
from tui.engine.watching.readings import clock_offset
from tui.engine.watching.schedule import BREAKER_FAILURES, Schedule
from tui.errors import BadAnswer, Cause, Fault, FaultCode, WireError
from tui.model.endpoint import Endpoint
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey, process_from_wire
from tui.model.states import HostState
from tui.rpc.client import ProcessesAnswer, StatusAnswer, Supervisor

REFUSED = WireError(Cause.REFUSED, "connection refused")


class Script:
    """Stands for `Supervisor`: answers with what the test put in `answer`."""

    def __init__(self) -> None:
        self.rows: tuple[Process, ...] = (
            process_from_wire("web", "api", "api", state=20, pid=7, start=1000),
        )
        self.error: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.clock: Callable[[], float] = lambda: 500.0
        self.said_version = "4.3.0"
        self.asked: list[str] = []

    async def status(self) -> StatusAnswer:
        self.asked.append("status")
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return StatusAnswer(self.rows, int(self.clock() + 1500.4), False, 0.001)

    async def processes(self, keys: Sequence[ProcessKey]) -> ProcessesAnswer:
        self.asked += [f"processes {key.address}" for key in keys]
        known = {row.key: row for row in self.rows}
        return ProcessesAnswer(tuple(known.get(key) for key in keys), int(self.clock() + 1500.4), 0.001)

    async def state(self) -> int:
        self.asked.append("state")
        if self.error is not None:
            raise self.error
        return 1

    async def version(self) -> str:
        self.asked.append("version")
        return self.said_version

    async def identification(self) -> str:
        return "supervisor"

    async def methods(self) -> frozenset[str]:
        return frozenset()


class Stage:
    """A poller, its script, its clock, and everything it published."""

    def __init__(self, host: str = "127.0.0.1", expected: Callable[[], bool] = lambda: False) -> None:
        self.script = Script()
        self.now = 500.0
        self.script.clock = lambda: self.now
        self.published: list[HostSnapshot] = []
        self.poller = Poller(
            HostSettings("web", Endpoint("http", host=host, port=9001)),
            cast("Supervisor", self.script),
            self.published.append,
            schedule=Schedule(2.0, draw=lambda: 0.5),
            restart_expected=expected,
            clock=lambda: self.now,
        )

    async def fresh(self) -> HostSnapshot:
        return await asyncio.wait_for(self.poller.fresh(), 10)


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def running(stage: Stage, scene: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.create_task(stage.poller.run())
    try:
        await scene()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - any condition, not an event
            await asyncio.sleep(0.001)


async def test_the_first_poll_comes_at_once_and_then_the_host_is_asked_who_it_is(stage: Stage) -> None:
    async def scene() -> None:
        await until(lambda: stage.poller.settled)
        first, second = stage.published
        assert (first.state, first.version) == (HostState.UP, "")
        assert (second.state, second.version) == (HostState.UP, "4.3.0")
        await stage.fresh()
        assert stage.script.asked.count("version") == 1

    await running(stage, scene)


async def test_a_failed_poll_keeps_the_rows_and_gives_the_cause_with_advice(stage: Stage) -> None:
    async def scene() -> None:
        good = await stage.fresh()
        stage.script.error = REFUSED
        bad = await stage.fresh()
        assert bad.state is HostState.REFUSED
        assert bad.problem == "connection refused"
        assert bad.advice
        assert bad.processes is good.processes
        assert bad.read_at == good.read_at
        assert bad.last_problem == ""

    await running(stage, scene)


async def test_what_was_wrong_is_remembered_when_it_is_over(stage: Stage) -> None:
    async def scene() -> None:
        assert (await stage.fresh()).last_problem_at is None
        stage.script.error = REFUSED
        await stage.fresh()
        stage.script.error = None
        back = await stage.fresh()
        assert (back.problem, back.last_problem) == ("", "connection refused")
        assert back.last_problem_at == back.read_at
        later = await stage.fresh()
        assert later.last_problem_at == back.last_problem_at

    await running(stage, scene)


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.RESTARTING])
async def test_every_cause_is_a_state_of_its_own(stage: Stage, cause: Cause) -> None:
    async def scene() -> None:
        stage.script.error = WireError(cause, "so it is")
        assert (await stage.fresh()).state is HostState(cause.value)

    await running(stage, scene)


async def test_after_a_refused_password_nothing_is_asked_until_the_user_acts(stage: Stage) -> None:
    async def scene() -> None:
        stage.script.error = WireError(Cause.AUTH, "wrong password")
        await until(lambda: bool(stage.published))
        assert stage.published[-1].next_at is None
        stage.now += 100_000
        await asyncio.sleep(0.05)
        assert stage.script.asked == ["status"]
        stage.script.error = None
        stage.poller.poll_now()
        await until(lambda: stage.poller.snapshot.state is HostState.UP)

    await running(stage, scene)


async def test_the_fault_of_a_restart_and_the_closed_door_after_it_are_restarting(stage: Stage) -> None:
    stage.script.error = Fault(FaultCode.SHUTDOWN_STATE, "SHUTDOWN_STATE")
    task = asyncio.create_task(stage.poller.run())
    try:
        await until(lambda: stage.poller.snapshot.state is HostState.RESTARTING)
        stage.script.error = REFUSED
        stage.now += 2
        stage.poller.poll_now()
        await until(lambda: len(stage.published) > 1)
        assert stage.published[-1].state is HostState.RESTARTING
        stage.now += RESTART_GRACE
        stage.poller.poll_now()
        await until(lambda: stage.poller.snapshot.state is HostState.REFUSED)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_closed_door_is_restarting_while_our_own_job_restarts_it() -> None:
    stage = Stage(expected=lambda: True)
    stage.script.error = BadAnswer("cut off in the middle")

    async def scene() -> None:
        await until(lambda: stage.poller.snapshot.state is HostState.RESTARTING)

    await running(stage, scene)


async def test_another_fault_is_no_restart(stage: Stage) -> None:
    stage.script.error = Fault(FaultCode.UNKNOWN_METHOD, "UNKNOWN_METHOD")

    async def scene() -> None:
        assert (await stage.fresh()).state is HostState.PROTOCOL

    await running(stage, scene)


async def test_with_the_breaker_open_a_cheap_question_comes_first(stage: Stage) -> None:
    async def scene() -> None:
        stage.script.error = WireError(Cause.TIMEOUT, "connected, not answering")
        for _ in range(BREAKER_FAILURES):
            await stage.fresh()
        stage.script.asked.clear()
        await stage.fresh()
        assert stage.script.asked == ["state"]
        stage.script.error = None
        await stage.fresh()
        assert stage.script.asked[:3] == ["state", "state", "status"]

    await running(stage, scene)


async def test_who_asks_while_a_poll_runs_gets_the_next_one_and_shares_it(stage: Stage) -> None:
    async def scene() -> None:
        stage.script.gate = asyncio.Event()
        await until(lambda: stage.script.asked == ["status"])
        answers = [asyncio.create_task(stage.poller.fresh()) for _ in range(3)]
        await asyncio.sleep(0)
        stage.script.gate.set()
        shared = await asyncio.gather(*answers)
        assert stage.script.asked.count("status") == 2
        assert shared[0] is shared[1] is shared[2]

    await running(stage, scene)


async def test_an_unchanged_host_keeps_the_very_same_rows(stage: Stage) -> None:
    async def scene() -> None:
        first = await stage.fresh()
        stage.now += 5
        second = await stage.fresh()
        assert second.processes is first.processes
        assert second.looks_like(stage.published[1])
        assert (first.read_at, second.read_at) == (500.0, 505.0)

    await running(stage, scene)


async def test_a_poll_that_hangs_makes_the_host_stale_until_it_ends() -> None:
    stage = Stage()
    stage.poller = Poller(
        HostSettings("web", Endpoint("http", host="127.0.0.1", port=9001)),
        cast("Supervisor", stage.script),
        stage.published.append,
        schedule=Schedule(0.01, draw=lambda: 0.5),
    )

    async def scene() -> None:
        await until(lambda: stage.poller.snapshot.state is HostState.UP)
        stage.script.gate = asyncio.Event()

        def looked_at_and_stale() -> bool:
            stage.poller.grow_stale()
            return stage.poller.snapshot.state is HostState.STALE

        await until(looked_at_and_stale)
        assert stage.poller.snapshot.processes
        stage.script.gate.set()
        await until(lambda: stage.poller.snapshot.state is HostState.UP)

    await running(stage, scene)


class LiveFeed:
    """A feed that is always live and names what the test wants."""

    live, verdict_at, reason = True, None, ""
    news = NO_NEWS

    def attach(self, on_news: Callable[[], None], on_end: Callable[[], None]) -> None:
        self.on_news = on_news

    def take(self) -> News:
        news, self.news = self.news, NO_NEWS
        return news

    def verdict(self) -> None: ...
    def whole_read_begins(self) -> None: ...
    def whole_read_ended(self, before: object, after: object) -> None: ...
    def consider(self, processes: int) -> None: ...
    def close(self) -> None: ...


def fed(stage: Stage) -> LiveFeed:
    """The stage's poller with a live feed."""
    feed = LiveFeed()
    stage.poller = Poller(
        HostSettings("web", Endpoint("http", host="127.0.0.1", port=9001)),
        cast("Supervisor", stage.script),
        stage.published.append,
        schedule=Schedule(0.01, draw=lambda: 0.5),
        feed=cast("Feed", feed),
    )
    return feed


async def test_who_asks_during_a_whole_read_gets_another_one_however_live_the_feed_is(stage: Stage) -> None:
    fed(stage)

    async def scene() -> None:
        await stage.fresh()
        gate = stage.script.gate = asyncio.Event()
        first = asyncio.create_task(stage.poller.fresh())
        await until(lambda: stage.script.asked.count("status") == 2)
        second = asyncio.create_task(stage.poller.fresh())
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, second)
        assert stage.script.asked.count("status") == 3

    await running(stage, scene)


async def test_with_a_live_feed_only_what_it_names_is_asked_for(stage: Stage) -> None:
    feed = fed(stage)

    async def scene() -> None:
        await until(lambda: stage.poller.settled)
        stage.script.rows = (process_from_wire("web", "api", "api", state=100, start=1000, exitstatus=3),)
        feed.news = News(frozenset({"api"}))
        feed.on_news()
        await until(lambda: stage.poller.snapshot.state is HostState.DEGRADED)
        assert stage.script.asked.count("status") == 1
        assert stage.script.asked.count("processes api:api") == 1

    await running(stage, scene)


@pytest.mark.parametrize("news", [News(frozenset({"stranger"})), News(frozenset(), whole=True)])
async def test_what_no_known_name_tells_is_read_whole(stage: Stage, news: News) -> None:
    feed = fed(stage)

    async def scene() -> None:
        await until(lambda: stage.poller.settled)
        feed.news = news
        feed.on_news()
        await until(lambda: stage.script.asked.count("status") == 2)

    await running(stage, scene)


async def test_a_process_that_is_gone_when_it_is_asked_for_is_no_longer_a_row(stage: Stage) -> None:
    feed = fed(stage)

    async def scene() -> None:
        await until(lambda: stage.poller.settled)
        stage.script.rows = ()
        feed.news = News(frozenset({"api"}))
        feed.on_news()
        await until(lambda: stage.poller.snapshot.processes == ())
        assert stage.poller.snapshot.state is HostState.UP

    await running(stage, scene)


async def test_a_bad_process_makes_its_host_degraded(stage: Stage) -> None:
    stage.script.rows = (process_from_wire("web", "api", "api", state=200, spawnerr="can't find command"),)

    async def scene() -> None:
        assert (await stage.fresh()).state is HostState.DEGRADED

    await running(stage, scene)


async def test_an_error_of_our_own_ends_the_run_but_not_the_wait_of_who_asked(stage: Stage) -> None:
    stage.script.error = ZeroDivisionError()
    waiting = asyncio.create_task(stage.poller.fresh())
    await asyncio.sleep(0)
    with pytest.raises(ZeroDivisionError):
        await stage.poller.run()
    assert not waiting.done()
    stage.script.error = None
    stage.now += 10

    async def scene() -> None:
        assert (await asyncio.wait_for(waiting, 10)).state is HostState.UP

    await running(stage, scene)


async def test_a_host_elsewhere_that_asks_for_no_password_wears_a_badge() -> None:
    stage = Stage(host="192.0.2.7")
    stage.script.said_version = "3.3.1"

    async def scene() -> None:
        await until(lambda: stage.poller.settled)
        assert stage.poller.snapshot.badges == ("may have CVE-2017-11610 (3.3.1)", "no password asked")

    await running(stage, scene)


async def test_the_go_implementation_is_not_taken_for_supervisor_3_0(stage: Stage) -> None:
    stage.script.said_version = "3.0"

    async def scene() -> None:
        await until(lambda: stage.poller.settled)
        assert stage.poller.snapshot.badges == ()

    await running(stage, scene)


@pytest.mark.parametrize("version", ["2.1", "3.0", "3.0a12", "3.1.0", "3.1.3", "3.2.3", "3.3.0", "3.3.2"])
def test_releases_with_a_known_hole_wear_a_badge(version: str) -> None:
    assert version_badges(version)


@pytest.mark.parametrize(
    "version", ["3.0.1", "3.1.4", "3.2.4", "3.3.3", "3.4.0", "4.0.0", "4.4.0.dev0", "x", ""]
)
def test_other_releases_wear_none(version: str) -> None:
    assert not version_badges(version)


def test_the_clock_offset_stands_still_while_answers_agree_with_it() -> None:
    offset = clock_offset(None, 1000, 10.0, 10.01)
    for tenth in range(100):
        asked = 10.0 + tenth / 10
        server = 1000.4 + tenth / 10
        offset_now = clock_offset(offset, int(server), asked, asked + 0.01)
        assert abs(offset_now - offset) < 1
        offset = offset_now
    assert clock_offset(offset, 1010, 19.6 + 0.2, 19.81) == offset
    assert offset == pytest.approx(990.4, abs=0.2)


@pytest.mark.parametrize("jump", [-3600, -5, 5, 3600])
def test_a_jump_of_the_servers_clock_is_taken_over_at_once(jump: int) -> None:
    assert clock_offset(990.4, 1010 + jump, 20.0, 20.01) - 990.4 == pytest.approx(jump, abs=1.1)
