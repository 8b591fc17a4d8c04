"""The screen as an engineer uses it: a real terminal, real supervisords, keys."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.terminal import Terminal, run_in_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
autorestart=false
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=3
startsecs=0
"""


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS, user="ops", password="s3cr3t-canary") as running:
        wait_until(lambda: state(running, "web") == "RUNNING", what="web to run")
        yield running


def info(daemon: RealSupervisord, name: str) -> Any:  # noqa: ANN401
    return daemon.proxy.supervisor.getProcessInfo(name)


def state(daemon: RealSupervisord, name: str) -> str:
    return str(info(daemon, name)["statename"])


def hosts_file(place: Path, daemon: RealSupervisord, extra: str = "") -> Path:
    path = place / "hosts.yaml"
    path.write_text(
        "hosts:\n"
        f"  web-01: {{host: 127.0.0.1, port: {daemon.port}, user: ops, passwd: s3cr3t-canary, poll: 300ms{extra}}}\n"
    )
    path.chmod(0o600)
    return path


@pytest.fixture
def terminal(tmp_path: Path, daemon: RealSupervisord) -> Iterator[Terminal]:
    path = hosts_file(tmp_path, daemon)
    with run_in_terminal("-c", str(path), home=tmp_path) as running:
        running.wait_for(r"web +● RUNNING")
        yield running


def test_a_crash_appears_and_is_mended_by_keys(terminal: Terminal, daemon: RealSupervisord) -> None:
    os.kill(info(daemon, "web")["pid"], signal.SIGKILL)
    terminal.wait_for(r"web +✗ EXITED")
    terminal.press("!")
    terminal.wait_gone("pool_00")
    terminal.press("S")
    terminal.wait_for(r"job 1 .*done|web +● RUNNING")
    wait_until(lambda: state(daemon, "web") == "RUNNING", what="web to run again")


def test_a_restart_by_keys_asks_first_and_gives_a_new_pid(
    terminal: Terminal, daemon: RealSupervisord
) -> None:
    before = info(daemon, "web")["pid"]
    terminal.press("/")
    terminal.press("name:web", "enter")
    terminal.wait_gone("pool_00")
    terminal.press("R")
    terminal.say_yes(r"Restart web-01 web\?")
    terminal.wait_for(r"job 1 .*done")
    assert info(daemon, "web")["pid"] not in (0, before)


def test_enter_is_no(terminal: Terminal, daemon: RealSupervisord) -> None:
    before = info(daemon, "web")["pid"]
    terminal.press("G", "R")
    terminal.wait_for(r"Restart web-01 web\?")
    terminal.press("enter")
    terminal.wait_gone(r"Restart web-01 web\?")
    assert info(daemon, "web")["pid"] == before


def test_a_group_is_stopped_by_marks_and_keys(terminal: Terminal, daemon: RealSupervisord) -> None:
    terminal.press("/")
    terminal.press("group:pool", "enter")
    terminal.wait_gone(r"web +● RUNNING")
    terminal.press("*")
    terminal.wait_for("3 marked")
    terminal.press("X")
    terminal.say_yes(r"Stop 3 processes")
    terminal.wait_for(r"pool_02 +○ STOPPED")
    assert [state(daemon, f"pool:pool_0{n}") for n in range(3)] == ["STOPPED"] * 3
    assert state(daemon, "web") == "RUNNING"


def test_read_only_refuses_with_its_reason(tmp_path: Path, daemon: RealSupervisord) -> None:
    path = hosts_file(tmp_path, daemon)
    with run_in_terminal("--read-only", "-c", str(path), home=tmp_path) as terminal:
        terminal.wait_for(r"web +● RUNNING")
        terminal.press("G", "X")
        terminal.wait_for("read-only")
        terminal.press("y")
        terminal.press("q")
        wait_until(lambda: not terminal.child.isalive(), what="the screen to close")
    assert state(daemon, "web") == "RUNNING"


def test_a_supervisord_that_dies_keeps_its_rows_and_names_the_cause(
    terminal: Terminal, daemon: RealSupervisord
) -> None:
    daemon.stop()
    terminal.wait_for("nothing listens|UNREACHABLE")
    assert "pool_00" in terminal.text or "problems" in terminal.text


def test_quitting_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.press("q")
    wait_until(lambda: not terminal.child.isalive(), what="the screen to close")
    terminal.take()
    raw = bytes(terminal.raw)
    assert raw.rfind(b"\x1b[?1049l") > raw.rfind(b"\x1b[?1049h")
    assert raw.rfind(b"\x1b[?25h") > raw.rfind(b"\x1b[?25l")
    assert terminal.child.exitstatus == 0


@pytest.mark.parametrize(("columns", "rows"), [(200, 60), (120, 40), (80, 24)])
def test_every_size_shows_the_processes_and_the_keys(
    tmp_path: Path, daemon: RealSupervisord, columns: int, rows: int
) -> None:
    path = hosts_file(tmp_path, daemon)
    with run_in_terminal("-c", str(path), columns=columns, rows=rows, home=tmp_path) as terminal:
        text = terminal.wait_for(r"web.* ● RUNNING")
        assert "? help" in text
        assert "READ-WRITE" in text


def test_a_terminal_that_is_too_small_gets_a_sentence(tmp_path: Path, daemon: RealSupervisord) -> None:
    path = hosts_file(tmp_path, daemon)
    with run_in_terminal("-c", str(path), columns=30, rows=6, home=tmp_path) as terminal:
        terminal.wait_for("is needed")


def test_a_dumb_terminal_is_told_about_the_commands(tmp_path: Path, daemon: RealSupervisord) -> None:
    path = hosts_file(tmp_path, daemon)
    with run_in_terminal("-c", str(path), environment={"TERM": "dumb"}, home=tmp_path) as terminal:
        terminal.wait_for("status")
        wait_until(lambda: not terminal.child.isalive(), what="it to end")
    assert terminal.child.exitstatus == 2


def test_the_password_is_nowhere_on_the_screen(terminal: Terminal) -> None:
    terminal.press("enter")
    terminal.wait_for("web-01")
    terminal.press("esc", ":")
    terminal.take(0.3)
    assert b"s3cr3t-canary" not in bytes(terminal.raw)
