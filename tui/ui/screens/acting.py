"""Verbs: the target is frozen at the key press, policy judges, a question of that tier is asked, a job begins.

A screen that can act derives from `ActingScreen` and says what it points at. Nothing here changes anything by itself: the
engine does, and asks policy once more.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.errors import SupervisorTuiError
from tui.model.fleet import FleetPicture
from tui.model.pace import Pace
from tui.model.plan import STOPPING_ALREADY, UNREACHABLE_HOST, Plan, Verb, make_plan, plan_summary, plan_words
from tui.model.policy import Judgement, Tier
from tui.model.process import ProcessKey
from tui.model.states import ProcessState
from tui.ui.actions import BY_ID
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.pointing import (
    Pointed,
    as_json,
    everywhere,
    key_words,
    pace_for,
    short_words,
    tail_of_question,
)
from tui.ui.widgets.confirm_bar import ConfirmBar

if TYPE_CHECKING:  # what asks and lets choose is imported when it first does
    from tui.rpc.client import Channel
    from tui.ui.widgets.menu import Choice

NO_TARGET = "nothing is under the cursor and nothing is marked: there is nothing to {}"


class ActingScreen(BaseScreen):
    """A screen on which verbs have a target."""

    _asked: tuple[Plan, Judgement, Pointed] | None = None
    _focused_before: Widget | None = None

    # --- for subclasses ---------------------------------------------------------------------------------------------

    def pointed(self) -> Pointed | None:
        """What a verb would act on now; None when there is nothing."""
        raise NotImplementedError

    def pointed_row(self) -> Pointed | None:
        """What is shown in detail: the same, unless a screen tells marks and row apart."""
        return self.pointed()

    def stand_still(self, on: bool) -> None:
        """A question is open, or closed again: the list must not move under it."""

    def acted(self, pointed: Pointed) -> None:
        """A job with these targets has begun."""

    # --- the way of a verb ------------------------------------------------------------------------------------------

    def propose(
        self, verb: Verb, argument: str = "", *, pointed: Pointed | None = None, pace: Pace | None = None
    ) -> None:
        """Plan, judge, ask; or say why not. Without a `pace`: the one for so many targets."""
        pointed = pointed or self.pointed()
        if pointed is None:
            self.say(NO_TARGET.format(verb.value), "warning")
            return
        picture, now = self.engine.picture, self.session.monotonic()
        plan = self._plan(verb, argument, pointed, picture, now, pace)
        judgement = self.engine.policy.judge(plan, picture, now)
        if judgement.refusal:
            self.say_refused(judgement)
        elif not plan.acting:
            self.say(why_nothing(plan, picture) + self._way_out(plan), "warning")
        else:
            self.ask(plan, judgement, pointed)

    def _way_out(self, plan: Plan) -> str:
        """Of a stop that does not come to an end."""
        if any(step.skip != STOPPING_ALREADY for step in plan.steps):
            return ""
        return f"; {self.session.keymap.of(BY_ID['signal'])[0]} offers KILL"

    def _plan(
        self,
        verb: Verb,
        argument: str,
        pointed: Pointed,
        picture: FleetPicture,
        now: float,
        pace: Pace | None,
    ) -> Plan:
        recall = {}
        if verb is Verb.START:
            recall = {key.host: self.engine.remembered(key.host) for key in pointed.keys if key.is_host}
        make = partial(
            make_plan,
            verb,
            pointed.keys,
            picture,
            now,
            argument=argument,
            scope=pointed.words,
            recall={host: keys for host, keys in recall.items() if keys},
        )
        plan = make(pace=pace)
        if pace is None:
            pace = pace_for(len(plan.acting))
        return plan if pace == plan.pace else make(pace=pace)

    def ask(self, plan: Plan, judgement: Judgement, pointed: Pointed, *, warning: str = "") -> None:
        """Ask as firmly as the judgement says; tier 0 is not asked at all."""
        self.stand_still(True)
        if judgement.tier is Tier.DO and not warning:
            self._begin(plan, judgement.tier, pointed)
        elif judgement.tier is Tier.ONE_LINE and not warning:
            self._asked = (plan, judgement, pointed)
            self._focused_before = self.focused
            self.ticker.hush()
            self.confirm.ask(plan_words(plan), tail_of_question(plan))
        else:
            self._ask_at_large(plan, judgement, pointed, warning)

    def _ask_at_large(self, plan: Plan, judgement: Judgement, pointed: Pointed, warning: str = "") -> None:
        from tui.ui.screens.modals import QuestionScreen

        question = QuestionScreen(
            plan_words(plan), plan_summary(plan), typed=judgement.typed, warning=warning
        )

        def answered(yes: bool | None) -> None:
            self.settle_question(plan, judgement, pointed, yes=bool(yes))

        self.app.push_screen(question, answered)

    def on_confirm_bar_answered(self, message: ConfirmBar.Answered) -> None:
        """The one-line question has its answer."""
        message.stop()
        if self._asked is None:
            return
        plan, judgement, pointed = self._asked
        self._asked = None
        if self.focused in (None, self.confirm):
            (self._focused_before or self.main).focus()
        if message.view:
            self._ask_at_large(plan, judgement, pointed)
        else:
            self.settle_question(plan, judgement, pointed, yes=message.yes)

    def settle_question(self, plan: Plan, judgement: Judgement, pointed: Pointed, *, yes: bool) -> None:
        """A question about this plan has its answer."""
        if yes:
            self._begin(plan, judgement.tier, pointed)
        else:
            self.stand_still(False)
            self.say(f"not done: {plan_words(plan)[:1].lower()}{plan_words(plan)[1:]}")

    def _begin(self, plan: Plan, confirmed: Tier, pointed: Pointed) -> None:
        try:
            self.engine.submit(plan, confirmed)
        except SupervisorTuiError as error:
            self.say(f"refused: {error}", "error")
        else:
            self.acted(pointed)
        self.stand_still(False)
        self.refresh_picture()

    # --- keys: verbs ------------------------------------------------------------------------------------------------

    def action_start(self) -> None:
        """Start the target."""
        self.propose(Verb.START)

    def action_stop(self) -> None:
        """Stop the target."""
        self.propose(Verb.STOP)

    def action_restart(self) -> None:
        """Restart what runs of the target."""
        self.propose(Verb.RESTART)

    def action_rolling_restart(self) -> None:
        """Restart what runs of the target in batches, at a pace that is typed."""
        pointed = self.pointed()
        if pointed is None:
            self.say(NO_TARGET.format("restart"), "warning")
            return
        from tui.ui.screens.rolling import ask_pace

        self.stand_still(True)

        def paced(pace: Pace | None) -> None:
            self.stand_still(False)
            if pace is None:
                self.say("not done: no pace was chosen")
            else:
                self.propose(Verb.RESTART, pointed=pointed, pace=pace)

        ask_pace(self, pointed.words, paced)

    def action_clear_log(self) -> None:
        """Empty the target's log files."""
        pointed = self.pointed()
        only_hosts = pointed is not None and all(key.is_host for key in pointed.keys)
        self.propose(Verb.DAEMON_CLEAR_LOG if only_hosts else Verb.CLEAR_LOGS)

    def action_signal(self) -> None:
        """Choose a signal, then ask."""
        from tui.ui.screens import choices

        self._choose(
            "Send a signal to {}",
            choices.KILL_FIRST if self._all_stopping() else choices.SIGNALS,
            lambda name, to: self.propose(Verb.SIGNAL, name, pointed=to),
        )

    def _all_stopping(self) -> bool:
        pointed = self.pointed()
        processes = [self.engine.picture.process(key) for key in pointed.keys] if pointed else []
        return bool(processes) and all(one and one.state is ProcessState.STOPPING for one in processes)

    def action_stdin(self) -> None:
        """Type a line for the standard input of the target, then ask."""
        self._type(
            "A line for the standard input of {}",
            lambda text, to: self.propose(Verb.STDIN, f"{text}\n", pointed=to),
        )

    def _type(
        self, title: str, typed: Callable[[str, Pointed], None], pointed: Pointed | None = None
    ) -> None:
        pointed = pointed or self.pointed()
        if pointed is None:
            self.say(NO_TARGET.format("type for"), "warning")
            return
        from tui.ui.screens.modals import LineScreen

        self.stand_still(True)

        def left(text: str | None) -> None:
            self.stand_still(False)
            if text:
                typed(text, pointed)

        self.app.push_screen(LineScreen(title.format(pointed.words)), left)

    def action_daemon(self) -> None:
        """Choose what the supervisord of the target is told, then ask."""
        from tui.ui.screens import choices

        self._choose("Supervisord of {}", choices.DAEMON, self._tell_daemon, hosts=True)

    def action_menu(self) -> None:
        """Every action, with its letter."""
        from tui.ui.screens import choices

        locked = "this session is read-only" if self.session.read_only else ""
        lines = choices.every_action(self.SCOPE, self.session.keymap, locked)
        self._choose("With {}", lines, lambda id, _to: self.call_action(id))

    def call_action(self, id: str) -> None:
        """Do what an action's key does."""
        getattr(self, f"action_{id.replace('-', '_')}")()

    def _choose(
        self,
        title: str,
        lines: tuple[Choice, ...],
        chosen: Callable[[str, Pointed], None],
        *,
        hosts: bool = False,
    ) -> None:
        pointed = self.pointed()
        if pointed is None:
            self.say(NO_TARGET.format("choose for"), "warning")
            return
        words = _host_words(pointed) if hosts else pointed.words
        self.stand_still(True)

        def left(id: str | None) -> None:
            self.stand_still(False)
            if id:
                chosen(id, pointed)

        from tui.ui.screens.modals import MenuScreen

        self.app.push_screen(MenuScreen(title.format(words), lines), left)

    def _tell_daemon(self, id: str, pointed: Pointed) -> None:
        hosts = Pointed(pointed.hosts, _host_words(pointed), pointed.marked)
        if id == "main-log":
            self._open_log(hosts, "stdout")
        elif id == "send-event":
            title = "An event for the listeners of {}: its type, a blank, its data"
            self._type(title, lambda text, to: self.propose(Verb.SEND_EVENT, text, pointed=to), hosts)
        elif id == "update":
            from tui.ui.screens.updating import preview_then_ask

            preview_then_ask(self, hosts)
        else:
            self.propose(Verb(id), pointed=hosts)

    # --- keys: looking at the target --------------------------------------------------------------------------------

    def action_log(self) -> None:
        """Its standard output; of several targets, merged."""
        self._look("open the log of", lambda at: self._open_log(at, "stdout"), self.pointed())

    def action_log_everywhere(self) -> None:
        """Its standard output on every host that has it."""

        def merge(at: Pointed) -> None:
            keys = everywhere(at.keys, self.engine.picture)
            self._open_log(Pointed(keys, at.words), "stdout")

        self._look("open the log of", merge, self.pointed())

    def action_log_stderr(self) -> None:
        """Its standard error."""
        self._look("open the log of", lambda at: self._open_log(at, "stderr"), self.pointed())

    def action_details(self) -> None:
        """Everything known about it."""
        from tui.ui.screens.details import DetailsScreen

        def show(at: Pointed) -> None:
            self.app.push_screen(DetailsScreen(self.session, at.keys[0]))

        self._look("show", show, self.pointed_row())

    def action_timeline(self) -> None:
        """What changed."""
        from tui.ui.screens.timeline import TimelineScreen

        self.app.push_screen(TimelineScreen(self.session, self.timeline_of()))

    def timeline_of(self) -> ProcessKey | None:
        """Whose changes the timeline begins with; None: everybody's."""
        return None

    def action_copy(self) -> None:
        """Names to the clipboard, through the terminal."""
        self._look("copy", lambda at: self._copy("\n".join(map(key_words, at.keys)), at), self.pointed())

    def action_copy_json(self) -> None:
        """Everything known, as JSON."""
        self._look("copy", lambda at: self._copy(as_json(at.keys, self.engine.picture), at), self.pointed())

    def action_poll_now(self) -> None:
        """Ask every host at once."""
        self.engine.poll_now()
        self.say("asking every host now")

    def _look(self, what: str, then: Callable[[Pointed], object], pointed: Pointed | None) -> None:
        if pointed is None:
            self.say(NO_TARGET.format(what), "warning")
        else:
            then(pointed)

    def _copy(self, text: str, pointed: Pointed) -> None:
        self.app.copy_to_clipboard(text)
        self.say(f"copied {pointed.words}", "good")

    def _open_log(self, pointed: Pointed, channel: Channel) -> None:
        from tui.ui.screens.log import LogScreen

        self.app.push_screen(LogScreen(self.session, pointed.keys, frozenset({channel})))


def _host_words(pointed: Pointed) -> str:
    hosts = pointed.hosts
    return short_words(hosts[0]) if len(hosts) == 1 else f"{len(hosts)} hosts"


def why_nothing(plan: Plan, picture: FleetPicture) -> str:
    """Why a plan has nothing to do, with the cause where the host is what is wrong."""
    host = picture.hosts.get(plan.steps[0].key.host) if plan.steps else None
    if host is not None and host.problem and all(step.skip == UNREACHABLE_HOST for step in plan.steps):
        return (
            f"cannot {plan.verb.value}: {short_words(ProcessKey(host.host))} is unreachable: {host.problem}"
        )
    return plan_words(plan)
