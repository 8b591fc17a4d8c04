"""A short list of choices, each with a letter: the daemon menu, the signals, every action.

Who comes in: choices. Who leaves: `Chosen` with the choice's id, or `Dismissed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from tui.text import cell_width, fit
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

LEAST_WIDTH = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a menu."""

    id: str
    letter: str
    """The key that takes it at once."""
    label: str
    detail: str = ""
    """What it does, or why it cannot be done now."""
    enabled: bool = True


class Menu(ListWidget):
    """Arrows and enter, or the letter."""

    HEAD = 1

    DEFAULT_CSS = """
    Menu {
        max-width: 100%; max-height: 100%; border: round $primary; padding: 0 1;
    }
    """

    class Chosen(Message):
        """A choice was taken."""

        def __init__(self, id: str) -> None:
            super().__init__()
            self.id = id

    class Dismissed(Message):
        """Escape."""

    def __init__(self, title: str, choices: Sequence[Choice], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._choices = tuple(choices)
        self._take_size()

    def on_mount(self) -> None:
        """Take the keys."""
        self.focus()

    def _take_size(self) -> None:
        """As high as its choices and as wide as the longest of them; known before the first layout, which is sent."""
        self.styles.height = len(self._choices) + self.HEAD + 2
        label = max((cell_width(choice.label) for choice in self._choices), default=0)
        detail = max((cell_width(choice.detail) for choice in self._choices), default=0)
        self.styles.width = max(LEAST_WIDTH, label + detail + 8, cell_width(self._title)) + 4

    def count(self) -> int:
        """How many choices there are."""
        return len(self._choices)

    def draw_head(self, y: int, width: int) -> Iterable[Run]:
        """The title."""
        return [(fit(self._title, min(cell_width(self._title), width)), self.palette.strong)]

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """Letter, label, and what it does."""
        choice, palette = self._choices[index], self.palette
        label = max((cell_width(one.label) for one in self._choices), default=0)
        under = index == self._at
        yield f"{self.glyphs.cursor if under else ' '} ", palette.key
        yield f"{choice.letter:2}", palette.key if choice.enabled else palette.faint
        yield " " + fit(choice.label, label) + "  ", palette.text if choice.enabled else palette.faint
        yield (
            fit(choice.detail, max(0, width - label - 7)),
            palette.dim if choice.enabled else palette.faint,
        )

    def on_key(self, event: events.Key) -> None:
        """Letters take, arrows move, enter takes, escape leaves; nothing passes to the screen below."""
        if event.key in ("ctrl+c", "ctrl+q"):
            return
        event.stop()
        event.prevent_default()
        moves = {"down": 1, "up": -1, "pagedown": self.page, "pageup": -self.page}
        if event.key == "escape":
            self.post_message(self.Dismissed())
        elif event.key in moves:
            self.move_to(self._at + moves[event.key])
        elif event.key == "enter":
            self.opened()
        else:
            self._take_letter(event.character or "")

    def opened(self) -> None:
        """Take the choice under the cursor."""
        if self._choices:
            self._take(self._choices[self._at])

    def _take_letter(self, letter: str) -> None:
        for index, choice in enumerate(self._choices):
            if letter and choice.letter == letter:
                self.move_to(index)
                self._take(choice)
                return
        if letter in ("j", "k"):
            self.move_to(self._at + (1 if letter == "j" else -1))

    def _take(self, choice: Choice) -> None:
        if choice.enabled:
            self.post_message(self.Chosen(choice.id))
