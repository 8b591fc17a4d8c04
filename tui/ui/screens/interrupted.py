"""Restarts that an earlier run began and could not finish: once their hosts have answered, offer to start what stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.model.plan import Verb, make_plan, plan_summary, plan_words
from tui.model.states import HostState
from tui.ui.screens.pointing import Pointed

if TYPE_CHECKING:
    from tui.ui.screens.acting import ActingScreen

WARNING = "A restart was cut short in an earlier run: these may stand still because of it."


def offer_interrupted(screen: ActingScreen) -> bool:
    """Ask, if there is something to ask; False when it is too early and this must be called again."""
    engine = screen.engine
    keys = engine.interrupted
    if not keys:
        return engine.running
    picture, now = engine.picture, screen.session.monotonic()
    hosts = [picture.hosts[key.host] for key in keys if key.host in picture.hosts]
    if any(host.state is HostState.PENDING for host in hosts) or screen.asking:
        return False
    pointed = Pointed(keys, "what a cut restart left")
    plan = make_plan(Verb.START, keys, picture, now, scope=pointed.words)
    judgement = engine.policy.judge(plan, picture, now)
    if judgement.refusal or not plan.acting:
        if not judgement.refusal and all(host.fresh for host in hosts):
            engine.settle_interrupted("found running at the next start")
        return True

    def answered(yes: bool | None) -> None:
        engine.settle_interrupted("start offered to the user")
        screen.settle_question(plan, judgement, pointed, yes=bool(yes))

    screen.stand_still(True)
    from tui.ui.screens.modals import QuestionScreen

    question = QuestionScreen(plan_words(plan), plan_summary(plan), typed=judgement.typed, warning=WARNING)
    screen.app.push_screen(question, answered)
    return True
