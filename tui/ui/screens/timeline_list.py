"""Changes, newest first, with the times between them of which nothing is known drawn across.

Who comes in: transitions and gaps in order. Who leaves: `Opened` with a transition's key, `NearEnd` when the last rows come
into view, so that the screen can fetch older ones. The cursor stays on its row when newer ones come, unless it is at the top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from textual.message import Message

from tui.engine.history.coverage import Gap
from tui.model.fleet import Transition
from tui.model.past import remark
from tui.model.process import ProcessKey
from tui.model.timeline import is_bad
from tui.text import clean_cell, duration_words, fit
from tui.ui.screens.pointing import short_words
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

WHO, WHAT, WHEN = 44, 26, 16

Item = Transition | Gap


class TimelineList(ListWidget):
    """The list of the timeline."""

    HEAD = 1

    class Opened(Message):
        """Enter on a change."""

        def __init__(self, key: ProcessKey) -> None:
            super().__init__()
            self.key = key

    class NearEnd(Message):
        """The end of what is there is about to be seen."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[Item] = ()
        self._flapping: Collection[int] = frozenset()
        self._asked_at = -1
        self._today = ""
        self.nothing = "Nothing has changed since we began to watch."
        """What is said when there is nothing; clean."""

    def set_rows(self, rows: Sequence[Item], flapping: Collection[int] = frozenset()) -> None:
        """Newest first; `flapping` holds the serials at which a process flapped."""
        at = self.cursor_item
        follows = self.position <= 0
        self._rows, self._flapping = rows, flapping
        self._today = datetime.now().astimezone().strftime("%b %d ")
        if at is not None and not follows:
            mine = _identity(at)
            self.keep_place(next((index for index, row in enumerate(rows) if _identity(row) == mine), None))
        self.repaint()

    @property
    def follows(self) -> bool:
        """Whether the newest row is the one under the cursor, and stays so."""
        return self.position <= 0

    @property
    def cursor_item(self) -> Item | None:
        """What is under the cursor."""
        return self._rows[self.position] if 0 <= self.position < len(self._rows) else None

    def count(self) -> int:
        """How many."""
        return len(self._rows)

    def opened(self) -> None:
        """The details of whom it happened to."""
        row = self.cursor_item
        if isinstance(row, Transition):
            self.post_message(self.Opened(row.key))

    def draw_head(self, y: int, width: int) -> Iterable[Run]:
        """The headings."""
        yield (
            f"  {fit('TIME', WHEN)}{fit('WHO', self._who(width))}  {fit('CHANGE', WHAT)}WHAT",
            self.palette.heading,
        )

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """One change, or a line across for a gap."""
        if index >= len(self._rows) - self.page and self._asked_at != len(self._rows):
            self._asked_at = len(self._rows)
            self.post_message(self.NearEnd())
        row, palette, glyphs = self._rows[index], self.palette, self.glyphs
        cursor = glyphs.cursor if index == self.position else " "
        if isinstance(row, Gap):
            words = f"{cursor} {glyphs.rule * 2} {self.gap_words(row)} "
            yield words + glyphs.rule * max(0, width - len(words)), palette.faint
            return
        yield f"{cursor} {fit(self._when(row.time), WHEN)}", palette.dim
        yield fit(short_words(row.key), self._who(width)) + "  ", palette.text
        change = f"{row.old or 'new'}{glyphs.arrow}{row.new or 'gone'}"
        yield fit(change, WHAT), palette.bad if is_bad(row) else palette.text
        if row.serial in self._flapping:
            yield "flapping  ", palette.bad
        yield clean_cell(remark(row)), palette.dim

    def draw_empty(self, y: int, width: int) -> Iterable[Run]:
        """Nothing is good news."""
        return [(f"  {self.nothing}", self.palette.dim)] if y == 1 else []

    def gap_words(self, gap: Gap) -> str:
        """'nobody looked from … to … (9 hours)'."""
        where = f"{clean_cell(gap.host)} was " if gap.host else ""
        span = f"{self._when(gap.start)} to {self._when(gap.end)}"
        return f"{where}{gap.reason} from {span} ({duration_words(gap.end - gap.start)})"

    def _when(self, epoch: float) -> str:
        """The day only when it is not today's."""
        return datetime.fromtimestamp(epoch).astimezone().strftime("%b %d %H:%M:%S").removeprefix(self._today)

    def _who(self, width: int) -> int:
        return max(12, min(WHO, width - WHAT - WHEN - 14))


def _identity(row: Item) -> tuple[float, str]:
    return (row.end, row.host) if isinstance(row, Gap) else (row.serial, "change")
