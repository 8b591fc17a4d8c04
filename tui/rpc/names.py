"""Host names to addresses on threads of our own, so that names nobody answers for never hold up the others.

The event loop's own resolver shares one small pool with everything else: fifty dead names in it starve every healthy one.
Here each lookup has a daemon thread, one that takes long gives up its place in the lane, a name that was slow or failed
before waits in a narrower lane, and a name whose lookup fails keeps the addresses it had.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.rpc.problems import name_not_found

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]
"""A family and what `connect` takes."""
Lookup = Callable[[str], list[tuple[socket.AddressFamily, str, int]]]
"""Name to (family, address, IPv6 scope); raises OSError. Blocks."""

FRESH_SECONDS = 60.0
FAILED_SECONDS = 5.0
SLOW_SECONDS = 0.3
"""A lookup that takes longer gives up its place, and its name is slow: the next time it waits among its likes."""
THREADS = 96
SLOW_THREADS = 24
MOST_THREADS = 512
"""With those that have given up their place: a lookup that nobody answers ends after 10 to 30 s (resolv.conf(5))."""
_CACHE_SIZE = 4096


def system_lookup(name: str) -> list[tuple[socket.AddressFamily, str, int]]:
    """getaddrinfo, in its order, both families."""
    found: list[tuple[socket.AddressFamily, str, int]] = []
    for family, _, _, _, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
        scope = address[3] if len(address) == 4 else 0
        found.append((family, str(address[0]), int(scope)))
    return found


@dataclass(slots=True)
class _Known:
    addresses: list[tuple[socket.AddressFamily, str, int]]
    until: float
    slow: bool = False
    error: OSError | None = None


class Resolver:
    """Belongs to one event loop."""

    def __init__(self, lookup: Lookup = system_lookup) -> None:
        self._lookup = lookup
        self._known: dict[str, _Known] = {}
        self._waiting: dict[str, asyncio.Future[_Known]] = {}
        self._lane = asyncio.Semaphore(THREADS - SLOW_THREADS)
        self._slow_lane = asyncio.Semaphore(SLOW_THREADS)
        self._room = asyncio.Semaphore(MOST_THREADS - THREADS)

    async def addresses(self, name: str, port: int, seconds: float) -> list[Address]:
        """Where `name` is, families taking turns from the resolver's first choice. Raises WireError (DNS)."""
        literal = _literal(name, port)
        if literal is not None:
            return [literal]
        known = self._known.get(name)
        if known is None or known.until < time.monotonic():
            try:
                async with asyncio.timeout(seconds):
                    known = await asyncio.shield(self._ask(name))
            except TimeoutError as error:
                if known is None or not known.addresses:
                    raise name_not_found(name, error) from None
        if not known.addresses:
            raise name_not_found(name, known.error or OSError())
        return _taking_turns(known.addresses, port)

    def _ask(self, name: str) -> asyncio.Future[_Known]:
        """The one lookup of this name that is going on, begun now if there is none."""
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = asyncio.ensure_future(self._look_up(name))
            self._waiting[name] = waiting
        return waiting

    async def _look_up(self, name: str) -> _Known:
        before = self._known.get(name)
        try:
            if before is not None and before.slow:
                async with self._slow_lane:
                    known = await self._on_a_thread(name)
            else:
                known = await self._in_the_lane(name)
        finally:
            self._waiting.pop(name, None)
        if not known.addresses and before is not None:
            known.addresses = before.addresses
        if len(self._known) >= _CACHE_SIZE:
            self._known.clear()
        self._known[name] = known
        return known

    async def _in_the_lane(self, name: str) -> _Known:
        """A lookup that turns out to be slow makes room, so that names behind it are asked for."""
        async with self._lane:
            lookup = asyncio.ensure_future(self._on_a_thread(name))
            await asyncio.wait([lookup], timeout=SLOW_SECONDS)
            if not lookup.done():
                await self._room.acquire()
                lookup.add_done_callback(lambda _: self._room.release())
        return await lookup

    async def _on_a_thread(self, name: str) -> _Known:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_Known] = loop.create_future()

        def look_up() -> None:
            began = time.monotonic()
            addresses: list[tuple[socket.AddressFamily, str, int]] = []
            problem: OSError | None = None
            try:
                addresses = self._lookup(name)
            except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA cannot encode
                problem = (
                    error if isinstance(error, OSError) else socket.gaierror(socket.EAI_NONAME, "bad name")
                )
            ended = time.monotonic()
            known = _Known(
                addresses,
                ended + (FRESH_SECONDS if addresses else FAILED_SECONDS),
                slow=problem is not None or ended - began > SLOW_SECONDS,
                error=problem,
            )
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                loop.call_soon_threadsafe(_settle, done, known)

        threading.Thread(target=look_up, name="resolver", daemon=True).start()
        return await done


def _settle(done: asyncio.Future[_Known], known: _Known) -> None:
    if not done.done():
        done.set_result(known)


def _literal(name: str, port: int) -> Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    if address.version == 4:
        return socket.AF_INET, (name, port)
    return (socket.AF_INET6, (name, port, 0, 0)) if "%" not in name else None


def _taking_turns(addresses: list[tuple[socket.AddressFamily, str, int]], port: int) -> list[Address]:
    """RFC 8305: one of each family in turn, so that a broken family costs one attempt, not all."""
    families = list(dict.fromkeys(family for family, _, _ in addresses))
    queues = [[found for found in addresses if found[0] == family] for family in families]
    ordered: list[Address] = []
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue):
                family, address, scope = queue[place]
                where: tuple[str, int] | tuple[str, int, int, int] = (address, port)
                if family == socket.AF_INET6:
                    where = (address, port, 0, scope)
                ordered.append((family, where))
    return ordered
