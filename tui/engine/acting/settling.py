"""What a later reading makes of an action whose outcome was left UNKNOWN.

Who comes in: `jobs`, with a process as its host shows it after it could not be read. What leaves: the outcome, or None while
the reading tells nothing yet.
"""

from __future__ import annotations

from dataclasses import replace

from tui.engine.acting.same_daemon import under_another
from tui.engine.acting.scene import Scene
from tui.model.outcome import Outcome
from tui.model.plan import LEAVES_A_TRACE, Step, Verb
from tui.model.process import Process
from tui.model.states import RUNNING_STATES, STOPPED_STATES, OutcomeKind, ProcessState


async def settle(
    scene: Scene, verb: Verb, left: Outcome, step: Step, process: Process, *, certain: bool
) -> Outcome | None:
    """The outcome that this reading proves. `scene` is the one in which it was asked for; for `certain` see `settled_by`."""
    settled = settled_by(verb, left, process, began_before=step.start, certain=certain)
    if settled is None and not certain:
        return None
    replaced = await scene.daemon.replaced()
    if replaced is None:
        return None
    if replaced:
        seen = replace(left, state_after=process.state, pid_after=process.pid)
        return under_another(verb, settled or seen)
    return settled


def settled_by(
    verb: Verb, left: Outcome, process: Process, *, began_before: int, certain: bool
) -> Outcome | None:
    """As above, for the same supervisord. `began_before` is the start of the run before the action, in the server's clock.

    `certain` tells that the host had time to act since it answers again: then unchanged means that nothing was executed.
    """
    kind, words = _verdict(verb, left, process, began_before, certain=certain)
    if kind is None:
        return None
    return replace(
        left,
        kind=kind,
        detail=f"settled by a later read: {words}",
        state_after=process.state,
        pid_after=process.pid,
    )


def _verdict(
    verb: Verb, left: Outcome, process: Process, began_before: int, *, certain: bool
) -> tuple[OutcomeKind | None, str]:
    state, other_run = process.state, process.pid != left.pid_before
    starts = verb in (Verb.START, Verb.RESTART)
    if starts and state is ProcessState.RUNNING and other_run:
        return OutcomeKind.DONE, f"running, pid {process.pid}"
    if verb is Verb.STOP and state in STOPPED_STATES:
        return OutcomeKind.DONE, "it has ended"
    if not certain or verb not in LEAVES_A_TRACE:
        return None, ""
    ran_since = process.start > began_before
    if starts and ran_since and state is ProcessState.EXITED:
        if process.exitstatus == 0 and not process.spawnerr:
            return OutcomeKind.DONE, "it ran and ended as expected (exit status 0)"
        return OutcomeKind.FAILED, f"it ran and ended (exit status {process.exitstatus})"
    if starts and ran_since and state in STOPPED_STATES:
        return OutcomeKind.FAILED, f"it was started, and is {state.name} now"
    if verb is Verb.RESTART and state in STOPPED_STATES:
        return OutcomeKind.FAILED, "it was stopped and not started again; start it"
    if verb is Verb.STOP and other_run and state in RUNNING_STATES:
        return OutcomeKind.FAILED, f"it runs again, pid {process.pid}"
    if state is left.state_before and not other_run:
        return OutcomeKind.NOT_EXECUTED, "it is as it was"
    return None, ""
