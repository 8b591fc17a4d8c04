"""What a job is called, in a few words; clean."""

from __future__ import annotations

from tui.model.plan import HOST_VERBS, Plan, Verb
from tui.text import clean

_WORDS = {
    Verb.CLEAR_LOGS: "clear logs of",
    Verb.DAEMON_RESTART: "restart supervisord of",
    Verb.DAEMON_SHUTDOWN: "shut down supervisord of",
    Verb.DAEMON_CLEAR_LOG: "clear supervisord's log of",
    Verb.STDIN: "send a line to",
    Verb.SEND_EVENT: "send an event to",
}


def job_title(plan: Plan) -> str:
    """'restart 312 on 40 hosts', 'stop 7 on web-01', or the one target."""
    steps = plan.steps
    verb = _WORDS.get(plan.verb, plan.verb.value)
    if len(steps) == 1:
        step = steps[0]
        shown = step.shown if step.key.is_host else f"{step.key.host} {step.shown}"
        return f"{verb} {shown}"
    hosts = dict.fromkeys(step.key.host for step in steps)
    if plan.verb in HOST_VERBS:
        return f"{verb} {len(hosts)} hosts"
    where = clean(next(iter(hosts))) if len(hosts) == 1 else f"{len(hosts)} hosts"
    return f"{verb} {len(steps)} on {where}"
