"""The engine against real supervisords, and against what else may listen at an address."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.supervisord import SLEEPER, RealSupervisord, free_port, running_supervisord, wait_until
from tui.config.passwords import fetch_passwords
from tui.config.schema import HostSettings, LogSettings, Settings
from tui.config.secrets import InlinePassword, Secret
from tui.engine.engine import Engine
from tui.engine.watching.poller import Poller
from tui.errors import Fault, NoMatchError, RefusedError
from tui.model.endpoint import Endpoint
from tui.model.host import HostSnapshot
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import HostState, OutcomeKind, ProcessState
from tui.rpc.client import Supervisor

pytestmark = pytest.mark.e2e

POLL = 0.2


def host(
    name: str, endpoint: Endpoint, user: str = "", password: str = "", timeout: float = 5.0
) -> HostSettings:
    source = {"password": InlinePassword(Secret(password))} if password else {}
    return HostSettings(name, endpoint, user=user, poll=POLL, timeout=timeout, **source)  # type: ignore[arg-type]


def tcp(port: int, address: str = "127.0.0.1") -> Endpoint:
    return Endpoint("http", host=address, port=port)


@contextlib.contextmanager
def watching(*hosts: HostSettings, read_only: bool = False, streams: int = 20) -> Iterator[Engine]:
    settings = Settings({each.name: each for each in hosts}, logs=LogSettings(streams))
    engine = Engine(settings, read_only=read_only, passwords=fetch_passwords(settings.hosts.values()))
    engine.start()
    try:
        yield engine
    finally:
        engine.stop()


def state_of(engine: Engine, name: str) -> HostState:
    return engine.picture.hosts[name].state


def wait_for_state(engine: Engine, name: str, state: HostState, seconds: float = 20.0) -> HostSnapshot:
    wait_until(lambda: state_of(engine, name) is state, seconds=seconds, what=f"{name} to be {state}")
    return engine.picture.hosts[name]


@contextlib.contextmanager
def listener(answer: bytes | None = None, backlog: int = 16) -> Iterator[tuple[int, list[bytes]]]:
    """Something that accepts and reads, and answers with `answer`, or never; its port, and what it was sent."""
    with socket.create_server(("127.0.0.1", 0), backlog=backlog) as server:
        received: list[bytes] = []
        kept: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                kept.append(connection)
                connection.settimeout(1)
                with contextlib.suppress(OSError):
                    received.append(connection.recv(65536))
                    if answer is not None:
                        connection.sendall(answer)
                        connection.close()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1], received
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in kept:
                connection.close()


@contextlib.contextmanager
def black_hole() -> Iterator[Endpoint]:
    """An address where nobody answers at all: a full backlog drops whatever comes."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield tcp(server.getsockname()[1])


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_a_killed_process_is_seen_and_so_is_its_new_run(unix: bool) -> None:
    programs = "[program:victim]\ncommand=sleep 1000\nstartsecs=0\nautorestart=true\n"
    with running_supervisord(programs, unix=unix) as daemon, watching(host("web", daemon.endpoint)) as engine:
        key = ProcessKey("web", "victim", "victim")
        assert engine.wait_answered(10)
        before = engine.picture.process(key)
        assert before is not None
        os.kill(before.pid, signal.SIGKILL)

        def runs_anew() -> bool:
            process = engine.picture.process(key)
            return process is not None and process.pid not in (0, before.pid)

        wait_until(runs_anew, what="the new run")
        assert engine.timeline.of(key)
        assert not any(transition.ours for transition in engine.timeline.of(key))


def test_a_crash_that_is_not_repaired_makes_the_host_degraded() -> None:
    programs = "[program:once]\ncommand=sleep 1000\nstartsecs=0\nautorestart=false\n"
    with running_supervisord(programs) as daemon, watching(host("web", daemon.endpoint)) as engine:
        key = ProcessKey("web", "once", "once")
        assert engine.wait_answered(10)
        process = engine.picture.process(key)
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        wait_for_state(engine, "web", HostState.DEGRADED)
        process = engine.picture.process(key)
        assert process is not None
        assert (process.state, process.exitstatus) == (ProcessState.EXITED, -1)
        assert engine.picture.counts.bad == 1


def test_a_daemon_that_is_killed_keeps_its_rows_and_comes_back() -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        rows = engine.picture.hosts["web"].processes
        daemon.stop()
        down = wait_for_state(engine, "web", HostState.REFUSED)
        assert down.processes == rows
        assert down.problem
        assert down.advice
        daemon.start()
        engine.poll_now(["web"])
        wait_for_state(engine, "web", HostState.UP)


def test_a_daemon_that_restarts_is_restarting_and_then_up_again() -> None:
    slow = "[program:slow]\ncommand=sleep 1000\nstartsecs=0\nstopsignal=CONT\nstopwaitsecs=3\n"
    with running_supervisord(slow) as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        daemon.proxy.supervisor.restart()
        wait_for_state(engine, "web", HostState.RESTARTING)
        wait_for_state(engine, "web", HostState.UP)
        states = {
            transition.new for transition in engine.timeline.of(ProcessKey("web")) if transition.key.is_host
        }
        assert states == {"RESTARTING", "UP"}


def test_a_frozen_daemon_is_connected_but_not_answering_and_thaws() -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint, timeout=0.5)) as engine:
        assert engine.wait_answered(10)
        os.kill(daemon.pid, signal.SIGSTOP)
        frozen = wait_for_state(engine, "web", HostState.TIMEOUT)
        assert "connected, but does not answer" in frozen.problem
        assert frozen.processes
        os.kill(daemon.pid, signal.SIGCONT)
        engine.poll_now()
        wait_for_state(engine, "web", HostState.UP)


def test_a_right_password_is_sent_and_a_wrong_one_only_once() -> None:
    with running_supervisord(user="me", password="right:ü", loglevel="trace") as daemon:
        with watching(host("web", daemon.endpoint, "me", "right:ü")) as engine:
            assert engine.wait_answered(10)
            assert state_of(engine, "web") is HostState.UP
        with watching(host("web", daemon.endpoint, "me", "wrong")) as engine:
            assert engine.wait_answered(10)
            refused = engine.picture.hosts["web"]
            assert refused.state is HostState.AUTH
            assert refused.next_at is None
            assert "wrong" not in refused.problem + refused.advice


def test_a_wrong_password_is_not_sent_again_until_the_user_acts() -> None:
    answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic realm=x\r\n\r\n"
    with listener(answer) as (port, received), watching(host("web", tcp(port), "me", "wrong")) as engine:
        wait_for_state(engine, "web", HostState.AUTH)
        asked = len(received)
        time.sleep(5 * POLL)  # what must not happen needs a while in which it could
        assert len(received) == asked == 1
        engine.poll_now()
        wait_until(lambda: len(received) == 2, what="another try")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<html>log in</html>\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://login.example/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<?xml version='1.0'?><methodResponse>",
    ],
    ids=["login page", "ssh", "bad gateway", "redirect", "half an answer"],
)
def test_what_is_no_supervisord_is_said_to_be_none(answer: bytes) -> None:
    with listener(answer) as (port, _), watching(host("web", tcp(port))) as engine:
        snapshot = wait_for_state(engine, "web", HostState.PROTOCOL)
        assert snapshot.problem
        assert not snapshot.processes


def test_a_name_that_does_not_exist_is_a_matter_of_dns() -> None:
    with watching(host("web", tcp(9001, "no-such-host.invalid"))) as engine:
        wait_for_state(engine, "web", HostState.DNS, seconds=30)


def test_dead_slow_and_hostile_hosts_do_not_keep_a_live_one_waiting() -> None:
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(running_supervisord())
        silent, _ = stack.enter_context(listener(None))
        hostile, _ = stack.enter_context(listener(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 9000))
        dead = [
            host(f"{kind}-{number}", endpoint, timeout=20.0)
            for number in range(60)
            for kind, endpoint in {
                "refused": tcp(free_port()),
                "silent": tcp(silent),
                "hostile": tcp(hostile),
                "hole": stack.enter_context(black_hole()),
                "nameless": tcp(9001, f"no-such-host-{number}.invalid"),
            }.items()
        ]
        live = host("live", daemon.endpoint)
        engine = stack.enter_context(watching(*dead, live))
        began = time.monotonic()
        wait_for_state(engine, "live", HostState.UP, seconds=10)
        first = time.monotonic() - began
        reads: set[float] = set()

        def read_often() -> bool:
            reads.add(engine.picture.hosts["live"].read_at or 0.0)
            return len(reads) >= 6

        wait_until(read_often, seconds=15, what="six polls of the live host")
        assert engine.picture.counts.unreachable >= 40
        assert first < 8, f"the live host had to wait {first:.1f} s"
        assert engine.notices == ()


def test_subscribers_are_woken_by_changes_and_not_by_time() -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        woken = threading.Event()
        end = engine.subscribe(woken.set)
        woken.wait(0.3)
        woken.clear()
        read_at = engine.picture.hosts["web"].read_at
        wait_until(lambda: engine.picture.hosts["web"].read_at != read_at, what="the picture to grow younger")
        assert not woken.is_set()
        daemon.proxy.supervisor.stopProcess("sleeper")
        assert woken.wait(10)
        end()
        woken.clear()
        number = engine.picture.number
        daemon.proxy.supervisor.startProcess("sleeper")
        wait_until(lambda: engine.picture.number > number, what="the change")
        assert not woken.is_set()


def test_a_question_reaches_supervisord_and_a_changing_one_does_not() -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.ask("web", Supervisor.version).result(10).startswith("4.")
        with pytest.raises(RefusedError):
            engine.ask("web", Supervisor.shutdown).result(10)
        with pytest.raises(NoMatchError):
            engine.ask("wbe", Supervisor.version).result(10)
        assert daemon.answers()


def test_a_preview_of_an_update_is_made_unless_read_only() -> None:
    with running_supervisord() as daemon:
        daemon.write_config(SLEEPER + "[program:new]\ncommand=sleep 1\n")
        with watching(host("web", daemon.endpoint), read_only=True) as engine:
            assert isinstance(engine.preview_update(["web"]).result(10)["web"], RefusedError)
        with watching(host("web", daemon.endpoint)) as engine:
            found = engine.preview_update(["web"]).result(10)["web"]
            assert not isinstance(found, Exception)
            assert found.added == ("new",)
            daemon.config_path.write_text("[nonsense")
            assert isinstance(engine.preview_update(["web"]).result(10)["web"], Fault)


def test_the_engine_starts_and_stops_as_often_as_it_is_told() -> None:
    with running_supervisord() as daemon:
        settings = Settings({"web": host("web", daemon.endpoint)})
        Engine(settings).stop()
        engine = Engine(settings)
        engine.start()
        engine.start()
        assert engine.wait_answered(10)
        engine.stop()
        engine.stop()
        assert not engine.running
        with pytest.raises(RefusedError):
            engine.ask("web", Supervisor.version).result(10)
        assert _connections_of(daemon) == 0


def _connections_of(daemon: RealSupervisord) -> int:
    """Sockets that the daemon holds, besides the one it listens on, once it has noticed those that were closed."""
    time.sleep(0.1)
    with contextlib.suppress(OSError, xmlrpc.client.Error):
        links = (os.readlink(each) for each in Path(f"/proc/{daemon.pid}/fd").iterdir())
        return sum(link.startswith("socket:") for link in links) - 1
    return -1


def test_an_error_of_our_own_is_told_and_polling_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real, failed = Poller._appointed, threading.Event()

    def broken(self: Poller, snapshot: HostSnapshot) -> HostSnapshot:
        if not failed.is_set():
            failed.set()
            raise ZeroDivisionError
        return real(self, snapshot)

    monkeypatch.setattr(Poller, "_appointed", broken)
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        wait_for_state(engine, "web", HostState.UP)
        assert engine.notices == ("polling web failed (ZeroDivisionError); the log tells more",)


def test_a_restart_under_way_is_finished_before_the_engine_ends() -> None:
    slow = "[program:slow]\ncommand=sleep 1000\nstartsecs=0\nstopsignal=CONT\nstopwaitsecs=2\n"
    with running_supervisord(slow) as daemon:
        key = ProcessKey("web", "slow", "slow")
        with watching(host("web", daemon.endpoint)) as engine:
            assert engine.wait_answered(10)
            before = engine.picture.process(key)
            plan = make_plan(Verb.RESTART, [key], engine.picture, time.monotonic())
            number = engine.submit(plan, Tier.TYPED)
            wait_until(lambda: engine.jobs[0].running == {key}, what="the restart to begin")
        assert before is not None
        after: Any = daemon.proxy.supervisor.getProcessInfo("slow")
        assert after["pid"] not in (0, before.pid)
        job = engine.wait_job(number)
        assert job.finished
        assert job.outcomes[key].kind is OutcomeKind.DONE


def test_what_a_job_does_is_ours_and_what_others_do_is_not() -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        key = ProcessKey("web", "sleeper", "sleeper")
        assert engine.wait_answered(10)
        daemon.proxy.supervisor.stopProcess("sleeper")
        wait_until(lambda: bool(engine.timeline.of(key)), what="the stop by another")
        plan = make_plan(Verb.START, [key], engine.picture, time.monotonic())
        job = engine.wait_job(engine.submit(plan, Tier.TYPED), 20)
        assert job.outcomes[key].kind is OutcomeKind.DONE
        ours = [transition.ours for transition in engine.timeline.of(key)]
        assert not ours[0]
        assert all(ours[-1:])
