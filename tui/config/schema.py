"""What a configuration says, typed field by field; `load` makes it, everybody else only reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from tui.config.secrets import NoPassword, PasswordSource
from tui.config.watched_file import ReadFile
from tui.model.endpoint import Endpoint
from tui.model.policy import Guardrail, Policy

DEFAULT_POLL = 2.0
DEFAULT_TIMEOUT = 5.0
POLL_RANGE = (0.2, 3600.0)
TIMEOUT_RANGE = (0.1, 300.0)
DRIFT_RANGE = (60.0, 7 * 86_400.0)

NO_PASSWORD = NoPassword()

MouseMode = Literal["auto", "on", "off"]
FeedMode = Literal["auto", "on", "off"]
DesktopMode = Literal["auto", "off", "osc9", "osc777"]

EVERY_RANGE = (0.0, 3600.0)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One supervisord to watch."""

    name: str
    endpoint: Endpoint
    user: str = ""
    password: PasswordSource = NO_PASSWORD
    """Where the password comes from; asked once, before the screen is taken."""
    poll: float = DEFAULT_POLL
    """Seconds between two polls."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds one whole read may take."""
    folder: tuple[str, ...] = ()
    """Where it hangs in the tree, outermost first."""
    tags: frozenset[str] = frozenset()
    read_only: bool = False
    check_drift: float = 0.0
    """Seconds from one reread to the next that asks whether its files have changed; 0: never by itself."""
    feed: FeedMode = "auto"
    """Whether its main log is followed, so that changes come by themselves; auto: where that costs it less than polls."""


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the screen looks and listens."""

    theme: str = "textual-dark"
    keys: Mapping[str, str] = field(default_factory=dict)
    """Action id to key; clashes and reserved keys are refused by the screen's keymap with a message."""
    mouse: MouseMode = "auto"


KEEP_RANGE = (60.0, 3650 * 86400.0)
SIZE_RANGE = (1_000_000, 100_000_000_000)
STREAMS_RANGE = (0, 1000)


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is kept on disk of the changes that were seen."""

    enabled: bool = True
    keep: float = 30 * 86400.0
    """Seconds after which a change is forgotten."""
    max_size: int = 100_000_000
    """Bytes that it may take; the oldest changes go first."""


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How logs are followed."""

    streams: int = 20
    """How many are streamed at a time: each costs its supervisord a descriptor and work in every pass of its loop."""


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """How the screen tells of what goes wrong while nobody looks at it."""

    bell: bool = True
    title: bool = True
    """Keep the counts of what is wrong in the terminal's title."""
    desktop: DesktopMode = "auto"
    """By which sequence the terminal shows a notification; auto: where it is known to."""
    every: float = 10.0
    """Seconds from one alert to the next, at least."""
    command: tuple[str, ...] = ()
    """The words of a program that is run for an alert; empty: none."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run needs to know."""

    hosts: Mapping[str, HostSettings]
    """By name, in the order of the file."""
    guardrails: tuple[Guardrail, ...] = ()
    ui: UiSettings = UiSettings()
    alerts: AlertSettings = AlertSettings()
    strict_permissions: bool = False
    journal_required: bool = False
    history: HistorySettings = HistorySettings()
    logs: LogSettings = LogSettings()
    source: Path | None = None
    """The file this came from; None for `-s URL`."""
    as_read: ReadFile | None = field(default=None, compare=False)
    """That file when it was read; None where it is no hosts file."""
    warnings: tuple[str, ...] = ()
    """Sentences to show once: loose permissions and their fix, a password over plain http, …"""

    def policy(self, *, read_only: bool) -> Policy:
        """What may be done, when the whole session is `read_only` or not."""
        locked = frozenset(host.name for host in self.hosts.values() if host.read_only)
        return Policy(self.guardrails, locked, read_only)

    def warned(self, more: Iterable[str]) -> Settings:
        """The same with more warnings."""
        return replace(self, warnings=(*self.warnings, *more))
