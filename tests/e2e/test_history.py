"""The history over real supervisords: what two programs see, what happens while none looks, and who did it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleets import run_one, settings_for, wait_state
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.config.schema import HistorySettings
from tui.config.secrets import Secret
from tui.engine.engine import Engine
from tui.engine.history.reading import reading
from tui.engine.history.recorder import Recorder
from tui.model.fleet import Transition
from tui.model.plan import Verb
from tui.model.process import ProcessKey

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
[program:worker]
command=sleep 1000
startsecs=0
autorestart=true
"""
WEB, WORKER = ProcessKey("h", "web", "web"), ProcessKey("h", "worker", "worker")


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as running:
        wait_until(lambda: _states(running) == {"RUNNING"}, what="the programs to run")
        yield running


def _states(daemon: RealSupervisord) -> set[str]:
    rows: Any = daemon.proxy.supervisor.getAllProcessInfo()
    return {row["statename"] for row in rows}


@contextmanager
def watched(daemon: RealSupervisord, directory: Path, *, poll: float = 0.3) -> Iterator[Engine]:
    """A program that looks at the host `h` and keeps what it sees."""
    recorder = Recorder.for_run(HistorySettings(), directory)
    passwords = {"h": Secret(daemon.password)} if daemon.user else {}
    settings = settings_for({"h": daemon}, poll=poll)
    engine = Engine(settings, state_dir=directory, passwords=passwords, recorder=recorder)
    engine.start()
    try:
        assert engine.wait_answered(10)
        wait_until(lambda: bool(_runs(directory)), what="the history to be begun")
        yield engine
    finally:
        engine.stop()


def kept(directory: Path, key: ProcessKey) -> list[Transition]:
    """What the history tells of a process, oldest first."""
    with reading(directory) as past:
        return [] if past is None else past.newest_first(1000, processes=past.numbers_of(key))[::-1]


def _runs(directory: Path) -> list[tuple[float, float]]:
    with reading(directory) as past:
        return [] if past is None else past.coverage(0, 2e9).looked("h")


def test_two_programs_keep_a_restart_once_and_know_whose_it_was(
    daemon: RealSupervisord, tmp_path: Path
) -> None:
    with watched(daemon, tmp_path) as one, watched(daemon, tmp_path, poll=0.2) as other:
        run_one(one, Verb.RESTART, WEB)
        pid = wait_state(one, WEB, "RUNNING").pid
        wait_until(
            lambda: (row := other.picture.process(WEB)) is not None and row.pid == pid, what="both to see"
        )
    rows = kept(tmp_path, WEB)
    came_up = [row for row in rows if row.pid == pid and row.new == "RUNNING"]
    assert len(came_up) == 1
    assert came_up[0].ours
    facts = [(row.new, row.pid, row.start, row.stop) for row in rows]
    assert len(facts) == len(set(facts))


def test_what_happened_while_no_program_ran_is_found_at_the_next_start(
    daemon: RealSupervisord, tmp_path: Path
) -> None:
    with watched(daemon, tmp_path):
        pass
    assert kept(tmp_path, WEB) == []
    daemon.proxy.supervisor.stopProcess("web")
    with watched(daemon, tmp_path):
        wait_until(lambda: bool(kept(tmp_path, WEB)), what="the stop to be found")
    (row,) = kept(tmp_path, WEB)
    assert (row.old, row.new, row.found, row.ours) == ("RUNNING", "STOPPED", True, False)
    assert kept(tmp_path, WORKER) == []


def test_a_host_that_goes_and_comes_back_leaves_a_gap(daemon: RealSupervisord, tmp_path: Path) -> None:
    with watched(daemon, tmp_path) as engine:
        daemon.stop()
        wait_until(lambda: not engine.picture.hosts["h"].fresh, what="the host to be missed")
        daemon.start()
        engine.poll_now()
        wait_until(lambda: engine.picture.hosts["h"].fresh, what="the host to be back")
    states = [row.new for row in kept(tmp_path, ProcessKey("h")) if row.key.is_host]
    assert len(states) >= 2
    assert states[-1] in ("UP", "DEGRADED")
    with reading(tmp_path) as past:
        assert past is not None
        ((start, end),) = past.coverage(0, 2e9).unreached("h")
    assert 0 < end - start < 60


# --- the command ----------------------------------------------------------------------------------------------------


class Command:
    """`supervisor-tui` with a home of its own."""

    def __init__(self, daemon: RealSupervisord, home: Path, more: str = "") -> None:
        self.state = home / "state" / "supervisor-tui"
        self.hosts = home / "hosts.yaml"
        self.hosts.write_text(
            f"hosts:\n  h: {{url: 'http://127.0.0.1:{daemon.port}', poll: 300ms, tags: [prod]}}\n{more}"
        )
        self.hosts.chmod(0o600)
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "SUPERVISOR_TUI_CONFIG": str(self.hosts),
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "tui", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    @contextmanager
    def watch(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`watch`, from when it looks until the block ends."""
        program = subprocess.Popen(
            [sys.executable, "-m", "tui", "watch", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            wait_until(lambda: bool(_runs(self.state)), what="watch to look")
            yield program
        finally:
            program.send_signal(signal.SIGINT)
            program.communicate(timeout=30)

    def until_kept(self, key: ProcessKey, state: str) -> None:
        """Wait until the history tells of that."""
        wait_until(
            lambda: any(row.new == state for row in kept(self.state, key)), what=f"{key.name} kept as {state}"
        )


def test_what_watch_saw_is_told_by_history_with_whose_it_was(daemon: RealSupervisord, tmp_path: Path) -> None:
    command = Command(daemon, tmp_path)
    with command.watch():
        assert command.run("stop", "--yes", "web").returncode == 0
        command.until_kept(WEB, "STOPPED")
        daemon.proxy.supervisor.stopProcess("worker")
        command.until_kept(WORKER, "STOPPED")

    document = json.loads(command.run("history", "--json").stdout)
    assert document["schema"] == 1
    ended = {row["name"]: row for row in document["transitions"] if row["to"] == "STOPPED"}
    assert ended["web"]["ours"] is True
    assert ended["worker"]["ours"] is False
    assert set(ended["web"]) == {
        "time", "host", "group", "name", "from", "to", "pid", "exitstatus", "ours", "found", "start", "stop",
    }  # fmt: skip

    text = command.run("history", "worker").stdout
    assert "worker" in text
    assert "→ STOPPED" in text
    assert "web" not in text
    selected = json.loads(command.run("history", "--json", "--select", "state:stopped name:web").stdout)
    assert {(row["name"], row["to"]) for row in selected["transitions"]} == {("web", "STOPPED")}
    assert json.loads(command.run("history", "--json", "--until", "1h").stdout)["transitions"] == []
    assert len(json.loads(command.run("history", "--json", "--limit", "1").stdout)["transitions"]) == 1


def test_the_summary_tells_restarts_states_and_availability(daemon: RealSupervisord, tmp_path: Path) -> None:
    command = Command(daemon, tmp_path)
    with command.watch():
        daemon.proxy.supervisor.stopProcess("web")
        command.until_kept(WEB, "STOPPED")
        worker: Any = daemon.proxy.supervisor.getProcessInfo("worker")
        os.kill(worker["pid"], signal.SIGKILL)
        command.until_kept(WORKER, "RUNNING")
    document = json.loads(command.run("history", "--summary", "--json").stdout)
    records = {record["name"]: record for record in document["processes"]}
    assert records["worker"]["restarts"] == 1
    assert records["web"]["restarts"] == 0
    assert records["web"]["state"] == "STOPPED"
    assert 0 < records["web"]["availability"] < 1
    assert set(records["web"]["seconds"]) >= {"RUNNING", "STOPPED"}
    assert "TIME IN STATES" in command.run("history", "--summary").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--since", "soon"), 2, "write 2h (ago)"),
        (("--since", "1h", "--until", "2h"), 2, "--since is after --until"),
        (("--select", "state:nope"), 2, "there is no state"),
        (("nobody",), 4, "nobody"),
        (("--limit", "-1"), 2, "--limit"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    daemon: RealSupervisord, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    command = Command(daemon, tmp_path)
    with command.watch():
        pass
    done = command.run("history", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr


def test_without_a_history_it_says_so_and_makes_none(daemon: RealSupervisord, tmp_path: Path) -> None:
    command = Command(daemon, tmp_path)
    done = command.run("history")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing was kept yet" in done.stderr
    assert not command.state.exists()


def test_a_damaged_history_is_an_error_in_words(daemon: RealSupervisord, tmp_path: Path) -> None:
    command = Command(daemon, tmp_path)
    command.state.mkdir(parents=True, mode=0o700)
    (command.state / "history.sqlite").write_bytes(os.urandom(9000))
    done = command.run("history")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is damaged" in done.stderr


def test_nothing_is_kept_when_the_configuration_says_so(daemon: RealSupervisord, tmp_path: Path) -> None:
    command = Command(daemon, tmp_path, "history: {enabled: false}\n")
    assert command.run("stop", "--yes", "web").returncode == 0
    assert not (command.state / "history.sqlite").exists()


# --- telling a program and a web address ----------------------------------------------------------------------------


def test_watch_tells_a_program_and_an_address_of_what_fails_and_of_nothing_else(
    daemon: RealSupervisord, tmp_path: Path
) -> None:
    command = Command(daemon, tmp_path)
    out = tmp_path / "told.jsonl"
    script = tmp_path / "page"
    script.write_text(
        f"#!/bin/sh\nprintf '%s ' \"$SUPERVISOR_TUI_SUMMARY\" >> {out}\ncat >> {out}\necho >> {out}\n"
    )
    script.chmod(0o755)
    posted: list[dict[str, Any]] = []
    with receiver(posted) as port:
        command.environment["HOOK"] = f"http://127.0.0.1:{port}/s3cr3t-canary"
        options = (
            "--on",
            "state:bad|stopped name:web",
            "--run",
            str(script),
            "--webhook-env",
            "HOOK",
            "--every",
            "1s",
        )
        with command.watch(*options) as program:
            daemon.proxy.supervisor.stopProcess("worker")
            command.until_kept(WORKER, "STOPPED")
            daemon.proxy.supervisor.stopProcess("web")
            wait_until(
                lambda: out.exists() and out.read_text().endswith("\n") and posted, what="both to be told"
            )
            cmdline = Path(f"/proc/{program.pid}/cmdline").read_bytes()
    line = out.read_text().splitlines()[0]
    assert line.startswith("h web STOPPED {")
    document = json.loads(line[line.index("{") :])
    assert [(one["name"], one["to"]) for one in document["transitions"]] == [("web", "STOPPED")]
    assert [one["name"] for one in posted[0]["transitions"]] == ["web"]
    assert b"s3cr3t-canary" not in cmdline


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--on", "state:nope"), "there is no state"),
        (("--run", "'unclosed"), "cannot be split"),
        (("--run", "  "), "names no program"),
        (("--webhook", "ftp://a"), "must begin with https://"),
        (("--webhook", "http://u:s3cr3t-canary@a"), "holds a login"),
        (("--webhook-env", "NOT_SET"), "NOT_SET is not set"),
        (("--webhook", "http://a", "--webhook-env", "HOME"), "both name an address"),
        (("--webhook-token-env", "HOME"), "no webhook"),
        (("--webhook", "http://a", "--every", "0s"), "--every must be"),
        (("--webhook", "http://a", "--every", "often"), "--every:"),
    ],
)
def test_a_hook_that_makes_no_sense_is_refused_before_anything_is_watched(
    daemon: RealSupervisord, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = Command(daemon, tmp_path).run("watch", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "s3cr3t-canary" not in done.stderr


@contextmanager
def receiver(posted: list[dict[str, Any]]) -> Iterator[int]:
    """A web server that keeps what is posted to it; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(5)
