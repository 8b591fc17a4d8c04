"""A fake supervisord behaves on its connections as a real one.

Heads it refuses, connections it keeps, streams, passwords, and how it reads its configuration again and goes down.
"""

from __future__ import annotations

import re
import xmlrpc.client
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.supervisord import wait_until
from tests.support.twins import PROGRAMS, SETTLED, Twins, even, make_twins, story
from tests.support.wire import ask, call, get, login, post

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    """Both, settled."""
    with ExitStack() as stack:
        yield make_twins(stack, PROGRAMS, SETTLED)


def test_a_client_that_does_not_wait_for_a_late_answer_gets_the_same_muddle(twins: Twins) -> None:
    late = call("supervisor.startProcess", "pair:left")
    with twins.wires() as pair:
        muddles = []
        for one in pair:
            one.ask(call("supervisor.stopProcess", "pair:left"))
            one.send(late + call("supervisor.getState"))
            muddles.append(one.until(b"</methodResponse>\n"))
    assert even(muddles[1]) == even(muddles[0])


HEADS = [
    get("/RPC2"),
    get("/nowhere"),
    get("/nowhere?a=b"),
    get("/no%20where"),
    get("/nowhere", command="HEAD"),
    get("/nowhere", command="DELETE"),
    get("/logtail/nobody"),
    get("/logtail/many:*"),
    get("/logtail/off"),
    get("/logtail/talker/nothing"),
    get("/logtail"),
    get("/logtail/alone", command="POST"),
    get("/mainlogtail", command="POST"),
    b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length:5\r\n\r\n",
    b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: five\r\n\r\n",
    b"POST /RPC2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"\r\nGET /nowhere HTTP/1.1\r\n\r\n",
    b"GET /nowhere HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
    b"GET /nowhere\r\n\r\n",
    b"GET /nowhere HTTP/2.0\r\n\r\n",
    b"junk\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\n\r\n",
    b"\r\n\r\n",
]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("connection", ["", "close", "Close", "keep-alive", "Keep-Alive"])
@pytest.mark.parametrize("kind", ["at once", "late"])
def test_it_keeps_a_connection_or_closes_it_as_a_real_one(
    twins: Twins, version: str, connection: str, kind: str
) -> None:
    params = ("supervisor.stopProcessGroup", "forbidden") if kind == "late" else ("supervisor.getState",)
    body = xmlrpc.client.dumps(params[1:], params[0]).encode()
    headers = [f"Connection: {connection}"] if connection else []
    request = post(body, headers=headers, version=version)
    with twins.wires() as pair:
        real, fake = (
            one.ask(request) + one.ask(get("/RPC2", headers=["Connection: close"])) + one.rest()
            for one in pair
        )
    assert even(fake) == even(real)


@pytest.mark.parametrize("head", HEADS)
def test_it_refuses_a_head_as_a_real_one(twins: Twins, head: bytes) -> None:
    with twins.wires() as pair:
        real, fake = (one.ask(head) for one in pair)
        assert even(fake) == even(real)


def test_it_streams_logs_as_a_real_one(twins: Twins) -> None:
    twins.say_the_same(call("supervisor.clearProcessLogs", "echo"))
    for path in ("/logtail/echo", "/logtail/echo/stdout", "/logtail/echo%3Aecho"):
        with twins.wires() as pair:
            heads, texts = [], []
            for one, port in zip(pair, twins.ports, strict=True):
                ask(port, call("supervisor.sendProcessStdin", "echo", "x" * 1100 + "first\n"))
                read = call("supervisor.readProcessLog", "echo", -6, 0)
                wait_until(lambda port=port, read=read: b"first" in ask(port, read), what="the first line")
                heads.append(even(one.ask(get(path))))
                ask(port, call("supervisor.sendProcessStdin", "echo", "second\n"))
                texts.append(one.chunks_until(b"second\n"))
        assert heads[1] == heads[0]
        assert "x" * (1024 - len("first\n")) + "first" in heads[0]
        assert texts[1] == texts[0]


def test_it_streams_its_main_log_as_a_real_one(twins: Twins) -> None:
    with twins.wires() as pair:
        heads, stories = [], []
        for one, port in zip(pair, twins.ports, strict=True):
            head = one.ask(get("/mainlogtail"))
            heads.append(even(head.partition(b"\r\n\r\n")[0]))
            ask(port, call("supervisor.stopProcess", "pair:right"))
            ask(port, call("supervisor.startProcess", "pair:right"))
            stories.append(story(one.chunks_until(b"success: right").decode(), "right"))
    assert heads[1] == heads[0]
    assert stories[1] == stories[0]
    assert [line.split(":")[0] for line in stories[0]][-1] == "INFO success"


def test_it_reads_its_configuration_again_as_a_real_one() -> None:
    before = (
        "[program:kept]\ncommand=sleep 1000\nstartsecs=0\n[program:gone]\ncommand=sleep 1000\nstartsecs=0\n"
    )
    after = (
        "[program:kept]\ncommand=sleep 2000\nstartsecs=0\n[program:new]\ncommand=sleep 1000\nstartsecs=0\n"
    )
    reload = call("supervisor.reloadConfig")
    with ExitStack() as stack:
        twins = make_twins(stack, before, {"kept": "RUNNING", "gone": "RUNNING"})
        twins.say_the_same(reload, call("supervisor.getAllConfigInfo"))
        twins.real.write_config(after)
        twins.fake.configure(0, after)
        twins.say_the_same(
            reload,
            call("supervisor.getAllConfigInfo"),
            call("supervisor.removeProcessGroup", "gone"),
            call("supervisor.stopProcess", "gone"),
            call("supervisor.removeProcessGroup", "gone"),
            call("supervisor.removeProcessGroup", "nobody"),
            call("supervisor.addProcessGroup", "nobody"),
            call("supervisor.addProcessGroup", "kept"),
            call("supervisor.addProcessGroup", "new"),
        )
        twins.wait_for("new", "RUNNING")
        twins.say_the_same(reload, call("supervisor.getAllConfigInfo"), call("supervisor.getAllProcessInfo"))
        twins.real.write_config("[program:bad]\nstartsecs=1\n")
        twins.fake.configure(0, "[program:bad]\nstartsecs=1\n")
        real, fake = (ask(port, reload).decode() for port in twins.ports)
        where = f" (file: '{twins.real.config_path}')"
        assert where in real
        assert (
            fake.partition("<methodResponse>")[2] == real.replace(where, "").partition("<methodResponse>")[2]
        )


def test_it_asks_for_a_password_as_a_real_one() -> None:
    ask_state = "supervisor.getState"
    with ExitStack() as stack:
        twins = make_twins(stack, "[program:x]\ncommand=sleep 1000\n", {}, password="s3:cret")
        headers = [
            [],
            [login("me", "s3:cret")],
            [login("me", "no")],
            [login("you", "s3:cret")],
            ["Authorization: Digest x"],
        ]
        headers += [
            ["Authorization: Basic !"],
            ["authorization: BASIC bWU6czM6Y3JldA=="],
            ["Authorization:Basic x"],
        ]
        for lines in headers:
            for request in (
                call(ask_state, headers=lines),
                get("/mainlogtail", headers=lines),
            ):
                with twins.wires() as pair:
                    real, fake = (one.ask(request) for one in pair)
                if b"chunked" in real:
                    real, fake = (reply.partition(b"\r\n\r\n")[0] for reply in (real, fake))
                assert even(fake) == even(real), lines


def test_it_swallows_what_follows_a_wrong_password_as_a_real_one() -> None:
    with ExitStack() as stack:
        twins = make_twins(stack, "[program:x]\ncommand=sleep 1000\n", {}, password="secret")
        with twins.wires() as pair:
            for one in pair:
                assert b"401 Unauthorized" in one.ask(call("supervisor.getState"))
                assert one.says_nothing(call("supervisor.getState", headers=[login("me", "secret")]))


@pytest.mark.parametrize("verb", ["restart", "shutdown"])
def test_it_goes_down_as_a_real_one(verb: str) -> None:
    slow = "[program:slow]\ncommand=sh -c \"trap '' TERM; echo ready; sleep 1000\"\nstopwaitsecs=1\nstartsecs=0\n"
    with ExitStack() as stack:
        twins = make_twins(
            stack, slow + "[program:other]\ncommand=sleep 1000\nstartsecs=0\n", {"slow": "RUNNING"}
        )
        for port in twins.ports:
            read = call("supervisor.readProcessStdoutLog", "slow", 0, 0)
            wait_until(lambda port=port, read=read: b"ready" in ask(port, read), what="the trap to be set")
        with twins.wires() as pair:
            for one, port in zip(pair, twins.ports, strict=True):
                assert b"<boolean>1</boolean>" in ask(port, call(f"supervisor.{verb}"))
                replies = [one.ask(call("supervisor.getState")), one.ask(call("system.listMethods"))]
                assert b"SHUTDOWN_STATE" in replies[0]
                assert b"SHUTDOWN_STATE" not in replies[1]
                assert one.rest() == b"", "the connection ends with supervisord"
        if verb == "restart":
            twins.wait_for("slow", "RUNNING")
            twins.say_the_same(call("supervisor.getAllProcessInfo"))
            real, fake = (sorted(re.findall(r" waiting for (.*) to die", log)) for log in twins.main_logs())
            assert fake == real
            assert real
