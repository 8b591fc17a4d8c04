"""The filter as it is typed: parsed at every key, an error points at its character.

Who comes in: text. Who leaves: `Changed` with a parsed query while it parses, `Submitted`, `Cancelled`.
"""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from tui.errors import QueryError
from tui.model.query import Query
from tui.ui.widgets.lines import LineWidget, Run

PROMPT = "/"


class FilterInput(Widget):
    """A prompt and an input without a border; what is wrong where is told over the line below, which nothing moves for."""

    DEFAULT_CSS = """
    FilterInput { height: 1; width: 1fr; }
    FilterInput > Horizontal { height: 1; width: 1fr; }
    FilterInput Input { height: 1; border: none; padding: 0; background: $background; width: 1fr; }
    FilterInput Input:focus { border: none; background-tint: $foreground 0%; }
    """

    class Changed(Message):
        """The text parses as `query`."""

        def __init__(self, query: Query) -> None:
            super().__init__()
            self.query = query

    class Submitted(Message):
        """Enter on a text that parses."""

        def __init__(self, query: Query) -> None:
            super().__init__()
            self.query = query

    class Cancelled(Message):
        """Escape: the filter is to be what it was before."""

    def __init__(self, text: str = "", *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._first = text
        self._query: Query | None = None

    def compose(self) -> ComposeResult:
        """The prompt, the input and the error line."""
        with Horizontal():
            yield _Prompt()
            yield _FilterField(self._first)
        yield _Pointer()

    @property
    def text(self) -> str:
        """What is typed."""
        return self._field.value

    def edit(self, text: str) -> None:
        """Begin to type, with this text and the cursor behind it."""
        self._field.value = text
        self._field.cursor_position = len(text)
        self._field.focus()

    @property
    def _field(self) -> Input:
        return self.query_one(_FilterField)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Parse; say so, or point."""
        event.stop()
        try:
            self._query = Query.parse(event.value)
        except QueryError as error:
            self._query = None
            self.query_one(_Pointer).point(error)
            return
        self.query_one(_Pointer).point(None)
        self.post_message(self.Changed(self._query))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Only what parses can be submitted."""
        event.stop()
        try:
            query = Query.parse(event.value)
        except QueryError as error:
            self.query_one(_Pointer).point(error)
            return
        self.post_message(self.Submitted(query))

    def on_key(self, event: events.Key) -> None:
        """Escape leaves."""
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Cancelled())


class _FilterField(Input):
    def __init__(self, text: str) -> None:
        super().__init__(
            text, select_on_focus=False, placeholder="web* state:bad !host:canary uptime<5m   (? for more)"
        )


class _Prompt(LineWidget):
    DEFAULT_CSS = "_Prompt { width: 3; height: 1; }"

    def paint(self, y: int, width: int) -> list[Run]:
        return [(f" {PROMPT} ", self.palette.key)]


class _Pointer(LineWidget):
    """Shown only while there is something to point at."""

    DEFAULT_CSS = "_Pointer { height: 1; width: 100%; display: none; overlay: screen; }"

    def __init__(self) -> None:
        super().__init__()
        self._error: QueryError | None = None

    def point(self, error: QueryError | None) -> None:
        self._error = error
        self.display = error is not None
        self.repaint()

    def paint(self, y: int, width: int) -> list[Run]:
        if self._error is None:
            return []
        at = min(self._error.position, max(0, width - 30))
        return [
            (" " * (at + 3), self.palette.text),
            ("^ ", self.palette.bad),
            (str(self._error), self.palette.bad),
        ]
