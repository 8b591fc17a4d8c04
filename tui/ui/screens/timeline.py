"""What changed in the fleet or to one of its processes, newest first: seen by this program, and before that from the disk.

Who comes in: the engine's timeline, and pages of the history that are fetched as the list is gone down. The rule: the disk is
read in a thread, and only for what the engine's timeline does not hold.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.engine.history.browsing import Page, facts_of, page_before
from tui.engine.history.coverage import Gap
from tui.errors import HistoryError, QueryError
from tui.model.fleet import Transition
from tui.model.past import PastFilter, flapping_at
from tui.model.process import ProcessKey
from tui.model.query import Query
from tui.text import clean_cell
from tui.ui.actions import Scope
from tui.ui.keymap import bindings_of
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.heading import Heading
from tui.ui.screens.modals import LineScreen
from tui.ui.screens.pointing import short_words
from tui.ui.screens.timeline_list import Item, TimelineList
from tui.ui.session import Session

LIVE = 20_000
"""Changes that are held here at most before they are left to the disk."""
NOTHING = "Nothing has changed since we began to watch."
_WHOSE = ("", "ours", "not ours")
_FILTER = "Only changes to (words, state:bad, host:web*, exit:1, since<2h; empty: all)"


@dataclass(slots=True)
class _Gathered:
    """What the list shows, as far as it is known. Another filter begins a new one; a late page finds the old one."""

    live: list[Transition] = field(default_factory=list)
    """Seen by this program, oldest first."""
    serial: int = 0
    """Of the newest that was looked at."""
    looked: bool = False
    old: list[Item] = field(default_factory=list)
    """From the disk, newest first."""
    border: float | None = None
    """The time before which the disk is asked."""
    last: Transition | None = None
    flapping: frozenset[int] = frozenset()
    """Among the old."""
    fetching: bool = False
    ended: bool = False


class TimelineScreen(BaseScreen):
    """The past of the fleet, or of what `key` names."""

    SCOPE = Scope.TIMELINE
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.TIMELINE)

    def __init__(self, session: Session, key: ProcessKey | None = None) -> None:
        super().__init__(session)
        self.key = key
        self.list = TimelineList()
        self.heading = Heading()
        self._only = key
        """Whom the screen can be narrowed to: what it was opened on, or what the cursor was on."""
        self._whose = 0
        self._query = Query.ALL
        self._flaps = 0
        self._accept: PastFilter | None = None
        self._rows = _Gathered()

    def body(self) -> Iterable[Widget]:
        """A line and the list."""
        yield self.heading
        yield self.list

    @property
    def main(self) -> Widget:
        """The list."""
        return self.list

    def picture_changed(self) -> None:
        """New changes go on top."""
        gathered = self._rows
        rows = self.engine.timeline.after(gathered.serial)
        missed = gathered.serial and rows and rows[0].serial > gathered.serial + 1
        if missed or len(gathered.live) > LIVE:  # the disk has what is no longer held here
            gathered = self._rows = _Gathered()
            rows = self.engine.timeline.after(0)
        if rows or not gathered.looked:
            gathered.looked = True
            gathered.serial = rows[-1].serial if rows else gathered.serial
            gathered.live += filter(self._wanted, rows)
            self._show()

    def step_back(self) -> None:
        """What narrows the list first, then the screen."""
        if self._query or self._whose:
            self._query, self._whose = Query.ALL, 0
            self._again()
        else:
            self.dismiss(None)

    # --- keys -------------------------------------------------------------------------------------------------------

    def action_timeline_filter(self) -> None:
        """Only what matches; empty: everything."""

        def typed(text: str | None) -> None:
            if text is None:
                return
            try:
                self._query = Query.parse(text)
            except QueryError as error:
                self.say(f"{error.problem} at character {error.position + 1}", "error")
                return
            self._again()

        self.app.push_screen(LineScreen(_FILTER, self._query.text), typed)

    def action_timeline_whose(self) -> None:
        """Ours, not ours, all."""
        self._whose = (self._whose + 1) % len(_WHOSE)
        self._again()

    def action_timeline_only(self) -> None:
        """Only what is under the cursor, and back to everything."""
        if self.key is not None:
            self.key = None
        else:
            row = self.list.cursor_item
            self._only = row.key if isinstance(row, Transition) else self._only
            self.key = self._only
        self._again()

    def action_timeline_follow(self) -> None:
        """To the newest change, and stay there."""
        self.list.home()
        self._show_heading()

    def on_timeline_list_opened(self, message: TimelineList.Opened) -> None:
        """Whom it happened to."""
        from tui.ui.screens.details import DetailsScreen

        self.app.push_screen(DetailsScreen(self.session, message.key))

    def on_timeline_list_near_end(self, _message: TimelineList.NearEnd) -> None:
        """Fetch what is older."""
        self._fetch()

    # --- rows -------------------------------------------------------------------------------------------------------

    def _again(self) -> None:
        """Another filter, or somebody else's changes: gather anew."""
        tags = {host.name: host.tags for host in self.session.settings.hosts.values()}
        self._accept = PastFilter(self._query, tags, self.session.wall()) if self._query else None
        self._rows = _Gathered()
        self.list.home()
        self.picture_changed()

    def _wanted(self, row: Transition) -> bool:
        if self.key is not None and row.key[: _depth(self.key)] != self.key[: _depth(self.key)]:
            return False
        return self._is_theirs(row) and (self._accept is None or self._accept(row))

    def _is_theirs(self, row: Transition) -> bool:
        return not self._whose or row.ours is (_WHOSE[self._whose] == "ours")

    def _show(self) -> None:
        gathered = self._rows
        flapping = gathered.flapping | flapping_at(gathered.live)
        narrowed = bool(self._query or self._whose or self.key)
        self.list.nothing = "No change that is kept matches." if narrowed else NOTHING
        if not gathered.ended and self.engine.history_directory is not None:
            self.list.nothing = "Reading what was kept …"
        self.list.set_rows([*reversed(gathered.live), *gathered.old], flapping)
        self._flaps = len(flapping)
        self._show_heading()
        if not gathered.live and not gathered.old:
            self._fetch()

    def _show_heading(self) -> None:
        flapped = f"flapped {self._flaps} times" if self._flaps > 1 else "flapped once"
        marks = [
            f"filter: {clean_cell(self._query.text, 40)}" if self._query else "",
            _WHOSE[self._whose],
            flapped if self._flaps else "",
            "newest first",
            "esc back",
        ]
        whose = f" of {short_words(self.key)}" if self.key else ""
        self.heading.set_text(f"Timeline{whose}", "   ".join(filter(None, marks)))

    def _fetch(self) -> None:
        gathered = self._rows
        if gathered.fetching or gathered.ended or self.engine.history_directory is None:
            return
        gathered.fetching = True
        self.run_worker(self._fetch_page(gathered, self.engine.history_directory), exit_on_error=False)

    async def _fetch_page(self, gathered: _Gathered, directory: Path) -> None:
        seen = self.engine.timeline.after(0)
        if gathered.border is None:
            gathered.border = seen[0].time if seen else self.session.wall()
        try:
            page = await asyncio.to_thread(
                page_before,
                directory,
                gathered.border,
                gathered.last,
                key=self.key,
                accept=self._accept,
                keep=self._is_theirs,
                seen=frozenset(map(facts_of, seen)),
            )
        except HistoryError as error:
            self.say(str(error), "warning")
            page = Page()
        gathered.fetching, gathered.ended = False, page.ended
        if page.rows:
            gathered.last = page.rows[-1]
            gathered.flapping |= flapping_at(page.rows[::-1])
        gathered.old += heapq.merge(page.rows, page.gaps, key=_age)
        self._show()


def _age(row: Item) -> float:
    return -(row.end if isinstance(row, Gap) else row.time)


def _depth(key: ProcessKey) -> int:
    """How many parts of a key say whom it means."""
    return 1 if key.is_host else 2 if key.is_group else 3
