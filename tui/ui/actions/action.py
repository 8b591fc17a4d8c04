"""What an action is: its id, its words, its keys, where it works, and which method is behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """The screens, as a user would name them."""

    FLEET = "fleet"
    LOG = "log"
    JOBS = "jobs"
    DETAILS = "details"
    TIMELINE = "timeline"
    HELP = "help"


class Section(StrEnum):
    """What an action is for; the help and the docs are divided by it."""

    MOVE = "Move"
    FIND = "Find"
    LOOK = "Look"
    ACT = "Act (asks first)"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does."""

    id: str
    """What hosts.yaml calls it (`ui.keys`)."""
    title: str
    """A few words: menu, palette, help."""
    keys: tuple[str, ...]
    """As typed; hosts.yaml may name others. None: only the palette has it."""
    section: Section
    scopes: tuple[Scope, ...]
    """On which screens it works."""
    handler: str
    """`module:Class.method` below `tui.ui.screens`: the code behind the key."""
    help: str
    """One sentence."""
    dangerous: bool = False
    """Changes the world: asks first, is refused when read-only, and has a capital letter."""
    word: str = ""
    """Its word in the footer; empty: it is not shown there."""
    footer: int = 0
    """Where in the footer; small numbers first."""
    spare: bool = False
    """The first to leave the footer where it is narrow."""


EVERYWHERE = tuple(Scope)
BUT_HELP = tuple(scope for scope in Scope if scope is not Scope.HELP)
ON_FLEET = (Scope.FLEET,)
LISTS = (Scope.FLEET, Scope.JOBS, Scope.TIMELINE)
TARGETS = (Scope.FLEET, Scope.DETAILS, Scope.LOG)
"""Screens on which a verb has a target."""

BASE, ACTING = "base:BaseScreen", "acting:ActingScreen"
FLEET_SCREEN = "fleet:FleetScreen"


def action(
    id: str,
    keys: str,
    title: str,
    help: str,
    scopes: tuple[Scope, ...],
    screen: str,
    section: Section,
    *,
    dangerous: bool = False,
    word: str = "",
    footer: int = 0,
    spare: bool = False,
) -> Action:
    """An action whose handler is the method of `screen` that bears its id; `keys` stand between blanks."""
    handler = f"{screen}.action_{id.replace('-', '_')}"
    return Action(
        id, title, tuple(keys.split()), section, scopes, handler, help, dangerous, word, footer, spare
    )


def shown_key(key: str) -> str:
    """A key as people write it: 'pagedown' is 'pgdn'."""
    names = {
        "pagedown": "pgdn",
        "pageup": "pgup",
        "escape": "esc",
        "down": "↓",
        "up": "↑",
        "left": "←",
        "right": "→",
    }
    return names.get(key, key)


def shown_keys(keys: Iterable[str]) -> str:
    """'j ↓'."""
    return " ".join(map(shown_key, keys))
