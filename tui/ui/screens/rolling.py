"""A pace for a restart in batches: one line of words, offered filled in, asked again while it makes no sense."""

from __future__ import annotations

from collections.abc import Callable

from tui.errors import UsageError
from tui.model.pace import ROLLING, Pace, parse_pace
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.modals import LineScreen


def ask_pace(screen: BaseScreen, whom: str, then: Callable[[Pace | None], None]) -> None:
    """Ask in what batches `whom` (clean) is restarted; `then` gets the pace, or None when it was left with escape."""
    title = f"Restart {whom} at this pace:"

    def answered(text: str | None) -> None:
        if text is None:
            then(None)
            return
        try:
            pace = parse_pace(text)
        except UsageError as error:
            ask(str(error), text)
        else:
            then(pace)

    def ask(title: str, text: str) -> None:
        screen.app.push_screen(LineScreen(title, text), answered)

    ask(title, ROLLING.line())
