"""A host's listening socket: open, refusing, or a black hole, always on the same loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

BACKLOG = 1024
FILLERS = 4


class Door:
    """A port of 127.0.0.1, kept for as long as the fleet lives."""

    def __init__(self, factory: Callable[[], asyncio.Protocol]) -> None:
        self.port = 0
        """0 until it was first opened or shut."""
        self._factory = factory
        self._server: asyncio.Server | None = None
        self._held: list[socket.socket] = []

    async def open(self) -> None:
        """Accept connections."""
        if self._server is None:
            self._let_go()
            listening = self._bound()
            self._server = await asyncio.get_running_loop().create_server(
                self._factory, sock=listening, backlog=BACKLOG
            )

    async def shut(self, *, silently: bool = False) -> None:
        """Refuse connections; or, `silently`, leave them without any answer.

        A bound socket that does not listen refuses. One whose queue of connections is full makes the kernel ignore
        who knocks: the connect of a client then hangs as at a firewall that drops.
        """
        if self._server is not None:
            self._server.close()
            self._server = None
        self._let_go()
        bound = self._bound()
        self._held = [bound]
        if silently:
            bound.listen(0)
            for _ in range(FILLERS):
                filler = socket.socket()
                filler.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    filler.connect(("127.0.0.1", self.port))
                self._held.append(filler)

    def _bound(self) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if self.port:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(("127.0.0.1", self.port))
        # Not before a port is ours, or the kernel could give it to two hosts; but connections that are accepted here must
        # have it, or they would keep the port from being bound again.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = bound.getsockname()[1]
        return bound

    def _let_go(self) -> None:
        for one in self._held:
            one.close()
        self._held = []
