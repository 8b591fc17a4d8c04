"""The large questions: tier 2 shows what a plan will do and takes `y`; tier 3 wants something typed.

Who comes in: the plan in words. Who leaves: `Answered`, once. Enter never confirms tier 2; paste confirms nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from textual import events
from textual.message import Message

from tui.text import cell_width, fit
from tui.ui.widgets.answering import QUIET_AFTER, AnswerGate
from tui.ui.widgets.confirm_bar import TOO_SOON
from tui.ui.widgets.lines import LineWidget, Run, wrap_words

WIDTH = 76
HEAD = 2
"""The question and a blank line, without a warning."""


class ConfirmPanel(LineWidget, can_focus=True):
    """A title, the plan's lines, and how to answer."""

    DEFAULT_CSS = """
    ConfirmPanel {
        width: 76; max-width: 100%; max-height: 100%;
        border: round $primary; padding: 0 1;
        border-title-style: bold;
    }
    ConfirmPanel.-typed { border: round $error; }
    """

    class Answered(Message):
        """The question was answered; `view` is never set here, it keeps the shape of the small question's answer."""

        def __init__(self, yes: bool, view: bool = False) -> None:
            super().__init__()
            self.yes = yes
            self.view = view

    def __init__(
        self,
        question: str,
        lines: Sequence[str],
        *,
        typed: str = "",
        warning: str = "",
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`typed` is what must be typed (tier 3), empty for tier 2; all texts are clean."""
        super().__init__(id=id, classes=classes)
        self._question = question
        self._told = tuple(lines)
        self._lines: tuple[str, ...] = ()
        self._typed = typed
        self._warning = warning
        self._entered = ""
        self._note = ""
        self._answered = False
        self._top = 0
        self._gate = AnswerGate(clock)
        self.set_class(bool(typed), "-typed")
        self._take_height(WIDTH)

    def on_mount(self) -> None:
        """Take the keys; in a narrow terminal with more and shorter lines."""
        if self.app.size.width < WIDTH:
            self._take_height(self.app.size.width)
        self._gate.opened()
        self.focus()

    def _take_height(self, width: int) -> None:
        """As high as its lines; known before the first layout, which is sent."""
        self._lines = tuple(part for line in self._told for part in wrap_words(line, width - 4))
        self.styles.height = HEAD + bool(self._warning) + len(self._lines) + 3 + 2

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """Head and answer always stay; the lines between them scroll when there is not room for all."""
        head = self._head()
        height = self.content_size.height
        if y < len(head):
            return head[y]
        foot_at = height - 2
        if y >= foot_at:
            return self._foot()[y - foot_at]
        room = foot_at - len(head) - 1
        index = self._top + y - len(head)
        if y - len(head) >= room or index >= len(self._lines):
            return ()
        text = self._lines[index]
        hidden = len(self._lines) - self._top - room
        if y - len(head) == room - 1 and hidden > 0:
            return [(f"  {self.glyphs.ellipsis} {hidden + 1} more lines, arrows scroll", self.palette.dim)]
        return [(fit(text, min(cell_width(text), width)), self.palette.text)]

    def _head(self) -> list[list[Run]]:
        palette = self.palette
        head: list[list[Run]] = [[(f"{self._question}?", palette.strong)]]
        if self._warning:
            head.append([(self._warning, palette.bad)])
        head.append([])
        return head

    def _foot(self) -> tuple[list[Run], list[Run]]:
        palette = self.palette
        note: list[Run] = [(self._note, palette.busy)]
        if not self._typed:
            return note, [
                ("[y]", palette.key),
                ("es, go  ", palette.text),
                ("[N]", palette.key),
                ("o, cancel (enter, esc)", palette.text),
            ]
        right = self._entered == self._typed
        return note, [
            ("Type ", palette.text),
            (self._typed, palette.key),
            (" and press enter: ", palette.text),
            (self._entered, palette.good if right else palette.text),
            ("▏", palette.key),
        ]

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is no answer."""
        event.stop()
        self._gate.heard()
        self._say("pasted text does not count: type it")

    def on_key(self, event: events.Key) -> None:
        """Every key is ours while the question is open."""
        if event.key in ("ctrl+c", "ctrl+q") or self._answered:
            return
        event.stop()
        event.prevent_default()
        token = self._gate.heard()
        if event.key == "escape":
            self._answer(yes=False)
        elif event.key in ("up", "down", "pageup", "pagedown"):
            self._scroll({"up": -1, "down": 1, "pageup": -10, "pagedown": 10}[event.key])
        elif self._typed:
            self._type(event, token)
        elif event.key in ("enter", "n", "N", "q"):
            self._answer(yes=False)
        elif event.character in ("y", "Y"):
            self._go_if_alone(token)

    def _type(self, event: events.Key, token: int | None) -> None:
        if event.key == "enter":
            if not self._entered:
                self._answer(yes=False)
            elif self._entered != self._typed:
                self._say(f"that is not {self._typed}: nothing is done")
            else:
                self._go_if_alone(token)
        elif event.key == "backspace":
            self._entered = self._entered[:-1]
            self._say("")
        elif event.key == "ctrl+u":
            self._entered = ""
            self._say("")
        elif event.character and event.is_printable:
            self._entered = (self._entered + event.character)[:80]
            self._say("")

    def _go_if_alone(self, token: int | None) -> None:
        if token is None:
            self._say(TOO_SOON)
            return

        def go() -> None:
            if not self._answered and self._gate.stands(token):
                self._answer(yes=True)

        self.set_timer(QUIET_AFTER, go)

    def _scroll(self, by: int) -> None:
        room = self.content_size.height - 2 - len(self._head()) - 1
        self._top = min(max(0, self._top + by), max(0, len(self._lines) - room))
        self.repaint()

    def _say(self, note: str) -> None:
        self._note = note
        self.repaint()

    def _answer(self, *, yes: bool) -> None:
        self._answered = True
        self.post_message(self.Answered(yes))
