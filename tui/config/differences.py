"""What differs between two configurations of one run, in the words that a user gets to hear.

Who comes in: the settings that a run works with, and those that its file says now, each with their passwords. The rule: a
host is changed when anything is that it is watched or acted on by; one that is not keeps all it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui.config.schema import HostSettings, Settings
from tui.config.secrets import Secret

Passwords = Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class Differences:
    """Host names, in the order of the file that has them."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: frozenset[str] = frozenset()
    """Those of the changed that may be another supervisord now, or show another face to who logs in there."""
    guardrails: bool = False

    @property
    def ended(self) -> tuple[str, ...]:
        """Hosts of which nothing that is under way may go on as it was."""
        return (*self.removed, *self.changed)

    @property
    def begun(self) -> tuple[str, ...]:
        """Hosts that are watched under new settings."""
        return (*self.added, *self.changed)

    @property
    def words(self) -> str:
        """'3 added, 1 removed, 2 changed'."""
        counts = (("added", self.added), ("removed", self.removed), ("changed", self.changed))
        parts = [f"{len(hosts)} {what}" for what, hosts in counts if hosts]
        parts += ["guardrails changed"] if self.guardrails else []
        return ", ".join(parts) or "no host changed"


def differences(old: Settings, had: Passwords, new: Settings, has: Passwords) -> Differences:
    """What becomes of the hosts of `old`, whose passwords were `had`, when `new` holds."""
    stayed = [name for name in new.hosts if name in old.hosts]
    relogin = {name for name in stayed if had.get(name) != has.get(name)}
    changed = tuple(name for name in stayed if name in relogin or old.hosts[name] != new.hosts[name])
    return Differences(
        added=tuple(name for name in new.hosts if name not in old.hosts),
        removed=tuple(name for name in old.hosts if name not in new.hosts),
        changed=changed,
        moved=frozenset(
            name
            for name in changed
            if name in relogin or _address(old.hosts[name]) != _address(new.hosts[name])
        ),
        guardrails=old.guardrails != new.guardrails,
    )


def needing_restart(old: Settings, new: Settings) -> tuple[str, ...]:
    """The sections of the file that differ and that hold from the next start on only."""
    parts = (
        ("keys", old.ui.keys, new.ui.keys),
        ("mouse", old.ui.mouse, new.ui.mouse),
        ("alerts", old.alerts, new.alerts),
        ("history", old.history, new.history),
    )
    return tuple(name for name, before, after in parts if before != after)


def _address(host: HostSettings) -> object:
    return host.endpoint, host.user
