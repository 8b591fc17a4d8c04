"""Acting on one process, safely: each action once, each outcome proved by a later read.

Who comes in: a job, with one step of its plan. What leaves: exactly one `Outcome`. The rules (safety.md, "Actions"): an
action is never sent twice; what failed before its last byte was sent is NOT EXECUTED; what failed after it is settled by
reading; `True` from supervisord proves nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tui.engine.acting.evidence import (
    Begun,
    look,
    restarted,
    restarted_or_left,
    started,
    stays_up,
    stopped,
    watch,
)
from tui.engine.acting.same_daemon import under_another
from tui.engine.acting.scene import REQUEST_SECONDS, Scene, fault_words
from tui.errors import Fault, FaultCode, SupervisorTuiError, WireError
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Step, Verb
from tui.model.process import Process, ProcessKey
from tui.model.states import RUNNING_STATES, STOPPED_STATES, OutcomeKind, ProcessState
from tui.rpc.answers import Call
from tui.rpc.client import Committing

_MEANT_FOR_ONE_RUN = frozenset({Verb.SIGNAL, Verb.STDIN})


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
    if refusal := _changed_since(plan.verb, step, before):
        return action.end(OutcomeKind.NOT_EXECUTED, refusal, before)
    if nothing := _nothing_to_do(plan.verb, before):
        return action.end(OutcomeKind.SKIPPED, nothing, before)
    try:
        await scene.daemon.meet()
    except WireError as error:
        return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {error.problem}", before)
    outcome = await _ACTIONS[plan.verb](action)
    if action.unanswered:
        outcome = await _by_the_same_daemon(action, outcome)
    if action.intent is not None:
        scene.journal.outcome(action.intent, outcome)
    await scene.poll()
    if plan.pace.settle and _came_up(action, outcome):
        outcome = await _settle(action, outcome, plan.pace.settle)
    return outcome


async def _by_the_same_daemon(action: Begun, outcome: Outcome) -> Outcome:
    """What was read after a lost answer proves something only when the supervisord that was asked still answers."""
    if outcome.kind is OutcomeKind.UNKNOWN:
        return outcome
    replaced = await action.scene.daemon.replaced()
    if replaced is None:
        return action.end(OutcomeKind.UNKNOWN, "sent, and then the host could not be read")
    return under_another(action.verb, outcome) if replaced else outcome


def _came_up(action: Begun, outcome: Outcome) -> bool:
    """Whether it has come to a run that can be watched; what ran and ended as expected, or was not followed, has not."""
    starts = action.verb in (Verb.START, Verb.RESTART)
    return starts and outcome.kind is OutcomeKind.DONE and outcome.state_after is ProcessState.RUNNING


async def _settle(action: Begun, outcome: Outcome, seconds: float) -> Outcome:
    """See whether it stays up. The action itself is done and written down as such; a run that ended is written after it."""
    scene = action.scene
    settled = await stays_up(action, outcome, seconds)
    if settled.kind is not OutcomeKind.DONE and action.intent is not None:
        scene.journal.outcome(action.intent, settled)
        await scene.poll()
    return settled


# --- before the commit ----------------------------------------------------------------------------------------------


def _changed_since(verb: Verb, step: Step, before: Process) -> str:
    """Why this is not the process that the user saw; empty when it is.

    A run that is not settled yet may be stopped or restarted all the same: one that keeps crashing has a new pid at each
    look, and that is why it is being acted on. A signal or a text is meant for one run, and for no other.
    """
    if step.state is not ProcessState.RUNNING or step.pid == before.pid or not before.pid:
        return ""
    if before.state is not ProcessState.RUNNING and verb not in _MEANT_FOR_ONE_RUN:
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


_TRIED_AGAIN = (FaultCode.ABNORMAL_TERMINATION, FaultCode.SPAWN_ERROR)
"""A start that ended at once is tried again by supervisord: only what it comes to tells (safety.md, "Actions" 6)."""
_STANDS_STILL = "it was stopped, and then could not be started: "


# --- the actions ----------------------------------------------------------------------------------------------------


async def _start(action: Begun) -> Outcome:
    if action.before.state is ProcessState.STOPPING:
        # startProcess answers True to a process that is still stopping, and starts nothing.
        ended = await watch(action, stopped(action), action.scene.limits.stop_seconds(action.key), None)
        if ended.kind is not OutcomeKind.DONE:
            return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {ended.detail}")
    fine = (FaultCode.ALREADY_STARTED, *(_TRIED_AGAIN if action.scene.wait else ()))
    failed = await _send(action, action.scene.supervisor.start, fine)
    if failed is not None and failed.kind is not OutcomeKind.UNKNOWN:
        return failed
    if not action.scene.wait and failed is None:
        return action.end(OutcomeKind.DONE, "accepted, not followed")
    return await watch(action, started(action), action.scene.limits.start_seconds(action.key), failed)


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
    return await watch(action, stopped(action), patience, failed)


async def _restart(action: Begun) -> Outcome:
    """Stop and start in one request (safety.md, "Actions" 4), then read until a new run shows."""
    scene, key = action.scene, action.key
    patience = scene.limits.stop_seconds(key)
    tried_again = _TRIED_AGAIN if scene.wait else ()
    stood_still = ""

    async def send(key: ProcessKey, *, committing: Committing, deadline: float) -> None:
        nonlocal stood_still
        stop, start = await scene.supervisor.stop_then_start(key, committing=committing, deadline=patience)
        if isinstance(stop, Fault) and stop.code != FaultCode.NOT_RUNNING:
            raise stop
        if isinstance(start, Fault) and start.code not in (FaultCode.ALREADY_STARTED, *tried_again):
            stood_still = _STANDS_STILL
            raise start

    failed = await _send(action, send, ())
    if failed is not None and failed.kind is not OutcomeKind.UNKNOWN:
        return replace(failed, detail=stood_still + failed.detail)
    if not scene.wait and failed is None:
        return action.end(OutcomeKind.DONE, "accepted, not followed")
    total = patience + scene.limits.start_seconds(key)
    outcome = await watch(action, restarted_or_left(action), total, failed)
    if outcome.kind is OutcomeKind.UNKNOWN and outcome.state_after is ProcessState.STOPPED:
        return await finish_restart(action)
    return outcome


async def finish_restart_later(
    scene: Scene, snapshot: HostSnapshot, process: Process, left: Outcome
) -> Outcome:
    """As `finish_restart`, for a restart that was `left` UNKNOWN and whose host shows only now that it was cut."""
    before = replace(process, state=left.state_before or process.state, pid=left.pid_before)
    action = Begun(scene, Verb.RESTART, before, snapshot.now(scene.clock()), scene.clock())
    outcome = await finish_restart(action)
    if action.intent is not None:
        scene.journal.outcome(action.intent, outcome)
    return outcome


async def finish_restart(action: Begun) -> Outcome:
    """Send the start that never came: our connection was cut during the stop, or somebody else's stop swallowed it."""
    again = await _send(action, action.scene.supervisor.start, (FaultCode.ALREADY_STARTED, *_TRIED_AGAIN))
    if again is not None and again.kind is not OutcomeKind.UNKNOWN:
        return replace(again, kind=OutcomeKind.FAILED, detail=_STANDS_STILL + again.detail)
    return await watch(action, restarted(action), action.scene.limits.start_seconds(action.key), again)


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
        if fault.code in fine:
            return None
        return action.end(OutcomeKind.FAILED, fault_words(fault), await look(action))
    except WireError as error:
        if error.committed:
            action.unanswered = True
            return action.end(OutcomeKind.UNKNOWN, f"sent, and then: {error.problem}")
        return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {error.problem}")
    except SupervisorTuiError as error:  # the journal or the wire's allow-list refused before the last byte
        return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {error}")
    return None


async def _accepted(action: Begun, words: str) -> Outcome:
    """For requests whose effect cannot be read back: supervisord took it, and this is how the process is now."""
    after = await look(action)
    if after is None:
        return action.end(OutcomeKind.DONE, words)
    note = f"; pid {action.before.pid} is now {after.state.name}" if after.pid != action.before.pid else ""
    return action.end(OutcomeKind.DONE, words + note, after)
