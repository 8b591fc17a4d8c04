"""The first screen: the whole fleet as a tree, a table and the details of one row; problems first.

Widgets tell what the user did, the engine what the fleet did; this screen puts the two together. The rule: the user's
place (cursor, marks, filter, order, scope) is never taken away by news.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from tui.model.query import Query
from tui.model.view import Column
from tui.model.view import Scope as Part
from tui.text import duration_words
from tui.ui.actions import Scope, Section, actions_in
from tui.ui.keymap import bindings_of
from tui.ui.screens.acting import ActingScreen
from tui.ui.screens.looked_at import row_of_node, words_about, words_about_node
from tui.ui.screens.panes import Panes
from tui.ui.screens.pointing import Pointed
from tui.ui.screens.row_facts import RowFacts
from tui.ui.screens.targets import pointed_by_marks, pointed_in_table, pointed_in_tree
from tui.ui.session import Session
from tui.ui.widgets.breadcrumb import Breadcrumb
from tui.ui.widgets.detail_pane import DetailPane
from tui.ui.widgets.filter_input import FilterInput
from tui.ui.widgets.fleet_table import PROBLEMS, FleetTable
from tui.ui.widgets.host_tree import HostTree
from tui.ui.widgets.old_picture import OldPicture
from tui.ui.widgets.summary_line import SummaryLine

SLOTS = 12
"""The sparkline: failures of the last two minutes."""
MUTE_SECONDS = 1800.0


class FleetScreen(ActingScreen):
    """Everything at a glance."""

    SCOPE = Scope.FLEET
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.FLEET)
    DEFAULT_CSS = """
    FleetScreen { layers: default old; }
    FleetScreen OldPicture { layer: old; }
    FleetScreen FilterInput { display: none; }
    FleetScreen #panes { height: 1fr; }
    FleetScreen HostTree { width: 28; }
    FleetScreen FleetTable { width: 1fr; }
    FleetScreen DetailPane { width: 62; }
    FleetScreen #panes > .-alone { width: 1fr; }
    FleetScreen HostTree.-beside, FleetScreen FleetTable.-beside { border-right: vkey $foreground 20%; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.summary = SummaryLine()
        self.breadcrumb = Breadcrumb()
        self.filter = FilterInput()
        self.tree_pane = HostTree(id="tree")
        self.table = FleetTable(id="table")
        self.detail = DetailPane(id="detail")
        self.panes = Panes(self.tree_pane, self.table, self.detail)
        self.facts = RowFacts(session, self.detail)
        self.old = OldPicture(session.last.picture if session.last is not None else None, session.wall())
        self._query_before = Query.ALL
        self._touched = bool(session.select.text)
        self._held_before: bool | None = None
        self._muted = False
        self._file_changed = False

    def body(self) -> Iterable[Widget]:
        """Two lines and the panes."""
        yield self.summary
        yield self.breadcrumb
        yield Horizontal(self.tree_pane, self.table, self.detail, id="panes")
        yield self.old

    def instead_of_ticker(self) -> Iterable[Widget]:
        """The filter, while it is typed: the table does not move for it."""
        yield self.filter

    @property
    def main(self) -> Widget:
        """The table, unless the tree or the details are all there is."""
        return self.panes.main

    # --- news -------------------------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Begin with the filter of the command line."""
        super().on_mount()
        if self.session.select.text:
            self.set_query(self.session.select)

    def picture_changed(self) -> None:
        """What the fleet did, into every widget."""
        picture, now, wall = self.engine.picture, self.session.monotonic(), self.session.wall()
        if self.old.hear(picture.counts, now, wall):
            return
        self.summary.set_picture(picture, self.session.title, self.session.read_only, self.session.poll)
        self.summary.set_failures(self.engine.timeline.failures(wall, SLOTS))
        self.tree_pane.set_picture(picture)
        self.table.set_in_flight(key for job in self.engine.jobs if not job.finished for key in job.running)
        self._show_what_comes_and_goes(wall)
        self.table.set_picture(picture, now)
        self._problems_first()
        self._show_row()
        self._show_place()

    def tick(self) -> None:
        """Ages and uptimes."""
        now, wall = self.session.monotonic(), self.session.wall()
        if self.old.showing:
            self.picture_changed()
            return
        self._show_what_comes_and_goes(wall)
        self.table.tick(now)
        self.summary.set_failures(self.engine.timeline.failures(wall, SLOTS))
        if self.panes.shows(self.detail):
            self.detail.tick(now)
        if self._muted and not self.session.mute.left(now):
            self.mute(0.0)

    def _show_what_comes_and_goes(self, wall: float) -> None:
        timeline = self.engine.timeline
        self.table.set_flapping(timeline.all_flapping(wall))
        restarts = partial(timeline.recent_restarts, now=wall) if timeline.saw_restarts(wall) else None
        self.table.set_restarts(restarts)

    def _problems_first(self) -> None:
        """Once the first answers are in: the problems, unless the user has begun to look around."""
        counts = self.engine.picture.counts
        if self._touched or counts.pending or not counts.hosts:
            return
        self._touched = True
        if self._looks_around():
            return
        if counts.bad or counts.unreachable:
            self.set_query(Query.parse(PROBLEMS))
            self.say("what wants attention comes first; esc or ! shows everything", "warning")

    def _looks_around(self) -> bool:
        """Whether the user has begun to move, mark, filter or choose: then nothing is changed under the hands."""
        table = self.table
        chosen = bool(table.view.query.text or table.mark_count) or table.view.scope != Part.ALL
        return chosen or self.filter.display or table.position > 0 or self.app.screen is not self

    def _show_row(self) -> None:
        node = (self.tree_pane, self.table, self.engine.picture)
        in_tree = self.focused is self.tree_pane
        row = row_of_node(*node) if in_tree else self.table.cursor_row
        if self.panes.shows(self.detail):
            self.facts.look_at(row, self)
        else:
            self.facts.stop()
        flapping = row is not None and self.engine.timeline.flapping(row.key, self.session.wall())
        self.ticker.set_under(words_about_node(*node) if in_tree else words_about(row, flapping=flapping))

    def _show_place(self) -> None:
        view, held = self.table.view, self.table.hold and self._held_before is not False
        self.breadcrumb.set_state(
            view.scope,
            view.query,
            view.sort,
            len(view.rows),
            view.total,
            self.table.mark_count,
            held,
            self._muted,
            self._file_changed,
        )

    def set_query(self, query: Query) -> None:
        """Show what this filter lets through; what was said about the one before is out of date."""
        self.ticker.hush()
        self.table.set_query(query)
        self._show_row()
        self._show_place()

    def on_key(self, event: events.Key) -> None:
        """The old picture goes at any key; one that would act on what it showed does no more than that."""
        if not self.old.showing:
            return
        self.old.go()
        self.picture_changed()
        keys = self.session.keymap.textual()
        acting = (keys[action.id] for action in actions_in(Scope.FLEET) if action.section is Section.ACT)
        if any(event.key in names.split(",") for names in acting):
            event.stop()
            self.say("that was the last picture; these rows are live: press it again", "warning")

    def on_old_picture_clicked(self) -> None:
        """What was clicked may not be there any more: only make way."""
        self.old.go()
        self.picture_changed()

    # --- what widgets tell ------------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """As many panes as fit."""
        super().on_resize(event)
        self.panes.set_width(event.size.width)
        self.call_after_refresh(self._show_row)

    def on_fleet_table_cursor_moved(self, _message: FleetTable.CursorMoved) -> None:
        """Its details."""
        self._show_row()

    def on_host_tree_cursor_moved(self, _message: HostTree.CursorMoved) -> None:
        """The node's details."""
        self._show_row()

    def on_descendant_focus(self) -> None:
        """Another pane: another thing is looked at."""
        self._show_row()

    def on_fleet_table_marks_changed(self, _message: FleetTable.MarksChanged) -> None:
        """How many are marked."""
        self._show_place()

    def on_fleet_table_sorted(self, _message: FleetTable.Sorted) -> None:
        """The order in the second line."""
        self._show_place()

    def on_fleet_table_opened(self, _message: FleetTable.Opened) -> None:
        """Enter on a row: its details."""
        self.action_details()

    def on_host_tree_scope_changed(self, message: HostTree.ScopeChanged) -> None:
        """Enter on a node: only that part of the fleet, and the table to work on it."""
        self._touched = True
        self.set_part(message.scope)
        self.panes.show_table()

    def set_part(self, part: Part) -> None:
        """Show a part of the fleet."""
        self.table.set_scope(part)
        self.tree_pane.set_scope(part)
        self._show_row()
        self._show_place()

    def on_filter_input_changed(self, message: FilterInput.Changed) -> None:
        """Live."""
        if self.filter.display:
            self.set_query(message.query)

    def on_filter_input_submitted(self, message: FilterInput.Submitted) -> None:
        """Keep it."""
        self.set_query(message.query)
        self._close_filter()

    def on_filter_input_cancelled(self, _message: FilterInput.Cancelled) -> None:
        """As it was before."""
        self._close_filter()
        self.set_query(self._query_before)

    def _close_filter(self) -> None:
        self.filter.display = False
        self.ticker.display = True
        self.table.focus()

    # --- targets ----------------------------------------------------------------------------------------------------

    def pointed(self) -> Pointed | None:
        """The marks; else the node when the tree has the focus; else the row."""
        return pointed_by_marks(self.table) or self.pointed_row()

    def pointed_row(self) -> Pointed | None:
        """The node when the tree has the focus, else the row."""
        if self.focused is self.tree_pane:
            return pointed_in_tree(self.tree_pane, self.table, self.engine.picture)
        return pointed_in_table(self.table)

    def stand_still(self, on: bool) -> None:
        """Hold the rows while a question is open."""
        if on and self._held_before is None:
            self._held_before = self.table.hold
            self.table.hold = True
        elif not on and self._held_before is not None:
            self.table.hold, self._held_before = self._held_before, None
        self._show_place()

    def acted(self, pointed: Pointed) -> None:
        """Marks have served."""
        if pointed.marked:
            self.table.clear_marks()

    # --- keys -------------------------------------------------------------------------------------------------------

    def step_back(self) -> None:
        """What is zoomed, the filter, the marks, the part: the first of them that is there."""
        view = self.table.view
        if self.filter.display:
            self._close_filter()
        elif self.panes.unzoom():
            self._show_row()
        elif view.query.text:
            self.set_query(Query.ALL)
        elif self.table.mark_count:
            self.table.clear_marks()
        elif view.scope != Part.ALL:
            self.set_part(Part.ALL)
        elif self.table.hold:
            self.action_hold()

    def action_quit(self) -> None:
        """Back to all panes; else leave the program; with a job under way, at the second press."""
        if self.panes.unzoom():
            self._show_row()
        else:
            self.leave()

    def leave(self) -> None:
        """Leave, after a word about jobs that still run."""
        job = self._running_job()
        if job is not None and self._warned != job.number:
            self._warned = job.number
            self.say(f"job {job.number} still runs; q again leaves, restarts are finished first", "warning")
        else:
            self.app.exit(0)

    _warned = 0

    def action_pane_tree(self) -> None:
        """To the tree."""
        self.panes.show_tree()

    def action_pane_table(self) -> None:
        """To the table."""
        self.panes.show_table()

    def action_pane_detail(self) -> None:
        """To the details, alone where there is no room beside."""
        self.panes.show_detail()
        self.call_after_refresh(self._show_row)

    def action_tree(self) -> None:
        """The tree, and back."""
        self.panes.toggle_tree()

    def action_zoom(self) -> None:
        """The focused pane alone, and back."""
        self.panes.toggle_zoom(self.focused)
        self.call_after_refresh(self._show_row)

    def action_wide(self) -> None:
        """The table alone, and back."""
        self.panes.toggle_wide()
        self.call_after_refresh(self._show_row)

    def action_filter(self) -> None:
        """Type a filter; the problems filter is replaced."""
        query = self.table.view.query
        self._query_before = query
        self.filter.display = True
        self.ticker.display = False
        self.filter.edit("" if query.text == PROBLEMS else query.text)

    def action_problems(self) -> None:
        """Only what wants attention, and back."""
        on = self.table.view.query.text == PROBLEMS
        self.set_query(Query.ALL if on else Query.parse(PROBLEMS))

    def action_sort(self) -> None:
        """Choose a column."""
        from tui.ui.screens import choices
        from tui.ui.screens.modals import MenuScreen

        def chosen(name: str | None) -> None:
            if name:
                self.table.sort_by(Column(name))

        self.app.push_screen(MenuScreen("Sort by (again: the other way)", choices.columns()), chosen)

    def action_sort_invert(self) -> None:
        """The same column, the other way."""
        self.table.invert_sort()

    def action_sort_previous(self) -> None:
        """The column before."""
        self.table.sort_next(-1)

    def action_sort_next(self) -> None:
        """The next column."""
        self.table.sort_next()

    def action_mark(self) -> None:
        """Mark the row, or open a node of the tree."""
        if self.focused is self.tree_pane:
            self.tree_pane.toggle_node()
        else:
            self.table.toggle_mark()

    def action_mark_group(self) -> None:
        """Mark the group of the row: then a verb is about the group as a whole."""
        self.table.mark_group()

    def action_mark_range(self) -> None:
        """Mark from the last mark to the cursor."""
        self.table.mark_range()

    def action_mark_all(self) -> None:
        """Mark what is shown."""
        self.table.mark_all()

    def action_clear_marks(self) -> None:
        """No marks."""
        self.table.clear_marks()

    def action_mute(self) -> None:
        """No bell and no notification for half an hour, or again."""
        self.mute(0.0 if self._muted else MUTE_SECONDS)

    def mute(self, seconds: float) -> None:
        """Let nothing ring for so long; 0 lets it ring again."""
        now = self.session.monotonic()
        self.session.mute.until = now + seconds
        self._muted = seconds > 0
        self.say(
            f"nothing rings for {duration_words(seconds)}; m ends that" if seconds else "failures ring again"
        )
        self._show_place()

    def set_file_notice(self, notice: str) -> None:
        """What is to be said of the configuration file for as long as it holds; empty: nothing."""
        self._file_changed = bool(notice)
        self._show_place()

    def configuration_changed(self) -> None:
        """Other hosts, or others under the same names: nothing that was asked of them before is shown of them."""
        self.facts.forget_configs()
        hosts = self.engine.picture.hosts.values()
        if not any(map(self.table.view.scope.covers, hosts)):
            self.set_part(Part.ALL)
        self.refresh_picture()

    def action_hold(self) -> None:
        """Hold the rows where they are, or let them go."""
        self.table.hold = not self.table.hold
        self.say("the rows stand still; p lets them go" if self.table.hold else "the rows move again")
        self._show_row()
        self._show_place()
