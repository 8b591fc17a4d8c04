"""Telling the engineer who looks elsewhere: the terminal's bell, its title, and a notification of the desktop.

Who comes in: the timeline's transitions, the counts of the fleet, the ends of jobs. Who leaves: bytes for the terminal. The
rules: what comes close together is told together, no more often than the settings say, and not at all while muted.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.config.schema import AlertSettings, Settings
from tui.model.alerts import Alert, alert_of, is_news
from tui.model.fleet import Counts, Transition
from tui.model.timeline import Timeline
from tui.ui.terminal.attention import POP_TITLE, PUSH_TITLE, kind_of, notification, title

if TYPE_CHECKING:
    from tui.engine.hooks.hook import Hook

GATHER = 1.0
"""Seconds for which news waits for more of its kind."""
_LAST_SECONDS = 1.0
LONG_JOB = 10.0
"""Seconds after which one has looked away from a job, and wants to hear of its end."""


@dataclass(slots=True)
class Mute:
    """Until when nothing rings. Our monotonic clock."""

    until: float = 0.0

    def left(self, now: float) -> float:
        """Seconds of silence to come; 0 when it may ring."""
        return max(0.0, self.until - now)


def hook_of(settings: Settings, complain: Callable[[str], None]) -> Hook | None:
    """The program of the settings, begun; None without one. It gets no variable that holds a password."""
    if not settings.alerts.command:
        return None
    from tui.config.secrets import EnvPassword
    from tui.engine.hooks.command import Command
    from tui.engine.hooks.hook import Hook

    sources = (host.password for host in settings.hosts.values())
    secret = [source.name for source in sources if isinstance(source, EnvPassword)]
    program = Command(settings.alerts.command, without=secret, silent=True)
    hook = Hook(program, complain, every=max(1.0, settings.alerts.every))
    hook.start()
    return hook


class Alerts:
    """What this run tells; all times are of our monotonic clock."""

    def __init__(
        self,
        settings: AlertSettings,
        name: str,
        mute: Mute,
        write: Callable[[str], object],
        environment: Mapping[str, str] = os.environ,
        hook: Hook | None = None,
    ) -> None:
        """`name` (clean) is the fleet's; `write` sends to the terminal, or nowhere when there is none; `hook` has begun."""
        self._hook = hook
        self._settings = settings
        self._name = name
        self._mute = mute
        self._write = write
        self._kind = kind_of(settings.desktop, environment)
        self._serial = -1
        self._pending: list[Transition] = []
        self._since = 0.0
        self._quiet_until = 0.0
        self._title = ""

    def take(self, timeline: Timeline, now: float) -> None:
        """Look at what is new; what there was before the first look is no news."""
        new = timeline.after(max(0, self._serial))
        if self._serial < 0:
            new, self._serial = (), new[-1].serial if new else 0
        if not new:
            return
        self._serial = new[-1].serial
        if not self._pending:
            self._since = now
        self._pending.extend(new)
        if self._hook is not None and not self._mute.left(now):
            self._hook.add(filter(is_news, new))

    def tick(self, counts: Counts, now: float) -> None:
        """Tell what has waited long enough, and keep the title true."""
        self._show_title(counts)
        if not self._pending or now < max(self._since + GATHER, self._quiet_until):
            return
        alert, self._pending = alert_of(self._pending), []
        if alert is not None and not self._mute.left(now):
            self._quiet_until = now + self._settings.every
            self._tell(alert)

    def job_ended(self, sentence: str, seconds: float, *, bad: bool, now: float) -> None:
        """A job that took so long has ended; the screen says so itself, this is for those who have looked away."""
        if seconds >= LONG_JOB and not self._mute.left(now):
            self._tell(Alert(sentence, bad))

    def close(self) -> None:
        """The terminal gets its own title back, and the program its last report."""
        if self._hook is not None:
            self._hook.close(_LAST_SECONDS)
        if self._title:
            self._title = ""
            self._write(POP_TITLE)

    def _tell(self, alert: Alert) -> None:
        if self._settings.bell and alert.bad:
            self._write("\x07")
        if text := notification(self._kind, self._name, alert.text):
            self._write(text)

    def _show_title(self, counts: Counts) -> None:
        if not self._settings.title:
            return
        wrong = [f"{counts.bad} bad"] if counts.bad else []
        wrong += [f"{counts.unreachable} unreachable"] if counts.unreachable else []
        state = ", ".join(wrong) or ("ok" if counts.answering and not counts.pending else "…")
        text = f"{state} - {self._name}"
        if text != self._title:
            self._write(title(text) if self._title else PUSH_TITLE + title(text))
            self._title = text
