"""What happens to a terminal and to a machine while the screen is open: it goes on, and shows the truth afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.fake_fleet import Plan, running_fake_fleet
from tests.support.pty_process import PtyProcess, in_pty
from tests.support.supervisord import running_supervisord, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

FEW_FILES = 40
_AS_MODULE = "runpy.run_module('tui', run_name='__main__')"
_BECOME_BASH = "import os, sys; os.execvp('bash', ['bash', *sys.argv[1:]])"


@pytest.mark.skipif(not shutil.which("bash"), reason="needs a shell with job control")
@pytest.mark.parametrize("driver", ["", " --no-diff"])
def test_ctrl_z_gives_the_shell_its_terminal_and_fg_brings_the_screen_back(
    tmp_path: Path, driver: str
) -> None:
    with (
        running_supervisord() as daemon,
        in_pty(
            "--norc", "-i", home=tmp_path, program=["-c", _BECOME_BASH], environment={"PS1": "$ "}
        ) as shell,
    ):
        shell.press(f"{sys.executable} -m tui -s http://127.0.0.1:{daemon.port}{driver}\r".encode())
        shell.wait_for("sleeper +● RUNNING")
        for _ in range(2):
            shell.press(b"\x1a")
            shell.wait_for("Stopped")
            assert shell.modes - {b"2004"} == set(), "a mode is left on (bash itself turns the paste mode on)"
            shell.press(b"echo on$((40 + 2))\r")
            shell.wait_for("^on42")
            daemon.proxy.supervisor.stopProcess("sleeper")
            shell.press(b"fg\r")
            shell.wait_for("sleeper +○ STOPPED")
            shell.wait_gone(r"^on42|\$ fg")  # all of it is drawn again, not only what has changed
            shell.press(b"?")
            shell.wait_for("Keys of the fleet screen")
            shell.press(b"\x1b")
            shell.wait_for("sleeper +○ STOPPED")
            daemon.proxy.supervisor.startProcess("sleeper")
            shell.wait_for("sleeper +● RUNNING")
    show(
        f"ctrl+z and `fg`, twice{driver and ','}{driver}",
        "the shell can use its terminal, then the screen shows what is true",
        "so",
    )


def test_a_terminal_of_any_size_changes_it_at_any_time(tmp_path: Path) -> None:
    sizes = [(1, 1), (200, 3), (3, 60), (40, 8), (2, 2), (250, 70), (120, 40)]
    with (
        running_supervisord() as daemon,
        in_pty("-s", f"http://127.0.0.1:{daemon.port}", home=tmp_path) as program,
    ):
        program.wait_for("sleeper +● RUNNING")
        for screen in (b"", b"l", b"?", b"d", b"X") if WHOLE else (b"l", b"X"):
            program.press(screen)
            for columns, rows in sizes:
                program.resize(columns, rows)
                wait_until(lambda: not program.busy, what="it to be drawn")
                assert program.process.poll() is None
            program.press(b"\x1b[27u")
        program.wait_for("sleeper +● RUNNING")
    show("every size from 1x1 to 250x70, on five screens", "it goes on and draws what fits", "so")


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1"])
def test_a_locale_without_utf_8_gets_a_screen_of_characters_that_it_has(tmp_path: Path, locale: str) -> None:
    encoding = "ascii" if locale == "C" else "latin-1"
    environment = {
        "LC_ALL": locale,
        "LANG": locale,
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": encoding,
    }
    with (
        running_supervisord() as daemon,
        in_pty("-s", f"http://127.0.0.1:{daemon.port}", home=tmp_path, environment=environment) as program,
    ):
        program.wait_for("sleeper .*RUNNING")
        bytes(program.raw).decode(encoding)
        assert b"\\u" not in program.raw, "characters are spelled out, and everything behind them is moved"
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.wait_ended(10) == 143
    show(f"a terminal in {encoding}", "a screen, with `?` for what it has no character for", "so")


def test_without_file_descriptors_it_says_so_and_goes_on(tmp_path: Path) -> None:
    with running_fake_fleet(Plan(hosts=40, processes=10)) as fleet:
        path = tmp_path / "hosts.yaml"
        lines = "".join(
            f"  web-{n:02}: {{host: 127.0.0.1, port: {port}}}\n" for n, port in enumerate(fleet.ports)
        )
        path.write_text(f"defaults: {{poll: 1s}}\nhosts:\n{lines}")
        few = f"import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW_FILES}, {FEW_FILES})); "
        with in_pty("-c", str(path), home=tmp_path, program=["-c", f"{few}{_AS_MODULE}"]) as program:
            program.wait_for("has no file descriptors left")
            program.wait_for(r"[1-9]\d* up")
            program.press(b"?")
            program.wait_for("Keys of the fleet screen")
            program.press(b"\x1b[27u")
            program.wait_gone("Keys of the fleet screen")
            before, began = program.cpu, time.monotonic()
            while time.monotonic() - began < 3:
                time.sleep(0.1)  # the measure itself
            used = (program.cpu - before) / 3
            assert used < 0.3, "it spins"
            os.kill(program.process.pid, signal.SIGTERM)
            assert program.wait_ended(10) == 143
    show(
        f"40 hosts with {FEW_FILES} file descriptors",
        "the cause in words, the others go on, no spinning",
        f"{used:.0%} of a core",
    )


def test_with_a_full_disk_it_says_once_what_is_not_kept_and_acts_all_the_same(tmp_path: Path) -> None:
    full = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
    with (
        running_supervisord() as daemon,
        in_pty(
            "-s",
            f"http://127.0.0.1:{daemon.port}",
            home=tmp_path,
            columns=220,
            environment={"HOME": str(tmp_path)},
            program=["-c", f"{full}{_AS_MODULE}"],
        ) as program,
    ):
        program.wait_for("sleeper +● RUNNING")
        program.wait_for("history.sqlite cannot be written")
        before = daemon.proxy.supervisor.getProcessInfo("sleeper")["pid"]  # type: ignore[index,call-overload]
        restart_by_keys(program)
        after = daemon.proxy.supervisor.getProcessInfo("sleeper")["pid"]  # type: ignore[index,call-overload]
        assert after not in (0, before)
        program.wait_for("the journal .* cannot be written")
        program.press(b"l")
        program.wait_for("follow")
        program.press(b"\x13")
        program.wait_for("Save the lines to a new file")
        program.press(b"\r")
        program.wait_for("not saved")
        program.press(b"\x1b[27u")
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.wait_ended(10) == 143
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]
    assert written == []
    show(
        "a disk that takes no byte",
        "told once for each thing that is not kept; actions and the screen go on",
        "so",
    )


def restart_by_keys(program: PtyProcess) -> None:
    """The one process, and what came of it."""
    question = "Restart .*sleeper.*es"

    def gone() -> bool:
        if not re.search(question, program.text, re.MULTILINE):
            return True
        program.press(b"y")
        time.sleep(0.3)  # an answer too soon after the question is not taken, nor one of a held key
        return False

    program.press(b"/name:sleeper\r")
    program.wait_for("name:sleeper")
    program.press(b"R")
    program.wait_for(question)
    wait_until(gone, what="the answer to be taken")
    program.wait_for("pid [0-9]+ runs")


_JUMPING = (
    "import os, runpy, time; real = time.time; "
    "time.time = lambda: real() + ({jump} if os.path.exists({path!r}) else 0); "
)


@pytest.mark.parametrize("jump", [86_400 * 3, -86_400 * 3])
def test_a_clock_that_jumps_moves_no_uptime_no_poll_and_no_outcome(tmp_path: Path, jump: int) -> None:
    switch = tmp_path / "jump"
    with (
        running_supervisord() as daemon,
        in_pty(
            "-s",
            f"http://127.0.0.1:{daemon.port}",
            home=tmp_path,
            columns=140,
            program=["-c", f"{_JUMPING.format(path=str(switch), jump=jump)}{_AS_MODULE}"],
        ) as program,
    ):
        program.wait_for("sleeper +● RUNNING")
        switch.touch()
        daemon.proxy.supervisor.stopProcess("sleeper")
        program.wait_for("sleeper +○ STOPPED")
        daemon.proxy.supervisor.startProcess("sleeper")
        program.wait_for("sleeper +● RUNNING +[0-9]+ +[0-9]+s")
        restart_by_keys(program)
        program.wait_for("sleeper +● RUNNING +[0-9]+ +[2-9]s")  # and it goes on
        assert not re.search(r"\b[23]d", program.text), "something was counted by our clock"
        os.kill(program.process.pid, signal.SIGTERM)
        assert program.wait_ended(10) == 143
    show(
        f"a clock that jumps by {jump // 86_400:+d} days",
        "uptimes, polls and outcomes as if it had not",
        "so",
    )
