"""A program is told of changes by environment and stdin, without a shell, without secrets, and not for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.supervisord import wait_until
from tests.unit.engine.history.changes import BEGAN, change
from tui.engine.hooks import command as command_module
from tui.engine.hooks.command import Command
from tui.engine.hooks.hook import Undelivered
from tui.engine.hooks.report import Report
from tui.model.process import ProcessKey

EVIL = '$(touch pwned); `touch pwned` "\x1b]0;x\x07\n; touch pwned #'
KEY = ProcessKey("web-01", "jobs", EVIL)
REPORT = Report(
    "0123",
    (change("RUNNING", "EXITED", 1, key=KEY, exitstatus=3), change("UP", "DNS", 2, key=ProcessKey("db"))),
    7,
)

_DUMPS = "import json, os, sys; json.dump([dict(os.environ), json.load(sys.stdin)], open(sys.argv[1], 'w'))"


def test_it_gets_the_report_as_json_and_the_first_change_in_variables(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = Command([sys.executable, "-c", _DUMPS, str(out)], environment={"PATH": os.environ["PATH"]})
    command(REPORT)
    environment, document = json.loads(out.read_text())
    assert document["id"] == "0123"
    assert document["missed"] == 7
    assert [one["name"] for one in document["transitions"]] == [EVIL, ""]
    ours = {
        name.removeprefix("SUPERVISOR_TUI_"): value for name, value in environment.items() if "_TUI_" in name
    }
    assert ours["HOST"] == "web-01"
    assert ours["GROUP"] == "jobs"
    assert (ours["FROM"], ours["TO"], ours["EXITSTATUS"], ours["OURS"]) == ("RUNNING", "EXITED", "3", "false")
    assert (ours["COUNT"], ours["MISSED"]) == ("2", "7")
    assert ours["TIME"].startswith("2023-11-14T22:13:21")
    assert ours["SUMMARY"].endswith("EXITED, db DNS, and 7 more")
    assert all(value.isprintable() for value in ours.values())
    assert BEGAN == 1_700_000_000


def test_what_a_host_says_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Command(["/bin/cat"])(REPORT)
    Command(["/bin/sh", "-c", 'echo "$SUPERVISOR_TUI_NAME" > name'])(REPORT)
    assert (tmp_path / "name").exists()
    assert not (tmp_path / "pwned").exists()


def test_variables_that_hold_passwords_are_kept_from_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {"PATH": os.environ["PATH"], "HOST_PASSWORD": "s3cr3t-canary", "OTHER": "fine"}
    Command([sys.executable, "-c", _DUMPS, str(out)], without=["HOST_PASSWORD"], environment=environment)(
        REPORT
    )
    assert "s3cr3t-canary" not in out.read_text()
    assert '"OTHER": "fine"' in out.read_text()


def test_one_that_takes_too_long_is_ended_with_all_that_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when all of them are deaf to a polite word."""
    monkeypatch.setattr(command_module, "GRACE", 0.3)
    pids = tmp_path / "pids"
    script = f"trap '' TERM; sleep 1000 & echo $! > {pids}; wait"
    began = time.monotonic()
    with pytest.raises(Undelivered, match=r"took longer than 0\.5 s") as caught:
        Command(["/bin/sh", "-c", script], seconds=0.5)(REPORT)
    assert not caught.value.again
    assert time.monotonic() - began < 20
    child = int(pids.read_text())
    wait_until(lambda: not _runs(child), what="what it began to be gone")


def _runs(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["/bin/sh", "-c", "exit 3"], "sh failed with exit status 3"),
        (["/nowhere/at/all"], "all cannot be run: No such file or directory"),
        (["/etc/passwd"], "passwd cannot be run: Permission denied"),
    ],
)
def test_one_that_fails_is_said_and_not_run_again(words: list[str], sentence: str) -> None:
    with pytest.raises(Undelivered, match=sentence) as caught:
        Command(words)(REPORT)
    assert not caught.value.again


def test_one_that_reads_nothing_of_a_large_report_is_no_failure() -> None:
    many = tuple(change("RUNNING", "FATAL", n, key=ProcessKey("web", "g", "x" * 400)) for n in range(2000))
    Command(["/bin/true"])(Report("1", many))


def test_what_it_prints_does_not_come_among_our_lines() -> None:
    program = (
        "from tests.unit.engine.hooks.test_command import REPORT\n"
        "from tui.engine.hooks.command import Command\n"
        "Command(['/bin/echo', 'from the program'])(REPORT)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ran.stdout, ran.stderr) == ("", "from the program\n")
