"""Plans being carried out: in batches, one action at a time on each host, one outcome per target.

Who comes in: a frozen `Plan` and how firmly the user has confirmed it. What leaves: immutable `JobPicture`s. Lives on the
engine's loop; policy is asked here once more, whatever a screen may have shown.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from tui.engine.acting.actions import act_on_process, finish_restart_later
from tui.engine.acting.daemon_actions import act_on_host, preview
from tui.engine.acting.job_picture import JobPicture, hosts_not_begun, note
from tui.engine.acting.kept_jobs import KeptJobs
from tui.engine.acting.memory import Memory
from tui.engine.acting.program_limits import ProgramLimits
from tui.engine.acting.same_daemon import AskedDaemon
from tui.engine.acting.scene import REQUEST_SECONDS, Scene
from tui.engine.acting.settling import settle
from tui.engine.journal import Journal
from tui.errors import NoMatchError, RefusedError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.plan import HOST_VERBS, LEAVES_A_TRACE, MOVES_NO_PROCESS, Plan, Step, Verb, make_plan
from tui.model.policy import Policy, Tier
from tui.model.process import Process, ProcessKey
from tui.model.states import HostState, OutcomeKind, ProcessState
from tui.rpc.answers import Reread
from tui.rpc.client import Supervisor
from tui.text import clean

log = logging.getLogger(__name__)

HOSTS_AT_ONCE = 64
LEAST_FINISH = 10.0
OURS_SECONDS = 5.0
"""So long after an action a change of its target still counts as ours."""
SETTLE_SECONDS = 600.0
"""So long an UNKNOWN outcome is looked after: the host may come back and tell."""
LIMITS_SECONDS = 300.0
"""So long a host's settings are believed: another operator may update it."""
WHEN_ENDED = "reload when it has ended"
_SETTLE_PAUSE = 2.0
_SECOND_LOOK = 0.3
"""A supervisord that answers has read by then what came to it before."""


class Jobs:
    """Every job of this run."""

    def __init__(
        self,
        *,
        supervisors: Callable[[str], Supervisor],
        picture: Callable[[], FleetPicture],
        poll: Callable[[str], Awaitable[HostSnapshot]],
        journal: Journal,
        memory: Memory,
        kept: KeptJobs,
        policy: Callable[[], Policy],
        changed: Callable[[], None],
        drifted: Callable[[str, Reread], None] = lambda host, reread: None,
        failed: Callable[[str, BaseException | None], None] = lambda what, error: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`supervisors` gives the one that may act; `poll` a fresh reading, taken into the fleet; `policy` the rules that
        hold now; `changed` is told of every new picture, `drifted` of what an update of a host would do, `failed` of a mistake of ours."""
        self.pictures: tuple[JobPicture, ...] = ()
        """Newest first."""
        self._supervisors = supervisors
        self._picture = picture
        self._poll = poll
        self._journal = journal
        self._memory = memory
        self._kept = kept
        self._policy = policy
        self._changed = changed
        self._drifted = drifted
        self._failed = failed
        self._clock = clock
        self._limits: dict[str, tuple[float, ProgramLimits]] = {}
        self._previews: dict[str, Reread] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._places = asyncio.Semaphore(HOSTS_AT_ONCE)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._settling: dict[asyncio.Task[None], str] = {}
        """With the host that each is about."""
        self._replaced: dict[str, int] = {}
        """By the number of the picture since which a name stands for what a reload has put in its place."""
        self._recent: dict[ProcessKey, float] = {}
        self._restarting: dict[ProcessKey, float] = {}
        """Until when each restart that is under way may take."""
        self._closing = False

    # --- what a user may do -----------------------------------------------------------------------------------------

    def submit(self, plan: Plan, confirmed: Tier) -> int:
        """Begin a job; its number. Raises RefusedError when policy says no or wants to be asked more firmly."""
        self._refuse_other_hosts(plan)
        judgement = self._policy().judge(plan, self._picture(), self._clock())
        if judgement.refusal:
            raise RefusedError(judgement.refusal, judgement.advice)
        if confirmed < judgement.tier:
            raise RefusedError("this has not been confirmed as firmly as it must be", "ask again")
        if self._closing:
            raise RefusedError("the program is ending", "start it again")
        number = len(self.pictures) + 1
        skipped = {
            step.key: Outcome(step.key, OutcomeKind.SKIPPED, step.skip) for step in plan.steps if step.skip
        }
        self.pictures = (
            JobPicture(number, plan, self._clock(), outcomes=MappingProxyType(skipped)),
            *self.pictures,
        )
        self._remember(plan)
        self._tasks[number] = asyncio.create_task(self._run(number, plan), name=f"job {number}")
        self._tasks[number].add_done_callback(self._never_silently)
        self._changed()
        return number

    def cancel(self, number: int) -> None:
        """Begin nothing more of this job; what has begun is seen through."""
        if not self.job(number).finished:
            self._update(number, cancelled=True)

    def job(self, number: int) -> JobPicture:
        """The job with this number. Raises NoMatchError."""
        for job in self.pictures:
            if job.number == number:
                return job
        raise NoMatchError(f"there is no job {number}")

    @property
    def ours(self) -> frozenset[ProcessKey]:
        """What is being acted on, or was a moment ago: its changes are our doing."""
        now = self._clock()
        self._recent = {key: until for key, until in self._recent.items() if until > now}
        running = (
            job.running for job in self.pictures if job.running and job.plan.verb not in MOVES_NO_PROCESS
        )
        return frozenset(self._recent).union(*running)

    async def preview_update(self, host: str) -> Reread:
        """What an update of this host would do; the update is later held to it. Raises SupervisorTuiError."""
        self._previews[host] = await self.read_files(host)
        return self._previews[host]

    async def read_files(self, host: str) -> Reread:
        """The same, when nobody is shown what it says. Raises SupervisorTuiError."""
        plan = make_plan(Verb.REREAD, [ProcessKey(host)], self._picture(), self._clock())
        judgement = self._policy().judge(plan, self._picture(), self._clock())
        if judgement.refusal:
            raise RefusedError(judgement.refusal, judgement.advice)
        async with self._turn(host):
            return await preview(self._scene(host, ProgramLimits(), 0, wait=True), host)

    def refuse_while_acting(self, hosts: Iterable[str], *, rules: bool) -> None:
        """Raise RefusedError when something is under way on one of these hosts, or anywhere when the `rules` change."""
        wanted = frozenset(hosts)
        for job in self.pictures:
            met = job.plan.hosts if rules else [host for host in job.plan.hosts if host in wanted]
            if met and not job.finished:
                raise RefusedError(f"job {job.number} is running on {clean(met[0], 80)}", WHEN_ENDED)
        for host in wanted:
            if host in self._turns and self._turns[host].locked():
                raise RefusedError(f"{clean(host, 80)} is being asked or acted on", WHEN_ENDED)

    def hosts_ended(self, hosts: Iterable[str], number: int) -> None:
        """What is known of these is of no use any more, and what was asked before picture `number` was about others."""
        for host in hosts:
            self._replaced[host] = number
            self._limits.pop(host, None)
            self._previews.pop(host, None)
            for task in [task for task, about in self._settling.items() if about == host]:
                task.cancel()

    def _refuse_other_hosts(self, plan: Plan) -> None:
        """A host may have gone, or its name stand for another, since the question was put."""
        for host in plan.hosts:
            if host not in self._picture().hosts:
                raise RefusedError(f"there is no host {clean(host, 80)} any more", "see hosts.yaml")
            if plan.seen < self._replaced.get(host, 0):
                raise RefusedError(
                    f"{clean(host, 80)} was changed by a reload since this was asked", "ask again"
                )

    @property
    def time_needed(self) -> float:
        """Seconds that what is under way should get to end in: restarts what their programs' settings allow for."""
        return max([LEAST_FINISH, *(until - self._clock() for until in self._restarting.values())])

    async def finish(self, grace: float) -> None:
        """Begin nothing more, and give what has begun `grace` seconds to end: a restart cut short leaves a gap."""
        self._closing = True
        running = [task for task in self._tasks.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=grace)
        for task in (*running, *self._settling):
            task.cancel()
        await asyncio.gather(*running, *self._settling, return_exceptions=True)
        self._journal.close()

    # --- carrying out -----------------------------------------------------------------------------------------------

    async def _run(self, number: int, plan: Plan) -> None:
        steps = list(plan.acting)
        try:
            if plan.pace.canary and steps:
                canary = steps.pop(0)
                await self._batch(number, plan, [canary])
                if self.job(number).outcomes[canary.key].kind not in (OutcomeKind.DONE, OutcomeKind.SKIPPED):
                    self._skip(number, steps, "the canary did not come through")
                    steps = []
            size = plan.pace.size(len(plan.acting))
            for first in range(0, len(steps), size):
                await self._batch(number, plan, steps[first : first + size])
        finally:
            self._end(number, plan)

    async def _batch(self, number: int, plan: Plan, steps: Sequence[Step]) -> None:
        """All hosts of a batch at once, the steps of one host one after another."""
        by_host: dict[str, list[Step]] = {}
        for step in steps:
            by_host.setdefault(step.key.host, []).append(step)
        await _all_or_cancel(self._on_host(number, plan, host, mine) for host, mine in by_host.items())

    async def _on_host(self, number: int, plan: Plan, host: str, steps: Iterable[Step]) -> None:
        for step in steps:
            async with self._turn(host), self._places:
                if reason := self._why_not(number, plan):
                    self._skip(number, [step], reason)
                    continue
                await self._act(number, plan, step)

    async def _act(self, number: int, plan: Plan, step: Step) -> None:
        job = self.job(number)
        self._update(number, running=job.running | {step.key})
        try:
            scene = self._scene(
                step.key.host, await self._limits_of(step.key.host), number, wait=plan.pace.wait
            )
            if plan.verb is Verb.RESTART:
                self._restarting[step.key] = self._clock() + scene.limits.restart_seconds(step.key)
            outcome = await self._outcome(scene, plan, step)
        except asyncio.CancelledError:
            self._take(
                number, Outcome(step.key, OutcomeKind.UNKNOWN, "left while it was under way", step.state)
            )
            raise
        finally:
            self._restarting.pop(step.key, None)
            if plan.verb not in MOVES_NO_PROCESS:
                self._recent[step.key] = self._clock() + OURS_SECONDS
            self._update(number, running=self.job(number).running - {step.key})
        self._take(number, outcome)
        if outcome.kind is OutcomeKind.UNKNOWN and plan.verb in LEAVES_A_TRACE:
            self._look_after(scene, plan, step, outcome)

    async def _outcome(self, scene: Scene, plan: Plan, step: Step) -> Outcome:
        try:
            if plan.verb in HOST_VERBS:
                return await act_on_host(scene, plan, step, self._previews.pop(step.key.host, None))
            return await act_on_process(scene, plan, step)
        except Exception as error:  # the boundary of one step: a mistake of ours must not end the whole job
            log.exception("job %d failed at %s", scene.job, step.key)
            return Outcome(
                step.key,
                OutcomeKind.UNKNOWN,
                f"supervisor-tui itself failed here ({type(error).__name__}); the log tells more",
            )

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

    def _turn(self, host: str) -> asyncio.Lock:
        return self._turns.setdefault(host, asyncio.Lock())

    def _why_not(self, number: int, plan: Plan) -> str:
        job = self.job(number)
        if job.cancelled:
            return "cancelled before it began"
        if self._closing:
            return "the program ended before it began"
        if plan.pace.max_failed and job.failed >= plan.pace.max_failed:
            return f"not begun, as {job.failed} had failed"
        return ""

    # --- keeping the picture ----------------------------------------------------------------------------------------

    def _skip(self, number: int, steps: Iterable[Step], reason: str) -> None:
        self._take(
            number,
            *(Outcome(step.key, OutcomeKind.SKIPPED, reason, state_before=step.state) for step in steps),
        )

    def _take(self, number: int, *outcomes: Outcome) -> None:
        known = {**self.job(number).outcomes, **{outcome.key: outcome for outcome in outcomes}}
        self._update(number, outcomes=MappingProxyType(known))

    def _update(self, number: int, **changes: Any) -> None:  # noqa: ANN401  (the fields of JobPicture)
        self.pictures = tuple(
            replace(job, **changes) if job.number == number else job for job in self.pictures
        )
        self._changed()

    def _end(self, number: int, plan: Plan) -> None:
        """Every target gets an outcome, also when the job itself was ended."""
        job = self.job(number)
        left = [step for step in plan.steps if step.key not in job.outcomes]
        if left:
            self._skip(number, left, "the program ended before it began")
        if plan.verb in (Verb.UPDATE, Verb.REREAD, Verb.DAEMON_RESTART):
            for host in plan.hosts:
                self._limits.pop(host, None)
        if plan.verb is Verb.START:
            for host in plan.whole_hosts - hosts_not_begun(self.job(number)):
                self._memory.forget(host)
        self._journal.settle(plan_keys(plan), f"acted on again by job {number}")
        self._update(number, finished_at=self._clock(), note=note(self.job(number)))
        self._kept.keep(self.job(number))
        self._tasks.pop(number, None)

    def _remember(self, plan: Plan) -> None:
        if plan.verb is Verb.STOP:
            for host in plan.whole_hosts:
                self._memory.remember(host, [step.key for step in plan.acting if step.key.host == host])

    def _never_silently(self, task: asyncio.Task[None]) -> None:
        """Nobody awaits these tasks before the end, and they are kept: an error in one would be heard of by nobody."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(task.get_name(), error)

    # --- what was left open -----------------------------------------------------------------------------------------

    def _look_after(self, scene: Scene, plan: Plan, step: Step, outcome: Outcome) -> None:
        task = asyncio.create_task(self._settle(scene, plan, step, outcome), name=f"settle {outcome.key}")
        self._settling[task] = outcome.key.host
        task.add_done_callback(lambda done: self._settling.pop(done, None))
        task.add_done_callback(self._never_silently)

    async def _settle(self, scene: Scene, plan: Plan, step: Step, left: Outcome) -> None:
        """Read until the host tells what became of it; two readings, as a frozen one first answers and then acts."""
        number = scene.job
        deadline = self._clock() + SETTLE_SECONDS
        readings, finished = 0, False
        asked = self._clock()
        while self._clock() < deadline:
            # A reading that hung has waited already: the next one is there when a frozen supervisord thaws.
            pause = _SECOND_LOOK if readings == 1 else _SETTLE_PAUSE - (self._clock() - asked)
            await asyncio.sleep(max(_SECOND_LOOK, pause))
            asked = self._clock()
            # Asked for by hand, so that the answer does not wait for the back-off of a host that was away.
            snapshot = await self._poll(left.key.host)
            if snapshot.state is HostState.AUTH:
                return  # a wrong password is not tried again and again
            process = snapshot.by_key.get(left.key)
            if not snapshot.fresh or process is None:
                readings = 0
                continue
            readings += 1
            settled = await settle(scene, plan.verb, left, step, process, certain=readings > 1)
            if settled is not None and not finished and _left_standing(settled, process, step):
                settled, finished = await self._finish_restart(number, left, step), True
            if settled is not None and settled.kind is not OutcomeKind.UNKNOWN:
                self._journal.settled(number, settled)
                self._take(number, settled)
                self._update(number, note=note(self.job(number)))
                if self.job(number).finished:
                    self._kept.keep(self.job(number))
                return

    async def _finish_restart(self, number: int, left: Outcome, step: Step) -> Outcome | None:
        """The restart was cut after its stop: send the start that got lost (safety.md, "Actions" 4). None: not so now."""
        host = left.key.host
        async with self._turn(host), self._places:
            snapshot = await self._poll(host)
            process = snapshot.by_key.get(left.key)
            if self._closing or not snapshot.fresh or process is None or process.start != step.start:
                return None
            scene = self._scene(host, await self._limits_of(host), number, wait=True)
            self._recent[left.key] = self._clock() + REQUEST_SECONDS + OURS_SECONDS
            return await finish_restart_later(scene, snapshot, process, left)


def _left_standing(settled: Outcome, process: Process, step: Step) -> bool:
    """Whether the run that was to be restarted was stopped, and nothing has been started since."""
    stands = settled.kind is OutcomeKind.FAILED and process.state is ProcessState.STOPPED
    return stands and process.start == step.start


def plan_keys(plan: Plan) -> frozenset[ProcessKey]:
    """What a plan acted on."""
    return frozenset(step.key for step in plan.acting)


async def _all_or_cancel(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them at once; when we are cancelled, so are they."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)


__all__ = ["JobPicture", "Jobs"]
