"""The registry: everything a key can do, once. Find the code behind any key here: `handler` names its method.

Who reads it: key bindings, the footer, the help (`?`), the palette (`:`), the menu (`a`), the remapping of keys, and
`docs/keys.md`, which `python -m tui.ui.actions` prints. The rule: no screen binds a key that does not stand here.
"""

from __future__ import annotations

import sys
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


F, L, J, D, T, H = Scope.FLEET, Scope.LOG, Scope.JOBS, Scope.DETAILS, Scope.TIMELINE, Scope.HELP
_EVERYWHERE = (F, L, J, D, T, H)
_LISTS = (F, J, T)
_TARGETS = (F, D, L)
"""Screens on which a verb has a target."""
_MOVE, _FIND, _LOOK, _ACT = Section.MOVE, Section.FIND, Section.LOOK, Section.ACT


def _of(class_path: str, method: str) -> str:
    return f"{class_path}.action_{method.replace('-', '_')}"


_BASE, _ACTING = "base:BaseScreen", "acting:ActingScreen"
_FLEET, _LOG, _JOBS, _OPENING = "fleet:FleetScreen", "log:LogScreen", "jobs:JobsScreen", "acting:ActingScreen"
_TIMELINE = "timeline:TimelineScreen"


def _action(
    id: str,
    keys: str,
    title: str,
    section: Section,
    scopes: tuple[Scope, ...],
    where: str,
    help: str,
    **more: object,
) -> Action:
    return Action(id, title, tuple(keys.split()), section, scopes, _of(where, id), help, **more)  # type: ignore[arg-type]


ACTIONS: tuple[Action, ...] = (
    _action("down", "j down", "Down", _MOVE, _EVERYWHERE, _BASE, "One row or line down."),
    _action("up", "k up", "Up", _MOVE, _EVERYWHERE, _BASE, "One row or line up."),
    _action(
        "home",
        "g home",
        "First",
        _MOVE,
        _EVERYWHERE,
        _BASE,
        "The first row or line; in a log again and again, to its beginning.",
    ),
    _action("end", "G end", "Last", _MOVE, _EVERYWHERE, _BASE, "The last row or line; a log follows again."),
    _action("page-down", "pagedown", "Page down", _MOVE, _EVERYWHERE, _BASE, "A page down."),
    _action("page-up", "pageup", "Page up", _MOVE, _EVERYWHERE, _BASE, "A page up."),
    _action("half-down", "ctrl+d", "Half a page down", _MOVE, _EVERYWHERE, _BASE, "Half a page down."),
    _action("half-up", "ctrl+u", "Half a page up", _MOVE, _EVERYWHERE, _BASE, "Half a page up."),
    _action("left", "left", "Left", _MOVE, _EVERYWHERE, _BASE, "Close a tree node; look left in a log."),
    _action("right", "right", "Right", _MOVE, _EVERYWHERE, _BASE, "Open a tree node; look right in a log."),
    _action(
        "next-problem",
        "]",
        "Next problem",
        _MOVE,
        (F, J, L),
        _BASE,
        "The next row that wants attention, round the end; in a log the next line that looks like an error.",
    ),
    _action(
        "previous-problem",
        "[",
        "Previous problem",
        _MOVE,
        (F, J, L),
        _BASE,
        "The row before that wants attention; in a log the line before that looks like an error.",
    ),
    _action("pane-tree", "1", "Tree pane", _MOVE, (F,), _FLEET, "Go to the tree of hosts."),
    _action("pane-table", "2", "Table pane", _MOVE, (F,), _FLEET, "Go to the table of processes."),
    _action("pane-detail", "3", "Detail pane", _MOVE, (F,), _FLEET, "Go to the details of the row."),
    _action(
        "tree", "t", "Tree", _MOVE, (F,), _FLEET, "Show the tree of hosts, over the table where it is narrow."
    ),
    _action("zoom", "z", "Zoom", _MOVE, (F,), _FLEET, "The focused pane alone, and back."),
    _action(
        "help", "?", "Help", _FIND, (F, L, J, D, T), _BASE, "Every key of this view.", word="help", footer=1
    ),
    _action(
        "palette",
        ": ctrl+p",
        "Command palette",
        _FIND,
        _EVERYWHERE,
        _BASE,
        "Find any action, host or theme by name; `filter …` sets the filter.",
        word="command",
        footer=2,
        spare=True,
    ),
    _action(
        "filter",
        "/",
        "Filter",
        _FIND,
        (F,),
        _FLEET,
        "Show only what matches, while you type: words, state:bad, host:web*, uptime<5m, !not, a|b.",
        word="filter",
        footer=3,
    ),
    _action(
        "problems",
        "!",
        "Problems only",
        _FIND,
        (F, J),
        _BASE,
        "Only what wants attention, and back.",
        word="problems",
        footer=4,
    ),
    _action("next-match", "n", "Next match", _FIND, (F, L), _BASE, "The next row or line that matches."),
    _action(
        "previous-match", "N", "Previous match", _FIND, (F, L), _BASE, "The row or line before that matches."
    ),
    _action("sort", "o", "Sort by …", _FIND, (F,), _FLEET, "Choose the column to sort by."),
    _action("sort-invert", "O", "Invert the order", _FIND, (F,), _FLEET, "The same column, the other way."),
    _action(
        "sort-previous", "<", "Sort by the column before", _FIND, (F,), _FLEET, "Sort by the column before."
    ),
    _action("sort-next", ">", "Sort by the next column", _FIND, (F,), _FLEET, "Sort by the next column."),
    _action(
        "back",
        "escape",
        "Back",
        _FIND,
        _EVERYWHERE,
        _BASE,
        "Close what is open; else the filter, the marks, the part of the fleet; never quits.",
    ),
    _action("quit", "q", "Back or quit", _FIND, _EVERYWHERE, _BASE, "Back; from the fleet, quit."),
    _action(
        "mark",
        "space",
        "Mark",
        _FIND,
        (F,),
        _FLEET,
        "Mark the row, or unmark it.",
        word="mark",
        footer=5,
        spare=True,
    ),
    _action(
        "mark-range", "v", "Mark up to here", _FIND, (F,), _FLEET, "Mark from the last mark to the cursor."
    ),
    _action(
        "mark-group",
        "+",
        "Mark its group",
        _FIND,
        (F,),
        _FLEET,
        "Mark the whole group of the row; a verb is then about the group.",
    ),
    _action("mark-all", "*", "Mark all shown", _FIND, (F,), _FLEET, "Mark every row that is shown."),
    _action("clear-marks", "u", "Unmark all", _FIND, (F,), _FLEET, "No marks."),
    _action("open", "enter", "Open", _LOOK, _LISTS, _BASE, "Open what is under the cursor."),
    _action(
        "log",
        "l",
        "Log",
        _LOOK,
        (F, D),
        _OPENING,
        "Its standard output, followed; marks are merged.",
        word="log",
        footer=20,
    ),
    _action(
        "log-everywhere",
        "L",
        "Log on every host",
        _LOOK,
        (F, D),
        _OPENING,
        "Its standard output on every host that has the same program, merged.",
    ),
    _action("log-stderr", "e", "Log of stderr", _LOOK, (F, D), _OPENING, "Its standard error, followed."),
    _action(
        "details",
        "d",
        "Details",
        _LOOK,
        (F, L),
        _OPENING,
        "State, configuration, changes and output of the row.",
        word="details",
        footer=21,
    ),
    _action("timeline", "E", "Timeline", _LOOK, (F, D), _OPENING, "What changed, newest first."),
    _action(
        "jobs",
        "J",
        "Jobs",
        _LOOK,
        (F, D, L, T),
        _BASE,
        "What was asked for, with a row and an outcome for each target.",
        word="jobs",
        footer=22,
    ),
    _action(
        "copy", "y", "Copy the name", _LOOK, (F, D), _ACTING, "Copy HOST/GROUP:NAME through the terminal."
    ),
    _action("copy-json", "Y", "Copy as JSON", _LOOK, _TARGETS, _ACTING, "Copy everything known about it."),
    _action(
        "wide",
        "w",
        "Wide table",
        _LOOK,
        (F,),
        _FLEET,
        "The table takes the room of the other panes, and back.",
    ),
    _action(
        "hold",
        "p",
        "Hold still",
        _LOOK,
        (F,),
        _FLEET,
        "The rows stay where they are; their values stay true.",
    ),
    _action(
        "mute",
        "m",
        "Mute for half an hour",
        _LOOK,
        (F,),
        _FLEET,
        "Nothing rings for failures; `mute 2h` in the palette for other times.",
    ),
    _action(
        "poll-now",
        "ctrl+r",
        "Poll now",
        _LOOK,
        (F, D),
        _ACTING,
        "Ask every host at once, also those given up.",
    ),
    _action(
        "reload",
        "",
        "Reload the configuration",
        _LOOK,
        _EVERYWHERE,
        _BASE,
        "Read the hosts file again and work with what it says now; hosts that are as they were keep all they have.",
    ),
    _action("redraw", "ctrl+l", "Redraw", _LOOK, _EVERYWHERE, _BASE, "Send the whole screen again."),
    _action(
        "start", "S", "Start", _ACT, _TARGETS, _ACTING, "Start it.", dangerous=True, word="start", footer=10
    ),
    _action("stop", "X", "Stop", _ACT, _TARGETS, _ACTING, "Stop it.", dangerous=True, word="stop", footer=11),
    _action(
        "restart",
        "R",
        "Restart",
        _ACT,
        _TARGETS,
        _ACTING,
        "Restart what runs.",
        dangerous=True,
        word="restart",
        footer=12,
    ),
    _action(
        "rolling-restart",
        "B",
        "Restart in batches …",
        _ACT,
        _TARGETS,
        _ACTING,
        "A batch at a time: canary first, each must stay up, stop after failures.",
        dangerous=True,
    ),
    _action(
        "signal", "K", "Signal …", _ACT, _TARGETS, _ACTING, "Send a signal, from a menu.", dangerous=True
    ),
    _action(
        "stdin",
        "I",
        "Send a line …",
        _ACT,
        _TARGETS,
        _ACTING,
        "Type a line for its standard input.",
        dangerous=True,
    ),
    _action(
        "daemon",
        "D",
        "Supervisord …",
        _ACT,
        _TARGETS,
        _ACTING,
        "Reread, update, restart or shut down the supervisord itself; its log.",
        dangerous=True,
        word="daemon",
        footer=13,
    ),
    _action(
        "menu",
        "a",
        "All actions",
        _ACT,
        _TARGETS,
        _ACTING,
        "Every action on the target, with its letter.",
        word="all",
        footer=14,
        spare=True,
    ),
    _action(
        "clear-log",
        "C",
        "Clear the log",
        _ACT,
        _TARGETS,
        _ACTING,
        "Empty its log files on the host.",
        dangerous=True,
    ),
    _action(
        "log-follow",
        "f",
        "Follow",
        _LOOK,
        (L,),
        _LOG,
        "Stay at the newest line, or stand.",
        word="follow",
        footer=6,
    ),
    _action(
        "log-channel",
        "e",
        "stdout, stderr, both",
        _LOOK,
        (L,),
        _LOG,
        "The other channel.",
        word="channel",
        footer=7,
    ),
    _action(
        "log-search",
        "/",
        "Search",
        _FIND,
        (L,),
        _LOG,
        "Find text, or /a pattern/; small letters find any case.",
        word="search",
        footer=3,
    ),
    _action(
        "log-filter",
        "&",
        "Only matching lines",
        _FIND,
        (L,),
        _LOG,
        "Show only lines with a text or /a pattern/, or with a ! before it those without.",
        word="only",
        footer=4,
    ),
    _action("log-wrap", "w", "Wrap", _LOOK, (L,), _LOG, "Long lines go on below.", word="wrap", footer=8),
    _action(
        "log-times", "t", "Times", _LOOK, (L,), _LOG, "When each line arrived here.", word="times", footer=9
    ),
    _action(
        "timeline-filter",
        "/",
        "Filter",
        _FIND,
        (T,),
        _TIMELINE,
        "Only changes to what matches: words, state:bad, host:web*, exit:1, since<2h.",
        word="filter",
        footer=3,
    ),
    _action(
        "timeline-only",
        "t",
        "This one only",
        _LOOK,
        (T,),
        _TIMELINE,
        "Only the one under the cursor, and back to all.",
        word="this one",
        footer=8,
    ),
    _action(
        "timeline-whose",
        "o",
        "Ours, not ours",
        _LOOK,
        (T,),
        _TIMELINE,
        "Only what we did, only what we did not, all.",
        word="ours",
        footer=9,
    ),
    _action(
        "timeline-follow", "f", "Follow", _LOOK, (T,), _TIMELINE, "To the newest change, and stay there."
    ),
    _action("log-mark", "m", "Mark", _LOOK, (L,), _LOG, "Draw a line here, to see what comes after."),
    _action("log-next-mark", "}", "Next mark", _MOVE, (L,), _LOG, "The next line that `m` drew."),
    _action("log-previous-mark", "{", "Previous mark", _MOVE, (L,), _LOG, "The line before that `m` drew."),
    _action(
        "log-copy", "y", "Copy the lines", _LOOK, (L,), _LOG, "Copy the lines in view through the terminal."
    ),
    _action("log-save", "ctrl+s", "Save", _LOOK, (L,), _LOG, "Write the lines to a private file (0600)."),
    _action("log-zoom", "z", "Full screen", _LOOK, (L,), _LOG, "Only the log, and back."),
    _action(
        "job-cancel",
        "c",
        "Cancel",
        _ACT,
        (J,),
        _JOBS,
        "Begin nothing more of this job.",
        word="cancel",
        footer=10,
    ),
    _action(
        "job-retry",
        "r",
        "Retry failed",
        _ACT,
        (J,),
        _JOBS,
        "A new job with what failed; asks.",
        word="retry",
        footer=11,
    ),
    _action(
        "job-resume",
        "R",
        "Resume the rest",
        _ACT,
        (J,),
        _JOBS,
        "A new job with what this one has not begun.",
        dangerous=True,
        word="resume",
        footer=12,
    ),
    _action(
        "job-undo",
        "U",
        "Undo",
        _ACT,
        (J,),
        _JOBS,
        "Start what the job stopped, or stop what it started.",
        dangerous=True,
        word="undo",
        footer=13,
    ),
    _action(
        "job-copy",
        "y",
        "Copy failed",
        _LOOK,
        (J,),
        _JOBS,
        "Copy the failed targets.",
        word="copy failed",
        footer=20,
    ),
    _action("job-newer", "<", "Newer job", _LOOK, (J,), _JOBS, "The job after this one."),
    _action("job-older", ">", "Older job", _LOOK, (J,), _JOBS, "The job before this one."),
)

BY_ID = {action.id: action for action in ACTIONS}


def actions_in(scope: Scope) -> tuple[Action, ...]:
    """What works on this screen, in the registry's order."""
    return tuple(action for action in ACTIONS if scope in action.scopes)


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


def keys_page() -> str:
    """docs/keys.md."""
    lines = [
        "# Keys",
        "",
        "Lower case never changes the world; capital letters open a question, whose answer is No unless you say",
        "otherwise (only the start of one single process is not asked about). Every key can be another one: `ui.keys` in hosts.yaml maps an action's id to a key.",
        "This page is made by `python -m tui.ui.actions > docs/keys.md`.",
    ]
    for scope in Scope:
        lines += ["", f"## {scope.value.capitalize()}", "", "| keys | action | id | |", "|---|---|---|---|"]
        for action in actions_in(scope):
            keys = " ".join(f"`{shown_key(key)}`" for key in action.keys) or f"`:{action.id}`"
            lines.append(
                f"| {keys} | {action.title} | `{action.id}` | {action.help.replace('|', chr(92) + '|')} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(keys_page())
