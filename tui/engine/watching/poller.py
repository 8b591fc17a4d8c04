"""One supervisord kept current: a task a host that reads, waits and reads again, whatever the other hosts do.

Who comes in: the engine, which starts `run` and takes each `HostSnapshot` from `publish`; jobs, which want a read that began
after they asked (`fresh`). A turn reads everything, or, with a live feed, just what the feed named, or a sign of life. The
rule: a failed read changes how the host is, never its rows; they only age.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import ceil

from tui.config.remarks import badges as configured_badges
from tui.config.schema import HostSettings
from tui.config.urls import loopback
from tui.engine.watching.advice import RESTARTING_ADVICE, RESTARTING_PROBLEM, advice_for, version_badges
from tui.engine.watching.feed import BEAT, WHOLE_SECONDS, Feed
from tui.engine.watching.readings import everything, nothing_new, some
from tui.engine.watching.schedule import RESTART_PAUSE, Schedule
from tui.errors import Cause, Fault, FaultCode, WireError
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey
from tui.model.states import HostState
from tui.rpc.client import Supervisor
from tui.text import clean, compact_duration

log = logging.getLogger(__name__)

RESTART_GRACE = 15.0
"""Seconds after the last sign of a restart (fault 6) during which a closed door still counts as restarting."""
WORDS = 300
"""Cells that a problem or an advice may take."""

_DOOR_CLOSED = frozenset({Cause.REFUSED, Cause.PROTOCOL, Cause.RESTARTING})
"""What a supervisord that restarts looks like from outside, besides fault 6."""
_IDENTIFY_TRIES = 2

SLICE = 0.05
"""Seconds: whoever is due in the same slice is woken together, which costs the loop one wake-up instead of many."""
FEW = 8
"""Named processes that are asked for one by one; of more, everything is read."""


def pending_snapshot(settings: HostSettings) -> HostSnapshot:
    """How a host is shown before its first answer."""
    return HostSnapshot(
        settings.name,
        HostState.PENDING,
        url=settings.endpoint.url,
        folder=settings.folder,
        tags=settings.tags,
        read_only=settings.read_only,
        badges=configured_badges(settings),
    )


def under_other_settings(
    snapshot: HostSnapshot, before: HostSettings, settings: HostSettings
) -> HostSnapshot:
    """The same supervisord, as last seen, with what its new settings say of it."""
    standing = configured_badges(before)
    found = tuple(badge for badge in snapshot.badges if badge not in standing)
    return replace(
        snapshot,
        folder=settings.folder,
        tags=settings.tags,
        read_only=settings.read_only,
        badges=configured_badges(settings) + found,
    )


class Poller:
    """Polls one host for ever. All methods belong to the engine's loop."""

    def __init__(
        self,
        settings: HostSettings,
        supervisor: Supervisor,
        publish: Callable[[HostSnapshot], None],
        *,
        schedule: Schedule | None = None,
        feed: Feed | None = None,
        first_delay: float = 0.0,
        has_login: bool = False,
        restart_expected: Callable[[], bool] = lambda: False,
        snapshot: HostSnapshot | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`restart_expected` tells whether a job of ours is restarting this supervisord; without `feed` it is only polled.

        A `snapshot` is what is known of it before its first answer.
        """
        self.settings = settings
        self.snapshot = snapshot or pending_snapshot(settings)
        self._supervisor = supervisor
        self._publish = publish
        self._schedule = schedule or Schedule(settings.poll)
        self._feed = feed
        if feed is not None:
            feed.attach(self._wake_up, self._wake_up_soon)
        self._has_login = has_login
        self._restart_expected = restart_expected
        self._clock = clock
        self._due: float | None = clock() + first_delay
        self._whole_due = float("-inf")
        """When everything is read again, also with a live feed."""
        self._whole_wanted = False
        """Somebody wants everything read, whatever a feed says."""
        self._reading = False
        self._keys_of: dict[str, list[ProcessKey]] = {}
        """The rows by raw name: a main log tells no groups."""
        self._wake = asyncio.Event()
        self._waiters: list[asyncio.Future[HostSnapshot]] = []
        self._identified = False
        self._identify_tries = 0
        self._restart_seen: float | None = None

    @property
    def settled(self) -> bool:
        """Whether it is known as well as it will be for now: it failed, or it answered and was asked who it is."""
        tried = self.snapshot.tried_at is not None
        return tried and (not self.snapshot.fresh or self._identified or self._identify_tries > 0)

    def poll_now(self) -> None:
        """Poll at once, also a host that was given up because of its password."""
        self._schedule.resume()
        self._read_everything()

    async def fresh(self) -> HostSnapshot:
        """What a poll shows that begins after this call; several callers share one. Never raises WireError."""
        waiter: asyncio.Future[HostSnapshot] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._read_everything()
        return await waiter

    def let_go(self) -> None:
        """Nobody polls it any more: close what follows its log."""
        if self._feed is not None:
            self._feed.close()

    def _read_everything(self) -> None:
        self._whole_wanted = True
        self._wake.set()

    def _wake_up(self) -> None:
        self._wake.set()

    def _wake_up_soon(self) -> None:
        """Its stream has ended, as in a restart, when it must not be asked at once (see schedule.RESTART_PAUSE)."""
        asyncio.get_running_loop().call_later(RESTART_PAUSE, self._wake.set)

    async def run(self) -> None:
        """Poll until cancelled. An exception that is not a host's fault ends this call; `run` may be called again."""
        try:
            while True:
                await self._rest()
                await self._turn()
        except asyncio.CancelledError:
            for waiter in self._waiters:
                waiter.cancel()
            raise

    async def _rest(self) -> None:
        """Sleep until the next poll is due or somebody wants one; a restarting supervisord is spared, whoever asks."""
        if self.snapshot.state is HostState.RESTARTING and self.snapshot.tried_at is not None:
            await asyncio.sleep(self.snapshot.tried_at + RESTART_PAUSE - self._clock())
        if self._wake.is_set():
            return
        if self._due is None:
            await self._wake.wait()
            return
        delay = self._due - self._clock()
        if delay > 0:
            loop = asyncio.get_running_loop()
            alarm = loop.call_at(ceil((loop.time() + delay) / SLICE) * SLICE, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                alarm.cancel()

    async def _turn(self) -> None:
        """One poll, and everybody who waited for it told. Those who come while it runs wait for the next one."""
        self._wake.clear()
        waiters, self._waiters = self._waiters, []
        whole, self._whole_wanted = self._whole_wanted, False
        self._reading = True
        try:
            snapshot = await self._poll(whole)
            self._show(snapshot)
        except BaseException:
            self._waiters += waiters
            self._whole_wanted = True
            self._due = self._clock() + RESTART_PAUSE
            raise
        finally:
            self._reading = False
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(snapshot)
        if snapshot.fresh and not self._identified:
            await self._identify()

    async def _poll(self, whole: bool) -> HostSnapshot:
        """What a read shows, or how it failed; the wire keeps the deadline."""
        try:
            return await (self._read_whole() if whole else self._read())
        except WireError as error:
            return self._failed(error)

    async def _read(self) -> HostSnapshot:
        """Everything; or, when the feed is live and everything is not due, what it named or a sign of life."""
        feed, asked = self._feed, self._clock()
        if feed is not None:
            feed.verdict()
        if feed is None or not feed.live or asked >= self._whole_due:
            return await self._read_whole()
        news = feed.take()
        if news.whole or any(name not in self._keys_of for name in news.names):
            return await self._read_whole()
        keys = [key for name in news.names for key in self._keys_of[name]]
        if len(keys) > FEW:
            return await self._read_whole()
        if not keys:
            await self._supervisor.state()
            answered = self._clock()
            self._schedule.round_trip(answered - asked)
            return self._appointed(nothing_new(self.snapshot, answered))
        return await self._read_named(keys)

    async def _read_named(self, keys: Sequence[ProcessKey]) -> HostSnapshot:
        asked = self._clock()
        try:
            answer = await self._supervisor.processes(keys)
        except Fault as fault:
            if fault.code == FaultCode.SHUTDOWN_STATE:
                raise
            assert self._feed is not None
            self._feed.give_up(f"it cannot be asked for some of its processes ({clean(fault.text, 80)})")
            return await self._read_whole()
        found = dict(zip(keys, answer.processes, strict=True))
        if not all(found.values()):
            return await self._read_whole()  # a group went away
        rows = {key: process for key, process in found.items() if process is not None}
        return self._appointed(some(self.snapshot, rows, answer.now, asked, self._clock()))

    async def _read_whole(self) -> HostSnapshot:
        feed = self._feed
        if self._schedule.breaker_open:
            await self._supervisor.state()
        if feed is not None:
            feed.whole_read_begins()
        asked = self._clock()
        answer = await self._supervisor.status()
        answered = self._clock()
        before = self.snapshot.processes
        snapshot = everything(self.snapshot, answer, asked, answered)
        self._restart_seen = None
        self._due = answered + self._schedule.after_success(answered - asked, answered)
        self._whole_due = answered + self._schedule.spread(max(WHOLE_SECONDS, self._schedule.period))
        if feed is not None:
            if snapshot.processes is not before or not self._keys_of:
                self._keys_of = _by_name(snapshot.processes)
            feed.whole_read_ended(before, snapshot.processes)
            feed.consider(len(snapshot.processes))
        return self._appointed(snapshot)

    def _appointed(self, snapshot: HostSnapshot) -> HostSnapshot:
        """The snapshot with the time of the next read, and how it is kept current in words."""
        feed = self._feed
        if feed is not None and feed.live:
            assert snapshot.read_at is not None
            self._due = min(self._whole_due, snapshot.read_at + self._schedule.jittered(BEAT))
            if feed.verdict_at is not None:
                self._due = min(self._due, feed.verdict_at)
        return replace(snapshot, next_at=self._due, rhythm=self._rhythm())

    def _rhythm(self) -> str:
        feed = self._feed
        if feed is not None and feed.live:
            return f"by its main log, and everything every {self._in_words(max(WHOLE_SECONDS, self._schedule.period))}"
        words = f"asked every {self._in_words(self._schedule.period)}"
        if self._schedule.slowed:
            words += ", as its answers take it long"
        return f"{words}; {feed.reason}" if feed is not None and feed.reason else words

    def _in_words(self, seconds: float) -> str:
        exact = seconds == self.settings.poll
        return f"{seconds:g}s" if exact and seconds < 60 else compact_duration(seconds)

    def grow_stale(self) -> None:
        """While a read hangs its outcome is not known, but its host must not look current for ever: look now and then."""
        if self._reading and self.snapshot.fresh and self._is_old():
            self._show(
                replace(
                    self.snapshot,
                    state=HostState.STALE,
                    problem="no answer yet to the newest poll",
                    advice=f"it has {self.settings.timeout:g} s to answer",
                )
            )

    def _is_old(self) -> bool:
        age = self.snapshot.age(self._clock()) or 0.0
        live = self._feed is not None and self._feed.live
        return age > max(self._schedule.stale_after, 2 * BEAT if live else 0.0)

    def set_drift(self, words: str) -> None:
        """What an update would do now, clean; empty for nothing."""
        if words != self.snapshot.drift:
            self._show(replace(self.snapshot, drift=words))

    def _show(self, snapshot: HostSnapshot) -> None:
        self.snapshot = snapshot
        self._publish(snapshot)

    # --- what a poll brought ----------------------------------------------------------------------------------------

    def _failed(self, error: WireError) -> HostSnapshot:
        now = self._clock()
        self._identified, self._identify_tries = False, 0
        if self._feed is not None:
            self._feed.close()
        state = HostState(error.cause.value)
        problem, advice = error.problem, error.advice or advice_for(error.cause)
        if self._is_restarting(error, now):
            state, problem, advice = HostState.RESTARTING, RESTARTING_PROBLEM, RESTARTING_ADVICE
            self.snapshot = replace(self.snapshot, drift="")  # it reads its files when it begins
            self._due = now + self._schedule.after_restarting()
        elif error.cause is Cause.AUTH:
            self._due = None
        else:
            self._due = now + self._schedule.after_failure()
        return replace(
            self.snapshot,
            state=state,
            problem=clean(problem, WORDS),
            advice=clean(advice, WORDS),
            tried_at=now,
            next_at=self._due,
        )

    def _is_restarting(self, error: WireError, now: float) -> bool:
        """Fault 6 says so itself; a closed door does so for a while after, or while our own job restarts it."""
        if isinstance(error, Fault):
            if error.code != FaultCode.SHUTDOWN_STATE:
                return False
            self._restart_seen = now
            return True
        if error.cause not in _DOOR_CLOSED:
            return False
        if self._restart_seen is not None and now - self._restart_seen < RESTART_GRACE:
            return True
        return self._restart_expected()

    # --- once after each connect ------------------------------------------------------------------------------------

    async def _identify(self) -> None:
        """Ask who it is; a supervisord that does not tell is asked again at the next poll, twice in all."""
        self._identify_tries += 1
        try:
            asked = self._clock()
            version = await self._supervisor.version()
            self._schedule.round_trip(self._clock() - asked)
            identification = await self._supervisor.identification()
            is_go = version == "3.0" and not await self._supervisor.methods()
        except WireError as error:
            log.info("%s does not say who it is: %s", self.settings.name, error)
            self._identified = self._identify_tries >= _IDENTIFY_TRIES
            self._show(self.snapshot)
            return
        self._identified = True
        if is_go and self._feed is not None:
            self._feed.give_up("it is the Go implementation, whose log is not the same")
        found = configured_badges(self.settings) + (() if is_go else version_badges(version))
        if not self._has_login and not loopback(self.settings.endpoint):
            found += ("no password asked",)
        self._show(replace(self.snapshot, version=version, identification=identification, badges=found))


def _by_name(processes: Iterable[Process]) -> dict[str, list[ProcessKey]]:
    """Raw name to the rows of that name. Odd names are left out: they cannot be asked for, so they mean a whole read."""
    keys: dict[str, list[ProcessKey]] = {}
    odd = set()
    for process in processes:
        keys.setdefault(process.key.name, []).append(process.key)
        if not process.addressable:
            odd.add(process.key.name)
    return {name: found for name, found in keys.items() if name not in odd}
