"""`:reload`, and the notice that there is something to reload.

Who comes in: the app's tick, and whoever asked for a reload. What leaves: sentences for the ticker, and new settings for the
engine. The rules: the file is read on a thread of its own, as its passwords may take a while; and nothing changes unless all
of it is good.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.errors import ConfigError, SupervisorTuiError
from tui.text import clean
from tui.ui.keymap import make_keymap
from tui.ui.session import Session

if TYPE_CHECKING:
    from tui.config.rereading import Reread, Rereading
    from tui.config.schema import Settings
    from tui.ui.widgets.ticker import Severity

Say = Callable[[str, "Severity"], None]
_LEAVE_SECONDS = 1.0
"""So long the end waits for a program that was asked for a password to be gone."""


class Reloading:
    """Belongs to the screen's loop."""

    def __init__(self, session: Session, say: Say, taken_over: Callable[[Settings], None]) -> None:
        """`taken_over` gets the settings that held before, once the engine and the session have others."""
        self._session = session
        self._say = say
        self._taken_over = taken_over
        self._rereading: Rereading | None = session.rereading
        self._watch = None if self._rereading is None else self._rereading.watch()
        self._thread: threading.Thread | None = None
        self._began: float | None = None

    @property
    def notice(self) -> str:
        """What stands to be said of the file; empty while it is the one that was read."""
        if self._watch is None or not self._watch.changed:
            return ""
        name = clean(self._watch.path.name, 60)
        return f"{name} is gone" if self._watch.gone else f"{name} changed: `:reload` takes it over"

    @property
    def busy(self) -> bool:
        """Whether the file is being read."""
        return self._began is not None

    def tick(self) -> bool:
        """A second has passed; whether `notice` is another one. A long read says how long it takes."""
        now = self._session.monotonic()
        if self._began is not None:
            seconds = int(now - self._began)
            if seconds > 1:
                self._say(f"reading {self._name} again … {seconds}s", "note")
            return False
        return self._watch is not None and self._watch.look(now)

    async def reload(self) -> None:
        """Read the file, check it, have the engine take it over, and say what came of it."""
        if self._rereading is None:
            self._say("this screen was opened on a fleet that no file describes", "warning")
            return
        if self.busy:
            self._say(f"{self._name} is being read already", "warning")
            return
        self._began = self._session.monotonic()
        self._say(f"reading {self._name} again …", "note")
        try:
            sentence, severity = await self._take_over(self._rereading)
        except SupervisorTuiError as error:
            sentence, severity = f"not reloaded: {clean(self._shortened(str(error)))}", "error"
            if isinstance(error, ConfigError) and self._watch is not None:
                self._watch.tell_again()  # who mends it is told that it has changed
        finally:
            self._began = None
        self._say(sentence, severity)

    def close(self) -> None:
        """The screen ends, and with it what a read has begun."""
        if self._rereading is not None:
            self._rereading.give_up()
        if self._thread is not None:
            self._thread.join(_LEAVE_SECONDS)

    @property
    def _name(self) -> str:
        return clean(self._rereading.name, 60) if self._rereading is not None else ""

    def _shortened(self, text: str) -> str:
        """One line has no room for the whole path of a file whose name says enough."""
        source = self._session.settings.source
        return text if source is None else text.replace(str(source), source.name, 1)

    async def _take_over(self, rereading: Rereading) -> tuple[str, Severity]:
        from tui.config.differences import needing_restart

        session = self._session
        before = session.settings
        reread = await self._read(rereading)
        settings = reread.settings
        make_keymap(settings.ui.keys, f"{settings.source or 'hosts.yaml'}: ui.keys")
        difference = await asyncio.wrap_future(session.engine.reload(settings, reread.passwords))
        rereading.taken_over(reread)
        session.settings = settings
        self._watch = rereading.watch()
        self._taken_over(before)
        later = needing_restart(before, settings)
        sentence = f"reloaded: {difference.words}"
        return (
            (f"{sentence}; needs a restart: {', '.join(later)}", "warning") if later else (sentence, "good")
        )

    async def _read(self, rereading: Rereading) -> Reread:
        """On a daemon thread: no end of the program waits for a program that gives no password."""
        found: concurrent.futures.Future[Reread] = concurrent.futures.Future()

        found.set_running_or_notify_cancel()  # whoever waits may be cancelled; this future is not

        def read() -> None:
            try:
                found.set_result(rereading.read())
            except SupervisorTuiError as error:
                found.set_exception(error)

        self._thread = threading.Thread(target=read, name="rereading", daemon=True)
        self._thread.start()
        return await asyncio.wrap_future(found)
