"""A fake supervisord answers every method as a real one.

Byte for byte, headers and main log included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.fake_fleet.system_methods import all_signatures
from tests.support.supervisord import wait_until
from tests.support.twins import PROGRAMS, SETTLED, Twins, assert_same_story, log_of, make_twins
from tests.support.wire import ask, call, post

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    """Both, settled."""
    with ExitStack() as stack:
        yield make_twins(stack, PROGRAMS, SETTLED)


def test_it_reports_its_processes_as_a_real_one(twins: Twins) -> None:
    twins.say_the_same(
        call("supervisor.getAllProcessInfo"),
        call("supervisor.getAllConfigInfo"),
        *(call("supervisor.getProcessInfo", name) for name in [*SETTLED, "off"]),
        *(call("supervisor.getProcessInfo", name) for name in ("many:*", "many:", "many", "nobody", "a:b")),
        call("supervisor.getProcessInfo"),
        call("supervisor.getProcessInfo", 5),
        call("supervisor.getProcessInfo", "alone", "bob"),
    )


def test_it_says_what_it_is_as_a_real_one(twins: Twins) -> None:
    names = ("getAPIVersion", "getVersion", "getSupervisorVersion", "getIdentification", "getState")
    signatures = [call("system.methodSignature", name) for name in [*all_signatures(), "no.such", ""]]
    twins.say_the_same(
        *(call(f"supervisor.{name}") for name in names),
        call("system.listMethods"),
        *signatures,
        call("system.methodHelp", "no.such"),
        call("supervisor.sendRemoteCommEvent", "kind", "text"),
        call("supervisor.noSuchMethod"),
        call("supervisor._update", "x"),
        call("nobody.getState"),
        call("getState"),
        call("supervisor.getState.twice"),
        call("supervisor.getState", 1),
    )
    for port in twins.ports:
        assert re.search(rb"<int>\d+</int>", ask(port, call("supervisor.getPID")))


def test_it_reads_a_request_as_a_real_one(twins: Twins) -> None:
    whole = b"<methodCall><methodName>supervisor.getState</methodName>%b</methodCall>"
    bodies = [
        whole % b"",
        whole % b"<params/>",
        whole % b"<params></params>",
        b"<methodCall></methodCall>",
        b"junk",
        b"<a>",
    ]
    bodies += [
        b"<methodCall><methodName></methodName></methodCall>",
        b"<x><methodName>supervisor.getPID</methodName>",
    ]
    info = b"<methodCall><methodName>supervisor.getProcessInfo</methodName><params><param>%b</param></params></methodCall>"
    bodies += [
        info % value
        for value in (
            b"<value>alone</value>",
            b"<value><string>alone</string></value>",
            b"<value><nil/></value>",
            b"<value><int>x</int></value>",
            b"<value><double>1.5</double></value>",
            b"<value><boolean>1</boolean></value>",
            b"<value><base64>YWxvbmU=</base64></value>",
            b"<value><array><data><value>alone</value></data></array></value>",
            b"<value><struct><member><name>a</name><value>b</value></member></struct></value>",
            b"<value><i8>5</i8></value>",
            b"<value></value>",
            b"",
        )
    ]
    twins.say_the_same(*(post(body) for body in bodies))


def test_it_answers_several_calls_in_one_as_a_real_one(twins: Twins) -> None:
    twins.say_the_same(
        call("system.multicall", [{"methodName": "supervisor.getProcessInfo", "params": ["alone"]}] * 2),
        call(
            "system.multicall",
            [
                {"methodName": "supervisor.getState"},
                {"methodName": "supervisor.getProcessInfo", "params": ["nobody"]},
                {"methodName": "supervisor.getProcessInfo", "params": [5]},
                {"params": []},
                {"methodName": "system.multicall", "params": [[]]},
                {"methodName": "supervisor.startProcess", "params": ["alone"]},
                {"methodName": "supervisor.getAllProcessInfo"},
            ],
        ),
        call("system.multicall", []),
        call("system.multicall", ["x"]),
    )


def test_it_reads_logs_as_a_real_one(twins: Twins) -> None:
    for port in twins.ports:
        wait_until(lambda port=port: b"hello" in ask(port, call("supervisor.readProcessLog", "talker", 0, 0)))
    spans = [
        (0, 0),
        (0, 3),
        (2, 100),
        (100, 5),
        (-3, 0),
        (-100, 0),
        (-3, 2),
        (3, -1),
        ("1", "2"),
        (0, 6),
        (1, 5),
    ]
    for name in ("readProcessStdoutLog", "readProcessLog", "tailProcessStdoutLog", "tailProcessLog"):
        twins.say_the_same(*(call(f"supervisor.{name}", "talker", *span) for span in spans))
    for name in (
        "readProcessStderrLog",
        "tailProcessStderrLog",
        "readProcessStdoutLog",
        "tailProcessStdoutLog",
    ):
        twins.say_the_same(
            *(
                call(f"supervisor.{name}", process, 0, 10)
                for process in ("talker", "off", "nobody", "many:*")
            ),
            call(f"supervisor.{name}", "talker"),
            call(f"supervisor.{name}", "talker", "x", 5),
        )
    twins.say_the_same(*(call(f"supervisor.{name}", 5, -1) for name in ("readLog", "readMainLog")))
    twins.say_the_same(call("supervisor.readLog", 100_000_000, 0), call("supervisor.readLog", "x", 0))


def test_it_sends_and_clears_as_a_real_one(twins: Twins) -> None:
    said = "grüße\n"
    twins.say_the_same(
        call("supervisor.sendProcessStdin", "echo", said),
        call("supervisor.sendProcessStdin", "bad", said),
        call("supervisor.sendProcessStdin", "echo", 5),
        call("supervisor.sendProcessStdin", "nobody", said),
        call("supervisor.sendProcessStdin", "many:*", said),
    )
    read = call("supervisor.readProcessStdoutLog", "echo", 0, 0)
    for port in twins.ports:
        wait_until(lambda port=port: said.encode() in ask(port, read), what="what was said to be in the log")
    twins.say_the_same(
        read,
        call("supervisor.readProcessStdoutLog", "echo", 3, 1),
        call("supervisor.tailProcessStdoutLog", "echo", 0, 4),
        call("supervisor.tailProcessStdoutLog", "echo", 0, 3),
        call("supervisor.clearProcessLogs", "echo"),
        read,
        call("supervisor.clearProcessLog", "nobody"),
        call("supervisor.clearProcessLogs", "many:*"),
        call("supervisor.clearAllProcessLogs"),
        call("supervisor.clearLog"),
        call("supervisor.readLog", 0, 0),
    )


def test_it_starts_and_stops_as_a_real_one_and_says_the_same_in_its_main_log(twins: Twins) -> None:
    twins.say_the_same(
        *(
            call("supervisor.startProcess", name)
            for name in ("alone", "nobody", "missing", "forbidden", "directory")
        ),
        call("supervisor.startProcess", "off"),
        call("supervisor.getProcessInfo", "off"),
        call("supervisor.startProcess", "hopeless"),
    )
    twins.start_what_fails_at_once(call("supervisor.startProcess", "bad", False))
    twins.say_the_same(
        call("supervisor.stopProcess", "nobody"),
        call("supervisor.stopProcess", "missing"),
        call("supervisor.stopProcess", "off"),
        call("supervisor.getProcessInfo", "off"),
    )
    assert_same_story(twins, "off", ["spawned", "success", "stopped"])
    twins.say_the_same_in_any_order(call("supervisor.stopProcess", "many:*"))
    twins.say_the_same(
        call("supervisor.stopProcessGroup", "many"), call("supervisor.startProcess", "many:*", False)
    )
    twins.wait_for("many:many_02", "RUNNING")
    twins.say_the_same(
        call("supervisor.stopProcessGroup", "many", False),
        call("supervisor.startProcessGroup", "nobody"),
        call("supervisor.stopProcessGroup", "nobody"),
    )
    twins.wait_for("many:many_02", "STOPPED")
    twins.say_the_same_in_any_order(call("supervisor.startProcessGroup", "pair"))
    twins.say_the_same_in_any_order(call("supervisor.stopProcessGroup", "pair"))
    twins.say_the_same_in_any_order(call("supervisor.startProcessGroup", "pair"))


def test_it_starts_and_stops_everything_as_a_real_one() -> None:
    with ExitStack() as stack:
        twins = make_twins(stack, PROGRAMS, SETTLED)
        twins.say_the_same_in_any_order(call("supervisor.stopAllProcesses"))
        twins.say_the_same(call("supervisor.stopAllProcesses"), call("supervisor.getAllProcessInfo"))
        failing = ("bad", "hopeless")
        twins.say_the_same_in_any_order(call("supervisor.startAllProcesses", False), but=failing)


def test_it_kills_what_does_not_stop_as_a_real_one(twins: Twins) -> None:
    twins.say_the_same(call("supervisor.startProcess", "stubborn"), call("supervisor.startProcess", "polite"))
    for port in twins.ports:
        for name in ("stubborn", "polite"):
            read = call("supervisor.readProcessStdoutLog", name, 0, 0)
            wait_until(lambda port=port, read=read: b"ready" in ask(port, read), what="the trap to be set")
    twins.say_the_same(
        call("supervisor.stopProcess", "stubborn", False),
        call("supervisor.getProcessInfo", "stubborn"),
        call("supervisor.startProcess", "stubborn", False),
        call("supervisor.stopProcess", "stubborn", False),
        call("supervisor.stopProcess", "polite"),
        call("supervisor.getProcessInfo", "polite"),
    )
    twins.wait_for("stubborn", "STOPPED")
    assert_same_story(twins, "polite", ["INFO stopped: polite (exit status 0)"])
    twins.say_the_same(
        call("supervisor.getProcessInfo", "stubborn"),
        call("supervisor.clearLog"),
        call("supervisor.startProcess", "stubborn"),
    )
    for port in twins.ports:
        size = call("supervisor.readProcessStdoutLog", "stubborn", 0, 0)
        wait_until(
            lambda port=port, size=size: ask(port, size).count(b"ready") == 2, what="the trap to be set again"
        )
    twins.say_the_same(call("supervisor.stopProcess", "stubborn"))
    assert_same_story(
        twins,
        "stubborn",
        [
            "killing 'stubborn' (PID) with SIGKILL",
            "stopped: stubborn (terminated by SIGKILL)",
            "waiting for stubborn",
        ],
    )


def test_it_signals_as_a_real_one(twins: Twins) -> None:
    twins.say_the_same(
        *(
            call("supervisor.signalProcess", "alone", number)
            for number in ("WINCH", "SIGWINCH", 28, "28", "cont")
        ),
        *(call("supervisor.signalProcess", "alone", number) for number in ("NOPE", "", 0, 99, -1)),
        call("supervisor.signalProcess", "bad", "WINCH"),
        call("supervisor.signalProcess", "nobody", "WINCH"),
        call("supervisor.signalProcess", "pair:*", "WINCH"),
        call("supervisor.signalProcessGroup", "many", "WINCH"),
        call("supervisor.signalProcessGroup", "nobody", "WINCH"),
        call("supervisor.signalAllProcesses", "WINCH"),
        call("supervisor.signalAllProcesses", "NOPE"),
        call("supervisor.signalProcess", "talker", "KILL"),
    )
    for port in twins.ports:
        wait_until(lambda port=port: "exited: talker" in log_of(port), what="the end of the talker")
    twins.wait_for("talker", "RUNNING")
    assert_same_story(twins, "talker", ["WARN exited: talker (terminated by SIGKILL; not expected)"])


def test_every_method_is_compared() -> None:
    """But the text of methodHelp, which is supervisord's documentation and not ours to copy."""
    source = Path(__file__).read_text() + Path(__file__).with_name("test_fake_fleet_wire.py").read_text()
    assert [name for name in all_signatures() if name.partition(".")[2] not in source] == []
