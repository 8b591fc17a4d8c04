"""One supervisord kept current: a task a host that reads, waits and reads again, whatever the other hosts do.

Who comes in: the engine, which starts `run` and takes each `HostSnapshot` from `publish`; jobs, which want a read that began
after they asked (`fresh`). The rule: a failed poll changes how the host is, never its rows; they only age.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from tui.config.remarks import badges as configured_badges
from tui.config.schema import HostSettings
from tui.config.urls import loopback
from tui.engine.advice import RESTARTING_ADVICE, RESTARTING_PROBLEM, advice_for, version_badges
from tui.engine.schedule import RESTART_PAUSE, Schedule
from tui.errors import Cause, Fault, FaultCode, WireError
from tui.model.host import HostSnapshot, answering_state
from tui.model.states import ANSWERING, HostState
from tui.rpc.client import StatusAnswer, Supervisor
from tui.text import clean

log = logging.getLogger(__name__)

RESTART_GRACE = 15.0
"""Seconds after the last sign of a restart (fault 6) during which a closed door still counts as restarting."""
CLOCK_SLACK = 0.05
"""Seconds by which a server's clock may seem to miss its own second before we believe that it moved."""
BACKSTOP = 60.0
"""Seconds beyond a host's own deadline, which the wire keeps and which leaves out the wait for a turn to connect."""
WORDS = 300
"""Cells that a problem or an advice may take."""

_DOOR_CLOSED = frozenset({Cause.REFUSED, Cause.PROTOCOL, Cause.RESTARTING})
"""What a supervisord that restarts looks like from outside, besides fault 6."""
_IDENTIFY_TRIES = 2


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


def clock_offset(previous: float | None, now: int, asked: float, answered: float) -> float:
    """Server epoch seconds minus our clock, from an answer that says `now` (whole seconds, cut off).

    The server's clock stood between `now` and `now + 1` at some time between `asked` and `answered`. As long as the offset
    known so far agrees with that it is kept, so that uptimes do not tremble; a jump of either clock is taken over at once.
    """
    least, most = now - answered, now + 1 - asked
    if previous is None:
        return (least + most) / 2
    if least - CLOCK_SLACK <= previous <= most + CLOCK_SLACK:
        return previous
    return least if previous < least else most


class Poller:
    """Polls one host for ever. All methods belong to the engine's loop."""

    def __init__(
        self,
        settings: HostSettings,
        supervisor: Supervisor,
        publish: Callable[[HostSnapshot], None],
        *,
        schedule: Schedule | None = None,
        first_delay: float = 0.0,
        has_login: bool = False,
        restart_expected: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`restart_expected` tells whether a job of ours is restarting this supervisord."""
        self.settings = settings
        self.snapshot = pending_snapshot(settings)
        self._supervisor = supervisor
        self._publish = publish
        self._schedule = schedule or Schedule(settings.poll)
        self._has_login = has_login
        self._restart_expected = restart_expected
        self._clock = clock
        self._due: float | None = clock() + first_delay
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
        self._wake.set()

    async def fresh(self) -> HostSnapshot:
        """What a poll shows that begins after this call; several callers share one. Never raises WireError."""
        waiter: asyncio.Future[HostSnapshot] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._wake.set()
        return await waiter

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
            alarm = asyncio.get_running_loop().call_later(delay, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                alarm.cancel()

    async def _turn(self) -> None:
        """One poll, and everybody who waited for it told. Those who come while it runs wait for the next one."""
        self._wake.clear()
        waiters, self._waiters = self._waiters, []
        try:
            snapshot = await self._poll()
            self._show(snapshot)
        except BaseException:
            self._waiters += waiters
            self._due = self._clock() + RESTART_PAUSE
            raise
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(snapshot)
        if snapshot.fresh and not self._identified:
            await self._identify()

    async def _poll(self) -> HostSnapshot:
        alarm = asyncio.get_running_loop().call_later(self._seconds_to_stale(), self._grow_stale)
        asked = self._clock()
        try:
            async with asyncio.timeout(
                2 * self.settings.timeout + 1
            ):  # the wire keeps its own, tighter deadline
                if self._schedule.breaker_open:
                    await self._supervisor.state()
                    asked = self._clock()
                answer = await self._supervisor.status()
        except WireError as error:
            return self._failed(error)
        except TimeoutError:
            return self._failed(WireError(Cause.TIMEOUT, "no answer at all"))
        finally:
            alarm.cancel()
        return self._answered(answer, asked, self._clock())

    def _seconds_to_stale(self) -> float:
        """While a poll hangs its outcome is not known, but its host must not look current for ever."""
        age = self.snapshot.age(self._clock()) or 0.0
        return max(0.0, self._schedule.stale_after - age)

    def _grow_stale(self) -> None:
        if self.snapshot.fresh:
            self._show(
                replace(
                    self.snapshot,
                    state=HostState.STALE,
                    problem="no answer yet to the newest poll",
                    advice=f"it has {self.settings.timeout:g} s to answer",
                )
            )

    def _show(self, snapshot: HostSnapshot) -> None:
        self.snapshot = snapshot
        self._publish(snapshot)

    # --- what a poll brought ----------------------------------------------------------------------------------------

    def _answered(self, answer: StatusAnswer, asked: float, answered: float) -> HostSnapshot:
        last = self.snapshot
        known = last.clock_offset or None
        offset = clock_offset(known, answer.now, asked, answered) if answer.now else last.clock_offset
        same = answer.processes is last.processes and last.state in ANSWERING
        self._restart_seen = None
        self._due = answered + self._schedule.after_success(answered - asked, answered)
        return replace(
            last,
            state=last.state if same else answering_state(answer.processes),
            problem="",
            advice="",
            processes=answer.processes,
            read_at=answered,
            tried_at=answered,
            next_at=self._due,
            clock_offset=offset,
            latency=answered - asked,
        )

    def _failed(self, error: WireError) -> HostSnapshot:
        now = self._clock()
        self._identified, self._identify_tries = False, 0
        state = HostState(error.cause.value)
        problem, advice = error.problem, error.advice or advice_for(error.cause)
        if self._is_restarting(error, now):
            state, problem, advice = HostState.RESTARTING, RESTARTING_PROBLEM, RESTARTING_ADVICE
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
            version = await self._supervisor.version()
            identification = await self._supervisor.identification()
            is_go = version == "3.0" and not await self._supervisor.methods()
        except WireError as error:
            log.info("%s does not say who it is: %s", self.settings.name, error)
            self._identified = self._identify_tries >= _IDENTIFY_TRIES
            self._show(self.snapshot)
            return
        self._identified = True
        found = configured_badges(self.settings) + (() if is_go else version_badges(version))
        if not self._has_login and not loopback(self.settings.endpoint):
            found += ("no password asked",)
        self._show(replace(self.snapshot, version=version, identification=identification, badges=found))
