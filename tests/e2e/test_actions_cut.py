"""Connections that go away around the byte that makes a request run: what ran is what the outcome says, and never twice."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleets import run_job, run_one, settings_for, wait_state, watched
from tests.support.supervisord import (
    RealSupervisord,
    free_port,
    ignores_term,
    running_supervisord,
    wait_until,
)
from tui.engine.engine import Engine
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
stopwaitsecs=2
[program:idle]
command=sleep 1000
autostart=false
startsecs=0
[program:stubborn]
command=sh -c 'trap "" TERM; while :; do sleep 0.1; done'
startsecs=0
stopwaitsecs=2
killasgroup=true
[program:crasher]
command=sh -c 'sleep 0.4; exit 3'
startsecs=0
autorestart=true
[program:doomed]
command=sh -c 'exit 7'
autostart=false
startsecs=1
startretries=0
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=6
startsecs=0
"""


class CuttingProxy:
    """Between the engine and a supervisord. Of requests with `marker`, it lets through what `cut` says, then hangs up.

    `cut` is 'nothing' (all goes through), 'request' (all but the last byte is passed on), or 'answer' (the request is passed
    on whole and its answer thrown away). `whole` counts the marked requests that reached supervisord whole.
    """

    def __init__(self, target: int, journal: Path) -> None:
        self.port = free_port()
        self.target = target
        self.journal = journal
        self.marker = b"startProcess"
        self.cut = "nothing"
        self.seen = 0
        self.whole = 0
        self.journal_at_commit: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as server:
            self._open.append(server)
            while request := self._request(client, server):
                self._answer(client, server, request)
        client.close()

    def _request(self, client: socket.socket, server: socket.socket) -> bytes:
        """One request passed on byte for byte as it comes; empty when that is where it ended."""
        got = b""
        while True:
            head, separator, body = got.partition(b"\r\n\r\n")
            length = _length(head) if separator else -1
            marked = self.marker in body and self.cut != "nothing"
            if separator and marked and len(body) >= length - 1 and self.cut == "request":
                self.seen += 1
                return b""
            if separator and len(body) >= length:
                if self.marker in body:
                    self.seen += 1
                    self.whole += 1
                return got
            piece = client.recv(65536)
            if not piece:
                return b""
            got += piece
            done = len(got.partition(b"\r\n\r\n")[2]) == length and length > 0
            if self.marker in got and (done or _length(head) == len(body) + len(piece)):
                self.journal_at_commit.append(self.journal.read_text() if self.journal.exists() else "")
            server.sendall(piece[: len(piece) - self._surplus(got)])

    def _surplus(self, got: bytes) -> int:
        """How many of the last bytes are held back: the last one may come together with those before it."""
        head, separator, body = got.partition(b"\r\n\r\n")
        cut = separator and self.cut == "request" and self.marker in body
        return max(0, len(body) - (_length(head) - 1)) if cut else 0

    def _answer(self, client: socket.socket, server: socket.socket, request: bytes) -> None:
        if self.cut == "answer" and self.marker in request:
            raise OSError
        got = b""
        while True:
            head, separator, body = got.partition(b"\r\n\r\n")
            if separator and len(body) >= _length(head):
                break
            piece = server.recv(65536)
            if not piece:
                raise OSError
            got += piece
            client.sendall(piece)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as running:
        wait_until(lambda: ignores_term(witness(running, "stubborn")["pid"]), what="the programs to run")
        yield running


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def proxy(daemon: RealSupervisord, state_dir: Path) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(daemon.port, state_dir / "journal.jsonl")
    yield proxy
    proxy.close()


@pytest.fixture
def engine(daemon: RealSupervisord, proxy: CuttingProxy, state_dir: Path) -> Iterator[Engine]:
    """An engine that reaches the supervisord through the proxy only."""
    through = RealSupervisord(daemon.directory, port=proxy.port)
    with watched({"h": daemon}, settings=settings_for({"h": through}), state_dir=state_dir) as running:
        yield running


def key(name: str, group: str = "") -> ProcessKey:
    return ProcessKey("h", group or name, name)


def witness(daemon: RealSupervisord, name: str) -> Any:  # noqa: ANN401
    return daemon.proxy.supervisor.getProcessInfo(name)


# --- around the commit byte -----------------------------------------------------------------------------------------


def test_a_start_that_is_cut_before_its_last_byte_did_not_run_and_says_so(
    engine: Engine, daemon: RealSupervisord, proxy: CuttingProxy
) -> None:
    proxy.cut = "request"
    outcome = run_one(engine, Verb.START, key("idle"))
    assert (proxy.seen, proxy.whole) == (1, 0)
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert witness(daemon, "idle")["start"] == 0


def test_a_connection_that_is_refused_at_the_action_is_not_executed(
    engine: Engine, daemon: RealSupervisord, proxy: CuttingProxy
) -> None:
    """The host answered a moment ago; the connection of the action itself never comes about."""
    plan = make_plan(Verb.START, [key("idle")], engine.picture, time.monotonic())
    proxy._listener.shutdown(socket.SHUT_RDWR)
    proxy._listener.close()
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 60).outcomes[key("idle")]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert outcome.detail.startswith("not sent")
    assert witness(daemon, "idle")["start"] == 0


def test_a_start_whose_answer_is_lost_ran_once_and_is_settled_by_reading(
    engine: Engine, daemon: RealSupervisord, proxy: CuttingProxy
) -> None:
    proxy.cut = "answer"
    outcome = run_one(engine, Verb.START, key("idle"))
    assert outcome.kind is OutcomeKind.DONE
    assert proxy.whole == 1
    assert outcome.pid_after == witness(daemon, "idle")["pid"]


def test_a_restart_whose_answer_is_lost_ends_with_a_new_run(
    engine: Engine, daemon: RealSupervisord, proxy: CuttingProxy
) -> None:
    """supervisord drops the start when the connection goes during the stop; the engine then sends it by itself."""
    before = witness(daemon, "stubborn")["pid"]
    proxy.marker, proxy.cut = b"multicall", "answer"
    outcome = run_one(engine, Verb.RESTART, key("stubborn"))
    assert outcome.kind is OutcomeKind.DONE
    assert proxy.whole == 1
    after = witness(daemon, "stubborn")
    assert after["statename"] == "RUNNING"
    assert after["pid"] == outcome.pid_after != before


def test_the_intent_is_on_the_disk_when_supervisord_gets_the_last_byte(
    engine: Engine, proxy: CuttingProxy
) -> None:
    assert run_one(engine, Verb.START, key("idle")).kind is OutcomeKind.DONE
    (journal,) = proxy.journal_at_commit
    assert '"kind": "intent"' in journal
    assert '"outcome"' not in journal


# --- frozen ---------------------------------------------------------------------------------------------------------


def test_a_restart_under_a_supervisord_that_freezes_is_unknown_and_settled_when_it_thaws(
    daemon: RealSupervisord, state_dir: Path
) -> None:
    before = witness(daemon, "stubborn")["pid"]
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        plan = make_plan(Verb.RESTART, [key("stubborn")], engine.picture, time.monotonic())
        number = engine.submit(plan, Tier.TYPED)
        wait_until(lambda: witness(daemon, "stubborn")["statename"] == "STOPPING", what="the stop to begin")
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            job = engine.wait_job(number, 60)
            assert job.outcomes[key("stubborn")].kind is OutcomeKind.UNKNOWN
            assert "settled" in job.note
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        wait_until(
            lambda: engine.jobs[0].outcomes[key("stubborn")].kind is OutcomeKind.DONE,
            seconds=60,
            what="the restart to be finished",
        )
    after = witness(daemon, "stubborn")
    assert after["statename"] == "RUNNING"
    assert after["pid"] not in (0, before)
    with watched({"h": daemon}, state_dir=state_dir) as engine:
        assert not engine.interrupted


# --- programs and targets that misbehave ----------------------------------------------------------------------------


def test_restart_of_a_program_that_keeps_crashing_gives_one_honest_outcome(
    engine: Engine, daemon: RealSupervisord
) -> None:
    outcome = run_one(engine, Verb.RESTART, key("crasher"))
    assert outcome.kind in (
        OutcomeKind.DONE,
        OutcomeKind.FAILED,
        OutcomeKind.NOT_EXECUTED,
        OutcomeKind.SKIPPED,
    )
    assert outcome.detail
    if outcome.kind is OutcomeKind.DONE:
        assert outcome.pid_after != outcome.pid_before


def test_a_target_that_was_removed_after_the_plan_was_made_is_not_executed(
    engine: Engine, daemon: RealSupervisord
) -> None:
    plan = make_plan(Verb.START, [key("idle")], engine.picture, time.monotonic())
    daemon.proxy.supervisor.removeProcessGroup("idle")
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 30).outcomes[key("idle")]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert "no longer there" in outcome.detail


def test_a_target_that_was_never_there_is_skipped_in_words(engine: Engine) -> None:
    outcome = run_one(engine, Verb.STOP, key("nobody"))
    assert outcome.kind is OutcomeKind.SKIPPED
    assert outcome.detail


def test_start_of_a_program_that_is_fatal_already_fails_again_in_words(engine: Engine) -> None:
    run_one(engine, Verb.START, key("doomed"))
    wait_state(engine, key("doomed"), "FATAL")
    outcome = run_one(engine, Verb.START, key("doomed"))
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.state_after is ProcessState.FATAL


def test_a_stop_while_somebody_else_stops_it_is_left_to_him(engine: Engine, daemon: RealSupervisord) -> None:
    plan = make_plan(Verb.RESTART, [key("stubborn")], engine.picture, time.monotonic())
    daemon.proxy.supervisor.stopProcess("stubborn", False)
    outcome = engine.wait_job(engine.submit(plan, Tier.TYPED), 30).outcomes[key("stubborn")]
    assert outcome.kind is OutcomeKind.SKIPPED
    assert "stopping" in outcome.detail


# --- rolling --------------------------------------------------------------------------------------------------------


def test_a_rolling_restart_takes_every_process_of_two_hosts_once(daemon: RealSupervisord) -> None:
    with running_supervisord(PROGRAMS) as other, watched({"h": daemon, "i": other}) as engine:
        group = [ProcessKey(host, "pool") for host in ("h", "i")]
        before = {name: witness(daemon, name)["pid"] for name in _pool()}
        job = run_job(engine, Verb.RESTART, group, pace=Pace(batch=3, max_failed=1))
        assert {outcome.kind for outcome in job.outcomes.values()} == {OutcomeKind.DONE}
        assert len(job.outcomes) == 12
        after = {name: witness(daemon, name)["pid"] for name in _pool()}
        assert all(after[name] not in (0, before[name]) for name in before)


def test_a_rolling_start_stops_at_the_allowed_failures_and_leaves_the_rest_alone(
    engine: Engine, daemon: RealSupervisord
) -> None:
    daemon.proxy.supervisor.stopProcessGroup("pool")
    wait_state(engine, key("pool_05", "pool"), "STOPPED")
    keys = [key("pool_00", "pool"), key("doomed"), *(key(f"pool_{n:02}", "pool") for n in range(1, 6))]
    job = run_job(engine, Verb.START, keys, pace=Pace(batch=2, max_failed=1))
    kinds = [job.outcomes[each].kind for each in keys]
    assert kinds == [OutcomeKind.DONE, OutcomeKind.FAILED, *[OutcomeKind.SKIPPED] * 5]
    assert witness(daemon, "pool:pool_05")["statename"] == "STOPPED"


def _pool() -> list[str]:
    return [f"pool:pool_{number:02}" for number in range(6)]
