"""Acting on supervisord itself: reread, update, restart, shutdown, its log. One `Outcome` per host.

The same rules as in `actions`, and two more: supervisord is restarted only after it has read its files without complaint,
because broken ones would keep it down for good; and an update applies the plan that was shown, or nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tui.engine.acting.scene import MARGIN, REQUEST_SECONDS, Scene, fault_words
from tui.engine.journal import Intent
from tui.errors import Cause, Fault, FaultCode, RefusedError, SupervisorTuiError, WireError
from tui.model.host import HostSnapshot
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Step, Verb
from tui.model.process import ProcessKey
from tui.model.states import RUNNING_STATES, HostState, OutcomeKind
from tui.rpc.answers import Call, Reread
from tui.text import clean

_BACK_PAUSE = 0.5
_BACK_SECONDS = 30.0
"""supervisord itself needs moments to come back; its programs' own times are added."""
_NAMED = 5
_NAME_CELLS = 60
_DETAIL_CELLS = 400


@dataclass(slots=True)
class DaemonAction:
    """One verb on one host, under way."""

    scene: Scene
    verb: Verb
    key: ProcessKey
    before: HostSnapshot
    began: float
    argument: str = ""
    shown: Reread | None = None
    """What the user was shown that an update would do; None when nothing was shown."""
    intent: Intent | None = None
    asked: bool = False
    """Whether a last byte of what was asked for has been sent; checking the files beforehand does not count."""
    finished: list[str] = field(default_factory=list)
    """What of an update has been done so far, in words."""

    @property
    def running(self) -> frozenset[ProcessKey]:
        """What ran on the host when the action began."""
        return frozenset(process.key for process in self.before.processes if process.state in RUNNING_STATES)

    def checking(self) -> None:
        """Called right before the last byte of a request that only leads up to the one that was asked for."""
        if self.intent is None:
            self.intent = self.scene.journal.intent(
                self.verb, self.key, job=self.scene.job, argument=self.argument
            )

    def committing(self) -> None:
        """Called right before each other request's last byte; the first one is written down."""
        self.checking()
        self.asked = True

    def end(self, kind: OutcomeKind, detail: str) -> Outcome:
        """The outcome of this action."""
        if self.finished and kind is not OutcomeKind.DONE:
            detail = f"{detail}; before that: {', '.join(self.finished)}"
        seconds = max(0.0, self.scene.clock() - self.began)
        return Outcome(self.key, kind, clean(detail, _DETAIL_CELLS), seconds=seconds)


async def act_on_host(scene: Scene, plan: Plan, step: Step, shown: Reread | None) -> Outcome:
    """Do what `plan` says to one supervisord; never raises but when cancelled."""
    began = scene.clock()
    before = await scene.poll()
    action = DaemonAction(scene, plan.verb, step.key, before, began, plan.argument, shown)
    if not before.fresh:
        return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {before.problem}")
    outcome = await _guarded(action, _ACTIONS[plan.verb])
    if action.intent is not None:
        scene.journal.outcome(action.intent, outcome)
    await scene.poll()
    return outcome


async def _guarded(action: DaemonAction, act: Callable[[DaemonAction], Awaitable[Outcome]]) -> Outcome:
    """Turn whatever stops an action half-way into its outcome: how far it came decides which."""
    try:
        return await act(action)
    except Fault as fault:
        return action.end(OutcomeKind.FAILED, fault_words(fault))
    except WireError as error:
        if not action.asked:
            return action.end(OutcomeKind.NOT_EXECUTED, f"not sent: {error.problem}")
        if error.committed:
            return action.end(OutcomeKind.UNKNOWN, f"sent, and then: {error.problem}")
        return action.end(OutcomeKind.FAILED, f"begun, and then: {error.problem}")
    except RefusedError as error:  # the journal or the wire's allow-list refused before the last byte
        kind = OutcomeKind.FAILED if action.asked else OutcomeKind.NOT_EXECUTED
        return action.end(kind, f"not sent: {error}")


# --- reread and update ----------------------------------------------------------------------------------------------


def reread_words(plan: Reread) -> str:
    """What an update would do, group by group, in one line."""
    parts = [
        f"{word} {_names(names)}"
        for word, names in (
            ("stop and remove", plan.removed),
            ("restart with new settings", plan.changed),
            ("add", plan.added),
        )
        if names
    ]
    return "; ".join(parts) or "nothing has changed"


async def _reread(action: DaemonAction) -> Outcome:
    plan = await _read_files(action, action.committing)
    would = "an update would " if plan != Reread() else ""
    return action.end(OutcomeKind.DONE, f"read again; {would}{reread_words(plan)}")


async def _read_files(action: DaemonAction, committing: Callable[[], None]) -> Reread:
    """Fault CANT_REREAD keeps supervisord's own words about what is broken."""
    plan = await action.scene.supervisor.reread(committing=committing, deadline=REQUEST_SECONDS)
    action.scene.drifted(plan)
    return plan


async def _update(action: DaemonAction) -> Outcome:
    plan = await _read_files(action, action.checking)
    if action.shown is not None and plan != action.shown:
        return action.end(
            OutcomeKind.NOT_EXECUTED,
            f"the files have changed since you were shown the plan; now: {reread_words(plan)}",
        )
    if not (plan.added or plan.changed or plan.removed):
        return action.end(OutcomeKind.SKIPPED, "nothing has changed")
    for group in plan.removed:
        await _take_away(action, group, action.committing)
        action.finished.append(f"removed {clean(group, _NAME_CELLS)}")
    for group in plan.changed:
        await _change(action, group)
        action.finished.append(f"restarted {clean(group, _NAME_CELLS)}")
    for group in plan.added:
        await action.scene.supervisor.add_group(group, committing=action.committing, deadline=REQUEST_SECONDS)
        action.finished.append(f"added {clean(group, _NAME_CELLS)}")
    action.scene.drifted(Reread())
    return await _updated(action, plan)


async def _take_away(action: DaemonAction, group: str, removing: Callable[[], None]) -> None:
    """Stop and remove a group. The stop waits, because a group that still runs cannot be removed (fault 91)."""
    members = [p for p in action.before.processes if p.key.group == group]
    patience = max((action.scene.limits.stop_seconds(p.key) for p in members), default=10.0) + MARGIN
    call = Call("supervisor.stopProcessGroup", (group, True))
    (answer,) = await action.scene.supervisor.multicall(
        [call], committing=action.committing, deadline=patience * max(1, len(members))
    )
    if isinstance(answer, Fault) and answer.code != FaultCode.BAD_NAME:
        raise answer
    await action.scene.supervisor.remove_group(group, committing=removing, deadline=REQUEST_SECONDS)


async def _change(action: DaemonAction, group: str) -> None:
    """Remove and add a group. In between it exists nowhere but in the files: that gap has an entry of its own."""
    gap: Intent | None = None

    def removing() -> None:
        nonlocal gap
        action.committing()
        gap = action.scene.journal.intent(
            Verb.UPDATE, ProcessKey(action.key.host, group), job=action.scene.job
        )

    def told(kind: OutcomeKind, detail: str) -> None:
        if gap is not None:
            action.scene.journal.outcome(gap, Outcome(gap.key, kind, detail))

    await _take_away(action, group, removing)
    try:
        await action.scene.supervisor.add_group(group, committing=action.committing, deadline=REQUEST_SECONDS)
    except WireError as error:
        name = clean(group, _NAME_CELLS)
        lost = f"group {name} was removed and could not be added again ({error.problem}); update once more"
        told(OutcomeKind.FAILED, lost)
        raise Fault(error.code if isinstance(error, Fault) else FaultCode.FAILED, lost) from error
    told(OutcomeKind.DONE, "added again")


async def _updated(action: DaemonAction, plan: Reread) -> Outcome:
    after = await action.scene.poll()
    if not after.fresh:
        return action.end(OutcomeKind.UNKNOWN, f"sent, and then the host could not be read: {after.problem}")
    groups = {process.key.group for process in after.processes}
    missing = [group for group in (*plan.added, *plan.changed) if group not in groups]
    if missing:
        return action.end(OutcomeKind.FAILED, f"after the update these groups are missing: {_names(missing)}")
    return action.end(OutcomeKind.DONE, f"updated: {reread_words(plan)}")


# --- restart and shutdown -------------------------------------------------------------------------------------------


async def _restart(action: DaemonAction) -> Outcome:
    try:
        await _read_files(action, action.checking)
    except Fault as fault:
        return action.end(
            OutcomeKind.FAILED,
            f"not restarted: its files are broken and it would not come back ({fault.text}); mend them first",
        )
    ran = action.running
    asked_at = action.before.now(action.scene.clock())
    accepted = await _accepted(
        action.scene.supervisor.restart(committing=action.committing, deadline=REQUEST_SECONDS)
    )
    return await _back_again(action, ran, asked_at, accepted=accepted)


async def _accepted(request: Awaitable[None]) -> bool:
    """Whether supervisord said yes; False when it was sent and the answer got lost. Raises when it was not sent."""
    try:
        await request
    except Fault:
        raise
    except WireError as error:
        if not error.committed:
            raise
        return False
    return True


async def _back_again(
    action: DaemonAction, ran: frozenset[ProcessKey], asked_at: float, *, accepted: bool
) -> Outcome:
    """Watch until it answers as a new run, which whatever it answers after its yes is: until then it says fault 6.

    Without its yes: it was away in between, or every start is newer than our request. Its pid stays the same and it tells
    no uptime, so a reading that still shows the old processes proves nothing.
    """
    scene = action.scene
    deadline = scene.clock() + scene.limits.longest_stop() + _BACK_SECONDS
    away = accepted
    while scene.clock() < deadline:
        await asyncio.sleep(_BACK_PAUSE)
        now = await scene.poll()
        if not now.fresh:
            away = away or now.state in (HostState.RESTARTING, HostState.REFUSED)
            continue
        starts = [process.start for process in now.processes if process.pid]
        if away or (starts and min(starts) >= int(asked_at)):
            return await _compared(action, ran)
    return action.end(
        OutcomeKind.UNKNOWN, "asked to restart, and not seen to come back; look at the host itself"
    )


async def _compared(action: DaemonAction, ran: frozenset[ProcessKey]) -> Outcome:
    """Give autostart a moment, then say what ran before and does not now."""
    scene = action.scene
    deadline = scene.clock() + MARGIN
    while True:
        now = await scene.poll()
        busy_or_well = {process.key for process in now.processes if process.state in RUNNING_STATES}
        missing = sorted(ran - busy_or_well)
        if (now.fresh and not missing) or scene.clock() >= deadline:
            break
        await asyncio.sleep(_BACK_PAUSE)
    if not now.fresh:
        return action.end(
            OutcomeKind.UNKNOWN, f"restarted, and what runs now could not be read: {now.problem}"
        )
    if not missing:
        return action.end(OutcomeKind.DONE, f"restarted; all {len(ran)} that ran run again")
    return action.end(
        OutcomeKind.DONE,
        f"restarted; {len(missing)} of {len(ran)} that ran do not run now: {_names([key.address for key in missing])}",
    )


async def _shutdown(action: DaemonAction) -> Outcome:
    """Done when nothing listens any more. A host that has become silent tells nothing."""
    scene = action.scene
    await _accepted(scene.supervisor.shutdown(committing=action.committing, deadline=REQUEST_SECONDS))
    deadline = scene.clock() + scene.limits.longest_stop() + _BACK_SECONDS
    silence = ""
    while scene.clock() < deadline:
        await asyncio.sleep(_BACK_PAUSE)
        try:
            await scene.supervisor.state()
            silence = ""
        except Fault:
            silence = ""
        except WireError as error:
            if error.cause is Cause.REFUSED and not error.committed:
                end = f"shut down: {error.problem}; it can only be started again on the host itself"
                return action.end(OutcomeKind.DONE, end)
            silence = error.problem
    if silence:
        return action.end(
            OutcomeKind.UNKNOWN, f"asked to shut down, and whether it has cannot be seen: {silence}"
        )
    return action.end(OutcomeKind.FAILED, "asked to shut down, and it still answers")


async def _clear_log(action: DaemonAction) -> Outcome:
    await action.scene.supervisor.clear_main_log(committing=action.committing, deadline=REQUEST_SECONDS)
    return action.end(OutcomeKind.DONE, "supervisord cleared its own log")


async def _send_event(action: DaemonAction) -> Outcome:
    kind, _, data = action.argument.partition(" ")
    await action.scene.supervisor.send_event(
        kind, data, committing=action.committing, deadline=REQUEST_SECONDS
    )
    return action.end(OutcomeKind.DONE, "supervisord took it; whether a listener wants it is not told")


_ACTIONS: dict[Verb, Callable[[DaemonAction], Awaitable[Outcome]]] = {
    Verb.REREAD: _reread,
    Verb.UPDATE: _update,
    Verb.DAEMON_RESTART: _restart,
    Verb.DAEMON_SHUTDOWN: _shutdown,
    Verb.DAEMON_CLEAR_LOG: _clear_log,
    Verb.SEND_EVENT: _send_event,
}


def _names(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(clean(name, _NAME_CELLS) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


async def preview(scene: Scene, host: str) -> Reread:
    """What an update of `host` would do; written down, as reading its files changes what every client sees."""
    action = DaemonAction(scene, Verb.REREAD, ProcessKey(host), await scene.poll(), scene.clock())
    if not action.before.fresh:
        raise RefusedError(f"not asked: {action.before.problem}", action.before.advice)
    try:
        plan = await _read_files(action, action.committing)
    except SupervisorTuiError as error:
        if action.intent is not None:
            scene.journal.outcome(action.intent, action.end(OutcomeKind.FAILED, error.problem))
        raise
    if action.intent is not None:
        scene.journal.outcome(action.intent, action.end(OutcomeKind.DONE, reread_words(plan)))
    return plan
