"""Which keys do what: the registry's keys, with the user's own from hosts.yaml in their place.

Who comes in: `ui.keys` (action id to key). Who leaves: a `Keymap`, or a ConfigError that names the clash, the unknown id
with its nearest, or the key that belongs to the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding, BindingType
from textual.keys import _character_to_key

from tui.errors import ConfigError
from tui.text import clean, nearest
from tui.ui.actions import ACTIONS, BY_ID, Action, Scope, actions_in, shown_keys

RESERVED: Mapping[str, str] = {
    "ctrl+a": "tmux and screen use it",
    "ctrl+b": "tmux uses it",
    "ctrl+i": "terminals send it for tab",
    "ctrl+m": "terminals send it for enter",
    "ctrl+j": "terminals send it for enter",
    "ctrl+h": "terminals send it for backspace",
    "ctrl+q": "it always quits",
    "ctrl+c": "it always interrupts",
    "ctrl+z": "it suspends the program",
    "tab": "it moves between panes",
    "shift+tab": "it moves between panes",
}
_NAMED = frozenset(
    {"space", "enter", "escape", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
    | {"insert", "delete", "backspace"}
)


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys by action id."""

    keys: Mapping[str, tuple[str, ...]]

    def of(self, action: Action) -> tuple[str, ...]:
        """The keys of an action, as typed."""
        return self.keys[action.id]

    def shown(self, action: Action) -> str:
        """'j ↓'; without a key, what the palette is given."""
        return shown_keys(self.of(action)) or f":{action.id}"

    def textual(self) -> dict[str, str]:
        """Action id to keys in Textual's names."""
        return {id: ",".join(map(_character, keys)) for id, keys in self.keys.items() if keys}

    def own(self) -> dict[str, str]:
        """The same of the user's own keys only, for `App.set_keymap`: Textual goes through it at every key press."""
        return {id: keys for id, keys in self.textual().items() if self.keys[id] != BY_ID[id].keys}


def make_keymap(own: Mapping[str, str], place: str = "hosts.yaml: ui.keys") -> Keymap:
    """The registry's keys with the user's own. Raises ConfigError."""
    for id, key in own.items():
        _check(id, key, place)
    keys = {action.id: (own[action.id],) if action.id in own else action.keys for action in ACTIONS}
    _check_clashes(keys, place)
    return Keymap(keys)


def bindings_of(scope: Scope) -> list[BindingType]:
    """What a screen's class binds; the app's keymap then puts the user's keys in their place."""
    return [
        Binding(
            ",".join(map(_character, action.keys)), action.id.replace("-", "_"), action.title, id=action.id
        )
        for action in actions_in(scope)
        if action.keys
    ]


def _character(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key


def _check(id: str, key: str, place: str) -> None:
    if id not in BY_ID:
        near = ", ".join(nearest(id, BY_ID))
        raise ConfigError(
            f"{place}.{clean(id, 40)}",
            "there is no such action",
            f"did you mean {near}?" if near else "the help (?) shows the ids",
        )
    where = f"{place}.{id}"
    if not BY_ID[id].keys:
        raise ConfigError(where, "this action has no key", f":{id} finds it in the palette")
    shown = clean(key, 40)
    if key in RESERVED:
        raise ConfigError(where, f"{shown} cannot be used: {RESERVED[key]}", "take another key")
    if key.startswith("alt+") or (key[:1] in "fF" and key[1:].isdigit()):
        raise ConfigError(
            where, f"{shown} cannot be used: terminals and window managers take it", "take another key"
        )
    if not _is_key(key):
        raise ConfigError(
            where, f"{shown!r} is no key", "write one character, ctrl+letter, or a name such as space"
        )


def _is_key(key: str) -> bool:
    if len(key) == 1:
        return key.isprintable() and not key.isspace()
    return key in _NAMED or (
        key.startswith("ctrl+") and len(key) == 6 and key[5].isascii() and key[5].islower()
    )


def _check_clashes(keys: Mapping[str, tuple[str, ...]], place: str) -> None:
    for scope in Scope:
        taken: dict[str, str] = {}
        for action in actions_in(scope):
            for key in keys[action.id]:
                other = taken.setdefault(key, action.id)
                if other != action.id:
                    raise ConfigError(
                        place,
                        f"{clean(key, 40)} would be both {other} and {action.id} on the {scope.value} screen",
                        "give one of them another key",
                    )
