"""The palette: every action that works on this screen, every host, every theme, and `filter …`, found by typing.

Who comes in: what is typed. The rule: names from hosts are shown as content, never as markup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider, SearchIcon
from textual.content import Content
from textual.fuzzy import Matcher

from tui.errors import QueryError
from tui.model.query import Query
from tui.model.view import Scope as Part
from tui.text import duration_words, parse_duration
from tui.ui.actions import Section, actions_in
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.fleet import FleetScreen

MOST_HOSTS = 40
MOST_MUTE = 7 * 86_400.0
"""Seconds; who wants more silence wants other settings."""
FILTER, MUTE = "filter ", "mute "
_ORDER = (Section.ACT, Section.FIND, Section.LOOK, Section.MOVE)

Command = tuple[str, str, Callable[[], object]]
"""Title, help, what it does."""


class Commands(Provider):
    """Everything that can be done from here."""

    async def discover(self) -> Hits:
        """Before anything is typed: the actions."""
        for title, help, run in self._actions():
            yield DiscoveryHit(Content(title), run, text=title, help=help)

    async def search(self, query: str) -> Hits:
        """What matches, best first; `filter …` is itself."""
        if query.startswith(FILTER.strip()):
            hit = self._filter(query.removeprefix(FILTER.strip()).strip())
            if hit is not None:
                yield hit
        if query.startswith(MUTE):
            yield self._mute(query.removeprefix(MUTE).strip())
        matcher = self.matcher(query)
        for source in (self._actions(), self._themes(), self._hosts(query)):
            for title, help, run in source:
                score = matcher.match(title)
                if score > 0:
                    yield Hit(score, _highlighted(title, matcher), run, text=title, help=help)

    @property
    def _fleet(self) -> FleetScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, FleetScreen))

    def _actions(self) -> Iterator[Command]:
        screen = self.screen
        if not isinstance(screen, BaseScreen):
            return
        for action in sorted(actions_in(screen.SCOPE), key=lambda action: _ORDER.index(action.section)):
            title = f"{action.title}  [{screen.session.keymap.shown(action)}]"
            yield title, action.help, partial(_run, screen, action.id)

    def _themes(self) -> Iterator[Command]:
        for name in sorted(self.app.available_themes):
            yield f"Theme {name}", "Use these colours.", partial(setattr, self.app, "theme", name)

    def _hosts(self, query: str) -> Iterator[Command]:
        fleet = self._fleet
        word = (query.lower().split() or [""])[-1]
        found = (host for host in fleet.engine.picture.hosts if word in host.lower())
        for _, host in zip(range(MOST_HOSTS), found, strict=False):
            yield f"Go to host {host}", "Show only this host.", partial(self._go_to, host)

    def _go_to(self, host: str) -> None:
        fleet = self._fleet
        self._back_to_fleet()
        fleet.set_part(Part(host=host))
        fleet.set_query(Query.ALL)

    def _filter(self, text: str) -> Hit | None:
        try:
            query = Query.parse(text) if text else Query.ALL
        except QueryError as error:
            return Hit(1.0, Content(f"filter: {error}"), lambda: None, text=text)
        title = f"Filter {text}" if text else "Filter: show everything"
        return Hit(
            2.0, Content(title), partial(self._set_filter, query), text=title, help="Show what matches."
        )

    def _mute(self, text: str) -> Hit:
        try:
            seconds = 0.0 if text == "off" else parse_duration(text)
        except ValueError as error:
            return Hit(1.0, Content(f"mute: {error}, or off"), lambda: None, text=text)
        title = f"Mute for {duration_words(seconds)}" if seconds else "Ring again"
        run = partial(self._fleet.mute, min(seconds, MOST_MUTE))
        return Hit(2.0, Content(title), run, text=title, help="No bell and no notification of failures.")

    def _set_filter(self, query: Query) -> None:
        self._back_to_fleet()
        self._fleet.set_query(query)

    def _back_to_fleet(self) -> None:
        while len(self.app.screen_stack) > 1 and self.app.screen is not self._fleet:
            self.app.pop_screen()


def _highlighted(title: str, matcher: Matcher) -> Content:
    """The title with the letters that match; Textual's own `highlight` would read `[S]` in it as markup."""
    content = Content(title)
    for offset in matcher.fuzzy_search.match(matcher.query, title)[1]:
        if not title[offset].isspace():
            content = content.stylize(matcher.match_style, offset, offset + 1)
    return content


def _run(screen: BaseScreen, id: str) -> None:
    getattr(screen, f"action_{id.replace('-', '_')}")()


class Palette(CommandPalette):
    """Textual's, with a prompt that every terminal can show, and left only once."""

    def on_mount(self) -> None:
        """No emoji."""
        self.query_one(SearchIcon).icon = ":"

    def _action_command_list(self, action: str) -> None:
        """A list that is not drawn yet has no pages, and Textual's (8.2) raises KeyError when it is asked for one."""
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """As ClosesOnce's, which cannot be a base here: Textual would lose the palette's styles."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


def palette() -> Palette:
    """The palette over the screen that is open now."""
    return Palette(providers=[Commands], placeholder="an action, a host, a theme, or: filter state:bad")
