"""How one finds things: help, palette, filter, order and marks; and the way back."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import (
    BASE,
    BUT_HELP,
    EVERYWHERE,
    FLEET_SCREEN,
    ON_FLEET,
    Action,
    Scope,
    Section,
    action,
)

_find = partial(action, section=Section.FIND)

FINDING: tuple[Action, ...] = (
    _find("help", "?", "Help", "Every key of this view.", BUT_HELP, BASE, word="help", footer=1),
    _find(
        "palette",
        ": ctrl+p",
        "Command palette",
        "Find any action, host or theme by name; `filter …` sets the filter.",
        EVERYWHERE,
        BASE,
        word="command",
        footer=2,
        spare=True,
    ),
    _find(
        "filter",
        "/",
        "Filter",
        "Show only what matches, while you type: words, state:bad, host:web*, uptime<5m, !not, a|b.",
        ON_FLEET,
        FLEET_SCREEN,
        word="filter",
        footer=3,
    ),
    _find(
        "problems",
        "!",
        "Problems only",
        "Only what wants attention, and back.",
        (Scope.FLEET, Scope.JOBS),
        BASE,
        word="problems",
        footer=4,
    ),
    _find(
        "next-match", "n", "Next match", "The next row or line that matches.", (Scope.FLEET, Scope.LOG), BASE
    ),
    _find(
        "previous-match",
        "N",
        "Previous match",
        "The row or line before that matches.",
        (Scope.FLEET, Scope.LOG),
        BASE,
    ),
    _find("sort", "o", "Sort by …", "Choose the column to sort by.", ON_FLEET, FLEET_SCREEN),
    _find("sort-invert", "O", "Invert the order", "The same column, the other way.", ON_FLEET, FLEET_SCREEN),
    _find(
        "sort-previous",
        "<",
        "Sort by the column before",
        "Sort by the column before.",
        ON_FLEET,
        FLEET_SCREEN,
    ),
    _find("sort-next", ">", "Sort by the next column", "Sort by the next column.", ON_FLEET, FLEET_SCREEN),
    _find(
        "back",
        "escape",
        "Back",
        "Close what is open; else the filter, the marks, the part of the fleet; never quits.",
        EVERYWHERE,
        BASE,
    ),
    _find("quit", "q", "Back or quit", "Back; from the fleet, quit.", EVERYWHERE, BASE),
    _find(
        "mark",
        "space",
        "Mark",
        "Mark the row, or unmark it.",
        ON_FLEET,
        FLEET_SCREEN,
        word="mark",
        footer=5,
        spare=True,
    ),
    _find(
        "mark-range", "v", "Mark up to here", "Mark from the last mark to the cursor.", ON_FLEET, FLEET_SCREEN
    ),
    _find(
        "mark-group",
        "+",
        "Mark its group",
        "Mark the whole group of the row; a verb is then about the group.",
        ON_FLEET,
        FLEET_SCREEN,
    ),
    _find("mark-all", "*", "Mark all shown", "Mark every row that is shown.", ON_FLEET, FLEET_SCREEN),
    _find("clear-marks", "u", "Unmark all", "No marks.", ON_FLEET, FLEET_SCREEN),
)
