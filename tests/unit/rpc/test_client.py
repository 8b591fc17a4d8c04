"""Typed answers of implementations that differ, and what the client never asks."""

from __future__ import annotations

import asyncio
import xmlrpc.client
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.rpc.loopback import Peer, ok, serving, status, xml
from tui.errors import BadAnswer, Fault, RefusedError, WireError
from tui.model.process import ProcessKey
from tui.rpc import client as client_module
from tui.rpc.allow import READING_METHODS, refuse_changes
from tui.rpc.answers import Call, LogTail, Reread
from tui.rpc.client import Supervisor
from tui.rpc.logs import LOG_LIMIT

KEY = ProcessKey("host", "g", "n")
Asked = list[tuple[str, tuple[object, ...]]]


def params(*values: object) -> bytes:
    """Several <param>, as gorilla-xmlrpc of the Go implementation sends them."""
    inside = "".join(
        f"<param>{xml(value).decode().partition('<param>')[2].partition('</param>')[0]}</param>"
        for value in values
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><methodResponse><params>{inside}</params></methodResponse>'.encode()


@asynccontextmanager
async def supervisor_that(*answers: bytes) -> AsyncIterator[tuple[Supervisor, Asked]]:
    """A client of a server that gives these answers in turn, the last one for ever; and what it was asked."""
    asked: Asked = []
    left = list(answers)

    async def talk(peer: Peer) -> None:
        while request := await peer.request():
            values, method = xmlrpc.client.loads(request.partition(b"\r\n\r\n")[2])
            asked.append((str(method), values))
            answer = left.pop(0) if len(left) > 1 else left[0]
            await peer.send(answer if answer.startswith(b"HTTP/") else ok(answer))

    async with serving(talk) as (endpoint, _):
        supervisor = Supervisor(endpoint, "host")
        try:
            yield supervisor, asked
        finally:
            await supervisor.close()


async def test_reread_takes_the_shapes_of_both_implementations() -> None:
    expected = Reread(("a",), ("b",), ())
    for answer in (xml([[["a"], ["b"], []]]), params(["a"], ["b"], [])):
        async with supervisor_that(answer) as (supervisor, _):
            assert await supervisor.reread() == expected


async def test_a_tail_means_what_its_implementation_means() -> None:
    async with supervisor_that(xml(["old new", 100, False])) as (supervisor, _):
        assert await supervisor.tail_log(KEY, "stdout", 97, 50) == LogTail("new", 100, False)
    async with supervisor_that(xml(["öö", 100, False])) as (supervisor, _):
        assert await supervisor.tail_log(KEY, "stdout", 98, 50) == LogTail("ö", 100, False)
    async with supervisor_that(params("new", 100, True)) as (supervisor, _):
        assert await supervisor.tail_log(KEY, "stdout", 97, 50) == LogTail("new", 100, False)


async def test_the_go_implementation_without_system_methods_is_no_error() -> None:
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(-32500, "no such method")).encode()
    async with supervisor_that(fault) as (supervisor, _):
        assert await supervisor.methods() == frozenset()
        with pytest.raises(Fault):
            await supervisor.config()


async def test_go_rows_have_more_fields_and_times_below_zero() -> None:
    row = {
        "name": "n",
        "group": "g",
        "state": 0,
        "start": -62135596800 // 100,
        "stop": 0,
        "now": 5,
        "pid": 0,
        "node": "x",
    }
    async with supervisor_that(xml([row])) as (supervisor, _):
        answer = await supervisor.status()
        assert answer.processes[0].start == 0
        assert answer.processes[0].key == KEY
        assert answer.now == 5


async def test_several_processes_are_asked_for_in_one_request() -> None:
    struct = {"name": "n", "group": "g", "state": 20, "start": 3, "stop": 0, "now": 5, "pid": 9}
    unknown = {"faultCode": 10, "faultString": "BAD_NAME: g:x"}
    async with supervisor_that(xml([struct, unknown])) as (supervisor, asked):
        assert (await supervisor.processes([])).processes == ()
        answer = await supervisor.processes([KEY, ProcessKey("host", "g", "x")])
    known, missing = answer.processes
    assert known is not None
    assert (known.key, known.pid, missing, answer.now) == (KEY, 9, None, 5)
    assert answer.latency > 0
    calls = [{"methodName": "supervisor.getProcessInfo", "params": [name]} for name in ("g:n", "g:x")]
    assert asked == [("system.multicall", (calls,))]


async def test_logs_are_asked_for_within_bounds_only() -> None:
    async with supervisor_that(xml("")) as (supervisor, asked):
        await supervisor.read_log(KEY, "stdout", 0, 0)
        await supervisor.read_log(KEY, "stderr", 5, 10**9)
        await supervisor.read_log(KEY, "stdout", -(10**9), 7)
        await supervisor.read_log(KEY, "stdout", 2**31, 10)
        await supervisor.read_main_log(0, -3)
    name = "supervisor.readProcessStdoutLog"
    assert asked == [
        (name, ("g:n", 0, LOG_LIMIT)),
        ("supervisor.readProcessStderrLog", ("g:n", 5, LOG_LIMIT)),
        (name, ("g:n", -LOG_LIMIT, 0)),
        (name, ("g:n", str(2**31), 10)),
        ("supervisor.readLog", (0, LOG_LIMIT)),
    ]


async def test_a_log_that_cannot_be_sent_is_not_asked_for_for_ever() -> None:
    async with supervisor_that(status(500)) as (supervisor, asked):
        for offset in (0, -1000):
            asked.clear()
            with pytest.raises(WireError, match="not UTF-8"):
                await supervisor.read_log(KEY, "stdout", offset, 1000)
            assert len(asked) <= 16, "each one writes a traceback into supervisord's log"


async def test_an_error_that_is_not_about_the_text_is_not_tried_again() -> None:
    async with supervisor_that(status(502)) as (supervisor, asked):
        with pytest.raises(WireError, match="a proxy"):
            await supervisor.read_log(KEY, "stdout", 0, 10)
        assert len(asked) == 1


@pytest.mark.parametrize(
    "answer", [xml("text"), xml([1]), xml([{"name": "x"}]), xml([{"name": "", "group": "g", "state": 0}])]
)
async def test_a_status_of_another_shape_is_a_bad_answer(answer: bytes) -> None:
    async with supervisor_that(answer) as (supervisor, _):
        with pytest.raises(BadAnswer):
            await supervisor.status()


async def test_other_shapes_are_bad_answers_everywhere() -> None:
    async with supervisor_that(xml({"odd": 1})) as (supervisor, _):
        for call in (
            supervisor.state(),
            supervisor.version(),
            supervisor.pid(),
            supervisor.methods(),
            supervisor.process(KEY),
            supervisor.config(),
            supervisor.read_log(KEY, "stdout", 0, 5),
            supervisor.tail_log(KEY, "stdout", 0, 5),
            supervisor.start_group("g"),
            supervisor.reread(),
            supervisor.multicall([Call("supervisor.getPID")]),
        ):
            with pytest.raises(BadAnswer):
                await call


def test_the_allow_list_holds_no_method_that_changes_anything() -> None:
    for method in READING_METHODS:
        name = method.partition(".")[2]
        assert name.startswith(("get", "read", "tail", "list", "method"))
    for change in (
        "supervisor.reloadConfig",
        "supervisor.clearLog",
        "system.multicall",
        "supervisor.unknown",
        "",
    ):
        with pytest.raises(RefusedError):
            refuse_changes([change])


async def test_leaving_a_log_stream_closes_its_connection_at_once() -> None:
    gone = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        await peer.closed()
        gone.set()

    async with serving(talk) as (endpoint, _):
        stream = Supervisor(endpoint, "host").stream_log(KEY, "stdout")
        assert await anext(stream) == b"x"
        await stream.aclose()
        async with asyncio.timeout(5):
            await gone.wait()


def test_what_the_client_exports_is_there() -> None:
    assert all(hasattr(client_module, name) for name in client_module.__all__)


async def test_after_an_answer_that_means_nothing_the_next_call_has_another_connection() -> None:
    async def talk(peer: Peer) -> None:
        while await peer.request():
            await peer.send(ok(b"<methodResponse>nonsense"))

    async with serving(talk) as (endpoint, server):
        supervisor = Supervisor(endpoint, "web-01")
        for call in (supervisor.version, supervisor.status, supervisor.pid):
            with pytest.raises(BadAnswer):
                await call()
        assert server.connections == 3
        await supervisor.close()
