"""Many supervisords kept current in a thread of its own, and jobs that act on them.

Who comes in: a screen or the command line, from any thread. What leaves: immutable pictures, and one coalesced wake-up when
there is something new to see. The rule: only the engine's thread touches the fleet, the pollers and the jobs; every task
in it is supervised, so that an exception ends in the log and as a notice, never in silence.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tui.config.differences import Differences, differences
from tui.config.passwords import know
from tui.config.redactor import Redactor
from tui.config.schema import Settings
from tui.config.secrets import Secret
from tui.engine.acting.memory import Memory
from tui.engine.answered import Answered
from tui.engine.connections import IDLE_SECONDS, Connections, allow_many_files, give_memory_back
from tui.engine.journal import FILE_NAME as JOURNAL_FILE
from tui.engine.journal import Journal
from tui.engine.loop_thread import LoopThread
from tui.engine.notices import Notices
from tui.engine.supervision import Supervision
from tui.engine.wakeups import Wakeups
from tui.engine.watching.poller import pending_snapshot
from tui.engine.watching.schedule import STAGGER_FROM
from tui.engine.watching.watch import Watch, first_seen
from tui.errors import NoMatchError, SupervisorTuiError
from tui.model.fleet import Fleet, FleetPicture, Transition
from tui.model.host import HostSnapshot
from tui.model.plan import Plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.timeline import Timeline
from tui.rpc.client import Reread, Supervisor

if TYPE_CHECKING:  # imported when first needed: `status` begins no job and follows no log
    from tui.engine.acting.jobs import JobPicture, Jobs
    from tui.engine.history.recorder import Recorder
    from tui.engine.journal_reading import Deed, LastDeeds
    from tui.engine.logs.following import Channel, LogFollow, LogLine
    from tui.engine.logs.open_logs import OpenLogs

log = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_FINISH = 60.0
"""Seconds that restarts get to be finished in when we leave, however slowly their programs may stop."""
_CLOSE_SECONDS = 5.0
"""On top of the time for restarts, for closing what is open."""
HOST_RELOADED = "this host has changed in, or gone from, the configuration: close this log, and open it anew"


class Engine:
    """One run over the hosts of `settings`. Every public method may be called from any thread but the engine's own."""

    def __init__(
        self,
        settings: Settings,
        *,
        read_only: bool = False,
        state_dir: Path | None = None,
        passwords: Mapping[str, Secret] | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """`state_dir` holds the journal and what was running; None: neither is kept. Nothing is contacted before `start`.

        A `recorder` is started and closed with the engine, and gets every transition.
        """
        self.settings = settings
        self.read_only = read_only
        self.timeline = Timeline()
        self.policy = settings.policy(read_only=read_only)
        self._notices = Notices()
        self.redact = Redactor()
        """Strikes out every password of these hosts."""
        self._passwords = passwords or {}
        know(self.redact, settings.hosts.values(), self._passwords)
        self._connections = Connections(
            settings.hosts, self._passwords, read_only=read_only, redact=self.redact
        )
        self._fleet = Fleet(pending_snapshot(host) for host in settings.hosts.values())
        self._picture = self._fleet.picture()
        self._supervision = Supervision(self._notice)
        self._watch = Watch(self._connections, self._take_in, self._supervision.begin, self._is_ours)
        self._drift: asyncio.Task[None] | None = None
        self._wakeups = Wakeups(self._refresh, self._supervision.failed)
        self._journal = Journal(state_dir, required=settings.journal_required, complain=self._notice)
        self._memory = Memory(state_dir, complain=self._notice)
        self._state_dir = state_dir
        self._last_deeds: LastDeeds | None = None
        self._recorder = recorder
        self._job_pictures: tuple[JobPicture, ...] = ()
        self._job_moved = threading.Condition()
        self._answered = Answered(settings.hosts)
        self._logs: OpenLogs | None = None
        self._jobs: Jobs | None = None
        self._stopping = asyncio.Event()
        self._grace: float | None = None
        self._thread = LoopThread(self._main, "engine")

    # --- life -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch; returns as soon as the thread runs. A second call does nothing."""
        allow_many_files()
        if len(self.settings.hosts) > STAGGER_FROM:
            give_memory_back()
        self._thread.start()
        if self._recorder is not None:
            self._recorder.start(lambda: self._picture, self._told_from_outside, self._recall)

    def stop(self, grace: float | None = None) -> None:
        """Finish pending restarts, close every connection, end the thread. May be called again.

        Restarts get `grace` seconds, or what their programs' settings allow for, LONGEST_FINISH at most.
        """
        if not self._thread.started:
            return

        def begin() -> None:
            self._grace = grace
            self._stopping.set()

        limit = (LONGEST_FINISH if grace is None else grace) + _CLOSE_SECONDS
        self._thread.tell(begin)
        if not self._thread.join(limit):
            log.error("the engine's thread has not ended within %g s", limit)
        if self._recorder is not None:
            self._recorder.close()

    @property
    def running(self) -> bool:
        """Whether its thread is at work."""
        return self._thread.running

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    # --- what there is to see ---------------------------------------------------------------------------------------

    @property
    def picture(self) -> FleetPicture:
        """The newest picture; immutable."""
        return self._picture

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user, oldest first, each only once."""
        return self._notices.all

    @property
    def jobs(self) -> tuple[JobPicture, ...]:
        """All jobs of this run, newest first."""
        return self._job_pictures

    @property
    def interrupted(self) -> tuple[ProcessKey, ...]:
        """Restarts that an earlier run began and never finished: these processes may stand still because of us."""
        return self._journal.interrupted

    def settle_interrupted(
        self, detail: str = "told to the user", keys: Iterable[ProcessKey] | None = None
    ) -> None:
        """Mention these restarts, or all, no more: the user knows of them and has decided."""
        chosen = self._journal.interrupted if keys is None else tuple(keys)
        self._thread.ask(lambda: self._journal.settle(chosen, detail))

    def remembered(self, host: str) -> frozenset[ProcessKey]:
        """What ran on this host when everything on it was stopped."""
        return self._memory.remembered(host)

    def last_deeds(self, key: ProcessKey) -> tuple[Deed, ...]:
        """What was done to this process or host lately with this program, newest first; reads a file, so not on a busy loop."""
        if self._last_deeds is None:
            from tui.engine.journal_reading import LastDeeds

            if self._state_dir is None:
                return ()
            self._last_deeds = LastDeeds(self._state_dir / JOURNAL_FILE)
        return self._last_deeds.of(key)

    @property
    def history_directory(self) -> Path | None:
        """Where what was seen is kept, for `engine.history.reading`; None: nothing is."""
        return None if self._recorder is None else self._recorder.directory

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` on the engine's thread when there is something new to see, about ten times a second at most.

        Returns what ends the subscription.
        """
        return self._wakeups.subscribe(wake)

    def wait_answered(self, seconds: float) -> bool:
        """Wait until every host has answered or failed once; False when that took longer."""
        return self._answered.wait(seconds)

    def poll_now(self, hosts: Iterable[str] | None = None) -> None:
        """Poll these hosts, or all, at once; also those that were given up because of their password."""
        wanted = None if hosts is None else tuple(hosts)
        self._thread.tell(lambda: self._watch.poll_now(wanted))

    def reload(
        self, settings: Settings, passwords: Mapping[str, Secret]
    ) -> concurrent.futures.Future[Differences]:
        """Work with these settings from now on; hosts that are as they were keep all they have.

        Guardrails and read-only hold for the next `submit`. RefusedError in the result, and nothing changed, while
        something is under way on a host that would go or change, or while other guardrails would hold for the rest of a job.
        """
        return self._thread.future(self._reload(settings, passwords))

    # --- acting -----------------------------------------------------------------------------------------------------

    def submit(self, plan: Plan, confirmed: Tier) -> int:
        """Begin a job; its number. Raises RefusedError when policy, or a missing confirmation, forbids it."""
        return self._thread.ask(lambda: self._started_jobs().submit(plan, confirmed))

    def cancel(self, number: int) -> None:
        """Begin no further step of this job; what was begun is followed to its end."""
        self._thread.ask(lambda: self._started_jobs().cancel(number))

    def wait_job(self, number: int, seconds: float | None = None) -> JobPicture:
        """The job when it has finished, or as it stands after `seconds`. Raises NoMatchError for an unknown number."""
        deadline = None if seconds is None else time.monotonic() + seconds
        with self._job_moved:
            while True:
                job = next((job for job in self._job_pictures if job.number == number), None)
                if job is None:
                    raise NoMatchError(f"there is no job {number}")
                left = 1.0 if deadline is None else deadline - time.monotonic()
                if job.finished or left <= 0 or not self.running:
                    return job
                self._job_moved.wait(min(left, 1.0))

    def preview_update(
        self, hosts: Iterable[str]
    ) -> concurrent.futures.Future[dict[str, Reread | SupervisorTuiError]]:
        """Have supervisord re-read its files and say what they would change, host by host.

        Every client sees the effect of that, so it is refused (as a RefusedError in the result) where read-only.
        """
        return self._thread.future(self._preview(tuple(hosts)))

    # --- asking -----------------------------------------------------------------------------------------------------

    def ask(self, host: str, question: Callable[[Supervisor], Awaitable[T]]) -> concurrent.futures.Future[T]:
        """Run `question` in the engine with a supervisord of this host that refuses changes; cancel the future to give up."""

        async def answer() -> T:
            return await question(self._connections.looking(host))

        return self._thread.future(answer())

    def follow_logs(
        self,
        keys: Sequence[ProcessKey],
        channels: frozenset[Channel],
        on_lines: Callable[[Sequence[LogLine]], None],
        history: int = 64 * 1024,
    ) -> LogFollow:
        """Logs from `history` bytes back until `close`; `on_lines` gets batches on the engine's thread, 20 a second at most.

        A host's key stands for its supervisord's own log.
        """
        if self._logs is None:
            from tui.engine.logs.open_logs import OpenLogs

            self._logs = OpenLogs(
                self.settings.logs.streams,
                looking=self._connections.looking,
                picture=self._fleet.picture,
                supervise=self._supervision.begin,
                tell=self._thread.tell,
            )
        return self._logs.follow(keys, channels, on_lines, history)

    # --- the engine's thread ----------------------------------------------------------------------------------------

    async def _main(self, ready: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._supervision.loop_failed)
        self._wakeups.attach(loop)
        self._watch.begin(self.settings.hosts.values())
        self._supervision.begin("closing idle connections", self._close_idle)
        self._supervision.begin("looking for hosts that hang", self._watch.look_for_stale)
        self._watch_for_drift()
        ready()
        try:
            await self._stopping.wait()
            if self._jobs is not None:
                grace = min(self._jobs.time_needed, LONGEST_FINISH) if self._grace is None else self._grace
                await self._jobs.finish(grace)
        finally:
            await self._wind_down()

    async def _wind_down(self) -> None:
        if self._logs is not None:
            self._logs.close()
        await self._supervision.end()
        await self._connections.close()
        self._journal.close()
        self._answered.nobody_more()
        self._wakeups.now()
        with self._job_moved:
            self._job_moved.notify_all()

    def _take_in(self, snapshot: HostSnapshot) -> None:
        """A poller's newest snapshot into the fleet."""
        change = self._fleet.apply(snapshot, wall=time.time(), ours=self._ours())
        if change.transitions:
            if self._recorder is not None:
                self._recorder.add(change.transitions)  # before the picture shows them: see `Recorder`
            self._refresh()  # whoever reads of a change in the timeline must find it in the picture
            self.timeline.add(change.transitions)
        self._wakeups.schedule(visible=change.visible)
        if self._answered.misses(snapshot.host) and self._watch.settled(snapshot.host):
            self._answered.heard(snapshot.host, self._wakeups.now)  # who waits must find it in the picture

    def _refresh(self) -> None:
        self._picture = self._fleet.picture()

    def _ours(self) -> frozenset[ProcessKey]:
        return frozenset() if self._jobs is None else self._jobs.ours

    def _is_ours(self, key: ProcessKey) -> bool:
        return key in self._ours()

    def _jobs_changed(self) -> None:
        if self._jobs is not None:
            self._refresh()  # whoever sees a job's end must find its effect in the picture
            with self._job_moved:
                self._job_pictures = self._jobs.pictures
                self._job_moved.notify_all()
        self._wakeups.schedule(visible=True)

    async def _preview(self, hosts: Sequence[str]) -> dict[str, Reread | SupervisorTuiError]:
        return dict(zip(hosts, await asyncio.gather(*map(self._preview_one, hosts)), strict=True))

    async def _preview_one(self, host: str) -> Reread | SupervisorTuiError:
        try:
            return await self._started_jobs().preview_update(host)
        except SupervisorTuiError as error:
            return error

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_SECONDS / 3)
            self._connections.close_idle()

    def _watch_for_drift(self) -> None:
        if self._drift is not None:
            self._drift.cancel()
            self._drift = None
        hosts = tuple(self.settings.hosts.values())
        if any(host.check_drift for host in hosts):
            ask = functools.partial(
                self._watch.check_drift, hosts, lambda host: self._started_jobs().read_files(host)
            )
            self._drift = self._supervision.begin("looking for changed files", ask)

    async def _reload(self, settings: Settings, passwords: Mapping[str, Secret]) -> Differences:
        """All of it in one turn of the loop, but for the ends of what is no longer wanted."""
        before = self.settings
        difference = differences(before, self._passwords, settings, passwords)
        if self._jobs is not None or difference.ended:
            self._started_jobs().refuse_while_acting(difference.ended, rules=difference.guardrails)
        policy = settings.policy(read_only=self.read_only)
        know(self.redact, settings.hosts.values(), passwords)
        self.settings, self._passwords, self.policy = settings, passwords, policy
        self._journal.required = settings.journal_required
        if self._logs is not None:
            if settings.logs != before.logs:
                self._logs.allow(settings.logs.streams)
            self._logs.leave(difference.ended, HOST_RELOADED)
        tasks = self._watch.end(difference.ended)
        supervisors = self._connections.take_over(settings.hosts, passwords, difference.ended)
        snapshots = tuple(first_seen(difference, before, settings, self._fleet.picture()))
        self._fleet.exchange(difference.ended, snapshots, settings.hosts)
        if difference.ended:
            self._started_jobs().hosts_ended(difference.ended, self._fleet.picture().number)
        self._answered.hosts_changed(difference.ended, difference.begun)
        self._watch.begin(map(settings.hosts.__getitem__, difference.begun), snapshots)
        self._watch_for_drift()
        self._wakeups.schedule(visible=True)
        self._wakeups.now()  # whoever hears of the end must find it in the picture
        await asyncio.gather(*tasks, *(one.close() for one in supervisors), return_exceptions=True)
        return difference

    def _drifted(self, host: str, reread: Reread) -> None:
        from tui.engine.acting.daemon_actions import reread_words

        poller = self._watch.get(host)
        if poller is not None:
            poller.set_drift(reread_words(reread) if reread != Reread() else "")

    def _started_jobs(self) -> Jobs:
        if self._jobs is None:
            from tui.engine.acting.jobs import Jobs
            from tui.engine.acting.kept_jobs import KeptJobs

            self._jobs = Jobs(
                supervisors=self._connections.acting,
                picture=self._fleet.picture,
                poll=self._watch.fresh,
                journal=self._journal,
                memory=self._memory,
                kept=KeptJobs(self._state_dir, complain=self._notice),
                policy=lambda: self.policy,
                changed=self._jobs_changed,
                failed=self._supervision.failed,
                drifted=self._drifted,
            )
        return self._jobs

    def _told_from_outside(self, text: str) -> None:
        """A notice of another thread's; also when the engine's own has just ended."""
        if self.running:
            self._thread.tell(functools.partial(self._notice, text))
        else:
            self._notices.add(text)

    def _recall(self, earlier: Sequence[Transition]) -> None:
        self._thread.tell(functools.partial(self.timeline.recall, earlier))

    def _notice(self, text: str) -> None:
        if self._notices.add(self.redact(text)):
            self._wakeups.schedule(visible=True)
