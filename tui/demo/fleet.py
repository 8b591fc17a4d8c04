"""The demo's supervisords as one thing that is up or gone.

Who comes in: the screen, the tour, the tests. What leaves: a hosts file, and URLs. The rule: we start nothing ourselves but
the keeper, which outlives us just long enough to take everything down.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import importlib.util
import os
import queue
import secrets
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from tui.demo import keeper
from tui.demo.layout import USER, DemoHost, part_of, write_host, write_hosts_file, write_launchers
from tui.errors import SupervisorTuiError, UsageError

START_SECONDS = 40.0
STOP_SECONDS = keeper.GRACE_SECONDS + 10.0
ATTEMPTS = 5
"""So often a supervisord is tried on another port when somebody took the one we had found free."""
NEEDED = ("supervisor", "gunicorn", "gevent", "flask")
_PAUSE = 0.05


class DemoError(SupervisorTuiError):
    """The fleet did not come up."""


def require_demo_extra() -> None:
    """Raise UsageError with the command to type when what the fleet runs on is not installed."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the demo needs what is not installed here: {', '.join(missing)}",
            f"{sys.executable} -m pip install 'supervisor-tui[demo]' (in a checkout: make demo, or pip install -e '.[demo]')",
        )


class DemoFleet:
    """`hosts` supervisords with their programs; use it as a context manager, or call `stop`."""

    def __init__(self, hosts: int = 4) -> None:
        """Nothing is started before `start`."""
        self.names = tuple(f"pyweb{number}" for number in range(1, hosts + 1))
        self.hosts: dict[str, DemoHost] = {}
        self.directory = Path()
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._keeper: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def hosts_file(self) -> Path:
        return self.directory / "demo" / "hosts.yaml"  # the screen calls a fleet by its file's directory

    @property
    def state_dir(self) -> Path:
        """Where a program that looks at this fleet may keep what it likes; removed with the rest."""
        return self.directory / "state"

    @property
    def site_urls(self) -> dict[str, str]:
        """The sites that a browser can open, by host."""
        return {
            host.name: f"http://127.0.0.1:{host.site_port}/" for host in self.hosts.values() if host.site_port
        }

    def start(self) -> None:
        """Start all at the same time and return when each answers. Raises UsageError, DemoError."""
        require_demo_extra()
        self._start_keeper()
        try:
            write_launchers(self.directory / "bin")
            for name in self.names:
                self._run(name)
            self._wait_until_up()
            self.state_dir.mkdir(mode=0o700)
            self.hosts_file.parent.mkdir(mode=0o700)
            write_hosts_file(self.hosts_file, list(self.hosts.values()))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Take everything down; returns when no process and no file is left. May be called again."""
        keeper_process, self._keeper = self._keeper, None
        if keeper_process is None:
            return
        with contextlib.suppress(OSError):
            assert keeper_process.stdin is not None
            keeper_process.stdin.close()
        try:
            keeper_process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            keeper_process.kill()  # the kernel then tells each supervisord to end
            keeper_process.wait()
        if self._reader is not None:
            self._reader.join(1)
        if keeper_process.stdout is not None:
            keeper_process.stdout.close()
        if self.directory.name.startswith(keeper.PREFIX):
            keeper.remove(self.directory)

    def __enter__(self) -> DemoFleet:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- the keeper -------------------------------------------------------------------------------------------------

    def _start_keeper(self) -> None:
        self._keeper = subprocess.Popen(  # noqa: S603  our own interpreter
            [sys.executable, "-P", keeper.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        assert self._keeper.stdout is not None
        first = self._keeper.stdout.readline()
        if not first.startswith("directory "):
            raise DemoError("the demo's keeper did not start", "look at its messages above")
        self.directory = Path(first.removeprefix("directory ").rstrip("\n"))
        self._reader = threading.Thread(target=self._read, args=(self._keeper,), daemon=True)
        self._reader.start()

    def _read(self, keeper_process: subprocess.Popen[str]) -> None:
        assert keeper_process.stdout is not None
        for line in keeper_process.stdout:
            what, name, *_ = line.split()
            if what == "ended":
                self._ended.put(name)

    # --- supervisords -----------------------------------------------------------------------------------------------

    def _run(self, name: str) -> None:
        """Write a host's files with ports that are free now, and have it started."""
        number = int(name.removeprefix("pyweb"))
        tcp = number in (1, 2) or (number > 4 and number % 2 == 1)
        host = DemoHost(
            name=name,
            home=self.directory / name,
            port=free_port() if tcp else 0,
            password=secrets.token_urlsafe(12) if tcp else "",
            site_port=free_port() if tcp and part_of(name).site else 0,
        )
        write_host(host)
        self.hosts[name] = host
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        try:
            self._keeper.stdin.write(f"run {name}\n")
            self._keeper.stdin.flush()
        except BrokenPipeError:
            raise DemoError("the demo's keeper has ended", "try again") from None

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        attempts = dict.fromkeys(self.names, 1)
        waiting = list(self.names)
        while waiting:
            while not self._ended.empty():
                self._try_again(self._ended.get(), attempts)
            waiting = [name for name in waiting if not answers(self.hosts[name])]
            if waiting and time.monotonic() > deadline:
                raise DemoError(
                    f"{waiting[0]} did not answer within {START_SECONDS:g} s", self._last_words(waiting[0])
                )
            if waiting:
                time.sleep(_PAUSE)

    def _try_again(self, name: str, attempts: dict[str, int]) -> None:
        attempts[name] += 1
        if attempts[name] > ATTEMPTS:
            raise DemoError(f"the supervisord of {name} ends at once", self._last_words(name))
        self._run(name)

    def _last_words(self, name: str) -> str:
        with contextlib.suppress(OSError):
            lines = (self.directory / name / "supervisord.out").read_text(errors="replace").splitlines()
            return next((line for line in reversed(lines) if line.strip()), "it said nothing")
        return "it said nothing"


def free_port() -> int:
    """A loopback TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=2)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(2)
        self.sock.connect(os.fspath(self._path))


_QUESTION = (
    b"<?xml version='1.0'?><methodCall><methodName>supervisor.getIdentification</methodName></methodCall>"
)


def answers(host: DemoHost) -> bool:
    """Whether this very supervisord answers at its address: a stranger on the port fails the password or the name."""
    connection = (
        http.client.HTTPConnection("127.0.0.1", host.port, timeout=2)
        if host.port
        else _UnixConnection(host.socket)
    )
    login = base64.b64encode(f"{USER}:{host.password}".encode()).decode()
    headers = {"Content-Type": "text/xml"} | ({"Authorization": f"Basic {login}"} if host.port else {})
    try:
        connection.request("POST", "/RPC2", _QUESTION, headers)
        response = connection.getresponse()
        return response.status == 200 and f">{host.name}<".encode() in response.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
