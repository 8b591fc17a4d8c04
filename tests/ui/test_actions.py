"""The registry is the truth: every key has code behind it, and everything generated from it agrees with it."""

import importlib
from pathlib import Path

import pytest

from tui.ui.actions import ACTIONS, BY_ID, Action, Scope, Section, actions_in
from tui.ui.actions.page import keys_page
from tui.ui.keymap import RESERVED, bindings_of, make_keymap
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.choices import every_action
from tui.ui.screens.details import DetailsScreen
from tui.ui.screens.fleet import FleetScreen
from tui.ui.screens.help import HelpScreen
from tui.ui.screens.jobs import JobsScreen
from tui.ui.screens.log import LogScreen
from tui.ui.screens.timeline import TimelineScreen

SCREENS: dict[Scope, type[BaseScreen]] = {
    screen.SCOPE: screen
    for screen in (FleetScreen, LogScreen, JobsScreen, DetailsScreen, TimelineScreen, HelpScreen)
}
KEYS_PAGE = Path(__file__).parents[2] / "docs" / "keys.md"

PROMISED = {
    Scope.FLEET: "j k up down g G home end ctrl+d ctrl+u pagedown pageup ] [ 1 2 3 t z / n N ! o O < > : ctrl+p ? escape q "
    "enter l e d E J y Y w p S X R K D a space v * u ctrl+r",
    Scope.LOG: "f t w / n N m e ctrl+s z",
    Scope.JOBS: "c r y",
}
"""The keys of the design's table, by screen."""


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_the_handler_an_action_names_is_the_method_that_runs(action: Action) -> None:
    module, _, path = action.handler.partition(":")
    class_name, _, method = path.partition(".")
    named = getattr(importlib.import_module(f"tui.ui.screens.{module}"), class_name)
    assert method in vars(named), f"{action.handler} is not where the registry says"
    for scope in action.scopes:
        assert issubclass(SCREENS[scope], named), f"{scope} has no {action.id}"
        assert f"action_{action.id.replace('-', '_')}" == method


def test_ids_are_unique() -> None:
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.parametrize("scope", Scope)
def test_no_key_means_two_things_on_a_screen(scope: Scope) -> None:
    keys = [key for action in actions_in(scope) for key in action.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("scope", Scope)
def test_a_screen_binds_exactly_what_the_registry_gives_it(scope: Scope) -> None:
    own = vars(SCREENS[scope])["BINDINGS"]
    assert [binding.id for binding in own] == [action.id for action in actions_in(scope) if action.keys]
    assert own == bindings_of(scope)


@pytest.mark.parametrize(("scope", "keys"), PROMISED.items(), ids=lambda value: str(value)[:5])
def test_every_promised_key_is_there(scope: Scope, keys: str) -> None:
    bound = {key for action in actions_in(scope) for key in action.keys}
    assert not set(keys.split()) - bound


def test_what_changes_the_world_has_a_capital_letter_and_nothing_else_does_it() -> None:
    for action in ACTIONS:
        if action.dangerous:
            assert all(len(key) == 1 and key.isupper() for key in action.keys), action.id


def test_ctrl_is_for_getting_about_only() -> None:
    for action in ACTIONS:
        if any(key.startswith("ctrl+") for key in action.keys):
            assert action.section is not Section.ACT, action.id


def test_reserved_keys_are_left_alone() -> None:
    assert not [action.id for action in ACTIONS if set(action.keys) & set(RESERVED)]


def test_texts_are_sentences_and_titles_are_not() -> None:
    for action in ACTIONS:
        assert action.help.endswith("."), action.id
        assert not action.title.endswith("."), action.id


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.HELP])
def test_every_screen_shows_the_way_to_help(scope: Scope) -> None:
    assert "help" in {action.id for action in actions_in(scope) if action.word}


def test_the_menu_lists_each_action_once_and_says_why_it_refuses() -> None:
    choices = every_action(Scope.FLEET, make_keymap({}), "this session is read-only")
    assert len({choice.letter for choice in choices}) == len(choices)
    refused = {choice.id for choice in choices if choice.detail == "this session is read-only"}
    assert {"start", "stop", "restart", "signal"} <= refused
    assert "log" not in refused


def test_the_page_of_keys_is_up_to_date() -> None:
    assert KEYS_PAGE.read_text(encoding="utf-8") == keys_page(), (
        "run: python -m tui.ui.actions > docs/keys.md"
    )


def test_the_page_of_keys_names_every_action() -> None:
    page = keys_page()
    assert not [action.id for action in ACTIONS if f"`{action.id}`" not in page]
