"""One connection, as Medusa serves it: what counts as a request, in what order replies leave, and in what pieces.

`medusa/asynchat_25.py`, `http_server.py` and supervisor's `http.py`. A request ends where a terminator says: the empty line
of a head, a number of bytes, or never (after a 401). Replies queue; each is written in pieces of 4096 bytes with Nagle's
algorithm left on, which is what makes a client wait for its own delayed acknowledgement.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.fake_fleet.deferred import NOT_YET, Deferred
from tests.support.fake_fleet.faults import Fault, spoil
from tests.support.fake_fleet.log_file import Following
from tests.support.fake_fleet.marshal import RpcFault, response
from tests.support.fake_fleet.request import BrokenHeadError, Request, read_head

if TYPE_CHECKING:
    from tests.support.fake_fleet.host import FakeHost

PIECE = 4096
GLOBBED = 1 << 16
"""Bytes that are gathered before any leaves, where the reply is not chunked."""
END_OF_HEAD = b"\r\n\r\n"
TAIL_DELAY = 0.05
"""Seconds from a line in a log to its way out: up to 0.1 with a real one that has something to do, up to 1 without."""


@dataclass(slots=True)
class Reply:
    """What one request still has to say; `outgoing` is the request's own list."""

    outgoing: list[bytes | Following]
    chunked: bool = False
    gathered: bytes = b""


@dataclass(slots=True)
class Later:
    """A deferred call in the queue."""

    request: Request
    deferred: Deferred
    finished: bool = False


class Channel(asyncio.Protocol):
    """A connection to one fake host."""

    def __init__(self, host: FakeHost) -> None:
        self.host = host
        self.transport: asyncio.Transport | None = None
        self.current: Request | None = None
        self._received = b""
        self._head = b""
        self._terminator: bytes | int | None = END_OF_HEAD
        self._queue: deque[Reply | Later | None] = deque()
        """None: close here."""
        self._pump_later: asyncio.TimerHandle | None = None
        self._heard_until = 0.0

    # --- the socket -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
        self.host.channels.add(self)
        self.host.counts.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self.host.channels.discard(self)
        if self._pump_later is not None:
            self._pump_later.cancel()
        for reply in self._queue:
            for part in reply.outgoing if isinstance(reply, Reply) else ():
                if isinstance(part, Following) and self.wake in part.log.followers:
                    part.log.followers.remove(self.wake)
        self._queue.clear()

    def data_received(self, data: bytes) -> None:
        host = self.host
        if host.fault is Fault.STALL:
            return
        if not host.latency:
            self._hear(data)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + max(host.latency + random.uniform(-host.jitter, host.jitter), 0)
        self._heard_until = max(self._heard_until, due)
        loop.call_at(self._heard_until, self._hear, data)

    def close(self) -> None:
        """Close the connection, as supervisord does when it ends."""
        if self.transport is not None:
            self.transport.close()

    # --- from bytes to requests -----------------------------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        self._received += data
        try:
            while self._received and self.transport is not None and self._take():
                pass
        except (BrokenHeadError, UnicodeDecodeError):
            self.close()

    def _take(self) -> bool:
        """Take what belongs to the part that is being received; False when more must come first."""
        terminator, received = self._terminator, self._received
        if not terminator:
            self._received = b""
            self._collect(received)
        elif isinstance(terminator, int):
            self._received = received[terminator:]
            self._collect(received[:terminator])
            if len(received) < terminator:
                self._terminator = terminator - len(received)
            else:
                self._terminator = 0
                self._ended()
        else:
            end = received.find(terminator)
            if end < 0:
                return False
            self._received = received[end + len(terminator) :]
            self._collect(received[:end])
            self._ended()
        return True

    def _collect(self, data: bytes) -> None:
        if self.current is None:
            self._head += data
        elif self.current.body is not None:
            self.current.body.append(data)

    def _ended(self) -> None:
        if self.current is not None:
            if self.current.body is not None:
                self._terminator = END_OF_HEAD
                self.host.called(self, self.current, b"".join(self.current.body))
            return
        head, self._head = self._head, b""
        request = read_head(head)
        if request is None:
            self._queue.append(None)
            self._pump()
            return
        self.current = request
        self.host.asked(self, request)

    def expect_body(self, request: Request, length: int) -> None:
        """Take the next `length` bytes as the request's body; after 0 every byte is, and the request never ends."""
        request.body = []
        self._terminator = length

    def swallow(self) -> None:
        """Take whatever comes, and make nothing of it."""
        self._terminator = None

    # --- from replies to bytes ------------------------------------------------------------------------------------

    def reply_error(self, request: Request, status: int) -> None:
        """Reply with an error page."""
        request.set_error(status)
        self.reply(request)

    def reply(self, request: Request) -> None:
        """Send what the request has to say, and close after it where HTTP says so (`http.py:done`)."""
        connection = request.header("Connection").lower()
        closes = chunked = False
        sized = "Content-Length" in request.headers
        if request.version == "1.0":
            closes = connection != "keep-alive" or not sized
            if not closes:
                request.headers["Connection"] = "Keep-Alive"
        elif request.version == "1.1":
            closes = connection == "close"
            if not closes and not sized:
                request.headers["Transfer-Encoding"] = "chunked"
                chunked = True
        elif request.version is None:
            closes = True
        if chunked:
            self._queue.append(Reply([request.head()]))
        else:
            request.outgoing.insert(0, request.head())
        self._queue.append(Reply(request.outgoing, chunked))
        self._finish(closes)

    def reply_later(self, request: Request, deferred: Deferred) -> None:
        """Send an answer when there is one. The request stays current, and spoils what is sent meanwhile."""
        self._queue.append(Later(request, deferred))
        self._pump()

    def _answer_late(self, request: Request, body: bytes) -> None:
        """`xmlrpc.py:getresponse`: the length is that of the text, not of its bytes."""
        request.headers["Content-Type"] = "text/xml"
        request.headers["Content-Length"] = len(body.decode())
        request.outgoing.append(body)
        connection = request.header("Connection")
        closes = request.version is None or (request.version == "1.1" and connection == "close")
        if request.version == "1.0":
            if connection == "keep-alive":
                request.headers["Connection"] = "Keep-Alive"
            else:
                closes = True
        request.outgoing.insert(0, request.head())
        self._queue.append(Reply(request.outgoing))
        self._finish(closes)

    def _finish(self, closes: bool) -> None:
        self.current = None
        if closes:
            self._queue.append(None)
        self._pump()

    def wake(self) -> None:
        """Look soon whether there is more to send."""
        if self._pump_later is None:
            self._pump_in(TAIL_DELAY)

    def _pump_in(self, seconds: float) -> None:
        self._pump_later = asyncio.get_running_loop().call_later(seconds, self._pump_now)

    def _pump_now(self) -> None:
        self._pump_later = None
        self._pump()

    def _pump(self) -> None:
        """Send what can be sent by now."""
        while self._queue and self.transport is not None:
            item = self._queue[0]
            if item is None:
                self._queue.popleft()
                self.transport.close()
                return
            if not (self._try_later(item) if isinstance(item, Later) else self._send(item)):
                return
            if self._queue and self._queue[0] is item:
                self._queue.popleft()

    def _try_later(self, item: Later) -> bool:
        if item.finished:
            return True
        try:
            value = item.deferred.poll()
        except RpcFault as fault:
            value = fault
        if value is NOT_YET:
            if self._pump_later is None:
                self._pump_in(item.deferred.delay or TAIL_DELAY)
            return False
        item.finished = True
        self._queue.popleft()
        self._answer_late(item.request, response(value))
        return True

    def _send(self, reply: Reply) -> bool:
        """Write a reply; False when it is one that goes on."""
        whole = b""
        while reply.outgoing:
            part = reply.outgoing[0]
            if isinstance(part, Following):
                if self.wake not in part.log.followers:
                    part.log.followers.append(self.wake)
                whole += self._chunk(reply, part.more())
                break
            whole += part
            reply.outgoing.pop(0)
        if reply.outgoing and not reply.chunked:
            reply.gathered += whole
            whole, reply.gathered = (
                (reply.gathered, b"") if len(reply.gathered) >= GLOBBED else (b"", reply.gathered)
            )
        if whole:
            spoil(self, whole)
        return not reply.outgoing

    def _chunk(self, reply: Reply, text: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(text), text) if text and reply.chunked else text

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, 4096 at a time; nothing when the client has gone."""
        view = memoryview(data)
        for begin in range(0, len(data), PIECE):
            # Asked before each piece: the client may leave between two, and asyncio complains of each one after that.
            if self.transport is None or self.transport.is_closing():
                return
            piece = view[begin : begin + PIECE]
            self.host.counts.bytes_out += len(piece)
            self.transport.write(piece)
