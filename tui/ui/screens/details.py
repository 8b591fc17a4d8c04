"""Everything about one row on a screen of its own; verbs work on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.model.process import ProcessKey
from tui.model.view import Row
from tui.ui.actions import Scope
from tui.ui.keymap import bindings_of
from tui.ui.screens.acting import ActingScreen
from tui.ui.screens.heading import Heading
from tui.ui.screens.pointing import Pointed, short_words
from tui.ui.screens.row_facts import RowFacts
from tui.ui.session import Session
from tui.ui.widgets.detail_pane import DetailPane


class DetailsScreen(ActingScreen):
    """One process or host."""

    SCOPE = Scope.DETAILS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.DETAILS)

    def __init__(self, session: Session, key: ProcessKey) -> None:
        super().__init__(session)
        self.key = key
        self.pane = DetailPane()
        self.facts = RowFacts(session, self.pane)

    def body(self) -> Iterable[Widget]:
        """A line and the page."""
        yield Heading(f"Details of {short_words(self.key)}", "esc back")
        yield self.pane

    @property
    def main(self) -> Widget:
        """The page."""
        return self.pane

    def picture_changed(self) -> None:
        """The row as it is now; when it vanished, what was last known stays."""
        picture = self.engine.picture
        host = picture.hosts.get(self.key.host)
        if host is None:
            return
        process = picture.process(self.key)
        if process is None and not self.key.is_host:
            self.say(f"{short_words(self.key)} is no longer there", "warning")
            return
        self.facts.look_at(Row(self.key, host, process), self)

    def tick(self) -> None:
        """Ages and uptimes."""
        self.pane.tick(self.session.monotonic())

    def pointed(self) -> Pointed | None:
        """What this screen is about."""
        return Pointed((self.key,), short_words(self.key))

    def timeline_of(self) -> ProcessKey | None:
        """This one's."""
        return self.key

    def action_details(self) -> None:
        """These are they."""

    def acted(self, pointed: Pointed) -> None:
        """The configuration may change with it."""
        self.facts.forget_configs()
