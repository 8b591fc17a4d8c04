"""Rows of getProcessInfo, as bytes: most of a row is rendered once for all processes of its kind, the rest at each call.

What differs between two processes of the same program in the same state is five numbers and a time; a template keeps the
other thousand bytes, for every host that has this program. That is what lets one core serve a thousand supervisords.
The order and the meaning of the fields are those of `rpcinterface.py:getProcessInfo`.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable
from functools import lru_cache
from xmlrpc.client import MAXINT, escape

from tests.support.fake_fleet.marshal import Rendered
from tests.support.fake_fleet.process import FakeProcess
from tests.support.fake_fleet.programs import Program
from tests.support.fake_fleet.states import State

STRING = b"<member>\n<name>%b</name>\n<value><string>%b</string></value>\n</member>\n"
NUMBER = b"<member>\n<name>%b</name>\n<value><int>%b</int></value>\n</member>\n"


def rows(processes: Iterable[FakeProcess], now: float) -> list[Rendered]:
    """The rows of `processes` at `now`."""
    second = min(int(now), MAXINT)
    return [row(process, second) for process in processes]


def row(process: FakeProcess, now: int) -> Rendered:
    """One row."""
    template = process.template or _template(process)
    state, start, stop, pid = process.state, int(process.start), int(process.stop), process.pid
    if state is State.RUNNING:
        return Rendered(template % (start, stop, now, pid, pid, _uptime(max(now - start, 0))))
    if state in (State.STOPPED, State.EXITED):
        return Rendered(template % (start, stop, now, pid, _when(stop) if start else b"Not started"))
    return Rendered(template % (start, stop, now, pid))


def _template(process: FakeProcess) -> bytes:
    """The process's row with places for what changes, kept until it changes state; shared by all of its kind."""
    program = process.program
    kind = (process.state, process.spawnerr, process.exitstatus)
    if kind not in program.templates:
        program.templates[kind] = _render(process.group, program, *kind)
    process.template = program.templates[kind]
    return process.template


def _render(group: str, program: Program, state: State, spawnerr: str, exitstatus: int) -> bytes:
    """A row with places for start, stop, now and pid, and for what its description has that changes."""
    stdout = program.log_path("stdout")
    fields = [
        _string("name", program.name),
        _string("group", group),
        NUMBER % (b"start", b"%d"),
        NUMBER % (b"stop", b"%d"),
        NUMBER % (b"now", b"%d"),
        NUMBER % (b"state", b"%d" % state),
        _string("statename", state.name),
        _string("spawnerr", spawnerr),
        NUMBER % (b"exitstatus", b"%d" % exitstatus),
        _string("logfile", stdout),
        _string("stdout_logfile", stdout),
        _string("stderr_logfile", program.log_path("stderr")),
        NUMBER % (b"pid", b"%d"),
        STRING % (b"description", _description(program, state, spawnerr)),
    ]
    return b"<value><struct>\n%b</struct></value>\n" % b"".join(fields)


def _string(name: str, text: str) -> bytes:
    return STRING % (name.encode(), _literal(text))


def _literal(text: str) -> bytes:
    return escape(text).encode().replace(b"%", b"%%")


def _description(program: Program, state: State, spawnerr: str) -> bytes:
    match state:
        case State.RUNNING:
            return b"pid %d, uptime %b"
        case State.STOPPED | State.EXITED:
            return b"%b"
        case State.FATAL | State.BACKOFF:
            return _literal(spawnerr or f'unknown error (try "tail {program.name}")')
    return b""


@lru_cache(maxsize=1 << 16)
def _uptime(seconds: int) -> bytes:
    return str(datetime.timedelta(seconds=seconds)).encode()


@lru_cache(maxsize=1 << 12)
def _when(stop: int) -> bytes:
    return time.strftime("%b %d %I:%M %p", time.localtime(stop)).encode()
