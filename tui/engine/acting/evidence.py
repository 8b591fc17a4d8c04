"""What proves that an action came about: readings of the process after it, judged until one of them settles the matter.

`True` from supervisord proves nothing, so nothing here looks at answers: a new pid, a start at or after the moment of the
request in the server's own clock, an end. Who comes in: `actions`. What leaves: an `Outcome`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from tui.engine.acting.scene import MARGIN, Scene
from tui.engine.journal import Intent
from tui.errors import WireError
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import Process, ProcessKey
from tui.model.states import RUNNING_STATES, STOPPED_STATES, OutcomeKind, ProcessState
from tui.text import clean

_PAUSES = (0.05, 0.1, 0.2, 0.3, 0.5)
_UNREACHABLE_PAUSE = 1.0
_SETTLE_PAUSE = 1.0
_DETAIL_CELLS = 300


@dataclass(slots=True)
class Begun:
    """An action under way: what was there before, and what proves its end."""

    scene: Scene
    verb: Verb
    before: Process
    t0: float
    """The server's clock when the state was read, in whole seconds of its own."""
    began: float
    argument: str = ""
    intent: Intent | None = None
    unanswered: bool = False
    """It was sent, and how supervisord answered is not known."""

    @property
    def key(self) -> ProcessKey:
        return self.before.key

    def committing(self) -> None:
        """Called right before the byte that makes the request run: from here on it is written down."""
        self.intent = self.scene.journal.intent(
            self.verb,
            self.key,
            job=self.scene.job,
            argument=self.argument,
            state=self.before.state,
            pid=self.before.pid,
        )

    def end(self, kind: OutcomeKind, detail: str, after: Process | None = None) -> Outcome:
        """The outcome of this action."""
        return Outcome(
            self.key,
            kind,
            clean(detail, _DETAIL_CELLS),
            state_before=self.before.state,
            state_after=None if after is None else after.state,
            pid_before=self.before.pid,
            pid_after=0 if after is None else after.pid,
            seconds=max(0.0, self.scene.clock() - self.began),
        )


Proof = Callable[[Process, float], Outcome | None]
"""Judges a process as read after the action, and the server's clock at t0: an outcome, or None for 'not yet'."""


async def watch(action: Begun, proof: Proof, seconds: float, uncertain: Outcome | None) -> Outcome:
    """Read until `proof` speaks or `seconds` have passed. `uncertain`: the request may not have run at all."""
    deadline = action.scene.clock() + seconds + MARGIN
    after: Process | None = None
    looks = 0
    while True:
        process = await look(action)
        if process is not None:
            after = process
            outcome = proof(process, action.t0)
            if outcome is not None:
                return outcome
        if action.scene.clock() >= deadline:
            return _undecided(action, after if process is not None else None, seconds, uncertain)
        await asyncio.sleep(_UNREACHABLE_PAUSE if process is None else _PAUSES[min(looks, len(_PAUSES) - 1)])
        looks += 1


def _undecided(action: Begun, after: Process | None, seconds: float, uncertain: Outcome | None) -> Outcome:
    if after is None:
        cause = uncertain.detail if uncertain is not None else "sent, and then the host could not be read"
        return action.end(OutcomeKind.UNKNOWN, cause)
    same_run = after.pid == action.before.pid and after.state is action.before.state
    if uncertain is not None and same_run:
        return action.end(
            OutcomeKind.NOT_EXECUTED,
            f"{uncertain.detail}; it is as it was, supervisord never ran the request",
            after,
        )
    return action.end(
        OutcomeKind.FAILED, f"still {after.state.name} after {seconds:.0f} s{_because(after)}", after
    )


async def look(action: Begun) -> Process | None:
    """The process now, or None while the host cannot be read."""
    try:
        return await action.scene.supervisor.process(action.key)
    except WireError:
        return None


async def stays_up(action: Begun, outcome: Outcome, seconds: float) -> Outcome:
    """DONE only when the run that `outcome` found is still there `seconds` later; otherwise how it ended, or UNKNOWN."""
    scene = action.scene
    began = scene.clock()
    unread = False
    while True:
        left = began + seconds - scene.clock()
        await asyncio.sleep(min(_SETTLE_PAUSE, max(0.0, left)))
        process = await look(action)
        ran = scene.clock() - began
        if process is not None and (
            process.pid != outcome.pid_after or process.state is not ProcessState.RUNNING
        ):
            words = f"it did not stay up: {process.state.name} after {ran:.0f} s{_because(process)}"
            return action.end(OutcomeKind.FAILED, words, process)
        unread = process is None
        if ran >= seconds + (MARGIN if unread else 0.0):
            break
    if unread:
        return action.end(OutcomeKind.UNKNOWN, "it ran, and then the host could not be read")
    return replace(
        outcome,
        detail=f"{outcome.detail}, still up after {seconds:g} s",
        seconds=max(0.0, scene.clock() - action.began),
    )


def started(action: Begun) -> Proof:
    """RUNNING, or a run since t0 that ended as its program says it may; FATAL and other ends are failures."""

    def proof(process: Process, t0: float) -> Outcome | None:
        new_run = process.start >= int(t0) - 1 and process.start > 0
        match process.state:
            case ProcessState.RUNNING:
                words = "running" if new_run else "running; somebody else had started it"
                return action.end(OutcomeKind.DONE, f"{words}, pid {process.pid}", process)
            case ProcessState.FATAL if new_run or process.spawnerr:
                if not new_run and action.before.state is ProcessState.FATAL:
                    return None
                return action.end(
                    OutcomeKind.FAILED, f"supervisord gave up on it{_because(process)}", process
                )
            case ProcessState.EXITED if new_run and process.stop >= process.start:
                return _exited(action, process)
        return None

    return proof


def _exited(action: Begun, process: Process) -> Outcome:
    if process.exitstatus == 0 and not process.spawnerr:
        return action.end(OutcomeKind.DONE, "it ran and ended as expected (exit status 0)", process)
    return action.end(OutcomeKind.FAILED, f"it ended at once{_because(process)}", process)


def stopped(action: Begun) -> Proof:
    """No child any more; another child than before means that somebody started it again."""

    def proof(process: Process, t0: float) -> Outcome | None:
        if process.state in STOPPED_STATES:
            return action.end(
                OutcomeKind.DONE, f"{process.state.name.lower()}; pid {action.before.pid} has ended", process
            )
        if (
            action.before.pid
            and process.pid not in (0, action.before.pid)
            and process.state in RUNNING_STATES
        ):
            return action.end(
                OutcomeKind.FAILED, f"it stopped, and somebody started it again, pid {process.pid}", process
            )
        return None

    return proof


def restarted(action: Begun) -> Proof:
    """A new pid and a start at or after t0 in the server's own clock; the old pid proves nothing yet."""
    running = started(action)

    def proof(process: Process, t0: float) -> Outcome | None:
        if process.pid and process.pid == action.before.pid:
            return None
        if process.state is ProcessState.RUNNING and process.start < int(t0) - 1:
            return None
        outcome = running(process, t0)
        if outcome is None or outcome.kind is not OutcomeKind.DONE or not process.pid:
            return outcome
        return replace(outcome, detail=f"pid {action.before.pid} ended, pid {process.pid} runs")

    return proof


def restarted_or_left(action: Begun) -> Proof:
    """As `restarted`; and UNKNOWN for a process that was stopped and has not been started since: its start got lost."""
    done = restarted(action)

    def proof(process: Process, t0: float) -> Outcome | None:
        if process.state is ProcessState.STOPPED and process.start == action.before.start:
            return action.end(OutcomeKind.UNKNOWN, "it was stopped, and its start got lost", process)
        return done(process, t0)

    return proof


def _because(process: Process) -> str:
    if process.spawnerr:
        return f": {process.spawnerr}"
    if process.exitstatus == -1:
        return ": killed by a signal"
    return f": exit status {process.exitstatus}" if process.exitstatus else ""
