"""The app: wakes the screens when the engine has news, once a second for what ages, and leaves the terminal clean.

Wiring only: what keys do stands in `screens`, what they are in `actions`.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.screen import Screen

from tui.config.crash import crash_line, write_crash_file
from tui.model.states import OutcomeKind
from tui.text import clean
from tui.ui.alerts import Alerts, hook_of
from tui.ui.reloading import Reloading
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.fleet import FleetScreen
from tui.ui.screens.interrupted import offer_interrupted
from tui.ui.screens.kept_picture import KeptPicture
from tui.ui.session import Session
from tui.ui.terminal.diff_driver import redraw
from tui.ui.terminal.lasting_driver import LastingDriver
from tui.ui.terminal.rescue import say_last
from tui.ui.theme import ASCII, THEMES, UNICODE
from tui.ui.typing_ahead import TypingAhead
from tui.ui.widgets.ticker import STAYS, Severity, job_title

if TYPE_CHECKING:
    from tui.config.schema import Settings

if TYPE_CHECKING:  # jobs are imported with the first of them
    from tui.engine.acting.jobs import JobPicture

TICK = 1.0
TERMINAL_GONE = 129
"""The exit code: as of a HUP, which is what a terminal that goes away sends to whom it belongs."""


class SupervisorTuiApp(TypingAhead[int]):
    """One terminal over the fleet of `session`."""

    TITLE = "supervisor-tui"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", show=False, system=True)]
    """Besides Textual's own ctrl+q and ctrl+c; every other key stands in the registry."""

    def __init__(
        self, session: Session, redact: Callable[[str], str] = str, *, driver: type[Driver] | None = None
    ) -> None:
        """`redact` strikes out what must not stay in a picture or a crash file."""
        super().__init__()
        if driver is not None:
            self.driver_class = driver
        self.session = session
        self.engine = session.engine
        self.glyphs = UNICODE if _speaks_unicode() else ASCII
        self.fleet = FleetScreen(session)
        self._redact = redact
        self._news: deque[tuple[str, Severity]] = deque()
        self._news_seen = 0
        self._file_news: tuple[str, Severity] = ("", "warning")
        self._quiet_until = 0.0
        self._told_jobs: set[int] = set()
        self._woken = False
        self._called = False
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._told_to_leave: int | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._offered = False
        hook = hook_of(session.settings, lambda sentence: self._news.append((sentence, "warning")))
        self._alerts = Alerts(
            session.settings.alerts, session.title, session.mute, self._tell_terminal, hook=hook
        )
        self._reloading = Reloading(session, self._say, self._reloaded)
        self._kept = KeptPicture(self, self.fleet, self._redact)
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
        self._news.extend((clean(text), "warning") for text in self.session.settings.warnings)
        self.set_keymap(self.session.keymap.own())
        self.app_resume_signal.subscribe(self, self._paint_after_suspension)
        self.set_interval(TICK, self._tick)
        self.call_after_refresh(self._begin)

    def _take_theme(self) -> None:
        wanted = self.session.settings.ui.theme
        if wanted in self.available_themes:
            self.theme = wanted
        else:
            self._news.append((f"there is no theme {clean(wanted, 40)!r}; : shows their names", "warning"))

    def _begin(self) -> None:
        self._own_loop = asyncio.get_running_loop()
        if self._told_to_leave is not None:
            self.exit(self._told_to_leave)
            return

        def wake() -> None:
            if not self._called:  # else a stalled terminal, which stops our loop, would let the calls pile up
                self._called = True
                self._call(self._wake)

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
        self._tell_news()
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
        for job in reversed(self.engine.jobs):
            if job.finished and job.number not in self._told_jobs:
                self._told_jobs.add(job.number)
                sentence, severity = job_sentence(job)
                self._say(sentence, severity)
                took, now = (job.finished_at or job.started_at) - job.started_at, self.session.monotonic()
                self._alerts.job_ended(sentence, took, bad=bool(job.failed), now=now)
                self.fleet.facts.forget_configs()

    def _tell_terminal(self, data: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(data)

    def _tell_news(self) -> None:
        """Warnings of the settings and notices of the engine, one after the other, each once."""
        notices = self.engine.notices
        self._news.extend((clean(text), "warning") for text in notices[self._news_seen :])
        self._news_seen = len(notices)
        now = self.session.monotonic()
        if self._news and now >= self._quiet_until:
            self._quiet_until = now + STAYS
            self._say(*self._news.popleft())

    # --- the configuration ------------------------------------------------------------------------------------------

    def on_base_screen_reload_wanted(self) -> None:
        """The palette, from whichever screen; what is shown goes on meanwhile."""
        self.run_worker(self._reload(), exclusive=False)

    async def _reload(self) -> None:
        await self._reloading.reload()
        self.fleet.set_file_notice(self._reloading.notice)

    def _tell_of_file(self) -> None:
        """Say once that there is something to reload, or take that back when there is not."""
        self.fleet.set_file_notice(self._reloading.notice)
        said, _ = self._file_news
        self._news = deque(item for item in self._news if item != self._file_news)
        self._file_news = (self._reloading.notice, "warning")
        if self._reloading.notice:
            self._news.appendleft(self._file_news)
        else:
            self.fleet.ticker.take_back(said)

    def _reloaded(self, before: Settings) -> None:
        settings = self.session.settings
        if settings.ui.theme != before.ui.theme:
            self._take_theme()
        fresh = [text for text in settings.warnings if text not in before.warnings]
        self._news.extend((clean(text), "warning") for text in fresh)
        self._quiet_until = self.session.monotonic() + STAYS  # what came of it is said first
        self._tell_of_file()
        self.fleet.configuration_changed()

    def action_help_quit(self) -> None:
        """ctrl+c, pressed by habit: how to leave, without a pop-up."""
        self._say("q goes back and, from the fleet, leaves; ctrl+q leaves at once", "note")

    # --- the end ----------------------------------------------------------------------------------------------------

    def leave(self, code: int) -> None:
        """Leave with this exit code, also when nobody reads the terminal. From any thread, and from a signal handler."""
        self._hurry()
        self._told_to_leave = code
        self._call(functools.partial(self.exit, code))

    @property
    def terminal_gone(self) -> bool:
        """Whether the terminal was taken away, which not every one is told by a signal."""
        return isinstance(self._driver, LastingDriver) and self._driver.gone

    @property
    def lost(self) -> bool:
        """Whether the terminal has not taken all that leaving it needs."""
        return isinstance(self._driver, LastingDriver) and self._driver.terminal.lost

    def _hurry(self) -> None:
        """From now on nobody waits for a terminal that is not read."""
        if isinstance(self._driver, LastingDriver):
            self._driver.terminal.hurry()

    def _call(self, work: Callable[[], object]) -> None:
        if self._own_loop is not None:
            with suppress(RuntimeError):  # the loop may have ended between the two threads
                self._own_loop.call_soon_threadsafe(work)

    def exit(
        self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None
    ) -> None:
        """Leave, and keep what the fleet looks like for the next start."""
        self._hurry()
        self._kept.keep()
        super().exit(result, return_code, message)

    def _fatal_error(self) -> None:
        """Instead of Textual's traceback with the values of locals: a private file, and one line."""
        error = self._exception or RuntimeError("unknown")
        path = write_crash_file(error, self._redact)
        self._hurry()
        self._exit_renderables.append(crash_line(error, path, self._redact))
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        """One line on stderr, and never Textual's own tracebacks."""
        lines = [line for line in self._exit_renderables if isinstance(line, str)]
        self._exit_renderables.clear()
        if lines and sys.__stderr__ is not None:
            say_last(sys.__stderr__.fileno(), f"{lines[0]}\r\n")


def job_sentence(job: JobPicture) -> tuple[str, Severity]:
    """What became of a job, in one sentence, and how grave that is."""
    title = f"job {job.number} {job_title(job.plan)}"
    if job.failed:
        bad = next(o for o in job.outcomes.values() if o.kind not in (OutcomeKind.DONE, OutcomeKind.SKIPPED))
        if job.total == 1:
            return f"{title}: {bad.kind.value.replace('_', ' ')} — {bad.detail}", "error"
        return f"{title}: {job.failed} of {job.total} failed; J shows each", "error"
    if job.note:
        return f"{title}: {job.note}", "warning"
    if job.cancelled:
        return f"{title}: cancelled after {job.done} of {job.total}", "warning"
    only = next(iter(job.outcomes.values()), None) if job.total == 1 else None
    detail = f" — {only.detail}" if only is not None and only.detail else ""
    return f"{title}: done{detail}", "good"


def _speaks_unicode() -> bool:
    words = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return "utf" in words.lower() or (words in ("", "C", "POSIX") and os.environ.get("TERM") != "linux")
