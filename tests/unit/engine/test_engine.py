"""What the engine is made of: wake-ups, supervision, its thread. No host is needed for that."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable

import pytest

from tests.support.supervisord import wait_until
from tui.config.schema import HostSettings, Settings
from tui.config.secrets import Secret
from tui.engine import supervision
from tui.engine.connections import Connections, authorization
from tui.engine.engine import Engine
from tui.engine.loop_thread import LoopThread
from tui.engine.notices import LIMIT, Notices
from tui.engine.supervision import Supervision
from tui.engine.wakeups import PACE, Wakeups
from tui.errors import NoMatchError, RefusedError
from tui.model.endpoint import Endpoint
from tui.model.plan import Plan, Verb
from tui.model.policy import Tier

WEB = HostSettings("web-01", Endpoint("http", host="127.0.0.1", port=1))


async def test_the_first_change_wakes_at_once_and_the_next_ones_share_a_wake_up() -> None:
    loop = asyncio.get_running_loop()
    woken: list[float] = []
    refreshed: list[float] = []
    wakeups = Wakeups(lambda: refreshed.append(loop.time()), lambda what, error: None)
    wakeups.attach(loop)
    wakeups.subscribe(lambda: woken.append(loop.time()))
    began = loop.time()
    while loop.time() - began < 5 * PACE:
        wakeups.schedule(visible=True)
        await asyncio.sleep(0.001)
    assert woken[0] - began < PACE
    assert 3 <= len(woken) <= 7
    assert all(later - earlier > 0.9 * PACE for earlier, later in itertools.pairwise(woken))
    assert len(refreshed) == len(woken)


async def test_what_only_ages_is_refreshed_without_waking_anybody() -> None:
    refreshed = asyncio.Event()
    woken: list[None] = []
    wakeups = Wakeups(refreshed.set, lambda what, error: None)
    wakeups.attach(asyncio.get_running_loop())
    wakeups.subscribe(lambda: woken.append(None))
    wakeups.schedule(visible=False)
    await asyncio.wait_for(refreshed.wait(), 10)
    assert woken == []


async def test_a_visible_change_does_not_wait_for_the_quiet_one_before_it() -> None:
    woken = asyncio.Event()
    wakeups = Wakeups(lambda: None, lambda what, error: None)
    wakeups.attach(asyncio.get_running_loop())
    wakeups.subscribe(woken.set)
    wakeups.schedule(visible=False)
    wakeups.schedule(visible=True)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert woken.is_set()


async def test_a_subscriber_that_fails_is_told_of_and_hinders_no_other() -> None:
    told: list[str] = []
    woken: list[None] = []

    def broken() -> None:
        raise ZeroDivisionError

    wakeups = Wakeups(lambda: None, lambda what, error: told.append(f"{what}: {type(error).__name__}"))
    wakeups.attach(asyncio.get_running_loop())
    end = wakeups.subscribe(broken)
    wakeups.subscribe(lambda: woken.append(None))
    wakeups.schedule(visible=True)
    wakeups.now()
    assert told == ["a subscriber's wake-up: ZeroDivisionError"]
    assert woken == [None]
    end()
    wakeups.schedule(visible=True)
    wakeups.now()
    assert len(told) == 1


def test_a_notice_is_said_once_cleaned_and_the_oldest_make_room() -> None:
    notices = Notices()
    assert notices.add("one\x1b[2J")
    assert not notices.add("one\x1b[2J")
    assert "\x1b" not in notices.all[0]
    for number in range(2 * LIMIT):
        notices.add(f"number {number}")
    assert len(notices.all) == LIMIT
    assert notices.all[-1] == f"number {2 * LIMIT - 1}"


async def test_work_that_fails_is_told_of_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.0)
    told: list[str] = []
    runs: list[None] = []

    async def work() -> None:
        runs.append(None)
        if len(runs) < 3:
            raise ZeroDivisionError

    supervisor = Supervision(told.append)
    await asyncio.wait_for(supervisor.begin("the work", work), 10)
    assert len(runs) == 3
    assert told == ["the work failed (ZeroDivisionError); the log tells more"] * 2


async def test_ended_supervision_leaves_no_task() -> None:
    supervisor = Supervision(lambda sentence: None)
    tasks = [supervisor.begin("sleeping", lambda: asyncio.sleep(1000)) for _ in range(3)]
    await supervisor.end()
    assert all(task.cancelled() for task in tasks)


def test_a_thread_that_cannot_start_says_why() -> None:
    async def main(ready: Callable[[], None]) -> None:
        raise ZeroDivisionError

    with pytest.raises(RuntimeError) as caught:
        LoopThread(main, "engine").start()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_engine_without_hosts_is_answered_at_once() -> None:
    with Engine(Settings({})) as engine:
        assert engine.wait_answered(0)
        assert engine.picture.counts.hosts == 0
    assert not engine.running


def test_an_engine_that_does_not_run_refuses_to_act_and_to_ask() -> None:
    engine = Engine(Settings({"web-01": WEB}))
    with pytest.raises(RefusedError):
        engine.submit(Plan(Verb.STOP, ()), Tier.TYPED)
    with pytest.raises(RefusedError):
        engine.ask("web-01", lambda supervisor: supervisor.version()).result(1)
    with pytest.raises(NoMatchError):
        engine.wait_job(1)
    engine.poll_now()
    engine.follow_logs([], frozenset({"stdout"}), lambda lines: None).close()
    engine.stop()
    assert engine.picture.hosts["web-01"].tried_at is None


def test_an_engine_that_ends_leaves_nobody_waiting() -> None:
    before = threading.active_count()
    silent = HostSettings("web-01", Endpoint("http", host="127.0.0.1", port=1), timeout=60.0)
    engine = Engine(Settings({"web-01": silent}))
    engine.start()
    asked = engine.ask("web-01", lambda supervisor: asyncio.sleep(1000))
    engine.stop()
    assert asked.cancelled() or asked.exception(10) is not None
    assert engine.wait_answered(10)
    wait_until(lambda: threading.active_count() <= before, what="its threads to end")


def test_the_login_is_built_when_it_is_sent() -> None:
    assert authorization("me", Secret("s:ü"))() == b"Basic bWU6czrDvA=="
    assert authorization("me", None)() is None
    assert authorization("", Secret("s"))() is None


async def test_only_the_acting_connection_may_change_something_and_not_when_read_only() -> None:
    locked = HostSettings("db-01", WEB.endpoint, read_only=True)
    hosts = {"web-01": WEB, "db-01": locked}
    connections = Connections(hosts, {}, read_only=False)
    assert connections.watching("web-01").read_only
    assert connections.looking("web-01").read_only
    assert not connections.acting("web-01").read_only
    assert connections.acting("db-01").read_only
    assert Connections(hosts, {}, read_only=True).acting("web-01").read_only
    assert connections.acting("web-01") is connections.acting("web-01")
    assert connections.acting("web-01") is not connections.looking("web-01")
    with pytest.raises(NoMatchError) as caught:
        connections.looking("web-02")
    assert "web-01" in caught.value.advice
