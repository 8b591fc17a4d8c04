"""What can be looked at: logs, details, changes, jobs; and how it is shown. Nothing here changes the world."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import (
    ACTING,
    BASE,
    EVERYWHERE,
    FLEET_SCREEN,
    LISTS,
    ON_FLEET,
    TARGETS,
    Action,
    Scope,
    Section,
    action,
)

_look = partial(action, section=Section.LOOK)

LOOKING: tuple[Action, ...] = (
    _look("open", "enter", "Open", "Open what is under the cursor.", LISTS, BASE),
    _look(
        "log",
        "l",
        "Log",
        "Its standard output, followed; marks are merged.",
        (Scope.FLEET, Scope.DETAILS),
        ACTING,
        word="log",
        footer=20,
    ),
    _look(
        "log-everywhere",
        "L",
        "Log on every host",
        "Its standard output on every host that has the same program, merged.",
        (Scope.FLEET, Scope.DETAILS),
        ACTING,
    ),
    _look(
        "log-stderr",
        "e",
        "Log of stderr",
        "Its standard error, followed.",
        (Scope.FLEET, Scope.DETAILS),
        ACTING,
    ),
    _look(
        "details",
        "d",
        "Details",
        "State, configuration, changes and output of the row.",
        (Scope.FLEET, Scope.LOG),
        ACTING,
        word="details",
        footer=21,
    ),
    _look("timeline", "E", "Timeline", "What changed, newest first.", (Scope.FLEET, Scope.DETAILS), ACTING),
    _look(
        "jobs",
        "J",
        "Jobs",
        "What was asked for, with a row and an outcome for each target.",
        (Scope.FLEET, Scope.DETAILS, Scope.LOG, Scope.TIMELINE),
        BASE,
        word="jobs",
        footer=22,
    ),
    _look(
        "copy",
        "y",
        "Copy the name",
        "Copy HOST/GROUP:NAME through the terminal.",
        (Scope.FLEET, Scope.DETAILS),
        ACTING,
    ),
    _look("copy-json", "Y", "Copy as JSON", "Copy everything known about it.", TARGETS, ACTING),
    _look(
        "wide",
        "w",
        "Wide table",
        "The table takes the room of the other panes, and back.",
        ON_FLEET,
        FLEET_SCREEN,
    ),
    _look(
        "hold",
        "p",
        "Hold still",
        "The rows stay where they are; their values stay true.",
        ON_FLEET,
        FLEET_SCREEN,
    ),
    _look(
        "mute",
        "m",
        "Mute for half an hour",
        "Nothing rings for failures; `mute 2h` in the palette for other times.",
        ON_FLEET,
        FLEET_SCREEN,
    ),
    _look(
        "poll-now",
        "ctrl+r",
        "Poll now",
        "Ask every host at once, also those given up.",
        (Scope.FLEET, Scope.DETAILS),
        ACTING,
    ),
    _look(
        "reload",
        "",
        "Reload the configuration",
        "Read the hosts file again and work with what it says now; hosts that are as they were keep all they have.",
        EVERYWHERE,
        BASE,
    ),
    _look("redraw", "ctrl+l", "Redraw", "Send the whole screen again.", EVERYWHERE, BASE),
)
