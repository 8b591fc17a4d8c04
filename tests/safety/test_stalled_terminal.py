"""Nobody reads the terminal: polls and jobs go on, memory does not grow, and whoever reads again sees the truth."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.fake_fleet import Plan, running_fake_fleet
from tests.support.pty_process import PtyProcess, in_pty
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until

pytestmark = [pytest.mark.alone, pytest.mark.e2e, pytest.mark.terminal]

SECONDS = 60.0 if WHOLE else 10.0
HOSTS = 10
PERIOD = 1.0
PROMISED_SHARE = 0.95
SHARE = PROMISED_SHARE if WHOLE else 0.7
"""On a machine that does other things, too, a poll may be late; on a loop that stands still none comes."""
GROWTH = 2 * 1024 * 1024
SLOW = "[program:slow]\ncommand=sh -c 'trap \"sleep 6; exit 0\" TERM; while true; do sleep 0.1; done'\nstartsecs=0\n"


@pytest.mark.timeout(180)
def test_polls_and_jobs_go_on_while_nobody_reads_the_terminal(tmp_path: Path) -> None:
    with (
        running_fake_fleet(Plan(hosts=HOSTS, processes=10)) as fleet,
        running_supervisord(SLOW) as daemon,
    ):
        hosts = "".join(
            f"  fake-{number}: {{host: 127.0.0.1, port: {port}, feed: off}}\n"
            for number, port in enumerate(fleet.ports)
        )
        path = tmp_path / "hosts.yaml"
        path.write_text(
            f"defaults: {{poll: {PERIOD:g}s}}\nhosts:\n  a-real: {{host: 127.0.0.1, port: {daemon.port}}}\n{hosts}"
        )
        with in_pty("-c", str(path), home=tmp_path, rows=30) as program:
            program.wait_for(r"a-real.* slow +● RUNNING")
            program.wait_for(r"● 11 up")
            before = pid_of(daemon)
            program.press(b"/name:slow\r")
            program.wait_for("1 of ")
            program.press(b"R")
            program.wait_for(r"Restart .*slow\?")
            time.sleep(0.4)  # a person reads first: an answer too soon is not taken
            program.press(b"y")
            program.wait_for("job 1 restart")

            program.stall()
            wait_until(lambda: program.full, what="the terminal to be full")
            assert pid_of(daemon) == before, "the job was over before anything stood still"
            fleet.stats()
            began, memory, cpu = time.monotonic(), memory_of(program), program.cpu
            fleet.crash(3, "worker_00:worker_00_07")
            wait_until(lambda: pid_of(daemon) not in (0, before), what="the restart to come through")
            while time.monotonic() - began < SECONDS:
                time.sleep(0.1)  # the measure itself
            seconds = time.monotonic() - began
            stats = fleet.stats()
            grown, used = memory_of(program) - memory, program.cpu - cpu
            assert program.full, "somebody has read the terminal"

            program.read_on()
            program.wait_for(r"job 1 restart.*done|slow +● RUNNING")
            program.press(b"\x1b")
            program.wait_for("worker_00_00 ")
            program.press(b"/name:worker_00_07 host:fake-3\r")
            program.wait_for(r"fake-3 .*worker_00_07 .*RUNNING")
            wait_until(lambda: shows_what_it_would_draw_anew(program), what="the screen to be right")

    polls = max(stats.calls.values())
    planned = HOSTS * seconds / PERIOD
    assert polls >= SHARE * planned, stats.calls
    assert grown <= GROWTH
    show(
        f"nobody reads the terminal for {SECONDS:g} s",
        f"at least {PROMISED_SHARE:.0%} of the planned polls, the job in flight completes, memory flat, the screen right afterwards",
        f"{polls / planned:.0%} of {planned:.0f} polls, restarted, {grown / 1024:+.0f} KiB, {used / seconds:.1%} of a core",
    )


def shows_what_it_would_draw_anew(program: PtyProcess) -> bool:
    """Whether the screen is the same after ctrl+l, which sends everything; what only ages is left out."""
    before = ageless(program.text)
    drawn = len(program.raw)
    program.press(b"\x0c")
    wait_until(lambda: len(program.raw) > drawn + 1000, what="the screen to be sent again")
    wait_until(lambda: not program.busy, what="it to be drawn")
    return before == ageless(program.text)


def ageless(text: str) -> str:
    return re.sub(r"\d+[smhd]|[▁▂▃▄▅▆▇█]| +", " ", text)


def memory_of(program: PtyProcess) -> int:
    """Resident bytes."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def pid_of(daemon: RealSupervisord) -> int:
    info = daemon.proxy.supervisor.getProcessInfo("slow")
    assert isinstance(info, dict)
    return int(info["pid"])
