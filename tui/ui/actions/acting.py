"""What changes the world, or leads there: the verbs, for whatever is pointed at."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import ACTING, TARGETS, Action, Section, action

_act = partial(action, section=Section.ACT, scopes=TARGETS, screen=ACTING)

ACTING_ON_TARGETS: tuple[Action, ...] = (
    _act("start", "S", "Start", "Start it.", dangerous=True, word="start", footer=10),
    _act("stop", "X", "Stop", "Stop it.", dangerous=True, word="stop", footer=11),
    _act("restart", "R", "Restart", "Restart what runs.", dangerous=True, word="restart", footer=12),
    _act(
        "rolling-restart",
        "B",
        "Restart in batches …",
        "A batch at a time: canary first, each must stay up, stop after failures.",
        dangerous=True,
    ),
    _act("signal", "K", "Signal …", "Send a signal, from a menu.", dangerous=True),
    _act("stdin", "I", "Send a line …", "Type a line for its standard input.", dangerous=True),
    _act(
        "daemon",
        "D",
        "Supervisord …",
        "Reread, update, restart or shut down the supervisord itself; its log.",
        dangerous=True,
        word="daemon",
        footer=13,
    ),
    _act(
        "menu",
        "a",
        "All actions",
        "Every action on the target, with its letter.",
        word="all",
        footer=14,
        spare=True,
    ),
    _act("clear-log", "C", "Clear the log", "Empty its log files on the host.", dangerous=True),
)
