"""The proxy itself: a door that can be shut, connections that can be lost, and the thread in which all of them live.

Every public method may be called from any thread but the proxies' own, and returns when it is so.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from tests.support.fault_proxy.exchange import Exchange, Passing
from tests.support.fault_proxy.faults import NOTHING, Fault
from tests.support.fault_proxy.sides import Side
from tui.model.endpoint import Endpoint

T = TypeVar("T")
_PATIENCE = 20.0


class FaultProxy:
    """One address that leads to a supervisord."""

    def __init__(self, proxies: Proxies, target: Endpoint, at: Path | None) -> None:
        self.target = target
        self.fault = NOTHING
        """What is done to requests from now on."""
        self.exchanges: list[Exchange] = []
        """Every request that has come, oldest first."""
        self.at_commit: Callable[[bytes], None] = lambda request: None
        """Called in the proxies' thread with a whole request, right before its last byte is passed on."""
        self.most_open = 0
        """The most connections of clients that were open at a time."""
        self._proxies = proxies
        self._place: socket.socket | None = None
        if at is None:
            # A socket that never listens keeps the port for us while the door is shut.
            self._place = socket.socket()
            self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._place.bind(("127.0.0.1", 0))
            self.endpoint = Endpoint("http", host="127.0.0.1", port=self._place.getsockname()[1])
        else:
            self.endpoint = Endpoint("unix", socket=at)
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], tuple[Side, ...]] = {}
        self._number = 0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._flapping: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens, unless that is a unix socket."""
        assert self.endpoint.port
        return self.endpoint.port

    @property
    def open(self) -> int:
        """Connections of clients that are open now."""
        return len(self._connections)

    def calls(self, marker: bytes) -> list[Exchange]:
        """The requests that hold these bytes."""
        return [exchange for exchange in self.exchanges if marker in exchange.request]

    # --- what can be done to all of it ------------------------------------------------------------------------------

    def refuse(self) -> None:
        """Let nothing listen any more; connections that are open stay so."""
        self._proxies.do(self._shut())

    def admit(self) -> None:
        """Listen (again); ends a flapping."""
        self._proxies.do(self._admit())

    def freeze(self) -> None:
        """Accept, and let nothing pass either way until `thaw`; also from `at_commit`, and then that last byte neither."""
        self._proxies.call(self._flowing.clear)

    def thaw(self) -> None:
        """Let everything pass that was held back."""
        self._proxies.call(self._flowing.set)

    def lose(self) -> None:
        """As when the machine behind it loses its power: supervisord's sides are reset, the clients' hear nothing."""
        self._proxies.do(self._lose())

    def hang_up(self) -> None:
        """Reset every connection, those too that a fault keeps open."""
        self._proxies.do(self._hang_up())

    def flap(self, up: float, down: float) -> None:
        """Listen for `up` seconds, be away for `down` (with every connection reset), and so on until `admit`."""
        self._proxies.do(self._begin_flapping(up, down))

    # --- in the proxies' thread -------------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Open the door."""
        if self._server is not None:
            return
        if self.endpoint.socket is not None:
            self.endpoint.socket.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._accepted, self.endpoint.socket)
        else:
            self._server = await asyncio.start_server(
                self._accepted, "127.0.0.1", self.port, reuse_port=True, backlog=512
            )

    async def close(self) -> None:
        """End everything."""
        await self._stop_flapping()
        await self._shut()
        await self._hang_up()
        if self._place is not None:
            self._place.close()

    async def _admit(self) -> None:
        await self._stop_flapping()
        await self.listen()

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _lose(self) -> None:
        self._flowing.clear()
        for _, server in filter(None, self._connections.values()):
            server.reset()

    async def _hang_up(self) -> None:
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin_flapping(self, up: float, down: float) -> None:
        await self._stop_flapping()
        self._flapping = asyncio.create_task(self._flap(up, down))

    async def _stop_flapping(self) -> None:
        if self._flapping is not None:
            self._flapping.cancel()
            await asyncio.gather(self._flapping, return_exceptions=True)
            self._flapping = None

    async def _flap(self, up: float, down: float) -> None:
        while True:
            await self.listen()
            await asyncio.sleep(up)
            await self._shut()
            await self._hang_up()
            await asyncio.sleep(down)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        client = Side(reader, writer)
        self._number += 1
        self._connections[task] = ()
        self.most_open = max(self.most_open, len(self._connections))
        sides: tuple[Side, ...] = (client,)
        try:
            await self._flowing.wait()
            server = Side(*await self._connect())
            sides = self._connections[task] = (client, server)
            await Passing(
                self._number,
                client,
                server,
                self._fault_for,
                self.exchanges.append,
                lambda request: self.at_commit(request),
                self._flowing,
            ).run()
        except OSError:
            pass  # supervisord is not there: the client hears of it by a reset
        except asyncio.CancelledError:
            pass  # by `_hang_up`; asyncio's streams would log it as a mistake
        finally:
            for side in sides:
                side.reset()
            await asyncio.gather(*(side.pump for side in sides), return_exceptions=True)
            del self._connections[task]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.target.socket is not None:
            return await asyncio.open_unix_connection(self.target.socket)
        return await asyncio.open_connection(self.target.host, self.target.port)

    def _fault_for(self, request: bytes) -> Fault:
        fault = self.fault
        return fault if fault.marker in request else NOTHING


class Proxies:
    """Any number of proxies in one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault proxies", daemon=True)
        self._all: list[FaultProxy] = []
        self._thread.start()

    def before(self, target: Endpoint, *, at: Path | None = None) -> FaultProxy:
        """A new proxy before this supervisord; `at` asks for a unix socket there instead of a loopback port."""
        proxy = FaultProxy(self, target, at)
        self._all.append(proxy)
        self.do(proxy.listen())
        return proxy

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run this in the proxies' thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def call(self, function: Callable[[], None]) -> None:
        """Call this in the proxies' thread, at once if that is where we are."""

        async def call() -> None:
            function()

        if threading.current_thread() is self._thread:
            function()
        else:
            self.do(call())

    async def _end_tasks(self) -> None:
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def close(self) -> None:
        """End all of them and the thread."""
        for proxy in self._all:
            self.do(proxy.close())
        self.do(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()


@contextlib.contextmanager
def running_proxies() -> Iterator[Proxies]:
    """Proxies that end with the block."""
    proxies = Proxies()
    try:
        yield proxies
    finally:
        proxies.close()
