"""Loopback ports on a thread of their own, each with a face; what was asked at each is recorded."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.support.fake_fleet.call_reader import CallReader, UnreadableCallError
from tests.support.hostile.faces import Asked, Face


@dataclass(slots=True)
class Seen:
    """What came to one port."""

    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    """The head of each request."""
    sent: int = 0
    """Bytes that were answered."""


@dataclass(slots=True)
class Hostile:
    """The ports of a running hostile server, by the name of their face."""

    ports: dict[str, int]
    seen: dict[str, Seen]


@contextlib.contextmanager
def running_hostile(faces: Mapping[str, Face]) -> Iterator[Hostile]:
    """One port for each face until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hostile", daemon=True)
    thread.start()
    hostile = Hostile({}, {name: Seen() for name in faces})
    servers: list[asyncio.Server] = []
    try:
        for name, face in faces.items():
            opening = asyncio.run_coroutine_threadsafe(_open(face, hostile.seen[name]), loop)
            servers.append(opening.result(10))
            hostile.ports[name] = servers[-1].sockets[0].getsockname()[1]
        yield hostile
    finally:
        asyncio.run_coroutine_threadsafe(_close(servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _open(face: Face, seen: Seen) -> asyncio.Server:
    reader = CallReader()

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        seen.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await face.greet(outgoing)
            while True:
                asked = await _request(incoming, reader, seen)
                async for piece in face.answer(asked):
                    outgoing.write(piece)
                    seen.sent += len(piece)
                    await outgoing.drain()
                if face.closes:
                    break
        outgoing.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)


async def _request(incoming: asyncio.StreamReader, reader: CallReader, seen: Seen) -> Asked:
    head = await incoming.readuntil(b"\r\n\r\n")
    line, _, rest = head.partition(b"\r\n")
    verb, path, _ = line.decode("latin-1").split(" ", 2)
    length = 0
    for header in rest.split(b"\r\n"):
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = await incoming.readexactly(length)
    seen.requests.append(head)
    method, params = "", ()
    if body:
        with contextlib.suppress(UnreadableCallError):
            called, params = reader.read(body)
            method = called or ""
    return Asked(verb, path, method, params)


async def _close(servers: list[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
