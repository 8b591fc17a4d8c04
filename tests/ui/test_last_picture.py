"""Which start gets a picture: the same file, unchanged, opened in the same way, on the same kind of terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tui.cli.app import make_cli
from tui.config.load import VARIABLE, find
from tui.config.paths import cache_dir
from tui.ui import last_picture
from tui.ui.last_picture import FLAGS, LastPicture, PlainArguments, hosts_file, picture_path, plain_arguments
from tui.ui.picture_file import Picture

LOOK = ("1", "bold")
HOSTS = "hosts:\n  a: http://127.0.0.1:1\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(last_picture, "draws", lambda: True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hosts.yaml").write_text(HOSTS)
    return tmp_path


def started(*arguments: str) -> LastPicture:
    plain = plain_arguments(arguments)
    assert plain is not None
    return LastPicture(plain)


def keep(last: LastPicture) -> None:
    assert last.keep(Picture(last.start, 1000, LOOK, LOOK, (LOOK,), [[(0, "web")]] * 4))


def test_the_same_start_gets_what_was_kept() -> None:
    keep(started())
    again = started()
    assert again.picture is not None
    assert again.picture.lines[0] == ((0, "web"),)


def test_another_spelling_of_the_same_file_is_the_same_start(home: Path) -> None:
    keep(started())
    assert started("--config", str(home / "hosts.yaml")).picture is not None
    assert started("-c", "hosts.yaml").picture is not None
    assert started("--config=./hosts.yaml").picture is not None


def test_other_options_are_another_start() -> None:
    keep(started())
    assert started("--read-only").picture is None


def test_a_hosts_file_that_changed_is_another_start(home: Path) -> None:
    keep(started())
    (home / "hosts.yaml").write_text(HOSTS + "  b: http://127.0.0.1:2\n")
    assert started().picture is None


@pytest.mark.parametrize("variable", ["TERM", "COLORTERM", "NO_COLOR", "LANG"])
def test_another_kind_of_terminal_is_another_start(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(started())
    monkeypatch.setenv(variable, "something else")
    assert started().picture is None


def test_two_hosts_files_have_a_picture_each(home: Path) -> None:
    (home / "other.yaml").write_text(HOSTS)
    keep(started())
    keep(started("-c", "other.yaml"))
    assert started().picture is not None
    assert started("-c", "other.yaml").picture is not None


def test_without_a_hosts_file_nothing_is_kept(home: Path) -> None:
    (home / "hosts.yaml").unlink()
    last = started()
    assert not last.keep(Picture(last.start, 1000, LOOK, LOOK, (LOOK,), []))
    assert not (home / "cache").exists()


def test_a_file_that_turns_out_to_be_another_gets_nothing(home: Path) -> None:
    keep(started())
    last = started()
    last.check(home / "hosts.yaml")
    assert last.picture is not None
    last.check(home / "other.yaml")
    assert last.picture is None
    assert not last.keep(Picture(last.start, 1000, LOOK, LOOK, (LOOK,), []))


@pytest.mark.parametrize("place", ["named", "variable", "here", "config", "nowhere"])
def test_the_file_is_looked_for_as_the_configuration_is(
    place: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = None
    if place != "here":
        (home / "hosts.yaml").rename(home / "x.yaml")
    if place == "named":
        named = home / "x.yaml"
    elif place == "variable":
        monkeypatch.setenv(VARIABLE, str(home / "x.yaml"))
    elif place == "config":
        (home / "config/supervisor-tui").mkdir(parents=True)
        (home / "config/supervisor-tui/hosts.yaml").write_text(HOSTS)
    found = find(named)
    assert hosts_file(str(named or "")) == (os.path.abspath(found) if found else "")


def test_it_lies_in_the_cache_directory(home: Path) -> None:
    path = Path(os.fsdecode(picture_path("/etc/supervisor-tui/hosts.yaml")))
    assert path == cache_dir() / "picture-etc%supervisor-tui%hosts.yaml"
    assert len(os.path.basename(picture_path("/x" * 2000))) < 255


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("-s", "http://h"),
        ("-c",),
        ("-c", "--read-only"),
        ("--config=",),
        ("--help",),
        ("-c", "a", "-c", "b"),
        ("--select", "x"),
        ("x",),
        ("",),
    ],
)
def test_whatever_is_not_plain_is_left_to_the_command_line(arguments: tuple[str, ...]) -> None:
    assert plain_arguments(arguments) is None


def test_plain_arguments_are_understood_as_the_command_line_does() -> None:
    plain = plain_arguments(("--read-only", "-c", "a.yaml", "--no-mouse"))
    assert plain is not None
    assert (plain.config, plain.flags) == ("a.yaml", frozenset(("--read-only", "--no-mouse")))


def test_every_flag_is_an_option_of_the_command_line() -> None:
    cli = make_cli(lambda _: 0, lambda _options, _hosts, _ui: 0)
    flags = {
        name
        for option in cli.params
        if isinstance(option, click.Option) and option.is_flag
        for name in option.opts
    }
    assert set(FLAGS) <= flags


def test_no_picture_is_looked_at_where_no_screen_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(started())
    monkeypatch.setattr(last_picture, "draws", lambda: False)
    assert started().picture is None


def test_next_to_nothing_is_imported_before_it_is_shown() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import tui.__main__, tui.ui.last_picture\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {"tui", "tui.__main__", "tui.ui", "tui.ui.last_picture", "tui.ui.picture_file"}
    assert set(ran.stdout.split()) - {"__future__", "gc"} == ours


def test_arguments_hold_no_more_than_a_file_and_flags() -> None:
    last = LastPicture(PlainArguments("", frozenset()))
    assert last.source.endswith("/hosts.yaml")
    assert last.painted() == ""
