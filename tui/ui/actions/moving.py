"""How one gets about: rows and lines on every screen, panes on the fleet's."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import BASE, EVERYWHERE, FLEET_SCREEN, ON_FLEET, Action, Scope, Section, action

_move = partial(action, section=Section.MOVE)

MOVING: tuple[Action, ...] = (
    _move("down", "j down", "Down", "One row or line down.", EVERYWHERE, BASE),
    _move("up", "k up", "Up", "One row or line up.", EVERYWHERE, BASE),
    _move(
        "home",
        "g home",
        "First",
        "The first row or line; in a log again and again, to its beginning.",
        EVERYWHERE,
        BASE,
    ),
    _move("end", "G end", "Last", "The last row or line; a log follows again.", EVERYWHERE, BASE),
    _move("page-down", "pagedown", "Page down", "A page down.", EVERYWHERE, BASE),
    _move("page-up", "pageup", "Page up", "A page up.", EVERYWHERE, BASE),
    _move("half-down", "ctrl+d", "Half a page down", "Half a page down.", EVERYWHERE, BASE),
    _move("half-up", "ctrl+u", "Half a page up", "Half a page up.", EVERYWHERE, BASE),
    _move("left", "left", "Left", "Close a tree node; look left in a log.", EVERYWHERE, BASE),
    _move("right", "right", "Right", "Open a tree node; look right in a log.", EVERYWHERE, BASE),
    _move(
        "next-problem",
        "]",
        "Next problem",
        "The next row that wants attention, round the end; in a log the next line that looks like an error.",
        (Scope.FLEET, Scope.JOBS, Scope.LOG),
        BASE,
    ),
    _move(
        "previous-problem",
        "[",
        "Previous problem",
        "The row before that wants attention; in a log the line before that looks like an error.",
        (Scope.FLEET, Scope.JOBS, Scope.LOG),
        BASE,
    ),
    _move("pane-tree", "1", "Tree pane", "Go to the tree of hosts.", ON_FLEET, FLEET_SCREEN),
    _move("pane-table", "2", "Table pane", "Go to the table of processes.", ON_FLEET, FLEET_SCREEN),
    _move("pane-detail", "3", "Detail pane", "Go to the details of the row.", ON_FLEET, FLEET_SCREEN),
    _move(
        "tree",
        "t",
        "Tree",
        "Show the tree of hosts, over the table where it is narrow.",
        ON_FLEET,
        FLEET_SCREEN,
    ),
    _move("zoom", "z", "Zoom", "The focused pane alone, and back.", ON_FLEET, FLEET_SCREEN),
)
