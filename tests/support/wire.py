"""Requests as bytes and replies as bytes: for tests that compare what two servers put on the wire."""

from __future__ import annotations

import base64
import re
import socket
import xmlrpc.client
from collections.abc import Iterable
from typing import Any

SECONDS = 20.0


def call(method: str, *params: Any, headers: Iterable[str] = ()) -> bytes:  # noqa: ANN401 - whatever XML-RPC can say
    """A request that calls a method."""
    body = xmlrpc.client.dumps(params, method).encode()
    return post(body, headers=headers)


def post(body: bytes, *, headers: Iterable[str] = (), version: str = "1.1") -> bytes:
    """A request with this body."""
    lines = [f"POST /RPC2 HTTP/{version}", "Host: x", f"Content-Length: {len(body)}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def get(path: str, *, headers: Iterable[str] = (), version: str = "1.1", command: str = "GET") -> bytes:
    """A request without a body."""
    return ("\r\n".join([f"{command} {path} HTTP/{version}", "Host: x", *headers]) + "\r\n\r\n").encode()


def login(user: str, password: str) -> str:
    """A header with a password."""
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def ask(port: int, request: bytes) -> bytes:
    """One reply, on a connection of its own."""
    one = Wire(port)
    try:
        return one.ask(request)
    finally:
        one.close()


class Wire:
    """One connection to a loopback port."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._rest = b""

    def ask(self, request: bytes) -> bytes:
        """Send, and return one reply: head and body as they came; a chunked one up to its first chunk."""
        self._socket.sendall(request)
        return self.reply()

    def send(self, request: bytes) -> None:
        """Send, and wait for nothing."""
        self._socket.sendall(request)

    def until(self, end: bytes) -> bytes:
        """Everything up to and with `end`."""
        return self._until(end)

    def reply(self) -> bytes:
        """One reply, or b"" when the connection has ended."""
        head = self._until(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if length:
            return head + self._exactly(int(length[1]))
        if b"chunked" in head:
            size = self._until(b"\r\n")
            return head + size + self._exactly(int(size, 16) + 2)
        return head + self.rest()

    def says_nothing(self, request: bytes, *, seconds: float = 1.2) -> bool:
        """Whether a request stays unanswered, and the connection open, for `seconds`."""
        self._socket.sendall(request)
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(1)
        except TimeoutError:
            return True
        return False

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        while data := self._receive():
            self._rest += data
        everything, self._rest = self._rest, b""
        return everything

    def chunks_until(self, end: bytes) -> bytes:
        """The text of the chunks that follow, up to one that has `end` in it."""
        text = b""
        while end not in text:
            size = self._until(b"\r\n")
            assert size, f"the stream ended before {end!r} came"
            text += self._exactly(int(size, 16) + 2)[:-2]
        return text

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(1 << 16)
        except ConnectionResetError:
            return b""

    def _until(self, end: bytes) -> bytes:
        while end not in self._rest:
            data = self._receive()
            if not data:
                break
            self._rest += data
        before, found, self._rest = self._rest.partition(end)
        return before + found

    def _exactly(self, count: int) -> bytes:
        while len(self._rest) < count:
            data = self._receive()
            if not data:
                break
            self._rest += data
        part, self._rest = self._rest[:count], self._rest[count:]
        return part
