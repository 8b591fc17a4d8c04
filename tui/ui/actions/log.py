"""What only a log has."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import Action, Scope, Section, action

_on_log = partial(action, scopes=(Scope.LOG,), screen="log:LogScreen")

ON_LOG: tuple[Action, ...] = (
    _on_log(
        "log-follow",
        "f",
        "Follow",
        "Stay at the newest line, or stand.",
        section=Section.LOOK,
        word="follow",
        footer=6,
    ),
    _on_log(
        "log-channel",
        "e",
        "stdout, stderr, both",
        "The other channel.",
        section=Section.LOOK,
        word="channel",
        footer=7,
    ),
    _on_log(
        "log-search",
        "/",
        "Search",
        "Find text, or /a pattern/; small letters find any case.",
        section=Section.FIND,
        word="search",
        footer=3,
    ),
    _on_log(
        "log-filter",
        "&",
        "Only matching lines",
        "Show only lines with a text or /a pattern/, or with a ! before it those without.",
        section=Section.FIND,
        word="only",
        footer=4,
    ),
    _on_log("log-wrap", "w", "Wrap", "Long lines go on below.", section=Section.LOOK, word="wrap", footer=8),
    _on_log(
        "log-times",
        "t",
        "Times",
        "When each line arrived here.",
        section=Section.LOOK,
        word="times",
        footer=9,
    ),
    _on_log("log-mark", "m", "Mark", "Draw a line here, to see what comes after.", section=Section.LOOK),
    _on_log("log-next-mark", "}", "Next mark", "The next line that `m` drew.", section=Section.MOVE),
    _on_log(
        "log-previous-mark", "{", "Previous mark", "The line before that `m` drew.", section=Section.MOVE
    ),
    _on_log(
        "log-copy",
        "y",
        "Copy the lines",
        "Copy the lines in view through the terminal.",
        section=Section.LOOK,
    ),
    _on_log("log-save", "ctrl+s", "Save", "Write the lines to a private file (0600).", section=Section.LOOK),
    _on_log("log-zoom", "z", "Full screen", "Only the log, and back.", section=Section.LOOK),
)
