"""Acting on one process, safely: each action once, each outcome proved by a later read.

Who comes in: a job, with one step of its plan. What leaves: exactly one `Outcome`. The rules (safety.md, "Actions"): an
action is never sent twice; what failed before its last byte was sent is NOT EXECUTED; what failed after it is settled by
reading; `True` from supervisord proves nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from tui.engine.journal import Intent, Journal
from tui.engine.program_limits import ProgramLimits
from tui.errors import Fault, FaultCode, SupervisorTuiError, WireError
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Step, Verb
from tui.model.process import Process, ProcessKey
from tui.model.states import RUNNING_STATES, STOPPED_STATES, OutcomeKind, ProcessState
from tui.rpc.answers import Call
from tui.rpc.client import Committing, Supervisor
from tui.text import clean

MARGIN = 5.0
"""Seconds on top of what a program's own settings allow for."""
REQUEST_SECONDS = 10.0
"""For a request that supervisord answers at once."""
_PAUSES = (0.05, 0.1, 0.2, 0.3, 0.5)
_UNREACHABLE_PAUSE = 1.0
_DETAIL_CELLS = 300

Proof = Callable[[Process, float], Outcome | None]
"""Judges a process as read after the action, and the server's clock at t0: an outcome, or None for 'not yet'."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action works with: one host, one job."""

    supervisor: Supervisor
    poll: Callable[[], Awaitable[HostSnapshot]]
    """A fresh reading of the whole host, taken into the fleet as well. Never raises."""
    journal: Journal
    limits: ProgramLimits
    job: int = 0
    wait: bool = True
    clock: Callable[[], float] = time.monotonic


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


async def act_on_process(scene: Scene, plan: Plan, step: Step) -> Outcome:
    """Do what `plan` says to one process; never raises but when cancelled."""
    began = scene.clock()
    snapshot = await scene.poll()
    if not snapshot.fresh:
        return Outcome(
            step.key, OutcomeKind.NOT_EXECUTED, f"not sent: {snapshot.problem}", state_before=step.state
        )
    before = snapshot.by_key.get(step.key)
    if before is None:
        return Outcome(step.key, OutcomeKind.NOT_EXECUTED, "not sent: it is no longer there", step.state)
    action = Begun(scene, plan.verb, before, snapshot.now(scene.clock()), began, plan.argument)
    if refusal := _changed_since(step, before):
        return action.end(OutcomeKind.NOT_EXECUTED, refusal, before)
    if nothing := _nothing_to_do(plan.verb, before):
        return action.end(OutcomeKind.SKIPPED, nothing, before)
    outcome = await _ACTIONS[plan.verb](action)
    if action.intent is not None:
        scene.journal.outcome(action.intent, outcome)
    await scene.poll()
    return outcome


# --- before the commit ----------------------------------------------------------------------------------------------


def _changed_since(step: Step, before: Process) -> str:
    """Why this is not the process that the user saw; empty when it is.

    Only a settled process counts: one that flaps has a new pid at each look, and that is why it is being acted on.
    """
    if step.state is not ProcessState.RUNNING or before.state is not ProcessState.RUNNING:
        return ""
    if step.pid == before.pid:
        return ""
    return f"not sent: it has been restarted since you asked (pid {step.pid} is now {before.pid}); ask again"


def _nothing_to_do(verb: Verb, before: Process) -> str:
    state = before.state
    if verb is Verb.START and state in RUNNING_STATES:
        return f"it is {state.name} already"
    if verb in (Verb.STOP, Verb.RESTART, Verb.SIGNAL, Verb.STDIN) and state in STOPPED_STATES:
        return f"it does not run: {state.name}"
    if verb in (Verb.STOP, Verb.RESTART) and state is ProcessState.STOPPING:
        return "somebody is stopping it already"
    return ""


# --- the actions ----------------------------------------------------------------------------------------------------


async def _start(action: Begun) -> Outcome:
    if action.before.state is ProcessState.STOPPING:
        # startProcess answers True to a process that is still stopping, and starts nothing.
        ended = await _watch(action, _stopped(action), action.scene.limits.stop_seconds(action.key), None)
        if ended.kind is not OutcomeKind.DONE:
            return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {ended.detail}")
    failed = await _send(action, action.scene.supervisor.start, (FaultCode.ALREADY_STARTED,))
    if failed is not None and failed.kind is not OutcomeKind.UNKNOWN:
        return failed
    if not action.scene.wait and failed is None:
        return action.end(OutcomeKind.DONE, "accepted, not followed")
    return await _watch(action, _started(action), action.scene.limits.start_seconds(action.key), failed)


async def _stop(action: Begun) -> Outcome:
    """Inside a multicall, because a plain waiting stop makes supervisord spin at 99 % until the process has ended."""
    scene, key = action.scene, action.key
    patience = scene.limits.stop_seconds(key)

    async def send(key: ProcessKey, *, committing: Committing, deadline: float) -> None:
        if not scene.wait:
            await scene.supervisor.stop(key, committing=committing, deadline=deadline)
            return
        call = Call("supervisor.stopProcess", (key.address, True))
        (answer,) = await scene.supervisor.multicall([call], committing=committing, deadline=patience)
        if isinstance(answer, Fault):
            raise answer

    failed = await _send(action, send, (FaultCode.NOT_RUNNING,))
    if failed is not None and failed.kind is not OutcomeKind.UNKNOWN:
        return failed
    if not scene.wait and failed is None:
        return action.end(OutcomeKind.DONE, "accepted, not followed")
    return await _watch(action, _stopped(action), patience, failed)


async def _restart(action: Begun) -> Outcome:
    """Stop and start in one request (safety.md, "Actions" 4), then read until a new run shows."""
    scene, key = action.scene, action.key
    patience = scene.limits.stop_seconds(key)

    async def send(key: ProcessKey, *, committing: Committing, deadline: float) -> None:
        answers = await scene.supervisor.stop_then_start(key, committing=committing, deadline=patience)
        for answer, fine in zip(answers, (FaultCode.NOT_RUNNING, FaultCode.ALREADY_STARTED), strict=False):
            if isinstance(answer, Fault) and answer.code != fine:
                raise answer

    failed = await _send(action, send, ())
    if failed is not None and failed.kind is not OutcomeKind.UNKNOWN:
        return failed
    proof = _restarted(action)
    total = patience + scene.limits.start_seconds(key)
    if failed is None:
        return await _watch(action, proof, total, None)
    return await _finish_cut_restart(action, proof, total, failed)


async def _finish_cut_restart(action: Begun, proof: Proof, seconds: float, failed: Outcome) -> Outcome:
    """The answer was lost. supervisord drops the start when our connection is gone: once it has stopped, start it."""
    stopped = await _watch(
        action, lambda process, t0: proof(process, t0) or _stopped(action)(process, t0), seconds, failed
    )
    if stopped.state_after not in STOPPED_STATES or stopped.kind is not OutcomeKind.DONE:
        return stopped
    again = await _send(action, action.scene.supervisor.start, (FaultCode.ALREADY_STARTED,))
    if again is not None and again.kind is not OutcomeKind.UNKNOWN:
        return action.end(
            OutcomeKind.FAILED, f"it was stopped, and then could not be started: {again.detail}"
        )
    return await _watch(action, proof, action.scene.limits.start_seconds(action.key), again)


async def _signal(action: Begun) -> Outcome:
    async def send(key: ProcessKey, *, committing: Committing, deadline: float) -> None:
        await action.scene.supervisor.signal(key, action.argument, committing=committing, deadline=deadline)

    return await _send(action, send, ()) or await _accepted(action, f"supervisord sent {action.argument}")


async def _clear_logs(action: Begun) -> Outcome:
    if action.before.state in STOPPED_STATES:
        # supervisord answers True and does nothing then: it clears by way of the running process's pipes.
        return action.end(
            OutcomeKind.FAILED, "supervisord clears the logs of running processes only", action.before
        )
    failed = await _send(action, action.scene.supervisor.clear_logs, ())
    return failed or await _accepted(action, "supervisord cleared both logs")


async def _stdin(action: Begun) -> Outcome:
    async def send(key: ProcessKey, *, committing: Committing, deadline: float) -> None:
        await action.scene.supervisor.send_stdin(
            key, action.argument, committing=committing, deadline=deadline
        )

    return await _send(action, send, ()) or await _accepted(action, "written to its standard input")


_ACTIONS: dict[Verb, Callable[[Begun], Awaitable[Outcome]]] = {
    Verb.START: _start,
    Verb.STOP: _stop,
    Verb.RESTART: _restart,
    Verb.SIGNAL: _signal,
    Verb.CLEAR_LOGS: _clear_logs,
    Verb.STDIN: _stdin,
}


# --- sending, once --------------------------------------------------------------------------------------------------


async def _send(
    action: Begun, request: Callable[..., Awaitable[object]], fine: tuple[FaultCode, ...]
) -> Outcome | None:
    """Send one request; None when supervisord accepted it, or refused with a fault that is `fine` with us."""
    try:
        await request(action.key, committing=action.committing, deadline=REQUEST_SECONDS)
    except Fault as fault:
        return None if fault.code in fine else action.end(OutcomeKind.FAILED, fault_words(fault))
    except WireError as error:
        if error.committed:
            return action.end(OutcomeKind.UNKNOWN, f"sent, and then: {error.problem}")
        return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {error.problem}")
    except SupervisorTuiError as error:  # the journal or the wire's allow-list refused before the last byte
        return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {error}")
    return None


async def _accepted(action: Begun, words: str) -> Outcome:
    """For requests whose effect cannot be read back: supervisord took it, and this is how the process is now."""
    after = await _look(action)
    if after is None:
        return action.end(OutcomeKind.DONE, words)
    note = f"; pid {action.before.pid} is now {after.state.name}" if after.pid != action.before.pid else ""
    return action.end(OutcomeKind.DONE, words + note, after)


_FAULT_WORDS = {
    FaultCode.SHUTDOWN_STATE: "supervisord is shutting down or restarting",
    FaultCode.BAD_NAME: "supervisord knows no such process",
    FaultCode.BAD_SIGNAL: "this is no signal that supervisord knows",
    FaultCode.NO_FILE: "its program file is not there",
    FaultCode.NOT_EXECUTABLE: "its program file cannot be executed",
    FaultCode.NOT_RUNNING: "it does not run",
    FaultCode.ALREADY_STARTED: "it runs already",
    FaultCode.SPAWN_ERROR: "supervisord could not spawn it",
    FaultCode.ABNORMAL_TERMINATION: "it ended before it counted as started",
}


def fault_words(fault: Fault) -> str:
    """A fault as a sentence that keeps supervisord's own words."""
    words = _FAULT_WORDS.get(FaultCode(fault.code)) if fault.code in set(FaultCode) else None
    return f"{words} ({fault.text})" if words else fault.text


# --- reading until it is proved -------------------------------------------------------------------------------------


async def _watch(action: Begun, proof: Proof, seconds: float, uncertain: Outcome | None) -> Outcome:
    """Read until `proof` speaks or `seconds` have passed. `uncertain`: the request may not have run at all."""
    deadline = action.scene.clock() + seconds + MARGIN
    after: Process | None = None
    look = 0
    while True:
        process = await _look(action)
        if process is not None:
            after = process
            outcome = proof(process, action.t0)
            if outcome is not None:
                return outcome
        if action.scene.clock() >= deadline:
            return _undecided(action, after if process is not None else None, seconds, uncertain)
        await asyncio.sleep(_UNREACHABLE_PAUSE if process is None else _PAUSES[min(look, len(_PAUSES) - 1)])
        look += 1


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


async def _look(action: Begun) -> Process | None:
    """The process now, or None while the host cannot be read."""
    try:
        return await action.scene.supervisor.process(action.key)
    except WireError:
        return None


def settled_by(verb: Verb, outcome: Outcome, process: Process, *, certain: bool) -> Outcome | None:
    """What a later reading makes of an UNKNOWN outcome; None while it tells nothing.

    `certain` tells that the host had time to act since it answers again: then unchanged means that nothing was executed.
    """
    after = replace(outcome, state_after=process.state, pid_after=process.pid)
    new_run = process.state is ProcessState.RUNNING and process.pid != outcome.pid_before
    match verb:
        case Verb.START | Verb.RESTART if new_run:
            return replace(
                after, kind=OutcomeKind.DONE, detail=f"settled by a later read: running, pid {process.pid}"
            )
        case Verb.STOP if process.state in STOPPED_STATES:
            return replace(after, kind=OutcomeKind.DONE, detail="settled by a later read: it has ended")
        case Verb.RESTART if process.state in STOPPED_STATES and certain:
            return replace(
                after, kind=OutcomeKind.FAILED, detail="it was stopped and not started again: start it"
            )
        case Verb.START | Verb.STOP | Verb.RESTART if certain and process.state is outcome.state_before:
            if process.pid == outcome.pid_before:
                return replace(
                    after, kind=OutcomeKind.NOT_EXECUTED, detail="settled by a later read: it is as it was"
                )
    return None


def _started(action: Begun) -> Proof:
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


def _stopped(action: Begun) -> Proof:
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


def _restarted(action: Begun) -> Proof:
    """A new pid and a start at or after t0 in the server's own clock; the old pid proves nothing yet."""
    started = _started(action)

    def proof(process: Process, t0: float) -> Outcome | None:
        if process.pid and process.pid == action.before.pid:
            return None
        if process.state is ProcessState.RUNNING and process.start < int(t0) - 1:
            return None
        outcome = started(process, t0)
        if outcome is None or outcome.kind is not OutcomeKind.DONE or not process.pid:
            return outcome
        return replace(outcome, detail=f"pid {action.before.pid} ended, pid {process.pid} runs")

    return proof


def _because(process: Process) -> str:
    if process.spawnerr:
        return f": {process.spawnerr}"
    if process.exitstatus == -1:
        return ": killed by a signal"
    return f": exit status {process.exitstatus}" if process.exitstatus else ""
