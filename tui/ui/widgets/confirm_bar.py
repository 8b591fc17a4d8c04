"""The small question (tier 1): one line, default No.

Who comes in: a question with its resolved targets. Who leaves: `Answered`, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from rich.style import Style
from textual import events
from textual.message import Message

from tui.text import cell_width, fit
from tui.ui.widgets.answering import QUIET_AFTER, AnswerGate
from tui.ui.widgets.lines import LineWidget, Run

TOO_SOON = "that key came too soon: press it again"


class ConfirmBar(LineWidget, can_focus=True):
    """`Restart web-0044 celery?  [y]es  [N]o  [v]iew`; hidden until it asks."""

    DEFAULT_CSS = "ConfirmBar { height: 1; display: none; }"

    class Answered(Message):
        """The question was answered: `yes`, or `view` (show me more), or neither (no)."""

        def __init__(self, yes: bool, view: bool) -> None:
            super().__init__()
            self.yes = yes
            self.view = view

    def __init__(
        self,
        question: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._question = question
        self._detail = ""
        self._note = ""
        self._gate = AnswerGate(clock)

    def on_mount(self) -> None:
        """A question given at birth is asked at once."""
        if self._question:
            self.ask(self._question)

    def ask(self, question: str, detail: str = "") -> None:
        """Show the question (clean, without its question mark) and take the focus; `detail` tells e.g. the data's age."""
        self._question, self._detail, self._note = question, detail, ""
        self._gate.opened()
        self.display = True
        self.repaint()
        self.focus()

    def close(self) -> None:
        """Take the question away."""
        self._question = ""
        self.display = False

    @property
    def asking(self) -> bool:
        """Whether a question is open."""
        return bool(self._question)

    def focus_changed(self) -> None:
        """Whoever goes elsewhere has not said yes; another window on the desktop is not elsewhere."""
        if self.asking and not self.has_focus and self.app.app_focus:
            self._answer(yes=False, view=False)

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """The question is cut before the keys are."""
        palette = self.palette
        keys: list[Run] = [
            ("  [y]", palette.key),
            ("es  ", palette.text),
            ("[N]", palette.key),
            ("o  ", palette.text),
            ("[v]", palette.key),
            ("iew", palette.text),
        ]
        room = width - sum(cell_width(text) for text, _ in keys) - 3
        question = f"{self._question}?"
        yield " ", palette.strong
        yield fit(question, min(cell_width(question), max(8, room))), palette.strong
        yield from keys
        room -= cell_width(question)
        tail = self._note or self._detail
        if tail and room > 12:
            yield "   ", palette.dim
            yield fit(tail, min(cell_width(tail), room - 3)), palette.busy if self._note else palette.dim

    def ground(self, y: int) -> Style:
        """A question has a ground of its own."""
        return self.palette.question

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text is no answer."""
        event.stop()
        self._gate.heard()

    def on_key(self, event: events.Key) -> None:
        """`y` goes, `v` shows more, enter, escape and `n` do not go; every other key is swallowed."""
        if not self.asking or event.key in ("ctrl+c", "ctrl+q"):
            return
        event.stop()
        event.prevent_default()
        token = self._gate.heard()
        if event.key in ("n", "N", "escape", "enter", "q"):
            self._answer(yes=False, view=False)
        elif event.character == "v":
            self._answer(yes=False, view=True)
        elif event.character in ("y", "Y"):
            self._take_yes(token)

    def _take_yes(self, token: int | None) -> None:
        if token is None:
            self._note = TOO_SOON
            self.repaint()
            return
        self.set_timer(QUIET_AFTER, lambda: self._yes_if_alone(token))

    def _yes_if_alone(self, token: int) -> None:
        if self.asking and self._gate.stands(token):
            self._answer(yes=True, view=False)

    def _answer(self, *, yes: bool, view: bool) -> None:
        self.close()
        self.post_message(self.Answered(yes, view))
