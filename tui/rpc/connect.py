"""Opening connections: names, addresses, sockets, TLS; at most `CONNECTS` at a time for the whole loop.

Who comes in: `http` with an endpoint and a protocol. What leaves: that protocol connected, or `WireError`.
"""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import ssl
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from tui.errors import WireError
from tui.model.endpoint import Endpoint, Tls
from tui.rpc.buffers import Buffers
from tui.rpc.names import Address, Resolver
from tui.rpc.problems import (
    broken_handshake,
    cannot_connect,
    no_handshake,
    unusable_tls_files,
    wrong_fingerprint,
)

CONNECTS = 64
"""Places for connects; a quarter of them for endpoints whose last one took too long."""
GIVE_WAY = 0.25
"""Seconds after which a connect gives up its place to those behind it: a region that is gone holds nobody else up."""
CONNECT_SECONDS = 3.0
MAX_ADDRESSES = 8
SPARE_FILES = 16
"""Descriptors that no connection may take: a screen that is opened for the first time is read from its file."""
_STAGGER = 0.25
_UNIX_RETRY = 0.05
_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A peer that vanished is noticed after half a minute on a connection that waits, as log streams do."""

SEGMENT = 1036
"""The largest TCP segment we ask the peer for: 1024 bytes and 12 of time stamp.

supervisord leaves Nagle's algorithm on and writes 4096 bytes at a time. With segments that divide them none is held back
for our acknowledgement, which the kernel delays by 40 ms. (TCP_QUICKACK before each receive helps too, at a wake-up of
ours for each 4096 bytes.)
"""

P = TypeVar("P", bound=asyncio.BaseProtocol)


class _Place:
    """One in a lane, left once."""

    def __init__(self, lane: asyncio.Semaphore) -> None:
        self._lane: asyncio.Semaphore | None = lane

    def leave(self) -> None:
        if self._lane is not None:
            self._lane.release()
            self._lane = None


class Dialer:
    """What all connections of one event loop share: the resolver, TLS contexts, and turns to connect."""

    def __init__(self, resolver: Resolver | None = None) -> None:
        self.buffer = memoryview(bytearray(64 * 1024))
        """Where bytes are received when nobody knows yet how many come; used within one callback only."""
        self.buffers = Buffers()
        self._resolver = resolver or Resolver()
        self._lane = asyncio.Semaphore(CONNECTS - CONNECTS // 4)
        self._slow_lane = asyncio.Semaphore(CONNECTS // 4)
        self._slow: set[Endpoint] = set()
        self._contexts: dict[Tls, ssl.SSLContext] = {}
        self._families: dict[Endpoint, socket.AddressFamily] = {}

    @asynccontextmanager
    async def turn(self, endpoint: Endpoint) -> AsyncIterator[None]:
        """Wait for the right to connect; black holes wait among themselves. Not part of any deadline."""
        if endpoint in self._slow:
            async with self._slow_lane:
                yield
            return
        await self._lane.acquire()
        place = _Place(self._lane)
        too_long = asyncio.get_running_loop().call_later(GIVE_WAY, place.leave)
        try:
            yield
        finally:
            too_long.cancel()
            place.leave()

    async def connect(self, endpoint: Endpoint, protocol: Callable[[], P], seconds: float) -> P:
        """A connected (and, for https, verified) protocol within `seconds`. Raises WireError."""
        self._slow.add(endpoint)
        sock: socket.socket | None = None
        try:
            async with asyncio.timeout(seconds):
                sock = await self._open(endpoint, seconds)
                connected = await self._attach(endpoint, sock, protocol)
        except TimeoutError as error:
            raise (no_handshake(endpoint) if sock else cannot_connect(error, endpoint)) from None
        except OSError as error:
            self._slow.discard(endpoint)
            if sock is not None and endpoint.scheme == "https" and isinstance(error, ConnectionError):
                raise broken_handshake(endpoint) from error
            raise cannot_connect(error, endpoint) from error
        self._slow.discard(endpoint)
        return connected

    async def _open(self, endpoint: Endpoint, seconds: float) -> socket.socket:
        if endpoint.scheme == "unix":
            return await _connect_unix(str(endpoint.socket))
        # the resolver gives up just before we do, so that the answer is "DNS", not "cannot connect"
        addresses = await self._resolver.addresses(endpoint.host, endpoint.port, seconds * 0.9)
        preferred = self._families.get(endpoint)
        addresses.sort(key=lambda address: address[0] != preferred if preferred else False)
        sock = await _connect_first(addresses[:MAX_ADDRESSES])
        self._families[endpoint] = sock.family
        return sock

    async def _attach(self, endpoint: Endpoint, sock: socket.socket, protocol: Callable[[], P]) -> P:
        loop = asyncio.get_running_loop()
        try:
            if endpoint.scheme != "https":
                return (await loop.create_connection(protocol, sock=sock))[1]
            transport, connected = await loop.create_connection(
                protocol, sock=sock, ssl=self._context(endpoint), server_hostname=endpoint.host
            )
        except BaseException:
            sock.close()
            raise
        try:
            _check_fingerprint(endpoint, transport.get_extra_info("ssl_object"))
        except WireError:
            transport.abort()
            raise
        return connected

    def _context(self, endpoint: Endpoint) -> ssl.SSLContext:
        context = self._contexts.get(endpoint.tls)
        if context is None:
            try:
                context = _new_context(endpoint.tls)
            except OSError as error:
                raise unusable_tls_files(error, endpoint) from None
            self._contexts[endpoint.tls] = context
        return context


_DIALERS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Dialer] = weakref.WeakKeyDictionary()


def dialer_of_this_loop() -> Dialer:
    """The one Dialer that everything on the running loop shares."""
    loop = asyncio.get_running_loop()
    dialer = _DIALERS.get(loop)
    if dialer is None:
        dialer = _DIALERS[loop] = Dialer()
    return dialer


def _new_context(tls: Tls) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file)
    if not tls.verify or (tls.fingerprint and not tls.ca_file):  # a pin says more than a chain
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.client_cert:
        # an empty password, because OpenSSL would otherwise ask for one on the terminal, over the screen
        context.load_cert_chain(tls.client_cert, tls.client_key, password=lambda: "")
    return context


def _check_fingerprint(endpoint: Endpoint, peer: ssl.SSLObject) -> None:
    if not endpoint.tls.fingerprint:
        return
    import hashlib  # here, because OpenSSL's tables are memory that most runs never use

    seen = hashlib.sha256(peer.getpeercert(binary_form=True) or b"").hexdigest()
    if seen != endpoint.tls.fingerprint:
        raise wrong_fingerprint(endpoint, seen)


# --- sockets --------------------------------------------------------------------------------------------------------


async def _connect_first(addresses: Sequence[Address]) -> socket.socket:
    """RFC 8305: the next address is tried a quarter of a second after the last one, or at once when that failed."""
    if len(addresses) == 1:
        return await _connect_tcp(*addresses[0])
    rest = list(addresses)
    trying: set[asyncio.Task[socket.socket]] = set()
    problems: list[BaseException] = []
    try:
        while rest or trying:
            if rest:
                trying.add(asyncio.create_task(_connect_tcp(*rest.pop(0))))
            done, trying = await asyncio.wait(
                trying, timeout=_STAGGER if rest else None, return_when=asyncio.FIRST_COMPLETED
            )
            connected = []
            for task in done:
                problem = task.exception()
                connected += [] if problem else [task.result()]
                problems += [problem] if problem else []
            for spare in connected[1:]:
                spare.close()
            if connected:
                return connected[0]
    finally:
        await _give_up(trying)
    raise problems[0]


async def _give_up(trying: set[asyncio.Task[socket.socket]]) -> None:
    for task in trying:
        task.cancel()
    for result in await asyncio.gather(*trying, return_exceptions=True):
        if isinstance(result, socket.socket):
            result.close()


async def _connect_tcp(family: socket.AddressFamily, address: tuple[str | int, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        _leave_room(sock)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        await asyncio.get_running_loop().sock_connect(sock, address)
    except BaseException:
        sock.close()
        raise
    return sock


def _leave_room(sock: socket.socket) -> None:
    """Raise EMFILE when this one took one of the last descriptors: the journal and the screen need those themselves."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and sock.fileno() >= limit - SPARE_FILES:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def _connect_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _leave_room(sock)
        sock.setblocking(False)
        while True:
            try:
                sock.connect(path)
            except BlockingIOError:
                # The backlog is full, as of a frozen supervisord; unlike TCP nothing is under way then, and the loop's
                # own sock_connect would take it for connected.
                await asyncio.sleep(_UNIX_RETRY)
            else:
                return sock
    except BaseException:
        sock.close()
        raise
