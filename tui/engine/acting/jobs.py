"""Plans being carried out: in batches, one action at a time on each host, one outcome per target.

Who comes in: a frozen `Plan` and how firmly the user has confirmed it. What leaves: immutable `JobPicture`s. Lives on the
engine's loop; policy is asked here once more, whatever a screen may have shown.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any

from tui.engine.acting.actions import act_on_process
from tui.engine.acting.daemon_actions import act_on_host, preview
from tui.engine.acting.job_picture import JobPicture, hosts_not_begun, note
from tui.engine.acting.kept_jobs import KeptJobs
from tui.engine.acting.left_open import LeftOpen
from tui.engine.acting.memory import Memory
from tui.engine.acting.pictures import JobPictures
from tui.engine.acting.scene import REQUEST_SECONDS, Scene
from tui.engine.acting.scenes import Scenes
from tui.engine.journal import Journal
from tui.errors import RefusedError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.plan import HOST_VERBS, LEAVES_A_TRACE, MOVES_NO_PROCESS, Plan, Step, Verb, make_plan
from tui.model.policy import Policy, Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
from tui.rpc.answers import Reread
from tui.rpc.client import Supervisor
from tui.text import clean

log = logging.getLogger(__name__)

LEAST_FINISH = 10.0
OURS_SECONDS = 5.0
"""So long after an action a change of its target still counts as ours."""
WHEN_ENDED = "reload when it has ended"


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
        self._pictures = JobPictures(changed)
        self._picture = picture
        self._journal = journal
        self._memory = memory
        self._kept = kept
        self._policy = policy
        self._changed = changed
        self._failed = failed
        self._clock = clock
        self._scenes = Scenes(supervisors, poll, journal, drifted, clock)
        self._left_open = LeftOpen(
            self._pictures,
            self._scenes,
            poll=poll,
            journal=journal,
            kept=kept,
            acting=self._starts_after_all,
            ended=self._never_silently,
            clock=clock,
        )
        self._previews: dict[str, Reread] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
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
        number = self._pictures.begin(plan, self._clock())
        self._remember(plan)
        self._tasks[number] = asyncio.create_task(self._run(number, plan), name=f"job {number}")
        self._tasks[number].add_done_callback(self._never_silently)
        self._changed()
        return number

    def cancel(self, number: int) -> None:
        """Begin nothing more of this job; what has begun is seen through."""
        if not self.job(number).finished:
            self._pictures.update(number, cancelled=True)

    @property
    def pictures(self) -> tuple[JobPicture, ...]:
        """Newest first."""
        return self._pictures.all

    def job(self, number: int) -> JobPicture:
        """The job with this number. Raises NoMatchError."""
        return self._pictures.of(number)

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
        async with self._scenes.asking(host):
            return await preview(self._scenes.for_question(host), host)

    def refuse_while_acting(self, hosts: Iterable[str], *, rules: bool) -> None:
        """Raise RefusedError when something is under way on one of these hosts, or anywhere when the `rules` change."""
        wanted = frozenset(hosts)
        for job in self.pictures:
            met = job.plan.hosts if rules else [host for host in job.plan.hosts if host in wanted]
            if met and not job.finished:
                raise RefusedError(f"job {job.number} is running on {clean(met[0], 80)}", WHEN_ENDED)
        for host in wanted:
            if self._scenes.is_busy(host):
                raise RefusedError(f"{clean(host, 80)} is being asked or acted on", WHEN_ENDED)

    def hosts_ended(self, hosts: Iterable[str], number: int) -> None:
        """What is known of these is of no use any more, and what was asked before picture `number` was about others."""
        for host in hosts:
            self._replaced[host] = number
            self._previews.pop(host, None)
            self._scenes.forget_limits(host)
            self._left_open.give_up(host)

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
        self._left_open.close()
        running = [task for task in self._tasks.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=grace)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, *self._left_open.cancel(), return_exceptions=True)
        self._journal.close()

    # --- carrying out -----------------------------------------------------------------------------------------------

    async def _run(self, number: int, plan: Plan) -> None:
        steps = list(plan.acting)
        try:
            if plan.pace.canary and steps:
                canary = steps.pop(0)
                await self._batch(number, plan, [canary])
                if self.job(number).outcomes[canary.key].kind not in (OutcomeKind.DONE, OutcomeKind.SKIPPED):
                    self._pictures.skip(number, steps, "the canary did not come through")
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
            async with self._scenes.turn(host):
                if reason := self._why_not(number, plan):
                    self._pictures.skip(number, [step], reason)
                    continue
                await self._act(number, plan, step)

    async def _act(self, number: int, plan: Plan, step: Step) -> None:
        job = self.job(number)
        self._pictures.update(number, running=job.running | {step.key})
        try:
            scene = await self._scenes.of(step.key.host, number, wait=plan.pace.wait)
            if plan.verb is Verb.RESTART:
                self._restarting[step.key] = self._clock() + scene.limits.restart_seconds(step.key)
            outcome = await self._outcome(scene, plan, step)
        except asyncio.CancelledError:
            self._pictures.take(
                number, Outcome(step.key, OutcomeKind.UNKNOWN, "left while it was under way", step.state)
            )
            raise
        finally:
            self._restarting.pop(step.key, None)
            if plan.verb not in MOVES_NO_PROCESS:
                self._recent[step.key] = self._clock() + OURS_SECONDS
            self._pictures.update(number, running=self.job(number).running - {step.key})
        self._pictures.take(number, outcome)
        if outcome.kind is OutcomeKind.UNKNOWN and plan.verb in LEAVES_A_TRACE:
            self._left_open.look_after(scene, plan, step, outcome)

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

    def _why_not(self, number: int, plan: Plan) -> str:
        job = self.job(number)
        if job.cancelled:
            return "cancelled before it began"
        if self._closing:
            return "the program ended before it began"
        if plan.pace.max_failed and job.failed >= plan.pace.max_failed:
            return f"not begun, as {job.failed} had failed"
        return ""

    # --- how it ends --------------------------------------------------------------------------------------------------

    def _end(self, number: int, plan: Plan) -> None:
        """Every target gets an outcome, also when the job itself was ended."""
        job = self.job(number)
        left = [step for step in plan.steps if step.key not in job.outcomes]
        if left:
            self._pictures.skip(number, left, "the program ended before it began")
        if plan.verb in (Verb.UPDATE, Verb.REREAD, Verb.DAEMON_RESTART):
            for host in plan.hosts:
                self._scenes.forget_limits(host)
        if plan.verb is Verb.START:
            for host in plan.whole_hosts - hosts_not_begun(self.job(number)):
                self._memory.forget(host)
        self._journal.settle(plan_keys(plan), f"acted on again by job {number}")
        self._pictures.update(number, finished_at=self._clock(), note=note(self.job(number)))
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

    def _starts_after_all(self, key: ProcessKey) -> None:
        self._recent[key] = self._clock() + REQUEST_SECONDS + OURS_SECONDS


def plan_keys(plan: Plan) -> frozenset[ProcessKey]:
    """What a plan acted on."""
    return frozenset(step.key for step in plan.acting)


async def _all_or_cancel(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them at once; when we are cancelled, so are they."""
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)


__all__ = ["JobPicture", "Jobs"]
