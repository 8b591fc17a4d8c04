"""The scene of each host on which a job acts, and whose turn it is there.

Who comes in: the jobs, with a host's name. What leaves: a `Scene`, its programs' settings included. The rule: one action at a
time on each host, and on so many hosts at once at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tui.engine.acting.program_limits import ProgramLimits
from tui.engine.acting.same_daemon import AskedDaemon
from tui.engine.acting.scene import Scene
from tui.engine.journal import Journal
from tui.model.host import HostSnapshot
from tui.rpc.answers import Reread
from tui.rpc.client import Supervisor

HOSTS_AT_ONCE = 64
LIMITS_SECONDS = 300.0
"""So long a host's settings are believed: another operator may update it."""


class Scenes:
    """Those of every host. Belongs to the engine's loop."""

    def __init__(
        self,
        supervisors: Callable[[str], Supervisor],
        poll: Callable[[str], Awaitable[HostSnapshot]],
        journal: Journal,
        drifted: Callable[[str, Reread], None],
        clock: Callable[[], float],
    ) -> None:
        """As for `Jobs`."""
        self._supervisors = supervisors
        self._poll = poll
        self._journal = journal
        self._drifted = drifted
        self._clock = clock
        self._limits: dict[str, tuple[float, ProgramLimits]] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._places = asyncio.Semaphore(HOSTS_AT_ONCE)

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Nothing else is done on this host meanwhile."""
        async with self.asking(host), self._places:
            yield

    def asking(self, host: str) -> asyncio.Lock:
        """The same for a question, which does not count among the hosts that are acted on."""
        return self._turns.setdefault(host, asyncio.Lock())

    def is_busy(self, host: str) -> bool:
        """Whether somebody has his turn there."""
        return host in self._turns and self._turns[host].locked()

    async def of(self, host: str, job: int, *, wait: bool) -> Scene:
        """For an action of this job; asks for the programs' settings where they are not known."""
        return self._scene(host, await self._limits_of(host), job, wait=wait)

    def for_question(self, host: str) -> Scene:
        """For what belongs to no job, and to which no program's settings matter."""
        return self._scene(host, ProgramLimits(), 0, wait=True)

    def forget_limits(self, host: str) -> None:
        """Its programs may have other settings from now on."""
        self._limits.pop(host, None)

    def _scene(self, host: str, limits: ProgramLimits, job: int, *, wait: bool) -> Scene:
        supervisor = self._supervisors(host)
        return Scene(
            supervisor=supervisor,
            poll=lambda: self._poll(host),
            journal=self._journal,
            limits=limits,
            daemon=AskedDaemon(supervisor),
            job=job,
            wait=wait,
            clock=self._clock,
            drifted=lambda reread: self._drifted(host, reread),
        )

    async def _limits_of(self, host: str) -> ProgramLimits:
        """Asked once a job needs them, and again when others may have changed them: too much for a poll."""
        read_at, limits = self._limits.get(host, (0.0, None))
        if limits is None or self._clock() - read_at > LIMITS_SECONDS:
            limits = await ProgramLimits.fetch(self._supervisors(host))
            if limits.known:
                self._limits[host] = self._clock(), limits
        return limits
