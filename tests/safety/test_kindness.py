"""What we cost a supervisord: hardly any time while we wait, one idle connection, small pieces of its logs."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.fault_proxy import Exchange, FaultProxy, running_proxies
from tests.support.fleets import run_job, run_one
from tests.support.supervisord import RealSupervisord, ignores_term, running_supervisord, wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine import connections
from tui.engine.engine import Engine
from tui.engine.logs.following import LogLine
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
from tui.rpc.client import Supervisor

pytestmark = [pytest.mark.alone, pytest.mark.e2e]

LIMIT = 256 * 1024
LOG_BYTES = 3_000_000
PROGRAMS = f"""
[program:stubborn]
command=sh -c 'trap "" TERM; while :; do sleep 0.5; done'
startsecs=0
stopwaitsecs=4
killasgroup=true
[program:slow-to-start]
command=sleep 1000
autostart=false
startsecs=4
[program:talker]
command=sh -c 'yes "a line of a log" | head -c {LOG_BYTES}; yes "an error" | head -c {LOG_BYTES} >&2; exec sleep 1000'
startsecs=0
"""
TALKER = ProcessKey("h", "talker", "talker")


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as running:
        wait_until(
            lambda: sum(file.stat().st_size for file in running.directory.glob("talker-*")) >= 2 * LOG_BYTES,
            seconds=60,
            what="the logs to be written",
        )
        yield running


@pytest.fixture
def proxy(daemon: RealSupervisord) -> Iterator[FaultProxy]:
    with running_proxies() as proxies:
        yield proxies.before(daemon.endpoint)


@pytest.fixture
def engine(proxy: FaultProxy, tmp_path: Path) -> Iterator[Engine]:
    """With the settings of somebody who has set nothing; through the proxy only."""
    settings = Settings({"h": HostSettings("h", proxy.endpoint)})
    running = Engine(settings, state_dir=tmp_path)
    running.start()
    assert running.wait_answered(10)
    yield running
    running.stop()


def pid_of(daemon: RealSupervisord, name: str) -> int:
    info = daemon.proxy.supervisor.getProcessInfo(name)
    assert isinstance(info, dict)
    return int(info["pid"])


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    ("verb", "name"), [(Verb.STOP, "stubborn"), (Verb.RESTART, "stubborn"), (Verb.START, "slow-to-start")]
)
def test_supervisord_rests_while_we_wait(
    engine: Engine, daemon: RealSupervisord, verb: Verb, name: str
) -> None:
    key = ProcessKey("h", name, name)
    if verb is not Verb.START:
        run_one(engine, Verb.START, key)
        wait_until(
            lambda: ignores_term(pid_of(daemon, name)),
            what="the program to withstand a TERM",
        )
    else:
        run_one(engine, Verb.STOP, key)
    before, began = cpu_seconds(daemon.pid), time.monotonic()
    assert run_one(engine, verb, key).kind is OutcomeKind.DONE
    took = time.monotonic() - began
    share = (cpu_seconds(daemon.pid) - before) / took
    assert took > 3
    assert share <= 0.05
    show(
        f"kindness: supervisord's CPU while we wait for a {verb} that takes 4 s",
        "≤ 5 %",
        f"{share:.1%} of {took:.1f} s",
    )


def test_one_connection_is_left_once_nothing_is_asked_any_more(
    engine: Engine, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of polls, an action and a look at a log, each with one of its own; the sample does not wait half a minute for it."""
    if not WHOLE:
        monkeypatch.setattr(connections, "IDLE_SECONDS", 0.5)
    run_job(engine, Verb.RESTART, [TALKER])
    engine.ask("h", lambda host: host.read_log(TALKER, "stdout", -100, 0)).result(10)
    assert proxy.open <= 3
    wait_until(lambda: proxy.open <= 1, seconds=60, what="all but one connection to be closed")
    assert proxy.most_open <= 5
    show(
        "kindness: connections to a host after an action and a look at a log",
        "≤ 1 idle, once 30 s have passed",
        f"{proxy.open}; at most {proxy.most_open} at a time before",
    )


def test_logs_are_read_in_small_pieces_whoever_asks_for_how_much(
    engine: Engine, proxy: FaultProxy, tmp_path: Path
) -> None:
    for keys in ([TALKER], [ProcessKey("h")]):
        got: list[LogLine] = []
        follow = engine.follow_logs(keys, frozenset({"stdout", "stderr"}), got.extend, history=50_000_000)
        wait_until(functools.partial(bool, got), what="lines of a log")
        follow.close()
    for offset, length in ((0, 0), (0, 10_000_000), (-10_000_000, 0)):
        engine.ask("h", functools.partial(both_ways, offset=offset, length=length)).result(60)
    for options in (["-n", "10000", "--both"], ["-n", "10000"]):
        subprocess.run(
            [sys.executable, "-m", "tui", "-s", f"http://127.0.0.1:{proxy.port}", "tail", *options, "talker"],
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        )
    reads = [exchange for exchange in proxy.exchanges if "Log" in exchange.method]
    assert len(reads) >= 8
    asked = [bytes_asked_for(exchange) for exchange in reads]
    assert max(asked) <= LIMIT
    largest = max(exchange.answered for exchange in reads)
    assert largest <= LIMIT + 4096
    show(
        "kindness: bytes of a log asked for at a time, of 3 MB",
        "≤ 256 KiB",
        f"{max(asked) // 1024} KiB at most in {len(reads)} requests, the largest answer {largest // 1024} KiB",
    )


async def both_ways(host: Supervisor, *, offset: int, length: int) -> None:
    await host.read_log(TALKER, "stdout", offset, length)
    await host.tail_log(TALKER, "stderr", offset, length)


def bytes_asked_for(exchange: Exchange) -> float:
    """How much this request makes supervisord send of a log. A length of 0 means all of it, but for `tail*`."""
    params, method = xmlrpc.client.loads(exchange.request.partition(b"\r\n\r\n")[2])
    assert method is not None
    offset, length = (int(str(number)) for number in params[-2:])
    if "tail" in method:
        return length
    if offset < 0:
        return -offset
    return length or float("inf")
