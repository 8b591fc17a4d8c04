"""The line above the keys: the ticker, and in its place the small question while one is open.

They share one widget because showing and hiding a widget makes Textual lay out, and send, the whole screen: 59 KB for a
one-line question at 200x60, where its line costs less than one.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style

from tui.ui.widgets.confirm_bar import ConfirmBar
from tui.ui.widgets.lines import Run
from tui.ui.widgets.ticker import Ticker


class BottomLine(ConfirmBar, Ticker, can_focus=False):
    """A question while it asks, else news."""

    DEFAULT_CSS = "BottomLine { height: 1; display: block; }"

    def ask(self, question: str, detail: str = "") -> None:
        """Show the question instead of the news, and take the focus."""
        self.can_focus = True
        super().ask(question, detail)

    def close(self) -> None:
        """Back to the news."""
        self._question = ""
        self.can_focus = False
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """The question wins."""
        return ConfirmBar.paint(self, y, width) if self.asking else Ticker.paint(self, y, width)

    def ground(self, y: int) -> Style | None:  # type: ignore[override]  # as the base of both has it
        """Only a question has a ground of its own."""
        return ConfirmBar.ground(self, y) if self.asking else Ticker.ground(self, y)
