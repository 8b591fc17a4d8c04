"""The lines of the menus: signals, what a supervisord itself can be told, every action, columns to sort by."""

from __future__ import annotations

from tui.model.view import Column
from tui.ui.actions import Scope, Section, actions_in
from tui.ui.keymap import Keymap
from tui.ui.widgets.fleet_columns import HEADINGS
from tui.ui.widgets.menu import Choice

SIGNALS: tuple[Choice, ...] = (
    Choice("HUP", "h", "HUP", "hang up: many programs read their configuration again"),
    Choice("TERM", "t", "TERM", "end in good order; supervisord may start it again"),
    Choice("USR1", "1", "USR1", "the program's own: often reopens logs"),
    Choice("USR2", "2", "USR2", "the program's own: gunicorn starts a new master"),
    Choice("INT", "i", "INT", "interrupt, as ctrl+c does"),
    Choice("QUIT", "q", "QUIT", "end at once; often with a dump"),
    Choice("WINCH", "w", "WINCH", "gunicorn and nginx end their workers in good order"),
    Choice("CONT", "c", "CONT", "go on after STOP"),
    Choice("STOP", "s", "STOP", "freeze it where it is; it answers nothing"),
    Choice("KILL", "9", "KILL", "end without any chance to clean up"),
)

KILL_FIRST: tuple[Choice, ...] = (
    Choice("KILL", "9", "KILL", "it is stuck in STOPPING: this ends it, without any chance to clean up"),
    *SIGNALS[:-1],
)

DAEMON: tuple[Choice, ...] = (
    Choice("reread", "r", "Reread", "read its files again; nothing is restarted"),
    Choice("update", "u", "Update", "apply changed files; shows what, then asks"),
    Choice("main-log", "l", "Log of supervisord", "follow it"),
    Choice("daemon-clear-log", "c", "Clear its log", "empty supervisord's own log file"),
    Choice("send-event", "e", "Send an event", "to its event listeners: a type and data of your own"),
    Choice("daemon-restart", "R", "Restart supervisord", "stops everything, starts what has autostart"),
    Choice("daemon-shutdown", "Q", "Shut it down", "cannot be undone from here"),
)

_LETTERS = {
    Column.HOST: "h",
    Column.GROUP: "g",
    Column.NAME: "p",
    Column.STATE: "s",
    Column.PID: "i",
    Column.UPTIME: "u",
    Column.EXIT: "e",
    Column.SINCE: "c",
    Column.TAGS: "t",
}
_MEANINGS = {
    Column.STATE: "what wants attention first",
    Column.UPTIME: "how long it has been running",
    Column.EXIT: "how the last run ended",
    Column.SINCE: "when the state changed last",
}

_NOT_ABOUT_A_TARGET = frozenset({"menu", "open", "wide", "hold", "poll-now", "reload"})


def columns() -> tuple[Choice, ...]:
    """Columns to sort by."""
    return tuple(
        Choice(column.value, letter, HEADINGS.get(column, column.name), _MEANINGS.get(column, ""))
        for column, letter in _LETTERS.items()
    )


def every_action(scope: Scope, keymap: Keymap, refused: str) -> tuple[Choice, ...]:
    """Everything that can be done with a target; what changes the world says why not when it is `refused`."""
    chosen = [
        action
        for action in actions_in(scope)
        if action.section in (Section.ACT, Section.LOOK) and action.id not in _NOT_ABOUT_A_TARGET
    ]
    chosen.sort(key=lambda action: action.section is not Section.ACT)
    return tuple(
        Choice(
            action.id,
            keymap.of(action)[0],
            action.title,
            refused if action.dangerous and refused else action.help,
            enabled=not (action.dangerous and refused) or action.id == "daemon",
        )
        for action in chosen
    )
