"""A client that is told to end, loses its terminal or is killed in the middle of a restart leaves nothing standing unnoticed.

The real program in a real pseudo-terminal, the screen as well as the command; the moments are drawn, but always the same.
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.supervisord import RealSupervisord, ignores_term, running_supervisord, wait_until
from tests.support.terminal import Terminal, run_in_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

SECONDS_TO_STOP = 1.2
SLOW = f"""
[program:slow]
command=sh -c 'trap "sleep {SECONDS_TO_STOP}; exit 0" TERM; while :; do sleep 0.1; done'
startsecs=0
stopwaitsecs=5
"""
"""It takes its time to stop: in between a restart hangs on its client."""
CLIENTS = ("screen", "command")
LATEST = 1.8
"""Seconds after the restart was asked for at which the last moments are drawn."""
TIMES = 25 if WHOLE else 1
"""Of each of eight endings, and of each kill: two hundred restarts and a hundred kills in all."""
PAIRS = [(client, then) for client in CLIENTS for then in CLIENTS if WHOLE or client == then]
CUT = "A restart was cut short in an earlier run"


def lose_terminal(terminal: Terminal) -> None:
    terminal.child.ptyproc.fileobj.close()


def told(*numbers: int) -> Callable[[Terminal], None]:
    def tell(terminal: Terminal) -> None:
        for number in numbers:
            with contextlib.suppress(ProcessLookupError):  # it may have ended in good order by now
                os.kill(terminal.child.pid, number)
            if len(numbers) > 1:
                terminal.take(0.15)

    return tell


ENDINGS: dict[str, Callable[[Terminal], None]] = {
    "TERM": told(signal.SIGTERM),
    "HUP": told(signal.SIGHUP),
    "HUP and TERM": told(signal.SIGHUP, signal.SIGTERM, signal.SIGHUP),
    "terminal lost": lose_terminal,
}


ENDINGS_OF_CLIENTS = (
    [(ending, client) for ending in ENDINGS for client in CLIENTS]
    if WHOLE
    else [
        ("TERM", "command"),
        ("terminal lost", "command"),
        ("HUP and TERM", "screen"),
        ("terminal lost", "screen"),
    ]
)


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(SLOW) as running:
        yield running


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("ending", "client"), ENDINGS_OF_CLIENTS)
def test_a_restart_is_finished_before_its_client_ends(
    daemon: RealSupervisord, tmp_path: Path, client: str, ending: str
) -> None:
    moments = Moments(f"{client} {ending}")
    for moment in moments:
        with restarting(daemon, client, tmp_path / "home") as terminal:
            moments.wait(moment, daemon, terminal)
            ENDINGS[ending](terminal)
            wait_until(functools.partial(ended, terminal), seconds=20, what="the client to end")
        wait_until(lambda: state_of(daemon) != "STOPPING", what="the stop to end")
        assert state_of(daemon) == "RUNNING", f"moment {moment}"
    show(
        f"restart cut: {client}, {ending}",
        "0 processes left STOPPED",
        f"{TIMES} restarts, {moments.in_the_stop} of them hit while it stopped: 0",
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("client", "next_client"), PAIRS)
def test_a_restart_that_a_kill_cuts_short_is_told_of_at_the_next_start(
    daemon: RealSupervisord, tmp_path: Path, client: str, next_client: str
) -> None:
    left = 0
    moments = Moments(f"{client} KILL")
    for moment in moments:
        with restarting(daemon, client, tmp_path / "home") as terminal:
            moments.wait(moment, daemon, terminal)
            told(signal.SIGKILL)(terminal)
            wait_until(functools.partial(ended, terminal), what="the client to end")
        wait_until(lambda: state_of(daemon) != "STOPPING", what="the stop to end")
        if state_of(daemon) == "RUNNING":
            continue
        left += 1
        recover(daemon, next_client, tmp_path / "home")
    assert left or TIMES > 1
    show(
        f"restart cut: {client}, KILL, then {next_client}",
        "every process left STOPPED told of at the next start",
        f"{TIMES} restarts, {left} left STOPPED: {left} told of, and started from there",
    )


@pytest.mark.skipif(not WHOLE, reason="waits for a program that withstands its stop; in make torture")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_program_that_takes_long_to_stop_is_waited_for(tmp_path: Path, client: str) -> None:
    """Longer than the least that everything gets: its own settings say how long it may take."""
    with running_supervisord(
        SLOW.replace(f"sleep {SECONDS_TO_STOP}; exit 0", "").replace("secs=5", "secs=14")
    ) as daemon:
        with restarting(daemon, client, tmp_path / "home") as terminal:
            wait_until(lambda: stopping(daemon, terminal), seconds=30, what="the stop to begin")
            os.kill(terminal.child.pid, signal.SIGTERM)
            wait_until(functools.partial(ended, terminal), seconds=40, what="the client to end")
        wait_until(lambda: state_of(daemon) != "STOPPING", what="the stop to end")
        assert state_of(daemon) == "RUNNING"
    show(f"restart cut: {client}, TERM, stopwaitsecs 14", "0 processes left STOPPED", "1 restart: 0")


def recover(daemon: RealSupervisord, client: str, home: Path) -> None:
    """The next start tells of it, and how it is started again; the one after that has nothing to tell."""
    if client == "screen":
        with run_in_terminal("-s", url(daemon), home=home) as terminal:
            terminal.say_yes(CUT)
            wait_until(lambda: state_of(daemon) == "RUNNING", what="the start that was offered")
        return
    assert CUT in said(daemon, home, "status")
    assert "supervisor-tui start" in said(daemon, home, "status")
    said(daemon, home, "start", "slow", "--yes")
    assert state_of(daemon) == "RUNNING"
    assert CUT not in said(daemon, home, "status")


def said(daemon: RealSupervisord, home: Path, *command: str) -> str:
    """What a command says on its terminal until it ends."""
    with run_in_terminal("-s", url(daemon), *command, home=home, columns=300) as terminal:
        wait_until(lambda: ended(terminal), seconds=20, what="the command to end")
        return terminal.text


class Moment(NamedTuple):
    """When to strike: so many seconds after the restart was asked for, or after the stop began."""

    in_the_stop: bool
    seconds: float


class Moments:
    """As many moments as there are to be, drawn; that of the sample is right at the beginning of the stop."""

    def __init__(self, seed: str) -> None:
        self.in_the_stop = 0
        """How many of them found the process stopping."""
        self._draw = random.Random(seed)

    def __iter__(self) -> Iterator[Moment]:
        for number in range(TIMES):
            in_the_stop = number % 2 == 1
            latest = SECONDS_TO_STOP if in_the_stop else LATEST
            yield Moment(in_the_stop, self._draw.uniform(0, latest)) if WHOLE else Moment(True, 0)
        assert self.in_the_stop, "no moment was where it matters"

    def wait(self, moment: Moment, daemon: RealSupervisord, terminal: Terminal) -> None:
        """Return at this moment."""
        if moment.in_the_stop:
            wait_until(lambda: stopping(daemon, terminal), seconds=30, what="the stop to begin")
        until = time.monotonic() + moment.seconds
        while time.monotonic() < until:
            terminal.take(min(0.05, until - time.monotonic()))
        self.in_the_stop += state_of(daemon) == "STOPPING"


@contextlib.contextmanager
def restarting(daemon: RealSupervisord, client: str, home: Path) -> Iterator[Terminal]:
    """A client that has just been asked to restart the program."""
    assert state_of(daemon) == "RUNNING"
    wait_until(lambda: hears_term(daemon), what="the program to hear its signal")
    command = ["restart", "slow", "--yes"] if client == "command" else []
    with run_in_terminal("-s", url(daemon), *command, home=home) as terminal:
        if client == "screen":
            terminal.wait_for("slow")
            terminal.press("R")
            terminal.say_yes(r"Restart .*slow\?")
        yield terminal


def stopping(daemon: RealSupervisord, terminal: Terminal) -> bool:
    terminal.take()
    return state_of(daemon) == "STOPPING"


def ended(terminal: Terminal) -> bool:
    if not terminal.child.ptyproc.fileobj.closed:
        terminal.take()
    return not terminal.child.isalive()


def url(daemon: RealSupervisord) -> str:
    return f"http://127.0.0.1:{daemon.port}"


def state_of(daemon: RealSupervisord) -> str:
    return str(info(daemon)["statename"])


def hears_term(daemon: RealSupervisord) -> bool:
    """Whether the shell has set its trap: before that a TERM ends it at once."""
    if ignores_term(info(daemon)["pid"]):
        return True
    status = Path(f"/proc/{info(daemon)['pid']}/status").read_text().splitlines()
    caught = next(line.split()[1] for line in status if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def info(daemon: RealSupervisord) -> dict[str, Any]:
    found = daemon.proxy.supervisor.getProcessInfo("slow")
    assert isinstance(found, dict)
    return found
