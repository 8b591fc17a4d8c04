"""The log of one or many processes, or of a supervisord, followed; closed streams when the screen closes."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.engine.logs.following import LogFollow, LogLine
from tui.engine.logs.inbox import LogInbox
from tui.model.process import ProcessKey
from tui.rpc.client import Channel
from tui.text import clean
from tui.ui.actions import Scope
from tui.ui.keymap import bindings_of
from tui.ui.screens.acting import ActingScreen
from tui.ui.screens.heading import Heading
from tui.ui.screens.modals import LineScreen
from tui.ui.screens.pointing import Pointed, short_words
from tui.ui.session import Session
from tui.ui.widgets.log_view import LogView
from tui.ui.widgets.ticker import Severity

BOTH: frozenset[Channel] = frozenset({"stdout", "stderr"})
OUT: frozenset[Channel] = frozenset({"stdout"})
ERR: frozenset[Channel] = frozenset({"stderr"})

HISTORY, LEAST_HISTORY, ALL_HISTORY = 64 * 1024, 4 * 1024, 1024 * 1024
"""Bytes of its past that a log begins with: alone, at least, and all of them together where there are many."""
TOO_LONG = "this pattern takes too long on these lines"


class LogScreen(ActingScreen):
    """Lines as they come."""

    SCOPE = Scope.LOG
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.LOG)

    def __init__(self, session: Session, keys: Sequence[ProcessKey], channels: frozenset[Channel]) -> None:
        super().__init__(session)
        self.keys = tuple(keys)
        self.channels = channels
        self.heading = Heading()
        self.view = LogView()
        self._following: LogFollow | None = None
        self._inbox: LogInbox | None = None
        self._zoomed = False
        self._refused = ""
        """What was typed last, when it was no pattern."""

    def body(self) -> Iterable[Widget]:
        """A line and the lines."""
        yield self.heading
        yield self.view

    @property
    def main(self) -> Widget:
        """The lines."""
        return self.view

    def on_mount(self) -> None:
        """Begin to follow."""
        self._loop = asyncio.get_running_loop()
        super().on_mount()
        self._follow()

    def on_unmount(self) -> None:
        """Let the streams go."""
        self._unfollow()

    def pointed(self) -> Pointed | None:
        """Whose log this is."""
        words = short_words(self.keys[0]) if len(self.keys) == 1 else f"{len(self.keys)} processes"
        return Pointed(self.keys, words)

    def step_back(self) -> None:
        """Full screen first, then the filter, then the search, then the screen."""
        if self._zoomed:
            self.action_log_zoom()
        elif self.view.filter is not None:
            self.view.set_filter("")
            self._show_heading()
        elif self.view.searching is not None:
            self.view.search("")
        else:
            self.dismiss(None)

    def _follow(self) -> None:
        self._unfollow()

        def take() -> None:
            if self._inbox is inbox:
                self.view.add_lines(inbox.take())

        self._inbox = inbox = LogInbox(lambda: self._soon(take))
        self.view.clear()
        history = max(LEAST_HISTORY, min(HISTORY, ALL_HISTORY // max(1, len(self.keys))))
        self._following = self.engine.follow_logs(self.keys, self.channels, inbox.put, history)
        self._show_heading()

    def _unfollow(self) -> None:
        if self._following is not None:
            self._following.close()
            self._following = self._inbox = None

    def _soon(self, act: Callable[[], None]) -> None:
        """From the engine's thread: do it on the screen's."""
        with suppress(RuntimeError):  # the screen's loop ended first
            self._loop.call_soon_threadsafe(act)

    def on_log_view_older_wanted(self, _message: LogView.OlderWanted) -> None:
        """Read a piece of the past."""
        following = self._following
        if following is None:
            return
        self.say("reading what was before …")

        def take(lines: Sequence[LogLine], more: bool) -> None:
            if self._following is following:
                self.ticker.hush()
                self.view.add_older(lines, more=more)
                self._show_heading()

        following.earlier(lambda lines, more: self._soon(partial(take, lines, more)))

    def on_log_view_newest_wanted(self, _message: LogView.NewestWanted) -> None:
        """What is read lies so far back that the end is not kept any more."""
        self._follow()

    def _show_heading(self) -> None:
        pointed = self.pointed()
        words = pointed.words if pointed else ""
        if all(key.is_host for key in self.keys):
            what = "supervisord's log"
        else:
            what = "stdout and stderr" if self.channels == BOTH else next(iter(self.channels))
        left_out = self.view.memory.left_out
        standing = (
            f"{left_out:,} newer lines are not kept: G goes there" if left_out else "standing: G follows"
        )
        search = self.view.filter
        marks = [
            *([f"only {clean(search.text, 30)}{', gave up' * search.gave_up}"] if search is not None else []),
            "follow" if self.view.follow else standing,
            *(["wrap"] if self.view.wrap else []),
            *(["times"] if self.view.times else []),
        ]
        self.heading.set_text(f"{words}   {what}", "   ".join(marks))

    def on_log_view_follow_changed(self, _message: LogView.FollowChanged) -> None:
        """In the first line."""
        self._show_heading()

    def on_log_view_searched(self, message: LogView.Searched) -> None:
        """How many there are."""
        count = {0: "no line matches", 1: "1 line matches"}.get(
            message.count, f"{message.count:,} lines match"
        )
        self.say(
            f"{'' if message.complete else 'at least '}{count} {clean(message.text, 60)}",
            "note" if message.count else "warning",
        )

    def on_log_view_gave_up(self, message: LogView.GaveUp) -> None:
        """Once, with what to do."""
        self._show_heading()
        advice = "the rest is shown; simplify it" if message.filtering else "simplify it, or search a text"
        self.say(f"{TOO_LONG}: {advice}", "warning")

    # --- keys -------------------------------------------------------------------------------------------------------

    def action_log_follow(self) -> None:
        """Stay at the newest line, or stand."""
        self.view.follow = not self.view.follow

    def action_log_channel(self) -> None:
        """stdout, stderr, both, and round again."""
        order = [OUT, ERR, BOTH]
        self.channels = order[(order.index(self.channels) + 1) % 3] if self.channels in order else OUT
        self._follow()

    def action_log_wrap(self) -> None:
        """Long lines go on below, or not."""
        self.view.wrap = not self.view.wrap
        self._show_heading()

    def action_log_times(self) -> None:
        """When each line arrived, or not."""
        self.view.times = not self.view.times
        self._show_heading()

    def action_log_search(self) -> None:
        """Find text; empty ends the search."""
        now = self.view.searching

        def typed(text: str) -> None:
            self.view.search(text)

        title = "Search: text or /a pattern/; small letters find any case; empty ends it"
        self._ask(title, now.text if now is not None else "", typed)

    def action_log_filter(self) -> None:
        """Show only lines with a text; empty shows all."""
        now = self.view.filter

        def typed(text: str) -> None:
            count = self.view.set_filter(text)
            self._show_heading()
            if text:
                self.say(
                    f"{count:,} of {self.view.memory.kept:,} lines are shown; & again, or esc, shows all"
                )

        title = "Only lines with: text or /a pattern/; ! before it: without; empty: all"
        self._ask(title, now.text if now is not None else "", typed)

    def _ask(self, title: str, now: str, use: Callable[[str], None]) -> None:
        """What to look for, beginning with what was refused, so that it can be corrected, or with what is looked for now."""

        def typed(text: str | None) -> None:
            self._refused = ""
            if text is None:
                return
            try:
                use(text)
            except re.error as error:
                self._refused = text
                self.say(f"this is no pattern: {clean(str(error), 80)}", "error")

        self.app.push_screen(LineScreen(title, self._refused or now), typed)

    def action_log_copy(self) -> None:
        """The lines in view to the clipboard, through the terminal."""
        text = self.view.visible_text()
        self.app.copy_to_clipboard(text)
        count = text.count("\n") + 1 if text else 0
        self.say(f"copied the {count} lines in view", "good" if count else "warning")

    def action_log_mark(self) -> None:
        """A line that tells now from before."""
        wall = self.session.wall()
        moment = time.strftime("%H:%M:%S", time.localtime(wall))
        channel: Channel = "stdout"
        if self.view.memory.left_out:
            self.say("the newest lines are not kept here: G goes there, then m marks", "warning")
            return
        self.view.add_lines([LogLine(self.keys[0], channel, f"──── {moment} ────", wall, "mark")])
        if not self.view.follow:
            self.say(f"marked the end, at {moment}: G goes there")

    def action_log_next_mark(self) -> None:
        """The next line that `m` drew."""
        self.ticker.hush()  # what it says of a jump is about the last one
        if not self.view.next_mark():
            self.say("no mark below: m draws one at the end")

    def action_log_previous_mark(self) -> None:
        """The line before that `m` drew."""
        self.ticker.hush()
        if not self.view.previous_mark():
            self.say("no mark above: m draws one at the end")

    def action_next_match(self) -> None:
        """The next line that matches, unless the pattern gave up."""
        self._jump_to_match(super().action_next_match)

    def action_previous_match(self) -> None:
        """The line before that matches, unless the pattern gave up."""
        self._jump_to_match(super().action_previous_match)

    def _jump_to_match(self, jump: Callable[[], None]) -> None:
        if self.view.searching is None:
            self.say("nothing is searched: / searches")
            return
        self.ticker.hush()
        jump()
        if self.view.searching.gave_up:
            self.say(f"{TOO_LONG}: simplify it, or search a text", "warning")

    def action_log_zoom(self) -> None:
        """Only the log, and back."""
        self._zoomed = not self._zoomed
        self.heading.display = self.footer.display = self.ticker.display = not self._zoomed

    def action_log_save(self) -> None:
        """Into a new file that only its owner can read."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.session.wall()))
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", short_words(self.keys[0])).strip("-.") or "log"

        def typed(path: str | None) -> None:
            if path:
                self.run_worker(self._save(path, self.view.text()), exit_on_error=False)

        self.app.push_screen(LineScreen("Save the lines to a new file", f"~/{name}-{stamp}.log"), typed)

    async def _save(self, path: str, text: Callable[[], str]) -> None:
        """On a thread of its own: 200,000 lines take a while, and so may the disk."""
        self.say(*await asyncio.to_thread(lambda: save_privately(Path(path), text())))


def save_privately(path: Path, text: str) -> tuple[str, Severity]:
    """Write a new file, mode 0600; a sentence and its severity. An existing file is never overwritten, half a one never left."""
    with suppress(RuntimeError):  # nobody's home is there
        path = path.expanduser()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        return f"not saved: {clean(str(path), 80)}: {error.strerror}", "error"
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text + "\n")
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        return f"not saved: {clean(str(path), 80)}: {error.strerror}; nothing is left of it", "error"
    return f"saved {text.count(chr(10)) + 1:,} lines in {clean(str(path), 80)}", "good"
