"""Every key of one screen, and the filter language, made from the registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.text import clean
from tui.ui.actions import Scope, Section, actions_in
from tui.ui.keymap import bindings_of
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.heading import Heading
from tui.ui.session import Session
from tui.ui.widgets.help_table import HelpTable

FILTERS = (
    ("word", "part of host, group or name"),
    ("~word", "its letters, in this order"),
    ("/re/", "a pattern"),
    ("!x", "not x"),
    ("a b", "a and b"),
    ("state:bad|fatal", "one or the other"),
    ("host:web*", "also group: name: tag:"),
    ("pid:4211", "also exit:1"),
    ("uptime<5m", "also since<10m, > too"),
)
QUESTIONS = (
    ("y", "yes; never by paste or a held key"),
    ("enter esc n", "no"),
    ("v", "view the whole plan first"),
    ("(type)", "the count or name, where much is at stake"),
)


class HelpScreen(BaseScreen):
    """The keys of `about`."""

    SCOPE = Scope.HELP
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.HELP)

    def __init__(self, session: Session, about: Scope) -> None:
        super().__init__(session)
        self.about = about
        self.table = HelpTable(self._sections())

    def body(self) -> Iterable[Widget]:
        """A line and the keys."""
        yield Heading(f"Keys of the {self.about.value} screen", "esc closes   j k scroll")
        yield self.table

    @property
    def main(self) -> Widget:
        """The keys."""
        return self.table

    def _sections(self) -> list[tuple[str, list[tuple[str, str]]]]:
        keymap = self.session.keymap
        sections = [
            (
                section.value,
                [
                    (keymap.shown(action), action.help)
                    for action in actions_in(self.about)
                    if action.section is section
                ],
            )
            for section in Section
        ]
        if self.about is Scope.FLEET:
            sections.append(("Filter language ( / )", list(FILTERS)))
        sections.append(("Answering a question", list(QUESTIONS)))
        remarks = (*map(clean, self.session.settings.warnings), *map(clean, self.engine.notices))
        sections.insert(0, ("Remarks of this run", [("!", remark) for remark in remarks]))
        return [(title, rows) for title, rows in sections if rows]
