"""What a hostile port answers. A face gets what was asked and gives the bytes of the reply, piece by piece.

`Rows` behaves as a supervisord does, with payloads wherever a text of its own stands; `Fault` says no to everything, in a
payload's words; `Whole` gives one reply to every request; `Raw` writes what a script says, as slowly as it likes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.support.fake_fleet.marshal import Rendered, RpcFault, rendered, response


class Asked(NamedTuple):
    """One request."""

    verb: str
    path: str
    method: str
    """Of XML-RPC; empty for a GET and for what is no call."""
    params: tuple[Any, ...]


class Face:
    """What answers at one port."""

    closes = False
    """Whether the connection ends after one answer."""

    async def greet(self, outgoing: asyncio.StreamWriter) -> None:
        """What is said before anybody asked."""

    async def answer(self, asked: Asked) -> AsyncIterator[bytes]:
        """The pieces of the reply."""
        raise NotImplementedError
        yield b""


def http(body: bytes, *, status: bytes = b"200 OK", kind: bytes = b"text/xml") -> bytes:
    """A reply as Medusa writes it."""
    head = b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (status, kind, len(body))
    return head + body


class RawFault(RpcFault):
    """A fault with any code and any text."""

    def __init__(self, code: int, text: str) -> None:
        Exception.__init__(self, code, text)
        self.code = code
        self.text = text


@dataclass
class Whole(Face):
    """The same bytes for every request."""

    reply: bytes
    closes: bool = True

    async def answer(self, asked: Asked) -> AsyncIterator[bytes]:
        """All of them."""
        yield self.reply


@dataclass
class Raw(Face):
    """What a script says: pieces, as it likes to send them."""

    script: Callable[[], AsyncIterator[bytes]]
    greeting: bytes = b""
    closes: bool = True

    async def greet(self, outgoing: asyncio.StreamWriter) -> None:
        """Sent before the request."""
        if self.greeting:
            outgoing.write(self.greeting)

    async def answer(self, asked: Asked) -> AsyncIterator[bytes]:
        """The script's pieces."""
        async for piece in self.script():
            yield piece


@dataclass
class Fault(Face):
    """Whatever is asked is refused in these words."""

    text: str
    code: int = 30

    async def answer(self, asked: Asked) -> AsyncIterator[bytes]:
        """The fault."""
        yield http(response(RawFault(self.code, self.text)))


@dataclass
class Rows(Face):
    """A supervisord in which every payload is somebody's name, group, error, path and log."""

    payloads: Mapping[str, str]
    raw: Mapping[str, bytes] = field(default_factory=dict)
    """Bytes that only a stream can carry."""
    version: str = "4.3.0"
    identification: str = "supervisor"
    words: str = ""
    """What every action is refused with; empty: the payload of the process that it is about."""
    changed: Callable[[int], Mapping[str, Any]] = lambda _count: {}
    """Members that differ from answer to answer, by how many came before: what a timeline is made of."""
    clock: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        self._answers = 0
        now = int(self.clock())
        self._rows = [
            *(_row(text, "names", text, now) for text in self.payloads.values()),
            *(_row("in", text, text, now) for text in self.payloads.values()),
            *(_row(f"w{number:03}", "w", text, now) for number, text in enumerate(self.payloads.values())),
        ]

    async def answer(self, asked: Asked) -> AsyncIterator[bytes]:
        """As supervisord would."""
        if asked.verb == "GET":
            yield b"HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=utf-8\r\n\r\n"
            yield self._stream()
            await asyncio.sleep(3600)
        yield http(response(self._call(asked.method, asked.params)))

    def _call(self, method: str, params: Sequence[Any]) -> Any:  # noqa: ANN401 - whatever XML-RPC can say
        match method.rpartition(".")[2]:
            case "getAllProcessInfo":
                self._answers += 1
                return [self._row(row) for row in self._rows]
            case "getProcessInfo":
                return next(
                    (self._row(row) for row in self._rows if _address(row) == params[0]), RpcFault(10)
                )
            case "getAllConfigInfo":
                return [_config(row) for row in self._rows]
            case "getSupervisorVersion":
                return self.version
            case "getIdentification":
                return self.identification
            case "getState":
                return {"statecode": 1, "statename": self.identification}
            case "getPID":
                return 4711
            case "listMethods":
                return [*_METHODS, *(f"supervisor.{text}" for text in self.payloads.values())]
            case "multicall":
                return [self._in_multicall(call) for call in params[0]]
            case "reloadConfig":
                texts = list(self.payloads.values())
                return [[texts[0::3], texts[1::3], texts[2::3]]]
            case "readLog" | "readProcessLog" | "readProcessStdoutLog" | "readProcessStderrLog":
                return self._log()
            case "tailProcessLog" | "tailProcessStdoutLog" | "tailProcessStderrLog":
                log = self._log()
                return [log, len(log.encode()), False]
        return RawFault(30, self.words or self._words_for(params))

    def _in_multicall(self, call: Mapping[str, Any]) -> Any:  # noqa: ANN401
        value = self._call(call["methodName"], call.get("params", ()))
        return value.struct() if isinstance(value, RpcFault) else value

    def _row(self, row: dict[str, Any]) -> Rendered:
        return rendered({**row, "now": int(self.clock()), **self.changed(self._answers)})

    def _words_for(self, params: Sequence[Any]) -> str:
        address = str(params[0]) if params else ""
        row = next((row for row in self._rows if _address(row) == address), None)
        return str(row["spawnerr"]) if row else " ".join(self.payloads.values())

    def _log(self) -> str:
        return "".join(f"{text[:4000]}\n" for text in self.payloads.values())

    def _stream(self) -> bytes:
        return self._log().encode() + b"".join(line + b"\n" for line in self.raw.values())


_METHODS = (
    "system.listMethods",
    "system.multicall",
    "supervisor.getAllProcessInfo",
    "supervisor.startProcess",
)


def _address(row: Mapping[str, Any]) -> str:
    return f"{row['group']}:{row['name']}"


def _row(name: str, group: str, text: str, now: int) -> dict[str, Any]:
    """getProcessInfo with the payload in every text."""
    return {
        "name": name,
        "group": group,
        "start": now - 100,
        "stop": now - 50,
        "now": 0,
        "state": 200,
        "statename": text,
        "spawnerr": text,
        "exitstatus": 1,
        "logfile": text,
        "stdout_logfile": f"/var/log/{text}",
        "stderr_logfile": text,
        "pid": 0,
        "description": text,
    }


def _config(row: Mapping[str, Any]) -> dict[str, Any]:
    """getAllConfigInfo with the payload in every text, and as the name of a field nobody knows."""
    text = row["spawnerr"]
    return {
        "name": row["name"],
        "group": row["group"],
        "inuse": True,
        "autostart": True,
        "command": text,
        "directory": text,
        "uid": text,
        "exitcodes": [0, 2],
        "startsecs": 1,
        "stopwaitsecs": 1,
        "stopsignal": 15,
        "process_prio": 999,
        "group_prio": 999,
        "stdout_logfile": text,
        "stderr_logfile": text,
        "serverurl": text,
        text[:200]: text,
    }
