"""What changed in the fleet since we began to watch, newest first; ours and not ours told apart."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.model.fleet import Transition
from tui.model.process import ProcessKey
from tui.model.states import PROCESS_HEALTH, UNREACHABLE, Health, ProcessState
from tui.text import fit
from tui.ui.actions import Scope
from tui.ui.keymap import bindings_of
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.heading import Heading
from tui.ui.screens.pointing import short_words
from tui.ui.session import Session
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

WHO, WHAT = 44, 26
_BAD = frozenset(state.name for state, health in PROCESS_HEALTH.items() if health is Health.BAD) | frozenset(
    state.value for state in UNREACHABLE
)


class TimelineList(ListWidget):
    """Transitions, newest first; the cursor stays on its transition when newer ones come."""

    HEAD = 1

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Transition] = []

    def set_rows(self, rows: list[Transition]) -> None:
        """Newest first."""
        at = self.cursor_transition
        top = self.position <= 0
        self._rows = rows
        if at is not None and not top:
            places = {row.serial: index for index, row in enumerate(rows)}
            self.keep_place(places.get(at.serial))
        self.repaint()

    @property
    def cursor_transition(self) -> Transition | None:
        """What is under the cursor."""
        return self._rows[self.position] if 0 <= self.position < len(self._rows) else None

    def count(self) -> int:
        """How many."""
        return len(self._rows)

    def opened(self) -> None:
        """The details of whom it happened to."""
        row = self.cursor_transition
        if row is not None and isinstance(self.screen, TimelineScreen):
            self.screen.open_details(row.key)

    def draw_head(self, y: int, width: int) -> Iterable[Run]:
        """The headings."""
        yield (
            f"  {fit('TIME', 10)}{fit('WHO', self._who(width))}  {fit('CHANGE', WHAT)}WHAT",
            self.palette.heading,
        )

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """One transition."""
        row, palette, glyphs = self._rows[index], self.palette, self.glyphs
        when = datetime.fromtimestamp(row.time).astimezone().strftime("%H:%M:%S")
        yield f"{glyphs.cursor if index == self.position else ' '} {when}  ", palette.dim
        yield fit(short_words(row.key), self._who(width)) + "  ", palette.text
        change = f"{row.old or 'new'}{glyphs.arrow}{row.new or 'gone'}"
        yield fit(change, WHAT), palette.bad if row.new in _BAD else palette.text
        yield _remark(row), palette.dim

    def draw_empty(self, y: int, width: int) -> Iterable[Run]:
        """Nothing is good news."""
        return [("  Nothing has changed since we began to watch.", self.palette.dim)] if y == 1 else []

    def _who(self, width: int) -> int:
        return max(12, min(WHO, width - WHAT - 24))


class TimelineScreen(BaseScreen):
    """The fleet's recent past."""

    SCOPE = Scope.TIMELINE
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.TIMELINE)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.list = TimelineList()
        self._newest = -1

    def body(self) -> Iterable[Widget]:
        """A line and the list."""
        yield Heading("Timeline", "newest first   enter details   esc back")
        yield self.list

    @property
    def main(self) -> Widget:
        """The list."""
        return self.list

    def picture_changed(self) -> None:
        """New transitions go on top."""
        rows = self.engine.timeline.after(0)
        newest = rows[-1].serial if rows else 0
        if newest != self._newest:
            self._newest = newest
            self.list.set_rows(list(reversed(rows)))

    def open_details(self, key: ProcessKey) -> None:
        """Whom it happened to."""
        from tui.ui.screens.details import DetailsScreen

        self.app.push_screen(DetailsScreen(self.session, key))


def _remark(row: Transition) -> str:
    words = []
    if row.pid:
        words.append(f"pid {row.pid}")
    if row.new == ProcessState.EXITED.name:
        words.append(f"exit {row.exitstatus}")
    if row.old == row.new:
        words.append("ran anew between two looks")
    if row.ours:
        words.append("ours")
    return ", ".join(words)
