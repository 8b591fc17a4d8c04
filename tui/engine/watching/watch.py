"""Which hosts are kept current now: a poller and its task for each, begun and ended as the configuration says.

Who comes in: the engine, with host settings; jobs, which want a fresh reading. What leaves: snapshots, by `publish`. The
rule: a host that ended is asked nothing more, and its feed is closed with it.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Protocol

from tui.config.differences import Differences
from tui.config.schema import HostSettings, Settings
from tui.engine.supervision import Work
from tui.engine.watching.feed import Feed
from tui.engine.watching.poller import Poller, pending_snapshot, under_other_settings
from tui.engine.watching.schedule import Schedule
from tui.errors import NoMatchError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.rpc.client import Supervisor
from tui.text import clean

STALE_LOOK_SECONDS = 0.25
"""How often it is looked for hosts whose rows have become old while a read of them hangs."""

Supervise = Callable[[str, Work], asyncio.Task[None]]


class Doors(Protocol):
    """The part of `Connections` that is needed here."""

    def watching(self, host: str) -> Supervisor: ...

    def has_login(self, host: str) -> bool: ...


def first_seen(
    difference: Differences, before: Settings, after: Settings, picture: FleetPicture
) -> Iterator[HostSnapshot]:
    """How hosts that begin are shown before their first answer; rows stay where it is still the same supervisord."""
    for name in difference.begun:
        if name in before.hosts and name not in difference.moved:
            yield under_other_settings(picture.hosts[name], before.hosts[name], after.hosts[name])
        else:
            yield pending_snapshot(after.hosts[name])


class Watch:
    """The pollers. Belongs to the engine's loop."""

    def __init__(
        self,
        connections: Doors,
        publish: Callable[[HostSnapshot], None],
        supervise: Supervise,
        is_ours: Callable[[ProcessKey], bool],
    ) -> None:
        """`is_ours` tells whether a job of ours is acting on something."""
        self._connections = connections
        self._publish = publish
        self._supervise = supervise
        self._is_ours = is_ours
        self._pollers: dict[str, Poller] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, hosts: Iterable[HostSettings], seen: Iterable[HostSnapshot] = ()) -> None:
        """Poll these from now on; `seen` is what is known of some of them."""
        hosts, known = tuple(hosts), {snapshot.host: snapshot for snapshot in seen}
        for number, host in enumerate(hosts):
            schedule = Schedule(host.poll)
            supervisor = self._connections.watching(host.name)
            poller = Poller(
                host,
                supervisor,
                self._publish,
                schedule=schedule,
                feed=Feed(supervisor, host.feed, supervise=self._supervise),
                first_delay=schedule.first(number, len(hosts)),
                has_login=self._connections.has_login(host.name),
                restart_expected=functools.partial(self._is_ours, ProcessKey(host.name)),
                snapshot=known.get(host.name),
            )
            self._pollers[host.name] = poller
            self._tasks[host.name] = self._supervise(f"polling {host.name}", poller.run)

    def end(self, hosts: Iterable[str]) -> tuple[asyncio.Task[None], ...]:
        """Poll these no more, from now on; the tasks end when they are awaited."""
        ended = []
        for host in hosts:
            self._pollers.pop(host).let_go()
            task = self._tasks.pop(host)
            task.cancel()
            ended.append(task)
        return tuple(ended)

    def settled(self, host: str) -> bool:
        """Whether it is known as well as it will be for now."""
        return host in self._pollers and self._pollers[host].settled

    def get(self, host: str) -> Poller | None:
        """Its poller."""
        return self._pollers.get(host)

    def poll_now(self, hosts: Iterable[str] | None) -> None:
        """These, or all, at once; also those that were given up because of their password."""
        for host in tuple(self._pollers) if hosts is None else hosts:
            if host in self._pollers:
                self._pollers[host].poll_now()

    async def fresh(self, host: str) -> HostSnapshot:
        """A reading that begins after this call. Raises NoMatchError."""
        if host not in self._pollers:
            raise NoMatchError(f"there is no host {clean(host, 80)}")
        return await self._pollers[host].fresh()

    async def look_for_stale(self) -> None:
        """For ever: hosts whose rows have become old while a read of them hangs must not look current."""
        while True:
            await asyncio.sleep(STALE_LOOK_SECONDS)
            for poller in tuple(self._pollers.values()):
                poller.grow_stale()

    async def check_drift(self, hosts: Iterable[HostSettings], ask: Callable[[str], Awaitable[Any]]) -> None:
        """For ever: have those that want it read their files again, now and then."""
        from tui.engine.watching.drift import check_regularly

        await check_regularly(hosts, ask, time.monotonic)
