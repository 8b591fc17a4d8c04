"""A password is in the request that needs it and nowhere else: canaries of awkward shapes, looked for everywhere."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pexpect
import pytest

from tests.safety.canaries import CANARIES, USER, files_below, hits
from tests.safety.echoing import KINDS, echoing
from tests.safety.showing import WHOLE, show
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.terminal import Terminal
from tui.config.load import load
from tui.config.passwords import fetch_passwords
from tui.engine.engine import Engine
from tui.model.states import HostState

pytestmark = [pytest.mark.e2e]

WHAT_CAME = ("tui.rpc.buffers", "tui.rpc.response", "tui.rpc.http", "tui.rpc.codec")
"""Here lie the bytes that a peer has sent, until they are read."""
PROGRAMS = "[program:sleeper]\ncommand=sleep 1000\nstartsecs=0\n"
SECONDS = 60
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("status", "--json"),
    ("check",),
    ("restart", "by-file/sleeper", "by-command/sleeper", "not-*/", "echo-*/", "--yes", "--json"),
    ("stop", "by-url/sleeper", "--yes"),
    ("start", "by-inline/sleeper", "--yes"),
    ("signal", "HUP", "by-variable/sleeper", "--yes"),
    ("tail", "by-*/sleeper", "--both"),
    ("reread", "by-file", "echo-fault", "--yes"),
    ("update", "by-file", "--dry-run"),
    ("daemon", "log", "by-file"),
    ("daemon", "log", "echo-redirect"),
    ("undo", "--yes"),
    ("retry", "--yes"),
    ("config", "show"),
    ("paths",),
    ("no-such-command",),
    ("status", "no/such:target"),
)
FEW = (COMMANDS[3],)
ONE_FOR_ALL = "looks like YAML and markup"
SHAPES = list(CANARIES) if WHOLE else ["very long", ONE_FOR_ALL]


@dataclass
class Scene:
    """Two supervisords with a canary as their password, an echo, and a hosts file that knows it from every source."""

    home: Path
    password: str
    hosts: Path
    child_environment: Path
    url: str
    """Of the supervisord on TCP."""
    found: list[str] = field(default_factory=list)
    looked: int = 0

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SSH_", "TMUX"))},
            "CANARY": self.password,
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "SUPERVISOR_TUI_LOG": "debug",
            "PYTHONASYNCIODEBUG": "1",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }

    def run(self, *arguments: str, module: str = "tui", **more: str) -> subprocess.CompletedProcess[bytes]:
        """One command on the hosts file; what it printed and left is looked through."""
        return self.run_bare("-c", str(self.hosts), *arguments, module=module, **more)

    def run_bare(
        self, *arguments: str, module: str = "tui", **more: str
    ) -> subprocess.CompletedProcess[bytes]:
        """The same without a hosts file."""
        ran = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
        )
        self.look(" ".join(arguments), {"stdout": ran.stdout, "stderr": ran.stderr})
        return ran

    def look(self, what: str, where: dict[str, bytes]) -> None:
        """Look there, and at all files that were left."""
        everywhere = {**where, **files_below(self.home / "state", self.home / "cache", self.home / "config")}
        if self.child_environment.exists():
            everywhere["environment of a child"] = self.child_environment.read_bytes()
        self.looked += len(everywhere)
        self.found += [f"{what}: {name}" for name in hits(self.password, everywhere)]


@contextlib.contextmanager
def scene(home: Path, shape: str) -> Iterator[Scene]:
    password = CANARIES[shape]
    in_conf = password.replace("%", "%%").replace(" ;", "\\;")
    with (
        running_supervisord(PROGRAMS, user=USER, password=in_conf) as tcp,
        running_supervisord(PROGRAMS, user=USER, password=in_conf, unix=True) as unix,
        echoing() as echo,
    ):
        secret_file, child = home / "password", home / "child-environment"
        secret_file.write_text(f"{password}\n")
        secret_file.chmod(0o600)
        hosts = home / "hosts.yaml"
        hosts.write_text(_hosts(password, secret_file, child, tcp, unix, echo))
        hosts.chmod(0o600)
        yield Scene(home, password, hosts, child, f"http://127.0.0.1:{tcp.port}")


def _hosts(
    password: str, secret_file: Path, child: Path, tcp: RealSupervisord, unix: RealSupervisord, echo: int
) -> str:
    tcp_url, unix_url = f"http://127.0.0.1:{tcp.port}", f"unix://{unix.socket_path}"
    tell = f"cat /proc/self/environ > {child}; cat {secret_file}"
    sources: dict[str, dict[str, object]] = {
        "by-inline": {"url": tcp_url, "password": password},
        "by-variable": {"url": tcp_url, "password_env": "CANARY"},
        "by-file": {"url": tcp_url, "password_file": str(secret_file)},
        "by-command": {"url": unix_url, "password_command": ["sh", "-c", tell]},
        "unix-by-file": {"url": unix_url, "password_file": str(secret_file)},
    }
    hosts: dict[str, dict[str, object]] = {name: {"user": USER, **keys} for name, keys in sources.items()}
    hosts |= {f"not-{name}": {"user": "nobody", **keys} for name, keys in sources.items()}
    hosts["by-url"] = {"url": f"http://{USER}:{quote(password, safe='')}@127.0.0.1:{tcp.port}"}
    for kind in KINDS:
        hosts[f"echo-{kind}"] = {
            "url": f"http://127.0.0.1:{echo}/{kind}",
            "user": USER,
            "password_env": "CANARY",
        }
    lines = (f"  {name}: {json.dumps(keys, ensure_ascii=False)}" for name, keys in hosts.items())
    return "hosts:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_no_command_shows_or_leaves_a_password(shape: str, tmp_path: Path) -> None:
    with scene(tmp_path, shape) as here:
        commands: Sequence[tuple[str, ...]] = COMMANDS if WHOLE else FEW
        checked = here.run("check")
        _passwords_were_right(checked.stdout.decode())
        for command in commands:
            here.run(*command)
        for where in ("log,thread", "command", "start"):
            ended = here.run("status", module="tests.safety.blabbing", BLAB=where)
            assert b"Traceback" not in ended.stderr
        by_option = here.run_bare("-s", here.url, "-u", USER, "--password-env", "CANARY", "status")
        assert b"sleeper" in by_option.stdout
        in_url = here.url.replace("://", f"://{USER}:{quote(here.password, safe='')}@")
        refused = here.run_bare("-s", in_url, "status")
        assert (refused.returncode, refused.stdout) == (2, b"")
        _it_was_blabbed(tmp_path / "state/supervisor-tui")
        _watch(here)
        assert here.child_environment.exists()
    assert here.found == []
    _show_at_the_end(shape, len(commands) + 7, here.looked)


def _passwords_were_right(said: str) -> None:
    """Or nothing was sent that could have been found."""
    for line in said.splitlines():
        name = line.split()[0]
        if name.startswith(("by-", "unix-by-")):
            assert re.search("supervisor 4|ok|4\\.3", line), line


def _it_was_blabbed(state: Path) -> None:
    """Or there was nothing that could have been struck out."""
    log = (state / "supervisor-tui.log").read_text()
    assert "DEBUG asyncio: sent ***" in log
    assert "WARNING tui.rpc: sent" in log
    assert "a thread ended" in log
    assert log.count("ValueError: ") >= 2
    crashes = [path.read_text() for path in state.glob("crash-*.txt")]
    assert any("ValueError: ***" in text for text in crashes)
    assert any(text.rstrip().endswith("ValueError") for text in crashes), "the reading of the configuration"


def _watch(here: Scene) -> None:
    """A command that stays: what /proc shows of it, once its passwords are read."""
    token = ("--webhook", "https://127.0.0.1:1/", "--webhook-token-env", "TOKEN")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tui",
            "-c",
            str(here.hosts),
            "watch",
            *(token if here.password.isascii() else ()),
        ],
        env={**here.environment, **({"TOKEN": here.password} if here.password.isascii() else {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        wait_until(lambda: _threads(process.pid) > 1, what="its engine to run")
        here.look("watch", _process_list(process.pid))
        assert _core_limit(process.pid) == "0"
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    here.look("watch", {"stdout": out, "stderr": err})


def _threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def _core_limit(pid: int) -> str:
    limits = Path(f"/proc/{pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    return line.split()[4]


def _process_list(pid: int) -> dict[str, bytes]:
    """Command lines and environments of a process and what descends from it."""
    found: dict[str, bytes] = {}
    for what in ("cmdline", "environ"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found[f"/proc/{pid}/{what}"] = Path(f"/proc/{pid}/{what}").read_bytes()
    with contextlib.suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found |= _process_list(int(child))
    return found


@pytest.mark.terminal
@pytest.mark.parametrize("shape", SHAPES if WHOLE else [ONE_FOR_ALL])
def test_the_screen_shows_and_leaves_no_password_also_when_it_crashes(shape: str, tmp_path: Path) -> None:
    crash = tmp_path / "crash"
    with scene(tmp_path, shape) as here:
        for round_number in range(2):  # the second begins with the picture of the first
            child = pexpect.spawn(
                sys.executable,
                ["-m", "tests.safety.blabbing", "-c", str(here.hosts)],
                dimensions=(40, 140),
                env={**here.environment, "BLAB": "log,thread,screen", "CRASH": str(crash)},
                timeout=10,
            )
            terminal = Terminal(child, 140, 40)
            try:
                terminal.wait_for(
                    "all › problems"
                )  # once all have answered, and not before: else `!` would ask for it
                terminal.wait_for("echo-fault.*UNREACHABLE")
                terminal.press("!")
                terminal.wait_for("sleeper.*RUNNING")
                here.look("screen", {"cells": terminal.text.encode(), **_process_list(child.pid)})
                assert len(_process_list(child.pid)) >= 4, "its guardian, too"
                for view, shows in (
                    ("d", "Details"),
                    ("E", "Timeline"),
                    ("J", "Jobs"),
                    ("l", "supervisord.s log"),
                ):
                    terminal.press(view)
                    terminal.wait_for(shows)
                    terminal.press("esc")
                    terminal.wait_for("sleeper.*RUNNING")
                if round_number == 0:
                    terminal.press("q")
                    wait_until(lambda: _ended(terminal), what="it to end")  # noqa: B023
                    assert list((tmp_path / "cache").rglob("picture-*"))
                else:
                    crash.touch()
                    wait_until(lambda: _ended(terminal), what="it to crash")  # noqa: B023
                    assert b"ended because of an error of its own" in terminal.raw
            finally:
                child.close(force=True)
            here.look("screen", {"pty": bytes(terminal.raw)})
        assert list((tmp_path / "state").rglob("crash-*.txt"))
    assert here.found == []
    _show_at_the_end(f"{shape}, on the screen", 2, here.looked)


def _ended(terminal: Terminal) -> bool:
    terminal.take()
    return not terminal.child.isalive()


@pytest.mark.parametrize("shape", CANARIES)
def test_no_object_and_no_error_prints_or_pickles_a_password(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = CANARIES[shape]
    monkeypatch.setenv("CANARY", password)
    secret_file = tmp_path / "password"
    secret_file.write_text(password)
    secret_file.chmod(0o600)
    with echoing() as echo:
        hosts: dict[str, dict[str, str]] = {
            f"echo-{kind}": {"url": f"http://127.0.0.1:{echo}/{kind}", "user": USER, "password_env": "CANARY"}
            for kind in KINDS
        }
        hosts["inline"] = {"url": f"http://127.0.0.1:{echo}/fault", "user": USER, "password": password}
        hosts["in-url"] = {"url": f"http://{USER}:{quote(password, safe='')}@127.0.0.1:{echo}"}
        hosts["file"] = {"url": "http://127.0.0.1:1", "user": USER, "password_file": str(secret_file)}
        path = tmp_path / "hosts.yaml"
        path.write_text("hosts: " + json.dumps(hosts, ensure_ascii=False))
        path.chmod(0o600)
        settings = load(path)
        passwords = fetch_passwords(settings.hosts.values())
        assert "CANARY" not in os.environ
        with Engine(settings, state_dir=tmp_path / "state", passwords=passwords) as engine:
            assert engine.wait_answered(SECONDS)
            errors = [
                engine.ask(name, lambda supervisor: supervisor.version()).exception(SECONDS) for name in hosts
            ]
            seen = _printed_and_pickled([settings, passwords, engine.picture, *errors])
            states = {snapshot.state for snapshot in engine.picture.hosts.values()}
    assert states >= {HostState.AUTH, HostState.PROTOCOL, HostState.REFUSED}
    assert len(seen) > 100
    assert hits(password, seen) == []


def _printed_and_pickled(more: Sequence[object]) -> dict[str, bytes]:
    """What str, repr and pickle make of these, and of everything of ours that lives."""
    living = [thing for thing in gc.get_objects() if str(type(thing).__module__).startswith("tui.")]
    seen: dict[str, bytes] = {}
    for number, thing in enumerate([*more, *living]):
        name = f"{number} {type(thing).__qualname__}"
        seen[f"repr of {name}"] = repr(thing).encode(errors="replace")
        seen[f"str of {name}"] = str(thing).encode(errors="replace")
        if type(thing).__module__ in WHAT_CAME:
            continue
        with contextlib.suppress(TypeError, AttributeError, ValueError, pickle.PicklingError, RecursionError):
            seen[f"pickle of {name}"] = pickle.dumps(thing)
    return seen


def _show_at_the_end(shape: str, runs: int, looked: int) -> None:
    show(
        f"a password of awkward shape ({shape}), from every source, over tcp and unix, right and wrong, and servers "
        "that send it back",
        "0 hits of it, its base64 and percent forms in output, terminal, debug log, journal, crash file, pictures, "
        "process list, environments of children",
        f"0 hits in {looked} places of {runs} runs",
    )
