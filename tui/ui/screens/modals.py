"""What opens over a screen and gives an answer back: a question, a menu, a line of text.

Each is a screen of its own, so that no key passes to what is below while it is open. What is below stays visible and is
not tinted: that would send the whole screen again.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.ui.widgets.confirm_panel import ConfirmPanel
from tui.ui.widgets.lines import LineWidget, Run
from tui.ui.widgets.menu import Choice, Menu
from tui.ui.widgets.quiet_screen import ClosesOnce


class QuestionScreen(ClosesOnce[bool], ModalScreen[bool]):
    """A large question (tiers 2 and 3); its result is whether the answer was yes."""

    DEFAULT_CSS = "QuestionScreen { align: center middle; background: transparent; }"

    def __init__(self, question: str, lines: Sequence[str], *, typed: str = "", warning: str = "") -> None:
        super().__init__()
        self._panel = ConfirmPanel(question, lines, typed=typed, warning=warning)

    def compose(self) -> ComposeResult:
        """The panel alone."""
        yield self._panel

    def on_confirm_panel_answered(self, message: ConfirmPanel.Answered) -> None:
        """Leave with the answer."""
        self.dismiss(message.yes)


class MenuScreen(ClosesOnce[str], ModalScreen[str]):
    """Choices with letters; its result is the chosen id, or '' for none."""

    DEFAULT_CSS = "MenuScreen { align: center middle; background: transparent; }"

    def __init__(self, title: str, choices: Sequence[Choice]) -> None:
        super().__init__()
        self._menu = Menu(title, choices)

    def compose(self) -> ComposeResult:
        """The menu alone."""
        yield self._menu

    def on_menu_chosen(self, message: Menu.Chosen) -> None:
        """Leave with the choice."""
        self.dismiss(message.id)

    def on_menu_dismissed(self, _message: Menu.Dismissed) -> None:
        """Leave without one."""
        self.dismiss("")


class _Label(LineWidget):
    DEFAULT_CSS = "_Label { height: 1; width: 1fr; }"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def paint(self, y: int, width: int) -> list[Run]:
        return [(self._text, self.palette.strong)]


class LineScreen(ClosesOnce[str | None], ModalScreen[str | None]):
    """One line of text at the bottom; its result is the text, or None when it was left with escape."""

    DEFAULT_CSS = """
    LineScreen { align: center bottom; background: transparent; }
    LineScreen _Label { dock: bottom; offset-y: -2; }
    LineScreen Input { dock: bottom; offset-y: -1; height: 1; border: none; padding: 0 1; background: $surface; }
    LineScreen Input:focus { border: none; }
    """

    def __init__(self, title: str, text: str = "") -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The title and the input."""
        yield _Label(f" {self._title}")
        yield Input(self._text)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Leave with the text."""
        self.dismiss(event.value)

    def on_key(self, event: events.Key) -> None:
        """Escape leaves without a text."""
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.dismiss(None)
