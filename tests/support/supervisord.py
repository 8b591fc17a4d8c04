"""A real supervisord for tests: its own directory, a free port or a unix socket, gone when the test ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui.model.endpoint import Endpoint

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1

SLEEPER = "[program:sleeper]\ncommand=sleep 1000\nstartsecs=0\n"


def wait_until(
    condition: object, *, seconds: float = 15.0, what: str = "the condition", pause: float = 0.02
) -> None:
    """Return as soon as the callable `condition` is true, looking every `pause` seconds; fail naming `what` after `seconds`."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds:g} s")
        time.sleep(pause)


def ignores_term(pid: int) -> bool:
    """Whether a program that is to withstand a TERM has come so far; 0 is no program."""
    status = Path(f"/proc/{pid}/status")
    if not pid or not status.exists():
        return False
    ignored = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("SigIgn")]
    return bool(ignored) and bool(int(ignored[0], 16) >> (signal.SIGTERM - 1) & 1)


def free_port() -> int:
    """A loopback TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _OneRequest(xmlrpc.client.Transport):
    """A connection for each request: nothing is left open, and nothing is sent a second time."""

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:  # noqa: ANN401
        try:
            return self.single_request(host, handler, request_body, verbose)
        finally:
            self.close()


@dataclass
class RealSupervisord:
    """One running supervisord; `programs` is the text of its program sections."""

    directory: Path
    programs: str = SLEEPER
    user: str = ""
    password: str = ""
    unix: bool = False
    loglevel: str = "info"
    site: Path | None = None
    """A directory holding another supervisor release, as made by `pip install --target`; None: the one installed."""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        return self.directory / "s.sock"

    @property
    def config_path(self) -> Path:
        return self.directory / "supervisord.conf"

    @property
    def main_log(self) -> Path:
        return self.directory / "supervisord.log"

    @property
    def endpoint(self) -> Endpoint:
        if self.unix:
            return Endpoint("unix", socket=self.socket_path)
        return Endpoint("http", host="127.0.0.1", port=self.port)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def write_config(self, programs: str | None = None) -> None:
        """Write the configuration file, with other program sections if given; supervisord is not told."""
        if programs is not None:
            self.programs = programs
        login = f"username={self.user}\npassword={self.password}\n" if self.user else ""
        server = (
            f"[unix_http_server]\nfile={self.socket_path}\n{login}"
            if self.unix
            else f"[inet_http_server]\nport=127.0.0.1:{self.port}\n{login}"
        )
        self.config_path.write_text(
            f"{server}\n"
            f"[supervisord]\nnodaemon=true\nlogfile={self.main_log}\nloglevel={self.loglevel}\n"
            f"pidfile={self.directory}/supervisord.pid\nchildlogdir={self.directory}\n\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\n"
            f"{self.programs}\n"
        )

    def start(self) -> None:
        """Start it and return when it answers."""
        self.write_config()
        environment = dict(os.environ)
        environment.pop("SUPERVISOR_TUI_CONFIG", None)
        if self.site is not None:
            environment["PYTHONPATH"] = str(self.site)
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-c",
                "from supervisor.supervisord import main; main()",
                "-n",
                "-c",
                str(self.config_path),
            ],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        wait_until(self.answers, what="supervisord to answer")

    def answers(self) -> bool:
        """Whether something accepts connections at its address."""
        family, address = (
            (socket.AF_UNIX, str(self.socket_path))
            if self.unix
            else (socket.AF_INET, ("127.0.0.1", self.port))
        )
        with socket.socket(family) as probe:
            probe.settimeout(1)
            return probe.connect_ex(address) == 0

    @property
    def proxy(self) -> xmlrpc.client.ServerProxy:
        """The standard library's client (TCP only): an independent witness of what supervisord holds."""
        login = f"{self.user}:{self.password}@" if self.user else ""
        return xmlrpc.client.ServerProxy(f"http://{login}127.0.0.1:{self.port}/RPC2", _OneRequest())

    def kill(self) -> None:
        """Kill it alone: what it runs goes on without it, and `start` starts another one."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop its clock: it keeps its connections and answers nothing until `thaw`."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it and everything it runs."""
        if self.process is None:
            return
        children = _children_of(self.process.pid)
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            # A child forked after the first look, and told to end before its exec, has ignored that.
            children += _children_of(self.process.pid)
            self.process.kill()
            self.process.wait()
        for child in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        self.process = None


def _end_with_parent() -> None:
    """A killed test run leaves no supervisord behind: the kernel ends it, and it ends what it runs."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _children_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in children.read_text().split()] if children.exists() else []


@contextlib.contextmanager
def running_supervisord(
    programs: str = SLEEPER,
    *,
    user: str = "",
    password: str = "",
    unix: bool = False,
    loglevel: str = "info",
    site: Path | None = None,
) -> Iterator[RealSupervisord]:
    """A started supervisord in a short private directory (unix socket paths must fit in 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="stui-", ignore_cleanup_errors=True) as directory:
        daemon = RealSupervisord(Path(directory), programs, user, password, unix, loglevel, site)
        daemon.start()
        try:
            yield daemon
        finally:
            daemon.stop()
