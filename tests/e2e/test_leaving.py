"""However the program ends, the terminal is usable and what was begun is finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.terminal import Terminal, run_in_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

MODES_OFF = (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[?25h")
SLOW = "[program:slow]\ncommand=sh -c 'trap \"sleep 1; exit 0\" TERM; while true; do sleep 0.1; done'\nstartsecs=0\n"


def _seen_off(terminal: Terminal) -> bool:
    """Whether the last word on every mode that the screen uses is that it is off."""
    terminal.take()
    return all(off in terminal.raw for off in MODES_OFF)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGQUIT])
def test_a_signal_leaves_the_terminal_usable(tmp_path: Path, number: signal.Signals) -> None:
    with (
        running_supervisord() as daemon,
        run_in_terminal("-s", f"http://127.0.0.1:{daemon.port}", home=tmp_path) as terminal,
    ):
        terminal.wait_for("sleeper")
        os.kill(terminal.child.pid, number)
        wait_until(lambda: _seen_off(terminal), what=f"the terminal to be put right after {number.name}")


def test_a_restart_under_way_is_finished_before_a_term_ends_us(tmp_path: Path) -> None:
    with (
        running_supervisord(SLOW) as daemon,
        run_in_terminal("-s", f"http://127.0.0.1:{daemon.port}", home=tmp_path) as terminal,
    ):
        terminal.wait_for("slow")
        before = _pid(daemon)
        terminal.press("R")
        terminal.say_yes(r"Restart .*slow\?")
        terminal.wait_for("job 1 restart")
        os.kill(terminal.child.pid, signal.SIGTERM)
        wait_until(lambda: _ended(terminal), what="the program to end")
        assert _pid(daemon) not in (0, before)


def test_a_terminal_that_goes_away_ends_the_program_soon(tmp_path: Path) -> None:
    with (
        running_supervisord() as daemon,
        run_in_terminal("-s", f"http://127.0.0.1:{daemon.port}", home=tmp_path) as terminal,
    ):
        terminal.wait_for("sleeper")
        terminal.child.ptyproc.fileobj.close()
        wait_until(
            lambda: not terminal.child.isalive(), seconds=3, what="the program to end without its terminal"
        )


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_draw_is_refused_with_a_hint(tmp_path: Path, term: str) -> None:
    with run_in_terminal("-s", "http://127.0.0.1:9", home=tmp_path, environment={"TERM": term}) as terminal:
        wait_until(lambda: _ended(terminal), what="the program to end")
        assert b"supervisor-tui status" in terminal.raw
        assert terminal.child.exitstatus == 2


def test_without_a_terminal_it_says_what_to_use_instead(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tui", "-s", "http://127.0.0.1:9"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "supervisor-tui status" in ran.stderr


def _pid(daemon: RealSupervisord) -> int:
    info = daemon.proxy.supervisor.getProcessInfo("slow")
    assert isinstance(info, dict)
    return int(info["pid"])


def _ended(terminal: Terminal) -> bool:
    terminal.take()
    return not terminal.child.isalive()
