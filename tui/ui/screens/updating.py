"""`update` with its plan first: supervisord rereads, what would change is shown, and only then is it asked.

The reread is a change by itself for every client of that supervisord, so policy is asked before it, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.errors import SupervisorTuiError
from tui.model.plan import Plan, Verb, make_plan, plan_words
from tui.model.policy import Tier
from tui.text import clean
from tui.ui.screens.modals import QuestionScreen
from tui.ui.screens.pointing import Pointed

if TYPE_CHECKING:
    from tui.rpc.client import Reread
    from tui.ui.screens.acting import ActingScreen


def preview_then_ask(screen: ActingScreen, pointed: Pointed) -> None:
    """Begin; everything else happens when the answers are in."""
    picture, now = screen.engine.picture, screen.session.monotonic()
    plan = make_plan(Verb.UPDATE, pointed.keys, picture, now, scope=pointed.words)
    judgement = screen.engine.policy.judge(plan, picture, now)
    if judgement.refusal:
        screen.say_refused(judgement)
    elif not plan.acting:
        screen.say(plan_words(plan), "warning")
    else:
        screen.say(f"{pointed.words}: rereading, to see what an update would change …")
        screen.run_worker(_preview(screen, pointed), exclusive=False)


async def _preview(screen: ActingScreen, pointed: Pointed) -> None:
    hosts = [key.host for key in pointed.keys]
    answers = await asyncio.wrap_future(screen.engine.preview_update(hosts))
    changing = tuple(key for key in pointed.keys if changes(answers[key.host]))
    lines = preview_lines(answers)
    if not changing:
        screen.say("; ".join(lines), "warning" if any(map(_failed, answers.values())) else "good")
        return
    picture, now = screen.engine.picture, screen.session.monotonic()
    plan = make_plan(Verb.UPDATE, changing, picture, now, scope=pointed.words)
    judgement = screen.engine.policy.judge(plan, picture, now)
    if judgement.refusal:
        screen.say_refused(judgement)
        return
    screen.ticker.hush()
    question = QuestionScreen(plan_words(plan), lines, typed=judgement.typed)
    if await screen.app.push_screen_wait(question):
        _begin(screen, plan, judgement.tier)
    else:
        screen.say("not updated: the files stay read, nothing was restarted")


def _begin(screen: ActingScreen, plan: Plan, tier: Tier) -> None:
    try:
        screen.engine.submit(plan, tier)
    except SupervisorTuiError as error:
        screen.say(f"refused: {error}", "error")


def changes(answer: Reread | SupervisorTuiError) -> bool:
    """Whether an update would do anything."""
    return not isinstance(answer, SupervisorTuiError) and bool(
        answer.added or answer.changed or answer.removed
    )


def preview_lines(answers: Mapping[str, Reread | SupervisorTuiError]) -> list[str]:
    """Host by host, what an update would do; clean."""
    lines = []
    for host, answer in answers.items():
        name = clean(host)
        if isinstance(answer, SupervisorTuiError):
            lines.append(f"{name}: {answer}")
            continue
        parts = [
            f"{what} {', '.join(map(clean, groups))}"
            for what, groups in (
                ("add and start", answer.added),
                ("stop and start anew", answer.changed),
                ("stop and remove", answer.removed),
            )
            if groups
        ]
        lines.append(f"{name}: {'; '.join(parts) or 'nothing to update'}")
    return lines


def _failed(answer: Reread | SupervisorTuiError) -> bool:
    return isinstance(answer, SupervisorTuiError)
