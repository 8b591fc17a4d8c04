"""The keeper ends whatever hangs below it, also what has left its session and lost its parent."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.support.supervisord import wait_until
from tui.demo import keeper

RUNAWAY = """
import os, sys, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(1000)
"""

CONFIGURATION = """
[unix_http_server]
file=%(here)s/s.sock
[supervisord]
nodaemon=true
logfile=%(here)s/supervisord.log
pidfile=%(here)s/supervisord.pid
[program:runaway]
command={python} {script} {pid_file}
startsecs=0
autorestart=false
"""


def test_a_daemon_that_left_its_session_is_ended_with_the_fleet(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-P", keeper.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    directory = Path(process.stdout.readline().removeprefix("directory ").strip())
    try:
        home = directory / "one"
        home.mkdir()
        script, pid_file = tmp_path / "runaway.py", tmp_path / "pid"
        script.write_text(RUNAWAY)
        (home / "supervisord.conf").write_text(
            CONFIGURATION.format(python=sys.executable, script=script, pid_file=pid_file)
        )
        process.stdin.write("run one\n")
        process.stdin.flush()
        wait_until(lambda: pid_file.exists() and pid_file.read_text() != "", what="the runaway to start")
        runaway = Path("/proc") / pid_file.read_text()
        assert runaway.exists()
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()

    assert process.returncode == 0
    assert not runaway.exists()
    assert not directory.exists()


def test_descendants_are_found_through_any_number_of_generations() -> None:
    with subprocess.Popen(
        ["sh", "-c", "sh -c 'echo up; sleep 1000; true'; true"], stdout=subprocess.PIPE
    ) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        try:
            wait_until(lambda: len(keeper.descendants(shell.pid)) >= 2, what="the grandchild")
        finally:
            for pid in [*keeper.descendants(shell.pid), shell.pid]:
                keeper.send(pid, signal.SIGKILL)


def test_a_long_temporary_directory_is_left_for_one_that_a_socket_fits_in(
    tmp_path: Path, monkeypatch: object
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    code = "from tui.demo import keeper; print(keeper.make_directory())"
    made = subprocess.run(
        [sys.executable, "-c", code], env={"TMPDIR": str(long)}, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert made.startswith("/tmp/supervisor-tui-demo-")
    keeper.remove(Path(made))
