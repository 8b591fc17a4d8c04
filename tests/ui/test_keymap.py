"""A user's own keys: taken where they can be, refused with a reason where not."""

import pytest

from tui.errors import ConfigError
from tui.ui.actions import BY_ID
from tui.ui.keymap import RESERVED, make_keymap


def test_without_own_keys_the_registry_holds() -> None:
    keymap = make_keymap({})
    assert keymap.of(BY_ID["restart"]) == ("R",)
    assert keymap.shown(BY_ID["page-down"]) == "pgdn"


def test_an_own_key_takes_the_place_of_all_of_an_actions_keys() -> None:
    keymap = make_keymap({"palette": "ctrl+k"})
    assert keymap.of(BY_ID["palette"]) == ("ctrl+k",)
    assert keymap.textual()["palette"] == "ctrl+k"


def test_signs_are_handed_to_textual_by_their_names() -> None:
    assert make_keymap({"filter": ";"}).textual()["filter"] == "semicolon"
    assert make_keymap({}).textual()["problems"] == "exclamation_mark"


def test_textual_is_told_of_own_keys_only() -> None:
    assert make_keymap({}).own() == {}
    assert make_keymap({"hold": "P", "filter": ";"}).own() == {"hold": "P", "filter": "semicolon"}


def test_two_actions_may_change_places() -> None:
    keymap = make_keymap({"start": "X", "stop": "S"})
    assert keymap.of(BY_ID["start"]) == ("X",)


def test_the_same_key_may_do_different_things_on_different_screens() -> None:
    assert make_keymap({"log-wrap": "o"}).of(BY_ID["log-wrap"]) == ("o",)


def test_what_only_the_palette_has_is_shown_as_what_one_types_there_and_takes_no_key() -> None:
    assert make_keymap({}).shown(BY_ID["reload"]) == ":reload"
    with pytest.raises(ConfigError, match="this action has no key — :reload finds it in the palette"):
        make_keymap({"reload": "r"})


def test_a_clash_names_both_actions_and_the_screen() -> None:
    with pytest.raises(ConfigError, match="R would be both start and restart on the fleet screen"):
        make_keymap({"start": "R"})


def test_an_unknown_action_is_told_with_its_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        make_keymap({"restrat": "R"}, "/etc/hosts.yaml: ui.keys")
    assert caught.value.place == "/etc/hosts.yaml: ui.keys.restrat"
    assert "restart" in caught.value.advice


@pytest.mark.parametrize("key", [*RESERVED, "alt+x", "f1", "F12"])
def test_a_key_of_the_terminal_is_refused_with_the_reason(key: str) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        make_keymap({"restart": key})


@pytest.mark.parametrize("key", ["", " ", "RR", "ctrl+", "ctrl+1", "ctrl+A", "hyper+x", "\x1b", "\u202e"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ConfigError, match="is no key"):
        make_keymap({"restart": key})


def test_an_error_never_carries_raw_terminal_text() -> None:
    with pytest.raises(ConfigError) as caught:
        make_keymap({"x\x1b[31m": "R"})
    assert "\x1b" not in str(caught.value)
