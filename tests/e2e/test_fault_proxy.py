"""Each fault of the proxy is what it says it is: seen from the client, from supervisord, or from a bare socket in its place."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fault_proxy import End, Fault, FaultProxy, Proxies, running_proxies
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.wire import ask, call
from tui.model.endpoint import Endpoint

pytestmark = pytest.mark.e2e

IDLE = "[program:idle]\ncommand=sleep 1000\nautostart=false\nstartsecs=0\nstopsignal=KILL\n"
STATE = call("supervisor.getState")
START = call("supervisor.startProcess", "idle", False)
QUIET = 0.3
"""Seconds without a byte that count as silence."""
LONG = 10.0


@pytest.fixture(scope="module")
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(IDLE) as running:
        yield running


@pytest.fixture(scope="module")
def proxies() -> Iterator[Proxies]:
    with running_proxies() as running:
        yield running


@pytest.fixture
def proxy(daemon: RealSupervisord, proxies: Proxies) -> FaultProxy:
    return proxies.before(daemon.endpoint)


class Far:
    """A bare socket in supervisord's place, and a proxy before it: shows what supervisord would get."""

    def __init__(self, proxies: Proxies) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._met: list[socket.socket] = []
        self.proxy = proxies.before(Endpoint("http", host="127.0.0.1", port=self._listener.getsockname()[1]))

    def meet(self) -> tuple[socket.socket, socket.socket]:
        """A client's connection, and what the proxy made of it."""
        near = connected(self.proxy)
        self._listener.settimeout(LONG)
        server, _ = self._listener.accept()
        self._met += [near, server]
        return near, server

    def close(self) -> None:
        for each in (self._listener, *self._met):
            each.close()


@pytest.fixture
def far(proxies: Proxies) -> Iterator[Far]:
    far = Far(proxies)
    yield far
    far.close()


def connected(proxy: FaultProxy) -> socket.socket:
    if proxy.endpoint.socket is None:
        return socket.create_connection(("127.0.0.1", proxy.port), timeout=LONG)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(LONG)
    try:
        connection.connect(str(proxy.endpoint.socket))
    except OSError:
        connection.close()
        raise
    return connection


def exactly(connection: socket.socket, count: int) -> bytes:
    """The next `count` bytes, or less when it ends."""
    connection.settimeout(LONG)
    came = b""
    while len(came) < count and (data := connection.recv(count - len(came))):
        came += data
    return came


def everything(connection: socket.socket, seconds: float = QUIET) -> tuple[bytes, str]:
    """What comes until it ends, and how: closed, reset or silent."""
    connection.settimeout(seconds)
    came = b""
    try:
        while data := connection.recv(1 << 16):
            came += data
    except TimeoutError:
        return came, "silent"
    except ConnectionResetError:
        return came, "reset"
    return came, "closed"


def talk(proxy: FaultProxy, request: bytes = STATE, seconds: float = QUIET) -> tuple[bytes, str]:
    with contextlib.closing(connected(proxy)) as connection:
        connection.sendall(request)
        return everything(connection, seconds)


def undated(answer: bytes) -> bytes:
    """Without the second in which it was sent."""
    return re.sub(rb"Date: [^\r]*", b"Date: now", answer)


# --- nothing wrong --------------------------------------------------------------------------------------------------


def test_without_a_fault_every_byte_passes_and_the_connection_is_kept(
    proxy: FaultProxy, daemon: RealSupervisord
) -> None:
    requests = [STATE, call("supervisor.getSupervisorVersion"), call("no.such")]
    with contextlib.closing(connected(proxy)) as connection:
        for request in requests:
            connection.sendall(request)
            answer = ask(daemon.port, request)
            assert undated(exactly(connection, len(answer))) == undated(answer)
        assert proxy.open == 1
    assert [exchange.method for exchange in proxy.exchanges] == [
        "supervisor.getState",
        "supervisor.getSupervisorVersion",
        "no.such",
    ]
    assert {exchange.connection for exchange in proxy.exchanges} == {1}
    assert [exchange.request for exchange in proxy.exchanges] == requests


def test_both_ends_may_be_unix_sockets(proxies: Proxies, tmp_path: Path) -> None:
    with running_supervisord(IDLE, unix=True) as daemon:
        proxy = proxies.before(daemon.endpoint, at=daemon.directory / "proxy.sock")
        answer, _ = talk(proxy)
        assert b"RUNNING" in answer
        proxy.fault = Fault(cut_answer=10)
        assert talk(proxy) == (answer[:10], "closed")
        proxy.refuse()
        with pytest.raises(ConnectionRefusedError):
            connected(proxy)


def test_a_client_that_leaves_takes_the_connection_to_supervisord_with_it(far: Far) -> None:
    near, server = far.meet()
    near.sendall(STATE)
    assert exactly(server, len(STATE)) == STATE
    near.close()
    assert everything(server, LONG) == (b"", "closed")


# --- the door -------------------------------------------------------------------------------------------------------


def test_it_refuses_and_admits_again_at_the_same_port(proxy: FaultProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.admit()
    assert b"RUNNING" in talk(proxy)[0]


def test_it_accepts_and_stays_silent_until_it_thaws(proxy: FaultProxy) -> None:
    proxy.freeze()
    with contextlib.closing(connected(proxy)) as connection:
        connection.sendall(STATE)
        assert everything(connection) == (b"", "silent")
        proxy.thaw()
        assert b"RUNNING" in everything(connection)[0]


def test_a_lost_machine_leaves_its_client_with_a_connection_that_says_nothing(far: Far) -> None:
    near, server = far.meet()
    near.sendall(STATE)
    assert exactly(server, len(STATE)) == STATE
    far.proxy.lose()
    assert everything(server, LONG) == (b"", "reset")
    near.sendall(STATE)
    assert everything(near) == (b"", "silent")
    far.proxy.hang_up()
    assert everything(near, LONG) == (b"", "reset")


def test_it_flaps_on_a_schedule(proxy: FaultProxy) -> None:
    seen: list[str] = []

    def look() -> bool:
        try:
            now = "up" if talk(proxy)[0] else "lost"
        except ConnectionError:
            now = "down"
        if seen[-1:] != [now]:
            seen.append(now)
        return seen.count("up") > 2 and seen.count("down") > 2

    proxy.flap(0.5, 0.2)
    wait_until(look, what="it to come and go")
    proxy.admit()
    assert b"RUNNING" in talk(proxy)[0]


# --- cuts -----------------------------------------------------------------------------------------------------------

ENDS = {
    End.FIN: "closed",
    End.RST: "reset",
    End.HALF_CLOSE: "closed",
    End.SILENCE: "silent",
    End.HALF_OPEN: "silent",
}
FAR_ENDS = ENDS | {End.HALF_OPEN: "reset"}


@pytest.mark.parametrize("end", End)
@pytest.mark.parametrize("count", [0, 40, len(START) - 1])
def test_a_cut_request_does_not_run_and_ends_as_was_asked(
    proxy: FaultProxy, daemon: RealSupervisord, far: Far, count: int, end: End
) -> None:
    proxy.fault = far.proxy.fault = Fault(marker=b"startProcess", cut_request=count, end=end)
    answer, how = talk(proxy, START[:-1])
    assert (answer, how) == (b"", ENDS[end])
    assert not proxy.exchanges[-1].whole
    proxy.hang_up()
    assert daemon.proxy.supervisor.getProcessInfo("idle")["start"] == 0  # type: ignore[call-overload, index]
    near, server = far.meet()
    near.sendall(START[:-1])
    got, how = everything(server)
    assert how == FAR_ENDS[end]
    assert got == START[:count] or how == "reset"  # a reset overtakes what was on its way
    far.proxy.hang_up()


@pytest.mark.parametrize("end", End)
@pytest.mark.parametrize("count", [0, 60])
def test_a_cut_answer_leaves_a_request_that_ran(
    proxy: FaultProxy, daemon: RealSupervisord, count: int, end: End
) -> None:
    proxy.fault = Fault(marker=b"startProcess", cut_answer=count, end=end)
    answer, how = talk(proxy, START)
    assert how == ENDS[end]
    assert len(answer) == count or how == "reset"
    assert proxy.exchanges[-1].whole
    info = daemon.proxy.supervisor.getProcessInfo
    wait_until(lambda: info("idle")["statename"] == "RUNNING", what="the start")  # type: ignore[call-overload, index]
    daemon.proxy.supervisor.stopProcess("idle")
    proxy.hang_up()


def test_a_request_cut_after_its_last_byte_runs_and_has_no_answer(
    proxy: FaultProxy, daemon: RealSupervisord
) -> None:
    proxy.fault = Fault(cut_request=len(START))
    assert talk(proxy, START) == (b"", "closed")
    info = daemon.proxy.supervisor.getProcessInfo
    wait_until(lambda: info("idle")["statename"] == "RUNNING", what="the start")  # type: ignore[call-overload, index]
    daemon.proxy.supervisor.stopProcess("idle")


def test_a_half_closed_connection_still_takes_what_is_sent(far: Far) -> None:
    far.proxy.fault = Fault(cut_request=5, end=End.HALF_CLOSE)
    near, server = far.meet()
    near.sendall(START[:-1])
    assert everything(near, LONG) == (b"", "closed")
    assert everything(server, LONG) == (START[:5], "closed")
    for connection in (near, server):
        connection.sendall(b"x")
        connection.sendall(b"y")  # the first one after a close would be answered by a reset
    near.close()
    server.close()
    wait_until(lambda: far.proxy.open == 0, what="the connection to end with both its sides")


def test_only_requests_with_the_marker_are_touched(proxy: FaultProxy) -> None:
    proxy.fault = Fault(marker=b"startProcess", cut_request=0)
    assert b"RUNNING" in talk(proxy)[0]
    assert talk(proxy, START)[0] == b""


def test_the_last_byte_waits_for_whoever_wants_to_look_before_it(far: Far) -> None:
    near, server = far.meet()
    seen: list[bytes] = []

    def look(request: bytes) -> None:
        seen.append(request)
        assert exactly(server, len(START) - 1) == START[:-1]
        server.settimeout(QUIET)
        with pytest.raises(TimeoutError):
            server.recv(1)

    far.proxy.at_commit = look
    near.sendall(START)
    wait_until(lambda: seen == [START], what="the request to be whole")
    server.settimeout(LONG)
    assert server.recv(1) == START[-1:]


# --- answers that come otherwise ------------------------------------------------------------------------------------


@pytest.fixture
def answer(proxy: FaultProxy) -> bytes:
    return talk(proxy)[0]


def seconds_of(proxy: FaultProxy) -> float:
    """How long an answer takes to its last byte."""
    with contextlib.closing(connected(proxy)) as connection:
        began = time.monotonic()
        connection.sendall(STATE)
        came = b""
        while not came.endswith(b"</methodResponse>\n"):
            came += connection.recv(1 << 16)
        return time.monotonic() - began


def test_it_delays_an_answer_with_jitter(proxy: FaultProxy) -> None:
    proxy.fault = Fault(delay=0.1, jitter=0.3)
    took = [seconds_of(proxy) for _ in range(6)]
    assert min(took) >= 0.1
    assert max(took) - min(took) > 0.02


def test_it_slices_and_throttles_an_answer(proxy: FaultProxy, answer: bytes) -> None:
    proxy.fault = Fault(piece=20, pause=0.02)
    with contextlib.closing(connected(proxy)) as connection:
        began = time.monotonic()
        connection.sendall(STATE)
        pieces = [connection.recv(1 << 16)]
        while len(b"".join(pieces)) < len(answer):
            pieces.append(connection.recv(1 << 16))
    assert undated(b"".join(pieces)) == undated(answer)
    assert len(pieces) > 3
    assert time.monotonic() - began >= 0.02 * (len(answer) // 20 - 1)


def test_it_drips_headers_and_then_sends_the_body_at_once(proxy: FaultProxy, answer: bytes) -> None:
    proxy.fault = Fault(drip=0.005)
    head = answer.index(b"\r\n\r\n") + 4
    with contextlib.closing(connected(proxy)) as connection:
        began = time.monotonic()
        connection.sendall(STATE)
        assert undated(exactly(connection, len(answer))) == undated(answer)
    assert time.monotonic() - began >= 0.005 * head
    assert undated(proxy.exchanges[-1].head) == undated(answer[:head])


def test_it_turns_one_byte(proxy: FaultProxy, answer: bytes) -> None:
    proxy.fault = Fault(corrupt=-30)
    changed = undated(talk(proxy)[0])
    answer = undated(answer)
    assert [at for at in range(len(answer)) if answer[at] != changed[at]] == [len(answer) - 30]


def test_it_answers_twice(proxy: FaultProxy, answer: bytes) -> None:
    proxy.fault = Fault(duplicate=True)
    assert undated(talk(proxy)[0]) == undated(answer) * 2


def test_it_changes_the_status(proxy: FaultProxy, answer: bytes) -> None:
    proxy.fault = Fault(status=503)
    changed = undated(talk(proxy)[0])
    assert changed.startswith(b"HTTP/1.1 503 ")
    assert changed.partition(b"\r\n")[2] == undated(answer).partition(b"\r\n")[2]


def test_it_redirects(proxy: FaultProxy) -> None:
    proxy.fault = Fault(status=302, location="http://127.0.0.1:9/RPC2")
    changed, _ = talk(proxy)
    assert changed.startswith(b"HTTP/1.1 302 ")
    assert b"\r\nLocation: http://127.0.0.1:9/RPC2\r\n" in changed
