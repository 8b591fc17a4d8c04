"""The picture of the last run in a real terminal: there before Textual, gone with the first answers, and never in the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.terminal import Terminal, run_in_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

AGE = b"as of "
TEXTUAL_BEGINS = b"\x1b[?1004h"


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(user="ops", password="pw") as running:
        yield running


@pytest.fixture
def hosts(tmp_path: Path, daemon: RealSupervisord) -> Path:
    """A hosts file whose password takes for ever once `slow` is there, opened once already."""
    path, slow = tmp_path / "hosts.yaml", tmp_path / "slow"
    path.write_text(
        f"hosts:\n  web-01:\n    url: http://127.0.0.1:{daemon.port}\n    user: ops\n"
        f"    password_command: [sh, -c, 'test -e {slow} && sleep 100; echo pw']\n"
    )
    path.chmod(0o600)
    with run_in_terminal("-c", str(path), home=tmp_path) as terminal:
        terminal.wait_for(r"sleeper.*RUNNING")
        terminal.press("q")
        wait_until(lambda: _ended(terminal), what="the first run to end")
    assert AGE not in terminal.raw
    return path


def test_the_second_start_shows_it_before_the_screen_is_there_and_live_rows_after(
    tmp_path: Path, hosts: Path
) -> None:
    with run_in_terminal("-c", str(hosts), home=tmp_path) as terminal:
        terminal.wait_for(r"sleeper.*RUNNING")
        terminal.wait_gone("as of ")
        terminal.wait_for(r"sleeper.*RUNNING")
        raw = bytes(terminal.raw)
        assert 0 < raw.find(b"sleeper") < raw.find(AGE) < raw.find(TEXTUAL_BEGINS)
        terminal.press("q")
        wait_until(lambda: _ended(terminal), what="it to end")
    _main_screen(terminal)


def test_a_start_that_fails_gives_the_terminal_back_and_says_why(tmp_path: Path, hosts: Path) -> None:
    hosts.chmod(0o602)
    with run_in_terminal("-c", str(hosts), home=tmp_path) as terminal:
        wait_until(lambda: _ended(terminal), what="it to end")
    assert AGE in terminal.raw
    _main_screen(terminal)
    assert b"everybody can write this file" in terminal.raw.split(b"\x1b[?1049l")[-1]
    assert terminal.child.exitstatus == 2


def test_ctrl_c_before_the_screen_is_there_gives_the_terminal_back(tmp_path: Path, hosts: Path) -> None:
    (tmp_path / "slow").touch()
    with run_in_terminal("-c", str(hosts), home=tmp_path) as terminal:
        terminal.wait_for("as of ")
        _wait_for_its_guardian(terminal)
        terminal.press("ctrl+c")
        wait_until(lambda: _ended(terminal), what="it to end")
    _main_screen(terminal)
    assert b"interrupted" in terminal.raw.split(b"\x1b[?1049l")[-1]
    assert terminal.child.exitstatus == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_death_before_the_screen_is_there_gives_the_terminal_back(
    tmp_path: Path, hosts: Path, number: signal.Signals
) -> None:
    (tmp_path / "slow").touch()
    with run_in_terminal("-c", str(hosts), home=tmp_path) as terminal:
        terminal.wait_for("as of ")
        _wait_for_its_guardian(terminal)
        os.kill(terminal.child.pid, number)
        wait_until(lambda: _on_main_screen(terminal), what="the terminal to be put right")


def test_other_options_get_no_picture(tmp_path: Path, hosts: Path) -> None:
    with run_in_terminal("--read-only", "-c", str(hosts), home=tmp_path) as terminal:
        terminal.wait_for(r"sleeper.*RUNNING")
    assert AGE not in terminal.raw


def test_a_picture_with_a_sequence_in_it_never_reaches_the_terminal(tmp_path: Path, hosts: Path) -> None:
    [kept] = (tmp_path / "cache/supervisor-tui").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"sleeper", b"\x1b]52;c;cHduZWQ=\x07"))
    with run_in_terminal("-c", str(hosts), home=tmp_path) as terminal:
        terminal.wait_for(r"sleeper.*RUNNING")
    assert AGE not in terminal.raw
    assert b"52;c" not in terminal.raw


@pytest.mark.parametrize(("columns", "rows"), [(200, 60), (80, 24), (50, 10)])
def test_it_suits_a_terminal_of_another_size(tmp_path: Path, hosts: Path, columns: int, rows: int) -> None:
    (tmp_path / "slow").touch()
    with run_in_terminal("-c", str(hosts), columns=columns, rows=rows, home=tmp_path) as terminal:
        text = terminal.wait_for("as of ")
        assert "? help" in text.splitlines()[-1]


def _wait_for_its_guardian(terminal: Terminal) -> None:
    """Until the program waits for its slow password: its guardian stands, and the start has got that far."""
    children = Path(f"/proc/{terminal.child.pid}/task/{terminal.child.pid}/children")
    wait_until(lambda: len(children.read_text().split()) == 2, what="the guardian and the password command")


def _on_main_screen(terminal: Terminal) -> bool:
    terminal.take()
    return _left(terminal)


def _main_screen(terminal: Terminal) -> None:
    """After the end."""
    assert _left(terminal)
    assert terminal.raw.rfind(b"\x1b[?7h") > terminal.raw.rfind(b"\x1b[?7l")


def _left(terminal: Terminal) -> bool:
    raw = terminal.raw
    pairs = ((b"\x1b[?1049l", b"\x1b[?1049h"), (b"\x1b[?25h", b"\x1b[?25l"))
    return all(raw.rfind(off) > raw.rfind(on) for off, on in pairs)


def _ended(terminal: Terminal) -> bool:
    terminal.take()
    return not terminal.child.isalive()
