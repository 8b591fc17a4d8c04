"""What can be wrong with a host of a fake fleet shows on the wire as it should, and orders are carried out."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator

import pytest

from tests.support.fake_fleet import FakeFleet, Fault, Plan, running_fake_fleet
from tests.support.supervisord import wait_until
from tests.support.wire import Wire, ask, call, get

STATE = call("supervisor.getState")
STATUS = call("supervisor.getAllProcessInfo")
NAME = "worker_00:worker_00_03"


@pytest.fixture(scope="module")
def fleet() -> Iterator[FakeFleet]:
    """One host for all tests, and one that nothing is done to."""
    with running_fake_fleet(Plan(hosts=2, processes=25)) as running:
        yield running


@pytest.fixture
def port(fleet: FakeFleet) -> Iterator[int]:
    """The first host's, which is well again afterwards."""
    yield fleet.ports[0]
    fleet.set_fault(0, Fault.NONE)
    assert b"200 OK" in ask(fleet.ports[0], STATE)


def everything(port: int, request: bytes) -> bytes:
    """What comes until the connection ends."""
    one = Wire(port)
    one.send(request)
    try:
        return one.rest()
    finally:
        one.close()


def test_a_refused_host_refuses_and_drops_who_was_there(fleet: FakeFleet, port: int) -> None:
    before = Wire(port)
    before.ask(STATE)
    fleet.set_fault(0, Fault.REFUSED)
    assert before.rest() == b""
    before.close()
    with pytest.raises(ConnectionRefusedError):
        Wire(port)


def test_a_black_hole_lets_a_connect_hang(fleet: FakeFleet, port: int) -> None:
    fleet.set_fault(0, Fault.BLACK_HOLE)
    with socket.socket() as knocking:
        knocking.settimeout(0.3)
        with pytest.raises(TimeoutError):
            knocking.connect(("127.0.0.1", port))


def test_a_stalled_host_connects_and_says_nothing(fleet: FakeFleet, port: int) -> None:
    fleet.set_fault(0, Fault.STALL)
    one = Wire(port)
    assert one.says_nothing(STATE, seconds=0.3)
    one.close()


@pytest.mark.parametrize("fault", [Fault.TRUNCATE, Fault.RESET])
def test_an_answer_can_end_halfway(fleet: FakeFleet, port: int, fault: Fault) -> None:
    whole = len(ask(port, STATUS))
    fleet.set_fault(0, fault)
    assert len(everything(port, STATUS)) <= whole // 2 + 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.ERROR_500, b"HTTP/1.1 500 Internal Server Error"),
        (Fault.UNAUTHORIZED, b'WWW-Authenticate: Basic realm="default"'),
        (Fault.DTD_BOMB, b"<!ENTITY a9"),
        (Fault.SHUTTING_DOWN, b"SHUTDOWN_STATE"),
    ],
)
def test_an_answer_can_be_a_bad_one(fleet: FakeFleet, port: int, fault: Fault, words: bytes) -> None:
    fleet.set_fault(0, fault)
    assert words in ask(port, STATE)


def test_garbage_is_no_http_and_a_closing_host_closes(fleet: FakeFleet, port: int) -> None:
    fleet.set_fault(0, Fault.GARBAGE)
    assert b"HTTP" not in everything(port, STATE)
    fleet.set_fault(0, Fault.CLOSE)
    assert b"statename" in everything(port, STATE)


def test_a_dripping_host_answers_a_byte_at_a_time_and_a_huge_one_without_end(
    fleet: FakeFleet, port: int
) -> None:
    fleet.set_fault(0, Fault.DRIP)
    one = Wire(port)
    one.send(STATE)
    assert one.until(b"HTTP") == b"HTTP"
    one.close()
    fleet.set_fault(0, Fault.HUGE)
    one = Wire(port)
    one.send(STATE)
    assert int(re.findall(rb"Content-Length: (\d+)", one.until(b"\r\n\r\n"))[0]) == 1 << 30
    one.close()


def test_a_crash_is_in_the_main_log_and_the_process_comes_back(fleet: FakeFleet, port: int) -> None:
    pid = fleet.crash(0, NAME)
    one = Wire(port)
    one.ask(get("/mainlogtail"))
    told = one.chunks_until(b"success: worker_00_03").decode() if pid else ""
    one.close()
    log = ask(port, call("supervisor.readLog", 0, 0)).decode()
    assert "success: worker_00_03" in told
    assert "WARN exited: worker_00_03 (terminated by SIGKILL; not expected)" in log
    assert f"pid {pid}, " not in ask(port, call("supervisor.getProcessInfo", NAME)).decode()


def test_churn_crashes_processes_and_names_each_in_a_main_log(fleet: FakeFleet, port: int) -> None:
    fleet.stats()
    fleet.set_churn(0.5)
    wait_until(
        lambda: "exited: " in ask(fleet.ports[1], call("supervisor.readLog", 0, 0)).decode(), what="a crash"
    )
    fleet.set_churn(0)
    assert fleet.stats().crashes > 0


def test_a_main_log_says_what_it_is_told_to_and_is_silent_at_warn(fleet: FakeFleet, port: int) -> None:
    fleet.say(0, "a lie\n")
    fleet.set_loglevel(0, "error")
    fleet.crash(0, "worker_01:worker_01_04")
    log = ask(port, call("supervisor.readLog", 0, 0)).decode()
    fleet.set_loglevel(0, "info")
    assert "a lie\n" in log
    assert "worker_01_04" not in log


def test_what_cannot_be_done_is_an_error_and_harms_nothing(fleet: FakeFleet, port: int) -> None:
    for order in (
        {"name": "fly"},
        {"name": "crash", "host": 0, "process": "nobody"},
        {"name": "fault", "host": 0},
    ):
        with pytest.raises(RuntimeError):
            fleet.order(**order)
    assert b"200 OK" in ask(port, STATE)


def test_a_client_that_leaves_between_two_pieces_is_left_in_silence(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with running_fake_fleet(Plan(processes=200)) as fleet:
        for _ in range(3):
            # Held until the client has gone, so that its first piece already goes nowhere.
            os.kill(fleet.pid, signal.SIGSTOP)
            with socket.create_connection(("127.0.0.1", fleet.ports[0])) as client:
                client.sendall(STATUS)
            os.kill(fleet.pid, signal.SIGCONT)
            wait_until(lambda: fleet.stats().calls.get("supervisor.getAllProcessInfo") == 1)
    assert capfd.readouterr().err == ""
