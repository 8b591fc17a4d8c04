"""What supervisord's answers mean, as typed values; a shape that a method never has becomes BadAnswer.

Names stay raw where they are sent back to supervisord (keys, groups); every other text leaves cleaned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tui.errors import BadAnswer, Fault, FaultCode
from tui.model.process import Process, ProcessKey, disambiguate, process_from_wire
from tui.text import clean

MAX_PROCESSES = 10_000
"""More rows than this in one answer are refused: no supervisord runs so many."""

Param = str | int | float | bool | bytes | Sequence["Param"] | Mapping[str, "Param"]
"""What can be sent as a parameter."""

Value = str | int | float | bool | bytes | None | list["Value"] | tuple["Value", ...] | dict[str, "Value"]
"""What can come back: a tuple only where an answer had several `<param>` (the Go implementation)."""


class Call(NamedTuple):
    """One call of a multicall."""

    method: str
    params: tuple[Param, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusAnswer:
    """All processes of one supervisord at one time."""

    processes: tuple[Process, ...]
    """The same tuple object as in the answer before when nothing changed."""
    now: int
    """Epoch seconds of the server's clock; 0 when it runs no process."""
    changed: bool
    latency: float
    """Seconds from the request to the whole answer."""


@dataclass(frozen=True, slots=True)
class ProcessesAnswer:
    """Some processes of one supervisord at one time."""

    processes: tuple[Process | None, ...]
    """One for each that was asked for, in that order; None where supervisord knows no such process (BAD_NAME)."""
    now: int
    """Epoch seconds of the server's clock; 0 when it knows none of them."""
    latency: float
    """Seconds from the request to the whole answer."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a group or all-processes call did to one process."""

    key: ProcessKey
    code: int
    """A fault code; `FaultCode.SUCCESS` when it worked."""
    text: str

    @property
    def ok(self) -> bool:
        return self.code == FaultCode.SUCCESS


@dataclass(frozen=True, slots=True)
class LogTail:
    """The end of a log: the bytes that are new since the asked offset, and the file's size now."""

    text: str
    size: int
    """Bytes. Less than the asked offset: the log was truncated or rotated."""
    overflow: bool
    """More was written since the offset than was returned: the bytes before `text` are missing."""


@dataclass(frozen=True, slots=True)
class LogPiece:
    """A stretch of a log; `start` and `end` are the bytes of the file it covers, negative when counted from its end."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reread:
    """Raw group names that supervisord's files add, change and remove."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgramConfig:
    """How one process is configured; None where this supervisord does not tell (3.x tells little, Go nothing)."""

    group: str
    name: str
    inuse: bool | None = None
    """False: configured, but not added to the running supervisord."""
    autostart: bool | None = None
    startsecs: int | None = None
    startretries: int | None = None
    stopwaitsecs: int | None = None
    stopsignal: int | None = None
    exitcodes: tuple[int, ...] | None = None
    priority: int | None = None
    group_priority: int | None = None
    command: str | None = None
    directory: str | None = None
    uid: str | None = None
    killasgroup: bool | None = None
    redirect_stderr: bool | None = None
    stdout_logfile: str | None = None
    stderr_logfile: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    """Every other field as text."""


# --- shapes ---------------------------------------------------------------------------------------------------------


def as_str(value: object, what: str) -> str:
    """`value` as text; BadAnswer naming `what` when it is none."""
    if not isinstance(value, str):
        raise _unexpected(value, what)
    return value


def as_int(value: object, what: str) -> int:
    """`value` as a number, not a boolean; BadAnswer naming `what` when it is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unexpected(value, what)
    return value


def as_struct(value: object, what: str) -> dict[str, object]:
    """`value` as a struct; BadAnswer naming `what` when it is none."""
    if not isinstance(value, dict):
        raise _unexpected(value, what)
    return value


def as_list(value: object, what: str) -> list[object]:
    """`value` as an array; BadAnswer naming `what` when it is none."""
    if not isinstance(value, list):
        raise _unexpected(value, what)
    return value


def _unexpected(value: object, what: str) -> BadAnswer:
    return BadAnswer(
        f"{what} came back as {type(value).__name__}, which no supervisord sends",
        "see what listens at this address",
    )


# --- processes ------------------------------------------------------------------------------------------------------


def process_from_struct(host: str, struct: Mapping[str, object]) -> Process:
    """One row of getProcessInfo or getAllProcessInfo; `disambiguate` a whole answer afterwards."""
    return process_from_wire(
        host,
        _name(struct, "group"),
        _name(struct, "name"),
        state=as_int(struct.get("state"), "a process's state"),
        pid=as_int(struct.get("pid", 0), "a process's pid"),
        start=server_time(struct.get("start", 0), "a process's start"),
        stop=server_time(struct.get("stop", 0), "a process's stop"),
        exitstatus=as_int(struct.get("exitstatus", 0), "a process's exitstatus"),
        spawnerr=as_str(struct.get("spawnerr", ""), "a process's spawnerr"),
        stdout_logfile=as_str(struct.get("stdout_logfile", ""), "a process's stdout_logfile"),
        stderr_logfile=as_str(struct.get("stderr_logfile", ""), "a process's stderr_logfile"),
    )


MAX_TIME = 9_999_999_999
"""Epoch seconds; a calendar ends, and what is later than this is no time (supervisord's own end in 2038)."""


def server_time(value: object, what: str) -> int:
    """Epoch seconds that a calendar can show: Go's zero time is far below 0, and a liar's may be anywhere."""
    return min(max(0, as_int(value, what)), MAX_TIME)


def _name(struct: Mapping[str, object], field_name: str) -> str:
    name = as_str(struct.get(field_name), f"a process's {field_name}")
    if not name:
        raise BadAnswer(f"a process without a {field_name} came back", "see what listens at this address")
    return name


def processes_from_list(host: str, value: object) -> tuple[tuple[Process, ...], int]:
    """All rows of getAllProcessInfo, and the server's time (0 when there is no row)."""
    structs = [as_struct(row, "a process") for row in as_list(value, "the process list")]
    check_count(len(structs))
    rows = disambiguate([process_from_struct(host, struct) for struct in structs])
    now = server_time(structs[-1].get("now", 0), "the server's time") if structs else 0
    return rows, now


def check_count(count: int) -> None:
    """BadAnswer when one supervisord claims to run more processes than we take."""
    if count > MAX_PROCESSES:
        raise BadAnswer(
            f"it lists {count} processes; the limit is {MAX_PROCESSES}", "see what listens at this address"
        )


# --- the other methods ----------------------------------------------------------------------------------------------


def results_from_list(host: str, value: object) -> tuple[CallResult, ...]:
    """The array of a group or all-processes call, in the order of completion."""
    if isinstance(value, bool):  # the Go implementation answers some group calls with a bare True
        return ()
    results = []
    for item in as_list(value, "the list of results"):
        struct = as_struct(item, "a result")
        key = ProcessKey(
            host, as_str(struct.get("group", ""), "a group"), as_str(struct.get("name", ""), "a name")
        )
        code = as_int(struct.get("status"), "a result's status")
        results.append(
            CallResult(key, code, clean(as_str(struct.get("description", ""), "a result's text"), 500))
        )
    return tuple(results)


def reread_from(value: object) -> Reread:
    """reloadConfig's answer: supervisord wraps its three lists in one more, Go sends three parameters."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise _unexpected(value, "the answer to reread")
    return Reread(*(_names(item) for item in value))


def _names(value: object) -> tuple[str, ...]:
    if value is None or value == "":  # Go's empty list
        return ()
    return tuple(as_str(name, "a group's name") for name in as_list(value, "a list of groups"))


def log_tail_from(value: object, offset: int) -> LogTail:
    """What is new since `offset`, from [text, size, overflow].

    supervisord repeats old bytes when fewer than the asked length are new (supervisor/options.py:tailFile), so only the
    last `size - offset` bytes are kept. Go reads from the offset, returns where it stopped, and overflow means the end.
    """
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise _unexpected(value, "the end of a log")
    text, size = as_str(value[0], "a log"), as_int(value[1], "a log's size")
    if isinstance(value, tuple):
        return LogTail(text, size, False)
    overflow = bool(value[2])
    new = max(0, size - offset)
    raw = text.encode()
    if not overflow and new < len(raw):
        text = raw[len(raw) - new :].decode(errors="replace") if new else ""
    return LogTail(text, size, overflow)


def multicall_results(value: object, count: int) -> tuple[object, ...]:
    """One value or Fault per call: supervisord does not wrap values in one-element arrays as others do."""
    items = as_list(value, "the answer to a multicall")
    if len(items) != count:
        raise BadAnswer(
            f"a multicall of {count} got {len(items)} answers", "see what listens at this address"
        )
    return tuple(map(_value_or_fault, items))


def _value_or_fault(item: object) -> object:
    if isinstance(item, dict) and item.keys() == {"faultCode", "faultString"}:
        return fault_from(item)
    return item


def fault_from(struct: Mapping[str, object]) -> Fault:
    """The fault in a struct; its text cleaned and short."""
    code = as_int(struct.get("faultCode"), "a fault's code")
    return Fault(code, clean(as_str(struct.get("faultString"), "a fault's text"), 500))


_KNOWN_FIELDS = {
    "autostart": "autostart",
    "inuse": "inuse",
    "killasgroup": "killasgroup",
    "redirect_stderr": "redirect_stderr",
    "startsecs": "startsecs",
    "startretries": "startretries",
    "stopwaitsecs": "stopwaitsecs",
    "stopsignal": "stopsignal",
    "process_prio": "priority",
    "group_prio": "group_priority",
    "command": "command",
    "directory": "directory",
    "uid": "uid",
    "stdout_logfile": "stdout_logfile",
    "stderr_logfile": "stderr_logfile",
}
_BOOLEANS = frozenset({"autostart", "inuse", "killasgroup", "redirect_stderr"})
_TEXTS = frozenset({"command", "directory", "uid", "stdout_logfile", "stderr_logfile"})


def config_from_list(value: object) -> tuple[ProgramConfig, ...]:
    """getAllConfigInfo; fields vary by release, and 'none' stands for None (supervisor/rpcinterface.py)."""
    rows = as_list(value, "the configuration")
    check_count(len(rows))
    return tuple(_config_from_struct(as_struct(row, "a program's configuration")) for row in rows)


def _config_from_struct(struct: Mapping[str, object]) -> ProgramConfig:
    known: dict[str, object] = {}
    extra: dict[str, str] = {}
    for name, value in struct.items():
        if name in ("group", "name"):
            continue
        if name == "exitcodes" and isinstance(value, list):
            known[name] = tuple(code for code in value if isinstance(code, int))
        elif name not in _KNOWN_FIELDS:
            extra[clean(name, 80)] = clean(str(value), 2000)
        elif value == "none":
            continue
        elif name in _BOOLEANS:
            known[_KNOWN_FIELDS[name]] = bool(value)
        elif name in _TEXTS:
            known[_KNOWN_FIELDS[name]] = clean(str(value))
        else:
            known[_KNOWN_FIELDS[name]] = as_int(value, f"a program's {name}")
    return ProgramConfig(_name(struct, "group"), _name(struct, "name"), **known, extra=extra)  # type: ignore[arg-type]
