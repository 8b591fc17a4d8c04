"""What was begun is finished, and a place without a screen is told so; the ways to end are in tests/safety/test_exits.py."""

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

SLOW = "[program:slow]\ncommand=sh -c 'trap \"sleep 1; exit 0\" TERM; while true; do sleep 0.1; done'\nstartsecs=0\n"


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
