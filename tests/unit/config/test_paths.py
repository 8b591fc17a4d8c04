"""Our directories are where XDG says, ours alone, and made when asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.config.paths import cache_dir, config_dir, config_place, state_dir
from tui.errors import ConfigError

PLACES = [
    (config_dir, "XDG_CONFIG_HOME", ".config"),
    (state_dir, "XDG_STATE_HOME", ".local/state"),
    (cache_dir, "XDG_CACHE_HOME", ".cache"),
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for _, variable, _ in PLACES:
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


@pytest.mark.parametrize(("place", "variable", "default"), PLACES)
def test_a_place_is_made_private(place: object, variable: str, default: str, home: Path) -> None:
    assert callable(place)
    directory = place()
    assert directory == home / default / "supervisor-tui"
    assert directory.stat().st_mode & 0o777 == 0o700
    directory.chmod(0o755)
    assert place().stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("place", "variable", "default"), PLACES)
def test_the_variable_moves_it_unless_it_is_relative(
    place: object, variable: str, default: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(place)
    monkeypatch.setenv(variable, str(home / "x"))
    assert place() == home / "x" / "supervisor-tui"
    monkeypatch.setenv(variable, "relative")
    assert place() == home / default / "supervisor-tui"


def test_a_place_that_cannot_be_made_is_an_error_in_words(home: Path) -> None:
    (home / ".config").write_text("a file")
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        config_dir()
    assert caught.value.place == str(home / ".config/supervisor-tui")


def test_without_a_home_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 987654321)
    with pytest.raises(ConfigError, match="set HOME or XDG_STATE_HOME"):
        state_dir()


def test_looking_makes_nothing(home: Path) -> None:
    assert config_place() == home / ".config/supervisor-tui"
    assert not (home / ".config").exists()
