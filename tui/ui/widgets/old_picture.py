"""The picture of the last run over the fleet screen, until there is something newer to show in its place.

Who comes in: what was kept, and how many hosts have answered since. Who leaves: nothing. The rule: it is seen to be old
(pale, and its age stands on it), nothing can be done with what it shows, and it goes at the first key, at the first click, when every host
has been heard, or soon after the first was.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual import events
from textual.message import Message

from tui.model.fleet import Counts
from tui.ui.last_picture import MARK_ROW, lines_for, mark_words
from tui.ui.picture_file import Picture
from tui.ui.widgets.lines import LineWidget, Run

PATIENCE = 1.5
"""Seconds after the first answer until what has been heard by then is shown: a dead host must not hold back the others."""


class OldPicture(LineWidget):
    """As large as the screen, above everything else."""

    class Clicked(Message):
        """It was clicked, wherever."""

    DEFAULT_CSS = "OldPicture { width: 100%; height: 100%; }"

    def __init__(self, picture: Picture | None, wall: float) -> None:
        """`wall` is the time now, in epoch seconds; without a picture there is nothing to see."""
        super().__init__()
        self.display = picture is not None
        self._picture = picture
        self._wall = wall
        self._progress = "asking the hosts"
        self._first_answer: float | None = None

    @property
    def showing(self) -> bool:
        """Whether it stands before the fleet."""
        return bool(self.display)

    def go(self) -> None:
        """Make way."""
        if self.display:
            self.display = False
            self._picture = None

    def hear(self, counts: Counts, monotonic: float, wall: float) -> bool:
        """So much is known of the fleet by now: tell it, or make way for it; whether it is still there."""
        if not self.display:
            return False
        heard = counts.hosts - counts.pending
        if counts.answering and self._first_answer is None:
            self._first_answer = monotonic
        waited = 0.0 if self._first_answer is None else monotonic - self._first_answer
        if not counts.pending or waited >= PATIENCE:
            self.go()
            return False
        self._wall = wall
        if heard:
            self._progress = f"{heard} of {counts.hosts} hosts answered"
        self.repaint((MARK_ROW,))
        return True

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """A line of the picture, or the age."""
        picture = self._picture
        if picture is None:
            return []
        if y == MARK_ROW:
            words = mark_words(int(self._wall) - picture.taken, self._progress)
            return [(words, _style(picture.mark[1]))]
        line = _lines(picture, width, self.painted_size.height)[y]
        return [(text, _style(picture.looks[look][1])) for look, text in line]

    def on_click(self, event: events.Click) -> None:
        """Tell the screen."""
        event.stop()
        self.post_message(self.Clicked())


@lru_cache(maxsize=2)
def _lines(picture: Picture, columns: int, rows: int) -> tuple[list[tuple[int, str]], ...]:
    return tuple(lines_for(picture, columns, rows))


@lru_cache(maxsize=256)
def _style(words: str) -> Style:
    try:
        return Style.parse(words)
    except StyleSyntaxError:
        return Style()
