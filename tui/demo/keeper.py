"""The process that owns the demo's supervisords, so that nothing of them outlives the demo, however that ends.

It is started by its path as a session of its own, and talks over two pipes. In come `run NAME` (start the supervisord
whose files lie in the directory NAME) and `stop`; end of file, which is how the death of whoever started us looks, means
`stop`. Out go `directory PATH` once, `running NAME PID` and `ended NAME CODE`.

The rule: a process is ours because it descends from us, never because of its name. On Linux we are the subreaper of
everything below us, so also a double-forked orphan hangs in our tree and can be found; and each supervisord is told by
the kernel when we die ourselves, and then takes its programs down. Imports only the standard library.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

GRACE_SECONDS = 2.0
"""So long supervisord may take to stop its programs in order; after that everything is killed."""
PREFIX = "supervisor-tui-demo-"
LONGEST_SOCKET = 100
"""Bytes of a unix socket's path that every system allows (Linux: 107)."""
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SUPERVISORD = "from supervisor.supervisord import main; main()"


def main() -> None:
    """Keep supervisords until told to stop, then take them and the directory away."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o077)
    directory = make_directory()
    try:
        keeper = Keeper(directory)
        keeper.keep()
    finally:
        take_down()
        remove(directory)


def make_directory() -> Path:
    """A private directory; in /tmp when the usual place has too long a name for unix sockets."""
    usual = tempfile.gettempdir()
    place = usual if len(os.fsencode(usual)) + len(PREFIX) + 40 < LONGEST_SOCKET else "/tmp"  # noqa: S108
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))


class Keeper:
    """Starts supervisords on request and tells when one ended."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.daemons: dict[int, str] = {}
        """Name by pid."""
        self.stopping = False
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        if self._libc is not None:
            self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def keep(self) -> None:
        """Serve the pipe until `stop`, its end, or TERM."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGTERM, self._stop)
        say(f"directory {self.directory}")
        pending = b""
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(wake_read, selectors.EVENT_READ)
            while not self.stopping:
                ready = {key.fd for key, _ in selector.select()}
                if wake_read in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake_read, 4096)
                    self._reap()
                if 0 in ready:
                    received = os.read(0, 4096)
                    if not received:
                        return
                    *lines, pending = (pending + received).split(b"\n")
                    for line in lines:
                        self._obey(line.decode())
        signal.set_wakeup_fd(-1)

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _obey(self, line: str) -> None:
        verb, _, name = line.partition(" ")
        if verb == "run":
            self._run(name)
        else:
            self.stopping = True

    def _run(self, name: str) -> None:
        home = self.directory / name
        with (home / "supervisord.out").open("ab") as output:
            daemon = subprocess.Popen(  # noqa: S603  our own interpreter
                [
                    sys.executable,
                    "-W",
                    "ignore",
                    "-c",
                    _SUPERVISORD,
                    "-n",
                    "-c",
                    str(home / "supervisord.conf"),
                ],
                cwd=home,
                env=environment(home),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=self._end_with_us(),  # one thread: nothing can be locked at the fork
            )
        self.daemons[daemon.pid] = name
        daemon.returncode = 0  # _reap collects it, not Popen
        say(f"running {name} {daemon.pid}")

    def _end_with_us(self) -> Callable[[], object] | None:
        """What a new supervisord does before its exec: ask the kernel for TERM at our death."""
        libc = self._libc
        return None if libc is None else lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    def _reap(self) -> None:
        for pid, code in reap():
            name = self.daemons.pop(pid, "")
            if name:
                say(f"ended {name} {code}")


def environment(home: Path) -> dict[str, str]:
    """What a supervisord and its programs get: nothing of the user's that could make one leave files elsewhere."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ", "PYTHONPATH") if name in os.environ}
    return kept | {
        "PATH": f"{home.parent / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def say(line: str) -> None:
    """Tell whoever started us; nobody may be listening any more."""
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode())


# --- the end --------------------------------------------------------------------------------------------------------


def take_down() -> None:
    """End everything below us: first in order, by asking each supervisord, then by force, until nothing is left."""
    ours = os.getpid()
    for pid, parent in every_process():
        if parent == ours:
            send(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and has_children():
        reap()
        time.sleep(0.02)
    while has_children():
        # Stopped first, so that none can fork while the tree is walked; again until a walk finds nobody.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in descendants(ours):
                send(pid, number)
        reap()
        time.sleep(0.01)


def remove(directory: Path) -> None:
    """Remove the directory and all in it, also when a dying program was faster than us with one more file."""
    for _ in range(50):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.02)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to what was a descendant a moment ago."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def has_children() -> bool:
    """Whether anything below us lives or waits to be reaped."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def reap() -> list[tuple[int, int]]:
    """Collect who has ended: pid and exit code, negative for a signal."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if not pid:
            return ended
        ended.append((pid, os.waitstatus_to_exitcode(status)))


def descendants(pid: int) -> list[int]:
    """Everything below a process, parents first."""
    below: dict[int, list[int]] = {}
    for child, parent in every_process():
        below.setdefault(parent, []).append(child)
    found = list(below.get(pid, ()))
    for child in found:
        found += below.get(child, ())
    return found


def every_process() -> list[tuple[int, int]]:
    """Pid and parent's pid of all processes, by /proc where there is one, else by `ps`."""
    pairs = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            after_name = entry.read_text(errors="replace").rpartition(")")[2].split()
            pairs.append((int(entry.parent.name), int(after_name[1])))
    if not pairs:
        listing = ["ps", "-A", "-o", "pid=,ppid="]
        table = subprocess.run(  # noqa: S603  a fixed command
            listing, capture_output=True, text=True, check=False
        ).stdout
        pairs = [(int(pid), int(parent)) for pid, parent in map(str.split, table.splitlines())]
    return pairs


if __name__ == "__main__":
    main()
