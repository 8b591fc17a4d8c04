"""The app: wakes the screens when the engine has news, and once a second for what ages.

Wiring only: what keys do stands in `screens`, what they are in `actions`, how all of it ends in `clean_end`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from tui.text import clean
from tui.ui.alerts import Alerts, hook_of
from tui.ui.clean_end import CleanEnd
from tui.ui.job_ends import JobEnds, job_sentence
from tui.ui.news import News
from tui.ui.reloading import Reloading
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.fleet import FleetScreen
from tui.ui.screens.interrupted import offer_interrupted
from tui.ui.screens.kept_picture import KeptPicture
from tui.ui.session import Session
from tui.ui.terminal.diff_driver import redraw
from tui.ui.theme import THEMES, terminal_glyphs
from tui.ui.widgets.ticker import Severity

if TYPE_CHECKING:
    from tui.config.schema import Settings

TICK = 1.0
TERMINAL_GONE = 129
"""The exit code: as of a HUP, which is what a terminal that goes away sends to whom it belongs."""


class SupervisorTuiApp(CleanEnd):
    """One terminal over the fleet of `session`."""

    TITLE = "supervisor-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False, system=True)]
    """Besides Textual's own ctrl+q and ctrl+c; every other key stands in the registry."""

    def __init__(
        self, session: Session, redact: Callable[[str], str] = str, *, driver: type[Driver] | None = None
    ) -> None:
        """`redact` strikes out what must not stay in a picture or a crash file."""
        super().__init__(redact, driver=driver)
        self.session = session
        self.engine = session.engine
        self.glyphs = terminal_glyphs()
        self.fleet = FleetScreen(session)
        self._news = News(lambda sentence: self._say(sentence, "warning"))
        self._file_news = ""
        self._job_ends = JobEnds()
        self._woken = False
        self._called = False
        self._unsubscribe: Callable[[], None] | None = None
        self._offered = False
        hook = hook_of(session.settings, lambda sentence: self._news.add([sentence]))
        self._alerts = Alerts(
            session.settings.alerts, session.title, session.mute, self._tell_terminal, hook=hook
        )
        self._reloading = Reloading(session, self._say, self._reloaded)
        self._kept = KeptPicture(self, self.fleet, redact)
        self.animation_level = "none"

    # --- life -------------------------------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        """The fleet."""
        return self.fleet

    def compose(self) -> ComposeResult:
        """Nothing; but the driver has begun, and some terminals blank the screen for that: the old picture again."""
        last = self.session.last
        if last is not None and last.on_screen and self._driver is not None:
            self._driver.write(last.painted())
            last.taken_over()
        return ()

    def on_mount(self) -> None:
        """Paint first; an engine that has not begun yet begins after that."""
        for theme in THEMES:
            self.register_theme(theme)
        self._take_theme()
        self._news.add(self.session.settings.warnings)
        self.set_keymap(self.session.keymap.own())
        self.app_resume_signal.subscribe(self, self._paint_after_suspension)
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self._begin)

    def _take_theme(self) -> None:
        wanted = self.session.settings.ui.theme
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            self._news.add([f"there is no theme {clean(wanted, 40)!r}; : shows their names"])

    def _begin(self) -> None:
        if not self.listen():
            return

        def wake() -> None:
            if not self._called:  # else a stalled terminal, which stops our loop, would let the calls pile up
                self._called = True
                self.call(self._wake)

        self._unsubscribe = self.engine.subscribe(wake)
        self.engine.start()
        self._wake()
        gc.freeze()  # what has been imported stays: no collection need look at it again

    def on_unmount(self) -> None:
        """No more news."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._alerts.close()
        self._reloading.close()

    def _paint_after_suspension(self, _app: App[object]) -> None:
        """After ctrl+z and fg the terminal is blank, and Textual believes that it shows what it showed before."""
        self.engine.poll_now()
        redraw(self)

    def on_resize(self, event: events.Resize) -> None:
        """Textual does nothing when the size is what it was; yet the terminal may have been smaller in between."""
        if event.size == self.size:
            redraw(self)

    # --- news -------------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        """The engine has something new: at most one refresh a turn of the loop."""
        self._called = False
        if not self._woken:
            self._woken = True
            self.call_later(self._refresh)

    def _refresh(self) -> None:
        self._woken = False
        for screen in self._visible_screens():
            screen.refresh_picture()
        self._alerts.take(self.engine.timeline, self.session.monotonic())
        self._tell_jobs()
        if not self._offered:
            self._offered = offer_interrupted(self.fleet)

    def _tick(self) -> None:
        for screen in self._visible_screens():
            screen.tick()
        self._alerts.tick(self.engine.picture.counts, self.session.monotonic())
        if self._reloading.tick():
            self._tell_of_file()
        self._news.tell(self.engine.notices, self.session.monotonic())
        self._kept.tick()
        if self.terminal_gone:
            self.leave(TERMINAL_GONE)

    def _visible_screens(self) -> list[BaseScreen]:
        """The screen on top, and what a question or a menu leaves in view below it."""
        visible = []
        for screen in reversed(self.screen_stack):
            if isinstance(screen, BaseScreen) and screen.is_mounted:
                visible.append(screen)
            if not screen.is_modal:
                break
        return visible

    def _say(self, text: str, severity: Severity) -> None:
        for screen in self._visible_screens()[:1]:
            screen.say(text, severity)

    def _tell_jobs(self) -> None:
        """One sentence when a job has ended."""
        for job in self._job_ends.new(self.engine.jobs):
            sentence, severity = job_sentence(job)
            self._say(sentence, severity)
            took, now = (job.finished_at or job.started_at) - job.started_at, self.session.monotonic()
            self._alerts.job_ended(sentence, took, bad=bool(job.failed), now=now)
            self.fleet.facts.forget_configs()

    def _tell_terminal(self, data: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(data)

    # --- the configuration ------------------------------------------------------------------------------------------

    def on_base_screen_reload_wanted(self) -> None:
        """The palette, from whichever screen; what is shown goes on meanwhile."""
        self.run_worker(self._reload(), exclusive=False)

    async def _reload(self) -> None:
        self._news.take_back(self._file_news)  # who reloads knows
        await self._reloading.reload()
        self.fleet.set_file_notice(self._reloading.notice)

    def _tell_of_file(self) -> None:
        """Say once that there is something to reload, or take that back when there is not."""
        self.fleet.set_file_notice(self._reloading.notice)
        said, self._file_news = self._file_news, self._reloading.notice
        self._news.take_back(said)
        if self._file_news:
            self._news.put_first(self._file_news)
        else:
            self.fleet.ticker.take_back(said)

    def _reloaded(self, before: Settings) -> None:
        settings = self.session.settings
        if settings.ui.theme != before.ui.theme:
            self._take_theme()
        self._news.add(text for text in settings.warnings if text not in before.warnings)
        self._news.wait(self.session.monotonic())  # what came of it is said first
        self._tell_of_file()
        self.fleet.configuration_changed()

    def action_help_quit(self) -> None:
        """ctrl+c, pressed by habit: how to leave, without a pop-up."""
        self._say("q goes back and, from the fleet, leaves; ctrl+q leaves at once", "note")

    def keep_for_next_start(self) -> None:
        """What the fleet looks like."""
        self._kept.keep()
