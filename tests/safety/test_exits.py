"""However it ends, and whether or not anybody reads the terminal: a usable terminal, the right status, nobody left over."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from tests.safety.crashing import ENDLESS, SECRET
from tests.safety.showing import WHOLE, show
from tests.support.pty_process import PtyProcess, in_pty
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until

pytestmark = [pytest.mark.alone, pytest.mark.e2e, pytest.mark.terminal]

PROMISED_SECONDS = 3.0
"""From the cause to a terminal that is right and nobody who holds it."""
LENIENT = 4.0
"""How much longer a test waits on a machine that does other things too."""
FULL = 8
"""Screens that fill a terminal, while the program can still do something, such as making a mistake."""
DEMO_SECONDS = 15.0
"""How much longer it takes to take four supervisords and what they run down."""
PROGRAMS = """
[program:sleeper]
command=sleep 1000
startsecs=0
[program:talker]
command=sh -c 'echo one line; exec sleep 1000'
startsecs=0
"""
BABBLER = """
[program:babbler]
command=sh -c 'while true; do yes babble | head -n 500; sleep 0.1; done'
startsecs=0
"""
SLOW = "[program:slow]\ncommand=sh -c 'trap \"sleep 1; exit 0\" TERM; while true; do sleep 0.1; done'\nstartsecs=0\n"
_BECOME_BASH = "import os, sys; os.execvp('bash', ['bash', *sys.argv[1:]])"
CRASHING = ("-m", "tests.safety.crashing")

STATUS = {
    "q": 0,
    "crash": 1,
    "TERM": 128 + signal.SIGTERM,
    "HUP": 128 + signal.SIGHUP,
    "INT": 128 + signal.SIGINT,
    "QUIT": -signal.SIGQUIT,
    "KILL": -signal.SIGKILL,
    "SEGV": -signal.SIGSEGV,
}
"""A negative one is death by that signal, which a shell shows as 128 and its number, too."""
STALLED = [way for way in STATUS if way != "q"]  # nobody can press a key and be heard
SAMPLE = STATUS if WHOLE else ["q", "crash", "TERM", "HUP", "INT", "QUIT", "KILL"]
STALLED_SAMPLE = STALLED if WHOLE else ["crash", "TERM", "KILL"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_supervisord(PROGRAMS) as daemon:
        yield f"http://127.0.0.1:{daemon.port}"


def end(program: PtyProcess, way: str, crash: Path) -> float:
    """Bring it about; when that was."""
    if way == "q":
        program.press(b"q")
    elif way == "crash":
        crash.touch()
    else:
        os.kill(program.process.pid, signal.Signals[f"SIG{way}"])
    return time.monotonic()


def cause_to_end(program: PtyProcess, way: str, crash: Path, more: float = 0.0) -> float:
    """Bring it about and check what is left; the seconds that it took."""
    began = end(program, way, crash)
    status = program.wait_ended(PROMISED_SECONDS + LENIENT + more)
    took = time.monotonic() - began
    assert status == STATUS[way]
    assert program.settings == program.settings_before
    program.read_on()
    wait_until(lambda: not program.modes, seconds=5, what=f"all modes to be left, not {program.modes}")
    return took


@pytest.mark.parametrize("way", SAMPLE)
def test_the_screen_ends_and_leaves_the_terminal_as_it_was(tmp_path: Path, url: str, way: str) -> None:
    crash = tmp_path / "crash"
    with in_pty("-s", url, home=tmp_path, program=CRASHING, environment={"CRASH": str(crash)}) as program:
        program.wait_for("sleeper +● RUNNING")
        wait_until(lambda: b"1016" in program.modes, what="every mode that it may use to be on")
        took = cause_to_end(program, way, crash)
        if way == "crash":
            wait_until(lambda: "ended because of an error of its own" in program.text, what="a line")
            check_crash(program, tmp_path)
    _show(f"the screen ends by {way}", f"status {STATUS[way]}", took)


@pytest.mark.parametrize("way", STALLED_SAMPLE)
def test_it_ends_on_a_terminal_that_nobody_reads(tmp_path: Path, url: str, way: str) -> None:
    crash = tmp_path / "crash"
    with in_pty("-s", url, home=tmp_path, program=CRASHING, environment={"CRASH": str(crash)}) as program:
        program.wait_for("sleeper +● RUNNING")
        program.stall(*([FULL] if way == "crash" else []))
        wait_until(lambda: stands_still(program), what="it to stand still")
        took = cause_to_end(program, way, crash)
    _show(f"the screen ends by {way} while nobody reads the terminal", f"status {STATUS[way]}", took)


def test_a_screen_that_hangs_ends_when_it_is_told(tmp_path: Path, url: str) -> None:
    crash = tmp_path / "crash"
    with in_pty("-s", url, home=tmp_path, program=CRASHING, environment={"CRASH": str(crash)}) as program:
        program.wait_for("sleeper +● RUNNING")
        crash.write_text(ENDLESS)
        wait_until(crash.with_suffix(".hangs").exists, what="the screen to hang")
        took = cause_to_end(program, "TERM", crash)
    _show("the screen ends by TERM while it hangs by a mistake of ours", f"status {STATUS['TERM']}", took)


@pytest.mark.parametrize("told", [True, False], ids=["told by a signal", "not told"])
def test_a_terminal_that_goes_away_ends_the_screen(tmp_path: Path, url: str, told: bool) -> None:
    with in_pty("-s", url, home=tmp_path, controlling=told) as program:
        program.wait_for("sleeper +● RUNNING")
        seconds, cpu = hang_up(program)
    assert cpu < 1.5, "it span"
    _show(f"the terminal of the screen goes away {_how(told)}", "status 129, no spinning", seconds)


@pytest.mark.skipif(not shutil.which("bash"), reason="needs a shell that edits lines")
def test_a_shell_can_edit_its_line_after_a_sudden_death(tmp_path: Path, url: str) -> None:
    """Two want to set the terminal then: the shell, for its next line, and the guardian."""
    with in_pty(
        "--norc", "-i", home=tmp_path, program=["-c", _BECOME_BASH], environment={"PS1": "$ "}
    ) as shell:
        shell.press(f"{sys.executable} -m tui -s {url}\r".encode())
        shell.wait_for("sleeper +● RUNNING")
        for pid in children(shell.process.pid):
            os.kill(pid, signal.SIGKILL)
        shell.wait_for("has been put right")
        wait_until(lambda: len(shell.holders) == 1, what="the guardian to leave")
        shell.press(b"echo on$((40 + 2))\x1b[D\x1b[D\x7f3\r")  # it becomes 40 + 3, if lines can be edited
        shell.wait_for("^on43")


# --- the commands that go on for ever ---------------------------------------------------------------------------------

COMMANDS = {
    "watch": (("watch",), "watching 1 host"),
    "tail -f": (("tail", "-f", "sleeper", "talker"), "one line"),
    "demo": (("demo",), "4 hosts"),
}
SIGNALS = ["TERM", "HUP", "INT", "QUIT", "KILL"]
EVERY_COMMAND = [
    (command, way)
    for command in COMMANDS
    for way in [*SIGNALS, "hang up", "hang up untold"]
    if WHOLE or (command, way) in (("watch", "TERM"), ("tail -f", "INT"), ("tail -f", "hang up untold"))
]


@pytest.mark.parametrize(("command", "way"), EVERY_COMMAND)
def test_a_command_that_goes_on_for_ever_ends_when_it_is_told(
    tmp_path: Path, url: str, command: str, way: str
) -> None:
    arguments, sign = COMMANDS[command]
    told = "untold" not in way
    with short_home() as home, in_pty("-s", url, *arguments, home=home, controlling=told) as program:
        program.wait_for(sign)
        if way.startswith("hang up"):
            seconds, cpu = hang_up(program, DEMO_SECONDS if command == "demo" else 0)
            assert command == "demo" or cpu < 1.5, "it span"  # what the demo has waited for is counted, too
            _show(f"the terminal of `{command}` goes away {_how(told)}", "status 129, no spinning", seconds)
        else:
            seconds = cause_to_end(program, way, tmp_path, DEMO_SECONDS if command == "demo" else 0)
            _show(f"`{command}` ends by {way}", f"status {STATUS[way]}", seconds)
        if command == "demo":
            wait_until(lambda: not left_of_demo(home), seconds=DEMO_SECONDS, what="the demo fleet to be gone")


@pytest.mark.parametrize("way", SIGNALS if WHOLE else ["TERM"])
def test_a_log_that_nobody_reads_does_not_hold_up_the_end(tmp_path: Path, way: str) -> None:
    with (
        running_supervisord(BABBLER) as daemon,
        in_pty("-s", f"http://127.0.0.1:{daemon.port}", "tail", "-f", "babbler", home=tmp_path) as program,
    ):
        program.wait_for("babble")
        program.stall(0)
        wait_until(lambda: program.full, what="the terminal to be full")
        seconds = cause_to_end(program, way, tmp_path)
    _show(f"`tail -f` ends by {way} while nobody reads the terminal", f"status {STATUS[way]}", seconds)


def test_a_pipe_that_nobody_reads_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with running_supervisord(BABBLER) as daemon:
        command = [
            sys.executable,
            "-m",
            "tui",
            "-s",
            f"http://127.0.0.1:{daemon.port}",
            "tail",
            "-f",
            "babbler",
        ]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, env={**os.environ, "XDG_STATE_HOME": str(tmp_path)}
        ) as program:
            assert program.stdout is not None
            waits = Growth(program.stdout)
            wait_until(waits.has_ended, seconds=60, what="the pipe to be full")
            began = time.monotonic()
            program.terminate()
            assert program.wait(PROMISED_SECONDS + LENIENT) == STATUS["TERM"]
    _show("`tail -f` ends by TERM while nobody reads its pipe", "status 143", time.monotonic() - began)


class Growth:
    """A pipe that nobody reads: it is full when no more bytes come, for its pages need not be."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._waiting = 0
        self._since = time.monotonic()

    def has_ended(self) -> bool:
        """Whether some bytes wait, and for a while no more have come."""
        waiting = int(struct.unpack("i", fcntl.ioctl(self._pipe, termios.FIONREAD, b"\0" * 4))[0])
        if waiting != self._waiting:
            self._waiting, self._since = waiting, time.monotonic()
        return waiting > 8192 and time.monotonic() - self._since > 2.0


def test_nohup_keeps_a_command_running_without_its_terminal(tmp_path: Path, url: str) -> None:
    out = tmp_path / "out"
    words = f"{sys.executable} -m tui -s {url} watch >{out} 2>&1 </dev/null"
    with in_pty(
        home=tmp_path, program=["-c", f"import os; os.execvp('nohup', ['nohup', 'sh', '-c', {words!r}])"]
    ) as shell:
        wait_until(lambda: out.exists() and "watching" in out.read_text(), what="watch to watch")
        (watching,) = children(shell.process.pid) or [shell.process.pid]
        os.kill(watching, signal.SIGHUP)
        shell.hang_up()
        os.kill(watching, 0)
        with pytest.raises(subprocess.TimeoutExpired):
            shell.process.wait(1)
        os.kill(watching, signal.SIGTERM)
        assert shell.process.wait(10) in (128 + signal.SIGTERM, -signal.SIGTERM)


# --- what was begun ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["hang up", "HUP twice"])
def test_a_restart_under_way_is_finished_without_the_terminal(tmp_path: Path, way: str) -> None:
    with (
        running_supervisord(SLOW) as daemon,
        in_pty("-s", f"http://127.0.0.1:{daemon.port}", home=tmp_path) as program,
    ):
        program.wait_for("slow +● RUNNING")
        before = pid_of(daemon)
        program.press(b"R")
        program.wait_for(r"Restart .*slow\?")
        time.sleep(0.4)  # a person reads first: an answer too soon is not taken
        program.press(b"y")
        program.wait_for("job 1 restart")
        if way == "hang up":
            program.hang_up()
        else:
            os.kill(program.process.pid, signal.SIGHUP)
            program.wait_for("finishing what was begun")
            os.kill(program.process.pid, signal.SIGHUP)  # a login shell and the kernel both send one
        assert program.wait_ended(30) == 129
        assert pid_of(daemon) not in (0, before)


@pytest.mark.parametrize("way", ["TERM", "HUP", "hang up"] if WHOLE else ["HUP"])
def test_a_restart_on_the_command_line_is_finished_before_a_signal_ends_us(tmp_path: Path, way: str) -> None:
    with (
        running_supervisord(SLOW) as daemon,
        in_pty("-s", f"http://127.0.0.1:{daemon.port}", "restart", "-y", "slow", home=tmp_path) as program,
    ):
        wait_until(lambda: state_of(daemon) == "RUNNING", what="slow to run")
        before = pid_of(daemon)
        wait_until(lambda: state_of(daemon) == "STOPPING", what="the restart to begin")
        if way == "hang up":
            program.hang_up()
        else:
            for _ in range(2):
                os.kill(program.process.pid, signal.Signals[f"SIG{way}"])
        assert program.wait_ended(30) == STATUS["TERM" if way == "TERM" else "HUP"]
        assert pid_of(daemon) not in (0, before)


# --- tools ------------------------------------------------------------------------------------------------------------


def hang_up(program: PtyProcess, more: float = 0.0) -> tuple[float, float]:
    """Take the terminal away; after how many seconds it ended as of a HUP, and how much processor it used for that."""
    began, cpu, others = time.monotonic(), program.cpu, _cpu_of_the_ended()
    program.hang_up()
    assert program.wait_ended(PROMISED_SECONDS + LENIENT + more) == STATUS["HUP"]
    return time.monotonic() - began, _cpu_of_the_ended() - others - cpu


def _cpu_of_the_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def short_home() -> Iterator[Path]:
    """Unix sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="x-", ignore_cleanup_errors=True) as place:
        yield Path(place)


def left_of_demo(home: Path) -> list[int]:
    """Processes of the demo's fleet: all have its state directory, which is under ours, in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(home).encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def pid_of(daemon: RealSupervisord) -> int:
    return int(_info(daemon)["pid"])


def state_of(daemon: RealSupervisord) -> str:
    return str(_info(daemon)["statename"])


def _info(daemon: RealSupervisord) -> dict[str, Any]:
    info = daemon.proxy.supervisor.getProcessInfo("slow")
    assert isinstance(info, dict)
    return info


def _how(told: bool) -> str:
    return "with its signal" if told else "without a signal"


def check_crash(program: PtyProcess, home: Path) -> None:
    """One private file that names the place, without values; one line."""
    (file,) = home.glob("state/*/crash-*.txt")
    text = file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert "crashing.py" in text
    assert SECRET not in text
    assert "Traceback" not in program.raw.decode(errors="replace")
    assert SECRET.encode() not in program.raw


def stands_still(program: PtyProcess) -> bool:
    """Whether it has used no processor for a little while."""
    before = program.cpu
    time.sleep(0.3)  # a measure, not a wait
    return program.cpu - before <= 0.03


def _show(name: str, status: str, seconds: float) -> None:
    show(
        name,
        f"modes and settings restored, {status}, nobody left, in {PROMISED_SECONDS:g} s",
        f"so, in {seconds:.1f} s",
    )
