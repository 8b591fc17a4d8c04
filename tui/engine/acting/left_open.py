"""Outcomes that were left UNKNOWN: each is looked after until its host tells what became of it.

Who comes in: a step whose answer never came. What leaves: the outcome after all, into picture and journal. The rule: nothing is
done twice; only the start of a restart that was cut after its stop is sent later (safety.md, "Actions" 4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tui.engine.acting.actions import finish_restart_later
from tui.engine.acting.job_picture import note
from tui.engine.acting.kept_jobs import KeptJobs
from tui.engine.acting.pictures import JobPictures
from tui.engine.acting.scene import Scene
from tui.engine.acting.scenes import Scenes
from tui.engine.acting.settling import settle
from tui.engine.journal import Journal
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Step
from tui.model.process import Process, ProcessKey
from tui.model.states import HostState, OutcomeKind, ProcessState

SETTLE_SECONDS = 600.0
"""So long an UNKNOWN outcome is looked after: the host may come back and tell."""
_SETTLE_PAUSE = 2.0
_SECOND_LOOK = 0.3
"""A supervisord that answers has read by then what came to it before."""


class LeftOpen:
    """All that are looked after. Belongs to the engine's loop."""

    def __init__(
        self,
        pictures: JobPictures,
        scenes: Scenes,
        *,
        poll: Callable[[str], Awaitable[HostSnapshot]],
        journal: Journal,
        kept: KeptJobs,
        acting: Callable[[ProcessKey], None],
        ended: Callable[[asyncio.Task[None]], None],
        clock: Callable[[], float],
    ) -> None:
        """`acting` is told what is about to be started after all, `ended` of each task that is over."""
        self._pictures = pictures
        self._scenes = scenes
        self._poll = poll
        self._journal = journal
        self._kept = kept
        self._acting = acting
        self._ended = ended
        self._clock = clock
        self._tasks: dict[asyncio.Task[None], str] = {}
        """With the host that each is about."""
        self._closing = False

    def look_after(self, scene: Scene, plan: Plan, step: Step, outcome: Outcome) -> None:
        """Begin; `scene` is the one in which the step was done."""
        task = asyncio.create_task(self._settle(scene, plan, step, outcome), name=f"settle {outcome.key}")
        self._tasks[task] = outcome.key.host
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        task.add_done_callback(self._ended)

    def give_up(self, host: str) -> None:
        """This host will not tell any more."""
        for task in [task for task, about in self._tasks.items() if about == host]:
            task.cancel()

    def close(self) -> None:
        """Send nothing more; what is looked at meanwhile may still be settled."""
        self._closing = True

    def cancel(self) -> tuple[asyncio.Task[None], ...]:
        """Look after nothing more; what is to be awaited for that."""
        for task in self._tasks:
            task.cancel()
        return tuple(self._tasks)

    async def _settle(self, scene: Scene, plan: Plan, step: Step, left: Outcome) -> None:
        """Read until the host tells what became of it; two readings, as a frozen one first answers and then acts."""
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
                settled, finished = await self._finish_restart(scene.job, left, step), True
            if settled is not None and settled.kind is not OutcomeKind.UNKNOWN:
                self._take(scene.job, settled)
                return

    async def _finish_restart(self, number: int, left: Outcome, step: Step) -> Outcome | None:
        """The restart was cut after its stop: send the start that got lost. None: not so now."""
        host = left.key.host
        async with self._scenes.turn(host):
            snapshot = await self._poll(host)
            process = snapshot.by_key.get(left.key)
            if self._closing or not snapshot.fresh or process is None or process.start != step.start:
                return None
            scene = await self._scenes.of(host, number, wait=True)
            self._acting(left.key)
            return await finish_restart_later(scene, snapshot, process, left)

    def _take(self, number: int, settled: Outcome) -> None:
        self._journal.settled(number, settled)
        self._pictures.take(number, settled)
        self._pictures.update(number, note=note(self._pictures.of(number)))
        if self._pictures.of(number).finished:
            self._kept.keep(self._pictures.of(number))


def _left_standing(settled: Outcome, process: Process, step: Step) -> bool:
    """Whether the run that was to be restarted was stopped, and nothing has been started since."""
    stands = settled.kind is OutcomeKind.FAILED and process.state is ProcessState.STOPPED
    return stands and process.start == step.start
