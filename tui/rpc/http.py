"""HTTP/1.1 over tcp, tls and unix sockets, as supervisord wants it: deadlines, the commit point, streams.

Who comes in: `client` with the body of a call. What leaves: the body of a 200 answer, or a `WireError` that says whether
the call was committed. The rules: one request at a time on a connection; a connection that has seen anything but one
clean answer is dropped; no redirect is followed; nothing of the environment (proxies, netrc, cookies) is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import sys
import time
from collections.abc import AsyncGenerator, Callable
from functools import cached_property

from tui.errors import Cause, WireError
from tui.model.endpoint import Endpoint
from tui.rpc.connect import CONNECT_SECONDS, Dialer, dialer_of_this_loop
from tui.rpc.problems import bad_http, connection_lost, not_answering, not_http, status_problem
from tui.rpc.response import BrokenResponse, Response

STREAM_BUFFER = 256 * 1024
"""Bytes of a stream that wait for a slow reader before the socket is left alone."""

# A body of known length is taken in one go, not in the 4 KB pieces that supervisord writes: the kernel wakes us when this
# much is there, or we look after `_PATIENCE` seconds. If hardly anything has come by then, the peer waits for our
# acknowledgement (see connect.SEGMENT), which then goes out at once.
_AT_ONCE = 64 * 1024
_PATIENCE = 0.03
_STALLED = 4096
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)
_RESET = struct.pack("ii", 1, 0)
_PRINTABLE = re.compile("[!-~]*")


class _Lost(Exception):
    """The connection ended before the answer was whole; `__cause__` is why, if anything is known."""


class _Connection(asyncio.BufferedProtocol):
    """One connection: bytes into the current `Response`, and a future that tells when it is there."""

    def __init__(self, dialer: Dialer, *, tcp: bool) -> None:
        self._dialer = dialer
        self.buffers = dialer.buffers
        self._tune = tcp and sys.platform == "linux"
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._response: Response | None = None
        self._answer: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._looking: asyncio.TimerHandle | None = None
        self.on_end: Callable[[Exception | None], None] | None = None
        """Called when a stream ends, with what ended it."""
        self.open = False
        self.idle_since = 0.0
        """Seconds of our monotonic clock."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._socket = transport.get_extra_info("socket")
        transport.set_write_buffer_limits(high=0)
        self.open = True

    def ask(self, request: bytes, response: Response) -> asyncio.Future[None]:
        """Send bytes; the future is done when `response` is whole (its head, for a stream), or fails."""
        assert self._transport is not None
        self._response = response
        self._answer = asyncio.get_running_loop().create_future()
        if not self.open:
            self._fail(_Lost())
        else:
            self._transport.write(request)
        return self._answer

    def send(self, data: bytes) -> None:
        """Send more bytes of the same request."""
        assert self._transport is not None
        self._transport.write(data)

    async def sent(self) -> None:
        """Return when the kernel has all that was written, or the connection is gone."""
        if self._writable is not None:
            await self._writable

    def release(self) -> None:
        """The answer was taken: nothing more is expected."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
            self._look()
        self._response = self._answer = None
        self.idle_since = time.monotonic()

    def drop(self) -> None:
        """Close at once, whatever is under way."""
        self.open = False
        self._response = self._answer = None
        if self._looking is not None:
            self._looking.cancel()
        if self._transport is not None:
            self._transport.abort()

    def take_back(self) -> None:
        """Close with a reset: bytes of ours that have not arrived yet never will, not even when the network is back."""
        if self.open and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.drop()

    def pause(self, paused: bool) -> None:
        """Leave arriving bytes with the kernel for now, or go on."""
        assert self._transport is not None
        if self.open:
            (self._transport.pause_reading if paused else self._transport.resume_reading)()

    # --- what asyncio calls -----------------------------------------------------------------------------------------

    def get_buffer(self, sizehint: int) -> memoryview:
        response = self._response
        return response.room if response is not None and response.direct else self._dialer.buffer

    def buffer_updated(self, count: int) -> None:
        response = self._response
        if response is None:
            self.drop()  # bytes that nobody asked for
            return
        try:
            if response.direct:
                response.received(count)
            else:
                response.feed(bytes(self._dialer.buffer[:count]))
        except BrokenResponse as error:
            self._fail(error)
            return
        if response.answered:
            self._succeed()
        elif self._tune and response.missing:
            self._await_more(count, response.missing)

    def _await_more(self, count: int, missing: int) -> None:
        """`count` bytes have come, `missing` will: be woken for many of them at a time."""
        if self._looking is None:
            self._set(socket.SOL_SOCKET, socket.SO_RCVLOWAT, min(missing, _AT_ONCE))
            self._looking = asyncio.get_running_loop().call_later(_PATIENCE, self._look)
        elif (
            self._looking.when() <= asyncio.get_running_loop().time()
        ):  # it has fired, and this is what was there
            if count > _STALLED:
                self._looking = None
                self._await_more(count, missing)
            elif _QUICKACK is not None:
                self._set(socket.IPPROTO_TCP, _QUICKACK, 1)

    def _look(self) -> None:
        self._set(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)

    def _set(self, level: int, option: int, value: int) -> None:
        if self.open and self._socket is not None:
            try:
                self._socket.setsockopt(level, option, value)
            except OSError:
                self._tune = False

    def eof_received(self) -> bool:
        self._ended(None)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._ended(error)
        self.resume_writing()

    def pause_writing(self) -> None:
        self._writable = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    def _ended(self, error: Exception | None) -> None:
        self.open = False
        if self._response is None:
            return
        try:
            self._response.end_of_stream()
        except BrokenResponse:
            lost = _Lost()
            lost.__cause__ = error
            self._fail(lost)
        else:
            self._succeed()

    def _succeed(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)
        if self.on_end is not None and self._response is not None and self._response.complete:
            self.on_end(None)

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        elif self.on_end is not None:
            self.on_end(error)


class _Pieces:
    """The bytes of a stream between the socket and a reader; tells the socket to wait when the reader is slow."""

    def __init__(self) -> None:
        self.connection: _Connection | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._ready = asyncio.Event()
        self._ended = False
        self._error: Exception | None = None

    def put(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > STREAM_BUFFER and self.connection is not None:
            self.connection.pause(True)
        self._ready.set()

    def end(self, error: Exception | None) -> None:
        self._ended, self._error = True, error
        self._ready.set()

    async def take(self) -> bytes:
        """What has come since the last time; empty at the end. Raises what ended the stream, if not the server."""
        await self._ready.wait()
        taken = b"".join(self._pieces)
        self._pieces.clear()
        if self._size > STREAM_BUFFER and self.connection is not None:
            self.connection.pause(False)
        self._size = 0
        if not self._ended:
            self._ready.clear()
        elif not taken and self._error is not None:
            raise self._error
        return taken


class Wire:
    """The way to one supervisord: a kept connection for reads, a fresh one for each action and each stream."""

    def __init__(
        self, endpoint: Endpoint, authorization: Callable[[], bytes | None], dialer: Dialer | None = None
    ) -> None:
        self._endpoint = endpoint
        self._authorization = authorization
        self._dialer = dialer
        self._kept: _Connection | None = None
        self._busy = asyncio.Lock()

    async def read(self, body: bytes, seconds: float) -> bytes:
        """Send a call that changes nothing; sent once more if the kept connection turns out to be dead."""
        async with self._busy:
            kept = self._kept
            if kept is not None and kept.open:
                response = Response(kept.buffers)
                try:
                    await self._exchange(kept, body, response, seconds, seconds)
                    return response.body
                except WireError as error:
                    if response.begun or error.cause is Cause.TIMEOUT:
                        raise
            self._kept = None
            began = time.monotonic()
            connection = await self._connect(seconds)
            self._kept = connection
            response = Response(connection.buffers)
            left = seconds - (time.monotonic() - began)
            await self._exchange(connection, body, response, left, seconds)
            return response.body

    async def act(self, body: bytes, seconds: float, committing: Callable[[], None] | None) -> bytes:
        """Send a call that changes something: once, on a connection of its own, its last byte last of all."""
        connection = await self._connect(seconds)
        response = Response(to_the_end=True)
        committed = False
        password = self._authorization()
        head = self._head(f"POST {self._endpoint.rpc_path}", password, len(body), close=True)
        try:
            async with asyncio.timeout(seconds):
                answer = connection.ask(head + body[:-1], response)
                await connection.sent()
                if not answer.done():
                    if committing is not None:
                        committing()
                    committed = True
                    connection.send(body[-1:])
                await answer
        except TimeoutError:
            connection.take_back()
            raise not_answering(self._endpoint, seconds, committed=committed, begun=response.begun) from None
        except (_Lost, BrokenResponse) as error:
            raise self._problem(error, response, committed=committed) from None
        finally:
            connection.drop()
        if response.status != 200:
            raise self._status_problem(response, password, committed=committed)
        return response.body

    async def stream(self, target: str, seconds: float) -> AsyncGenerator[bytes, None]:
        """The body of a GET as it comes, until the server ends it; `seconds` is for its beginning alone."""
        pieces = _Pieces()
        connection = pieces.connection = await self._connect(seconds)
        connection.on_end = pieces.end
        response = Response(sink=pieces.put)
        password = self._authorization()
        try:
            async with asyncio.timeout(seconds):
                await connection.ask(self._head(f"GET {target}", password, None), response)
            if response.status != 200:
                raise self._status_problem(response, password, committed=False, stream=True)
            while piece := await pieces.take():
                yield piece
        except TimeoutError:
            raise not_answering(self._endpoint, seconds, committed=False, begun=response.begun) from None
        except (_Lost, BrokenResponse) as error:
            if isinstance(error, _Lost) and response.headed and error.__cause__ is None:
                return  # supervisord ends a stream by closing, without the last chunk
            raise self._problem(error, response, committed=False) from None
        finally:
            connection.drop()

    def close_idle(self, seconds: float) -> bool:
        """Close the kept connection if nothing has used it for `seconds`."""
        kept = self._kept
        if kept is None or self._busy.locked() or time.monotonic() - kept.idle_since < seconds:
            return False
        self.close()
        return True

    def close(self) -> None:
        """Close the kept connection; a read that is under way fails."""
        if self._kept is not None:
            self._kept.drop()
            self._kept = None

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _connect(self, seconds: float) -> _Connection:
        dialer = self._dialer or dialer_of_this_loop()
        tcp = self._endpoint.scheme == "http"
        async with dialer.turn(self._endpoint):
            return await dialer.connect(
                self._endpoint, lambda: _Connection(dialer, tcp=tcp), min(seconds, CONNECT_SECONDS)
            )

    async def _exchange(
        self, connection: _Connection, body: bytes, response: Response, left: float, seconds: float
    ) -> None:
        """One request and its 200 answer within `left`; the connection is dropped unless it is as good as new."""
        password = self._authorization()
        request = self._head(f"POST {self._endpoint.rpc_path}", password, len(body)) + body
        answer = connection.ask(request, response)
        # Not asyncio.timeout: this is the busiest line of a large fleet, and a bare alarm costs a third.
        alarm = asyncio.get_running_loop().call_later(left, _give_up, answer)
        as_good_as_new = False
        try:
            await answer
            as_good_as_new = response.complete and response.reusable
        except TimeoutError:
            raise not_answering(self._endpoint, seconds, committed=True, begun=response.begun) from None
        except (_Lost, BrokenResponse) as error:
            raise self._problem(error, response, committed=True) from None
        finally:
            alarm.cancel()
            if as_good_as_new:
                connection.release()
            else:
                connection.drop()
        if response.status != 200:
            raise self._status_problem(response, password, committed=True)

    def _head(self, line: str, password: bytes | None, length: int | None, *, close: bool = False) -> bytes:
        """The head of a request. supervisord finds `Content-Length` only with a space after the colon."""
        head = f"{line} HTTP/1.1\r\n{self._fixed_headers}"
        if length is not None:
            head += f"Content-Type: text/xml\r\nContent-Length: {length}\r\n"
        if close:
            head += "Connection: close\r\n"
        raw = head.encode("ascii")
        if password is not None:
            raw += b"Authorization: " + password.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"
        return raw + b"\r\n"

    @cached_property
    def _fixed_headers(self) -> str:
        endpoint = self._endpoint
        if not _PRINTABLE.fullmatch(endpoint.prefix) or not _PRINTABLE.fullmatch(endpoint.host):
            raise WireError(Cause.PROTOCOL, f"{endpoint.url!r} is no address", "see its url in hosts.yaml")
        name = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        host = f"{name}:{endpoint.port}" if endpoint.scheme != "unix" else "localhost"
        return f"Host: {host}\r\nUser-Agent: supervisor-tui\r\nAccept-Encoding: identity\r\n"

    def _problem(self, error: _Lost | BrokenResponse, response: Response, *, committed: bool) -> WireError:
        if isinstance(error, _Lost):
            return connection_lost(error.__cause__, self._endpoint, committed=committed, begun=response.begun)
        if error.start:
            return not_http(self._endpoint, error.start, committed=committed)
        return bad_http(self._endpoint, error.why, committed=committed)

    def _status_problem(
        self, response: Response, password: bytes | None, *, committed: bool, stream: bool = False
    ) -> WireError:
        problem = status_problem(
            response.status,
            response.headers,
            self._endpoint,
            sent_password=password is not None,
            stream=stream,
        )
        problem.committed = problem.committed and committed
        return problem


def _give_up(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())
