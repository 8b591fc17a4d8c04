"""An engine that asks nobody: answers as supervisord writes them go through its decoders and into its fleet when told.

Who comes in: `bench_memory` and `bench_view`. The servers keep nothing, so that all the memory is the program's own.
"""

from __future__ import annotations

import time

from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine
from tui.model.endpoint import Endpoint
from tui.model.host import HostSnapshot, answering_state
from tui.model.process import Process
from tui.rpc.status import StatusDecoder

EPOCH = 1_700_000_000
_MEMBERS = (
    ("name", "string", "{name}"),
    ("group", "string", "{group}"),
    ("start", "int", "{start}"),
    ("stop", "int", "{stop}"),
    ("now", "int", "{now}"),
    ("state", "int", "{state}"),
    ("statename", "string", "{statename}"),
    ("spawnerr", "string", "{spawnerr}"),
    ("exitstatus", "int", "0"),
    ("logfile", "string", "{log}-stdout---supervisor-{unique}.log"),
    ("stdout_logfile", "string", "{log}-stdout---supervisor-{unique}.log"),
    ("stderr_logfile", "string", "{log}-stderr---supervisor-{unique}.log"),
    ("pid", "int", "{pid}"),
    ("description", "string", "{description}"),
)
_ROW = (
    "<value><struct>\n"
    + "".join(
        f"<member>\n<name>{name}</name>\n<value><{kind}>{value}</{kind}></value>\n</member>\n"
        for name, kind, value in _MEMBERS
    )
    + "</struct></value>\n"
)
_HEAD = "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n"
_TAIL = "</data></array></value>\n</param>\n</params>\n</methodResponse>\n"


def status_body(host: int, processes: int, turn: int) -> bytearray:
    """What host number `host` says when it is read for the `turn`-th time, from 0, byte for byte as supervisord would.

    Each turn another of its processes runs anew. Every process has log files of its own names, as with `AUTO`.
    """
    body = bytearray(_HEAD.encode())  # a client, too, has one such buffer and no pieces
    for place in range(processes):
        born = turn - (turn - place - host) % processes
        run = max(0, born)
        pid = 1000 + (host * 7919 + place * 104_729 + run * 1_299_709) % 4_000_000
        start = EPOCH + run if run else EPOCH - (pid * 31) % 3_000_000
        fatal = (host + place + run) % 500 == 0
        hours, rest = divmod(EPOCH + turn - start, 3600)
        body += _ROW.format(
            name=f"worker_{place:02}",
            group=f"workers_{place // 10}",
            start=start,
            stop=start - 1 if run else 0,
            now=EPOCH + turn,
            state=200 if fatal else 20,
            statename="FATAL" if fatal else "RUNNING",
            spawnerr="Exited too quickly (process log may have details)" if fatal else "",
            log=f"/var/log/supervisor/worker_{place:02}",
            unique=f"{host * 1000 + place:08x}",
            pid=0 if fatal else pid,
            description="Exited too quickly"
            if fatal
            else f"pid {pid}, uptime {hours}:{rest // 60:02}:{rest % 60:02}",
        ).encode()
    body += _TAIL.encode()
    return body


class StillEngine(Engine):
    """Shows what it was last told to read."""

    def __init__(self, hosts: int, processes: int) -> None:
        names = [f"web-{number:04}.eu.example.net" for number in range(hosts)]
        nowhere = Endpoint("http", host="127.0.0.1", port=9)
        super().__init__(Settings({name: HostSettings(name, nowhere) for name in names}))
        self._names = names
        self._decoders = [StatusDecoder(name) for name in names]
        self._size = processes
        self._turns = [0] * hosts
        self._began = time.monotonic()

    def start(self) -> None:
        """Nobody is contacted."""

    def read(self, number: int) -> None:
        """Read this host; each time after the first another one of its processes runs anew."""
        turn = self._turns[number]
        self._turns[number] += 1
        answer = self._decoders[number].decode(status_body(number, self._size, turn))
        self._take(number, answer.processes, self._began + turn, answer.now)

    def _take(self, number: int, processes: tuple[Process, ...], now: float, server_now: int) -> None:
        snapshot = HostSnapshot(
            self._names[number],
            answering_state(processes),
            url="http://127.0.0.1:9",
            processes=processes,
            read_at=now,
            tried_at=now,
            next_at=now + 2,
            clock_offset=server_now - now,
            version="4.3.0",
        )
        self.timeline.add(self._fleet.apply(snapshot, wall=time.time()).transitions)

    def publish(self) -> None:
        """Let the screen see it."""
        self._wakeups._visible = True
        self._wakeups.now()

    def publish_quietly(self) -> None:
        """Make a picture and wake nobody."""
        self._refresh()
