"""Servers on loopback that do exactly what a test says, whatever that is."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import xmlrpc.client
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from tui.model.endpoint import Endpoint, Tls

_PLAIN_TLS = Tls()
Talk = Callable[["Peer"], Awaitable[None]]


def xml(value: object) -> bytes:
    """An XML-RPC answer with this value."""
    return xmlrpc.client.dumps((value,), methodresponse=True).encode()  # type: ignore[arg-type]


def ok(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """A 200 answer; `length` to declare another one."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def status(code: int, body: bytes = b"", *headers: str) -> bytes:
    """Another answer."""
    lines = [f"HTTP/1.1 {code} Words", f"Content-Length: {len(body)}", "Content-Type: text/html", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Peer:
    """The server's side of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The next request, head and body; empty when the client closed."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = 0
        for line in head.decode().split("\r\n"):
            if line.lower().startswith("content-length: "):
                length = int(line.split(": ")[1])
        return head + await self.reader.readexactly(length)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed(self) -> bytes:
        """Wait until the client closes; what it sent until then."""
        return await self.reader.read()

    def reset(self) -> None:
        """Close with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Server:
    """What a test sees of it."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.problems: list[BaseException] = []


@contextlib.asynccontextmanager
async def serving(
    talk: Talk, *, path: Path | None = None, tls: ssl.SSLContext | None = None, client_tls: Tls = _PLAIN_TLS
) -> AsyncIterator[tuple[Endpoint, Server]]:
    """A server where each connection is handled by `talk`; on a unix socket when `path` is given."""
    seen = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen.connections += 1
        try:
            await talk(Peer(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:
            seen.problems.append(error)
        finally:
            writer.transport.abort()
            tasks.discard(task)

    if path is not None:
        server = await asyncio.start_unix_server(handle, path)
        endpoint = Endpoint("unix", socket=path)
    else:
        server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        endpoint = Endpoint("https" if tls else "http", host="127.0.0.1", port=port, tls=client_tls)
    try:
        yield endpoint, seen
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
        assert not seen.problems, seen.problems


async def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return once the condition is true; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - any condition, not only events
            await asyncio.sleep(0.005)
