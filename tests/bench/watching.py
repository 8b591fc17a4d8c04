"""A process that keeps a fleet current, and what that takes: for `bench_steady` and `bench_growth`.

`Screen` is the whole program in a terminal that somebody reads; `Watcher` is an engine without a screen, which can say how
long a sweep took. `python -m tests.bench.watching ours HOSTS.YAML` is the watcher's process,
`python -m tests.bench.watching theirs PORT ...` the obvious one's, 32 threads of xmlrpc.client. Linux only: both are
measured from outside, by /proc.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect

from tests.bench.others import PollingThreads
from tests.bench.places import COLUMNS, PROGRAM, ROWS, environment_of

if TYPE_CHECKING:  # whoever only measures does not import it
    from tui.engine.engine import Engine

PERIOD = 2.0
PATIENCE = 300.0
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process since it began, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def peak_mb(pid: int) -> float:
    """The most memory that a process ever held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


class Screen:
    """The program on a fleet, in a terminal."""

    def __init__(self, child: pexpect.spawn) -> None:
        self._child = child
        self.pid: int = child.pid

    def read_for(self, seconds: float) -> int:
        """Take what it writes for so long: how many bytes came."""
        until, taken = time.perf_counter() + seconds, 0
        while (left := until - time.perf_counter()) > 0:
            with contextlib.suppress(pexpect.TIMEOUT):
                taken += len(self._child.read_nonblocking(1 << 16, timeout=min(left, 0.5)))
        return taken

    def percent(self, seconds: float) -> float:
        """Percent of a core that it takes in the next `seconds`."""
        spent, began = cpu_seconds(self.pid), time.perf_counter()
        self.read_for(seconds)
        return 100 * (cpu_seconds(self.pid) - spent) / (time.perf_counter() - began)


@contextlib.contextmanager
def running_screen(hosts_yaml: Path) -> Iterator[Screen]:
    """The program on the hosts of this file, until the block ends."""
    with tempfile.TemporaryDirectory() as directory:
        command = [str(PROGRAM), "-c", str(hosts_yaml)]
        environment = environment_of(Path(directory))
        child = pexpect.spawn(command[0], command[1:], dimensions=(ROWS, COLUMNS), env=environment)
        try:
            yield Screen(child)
        finally:
            child.send("\x11")  # ctrl+q
            with contextlib.suppress(pexpect.EOF, pexpect.TIMEOUT):
                child.expect(pexpect.EOF, timeout=20)
            child.close(force=True)


class Watcher:
    """An engine in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid
        self.answering = 0
        """Hosts that had answered at the end of the last sweep."""
        self.first_sweep = self._swept()
        """Seconds from nothing until every host had answered, or failed."""

    def sweep(self) -> float:
        """Seconds until every host has been read anew, or has failed."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        return self._swept()

    def percent(self, seconds: float) -> float:
        """Percent of a core that it takes in the next `seconds`."""
        return percent(self.pid, seconds)

    def _swept(self) -> float:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the watcher has ended")
        seconds, answering = line.split()
        self.answering = int(answering)
        return float(seconds)


def percent(pid: int, seconds: float) -> float:
    """Percent of a core that a process takes in the next `seconds`."""
    spent, began = cpu_seconds(pid), time.perf_counter()
    time.sleep(seconds)
    return 100 * (cpu_seconds(pid) - spent) / (time.perf_counter() - began)


@contextlib.contextmanager
def running_watcher(hosts_yaml: Path) -> Iterator[Watcher]:
    """An engine that has heard of every host of this file."""
    with _running("ours", str(hosts_yaml)) as process:
        yield Watcher(process)


@contextlib.contextmanager
def running_threads(ports: Sequence[int]) -> Iterator[int]:
    """The obvious watcher of these hosts, once each was asked: its pid."""
    with _running("theirs", *map(str, ports)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.bench.watching", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        try:
            yield process
        finally:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
            process.kill()


def _ours(hosts_yaml: str) -> None:
    """Say how long the first sweep took; then sweep once for each line that comes."""
    from tui.config.load import load
    from tui.engine.engine import Engine

    engine = Engine(load(Path(hosts_yaml)))
    began = time.monotonic()
    engine.start()
    try:
        _tell(engine, engine.wait_answered(PATIENCE), began)
        while sys.stdin.readline():
            began = time.monotonic()
            engine.poll_now()
            _tell(engine, _tried_since(engine, began), began)
    finally:
        engine.stop(0)


def _tried_since(engine: Engine, began: float) -> bool:
    """Wait until every host has been tried after `began`; False when that takes too long."""
    waiting = list(engine._watch._pollers.values())  # the picture would be up to a second late
    while waiting and time.monotonic() - began < PATIENCE:
        time.sleep(0.005)
        waiting = [poller for poller in waiting if (poller.snapshot.tried_at or 0.0) < began]
    return not waiting


def _tell(engine: Engine, done: bool, began: float) -> None:
    if not done:
        sys.exit("not every host was read in time")
    print(time.monotonic() - began, engine.picture.counts.answering, flush=True)


def _theirs(*ports: str) -> None:
    """Poll until stdin ends; a line when each host was asked once."""
    with PollingThreads([int(port) for port in ports], PERIOD) as threads:
        while threads.polls < len(ports):
            time.sleep(0.05)
        print("asked", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "ours":
        _ours(sys.argv[2])
    else:
        _theirs(*sys.argv[2:])
