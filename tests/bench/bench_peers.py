"""Others that show supervisords, side by side with ours: supervisorctl in a shell's loop, and multivisor.

Wall time from the start of a command until it has shown every process. multivisor shows the same to all who come later at
no cost, and needs a plugin in each supervisord for that.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure, Size, run
from tests.bench.multivisor import (
    NotToBeHadError,
    multivisor_site,
    running_supervisords,
    seconds_to_picture,
)
from tests.bench.places import environment_of
from tests.support.fake_fleet import Plan, running_fake_fleet
from tests.support.supervisord import RealSupervisord, wait_until

HOSTS = {Size.FULL: 100, Size.QUICK: 10, Size.SMOKE: 2}
PROCESSES = 50
AT_ONCE = 16
BIN = Path(sys.executable).parent
REAL_HOSTS, REAL_PROCESSES = 10, 10
PROGRAMS = (
    "[program:w]\ncommand=sleep 100000\nprocess_name=%(program_name)s_%(process_num)02d\n"
    f"startsecs=0\nnumprocs={REAL_PROCESSES}\n"
)


def seconds(command: Sequence[str], home: Path, rows: int, given: str = "") -> float:
    """Until a command has ended, which must have written so many lines that say RUNNING."""
    began = time.perf_counter()
    ended = subprocess.run(
        command, env=environment_of(home), input=given, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - began
    if ended.stdout.count("RUNNING") < rows:
        raise RuntimeError(f"{command[0]} did not show every process: {ended.stderr}")
    return taken


def by_supervisorctl(home: Path, ports: Sequence[int], rows: int, at_once: int) -> float:
    """A status of each, so many at a time."""
    urls = "".join(f"http://127.0.0.1:{port}\n" for port in ports)
    one = ["xargs", "-P", str(at_once), "-I", "URL", str(BIN / "supervisorctl"), "-s", "URL", "status"]
    return seconds(one, home, rows, urls)


def ours(home: Path, hosts_yaml: Path, rows: int) -> float:
    """Our own status, the median of three."""
    command = [str(BIN / "supervisor-tui"), "-c", str(hosts_yaml), "status"]
    return sorted(seconds(command, home, rows) for _ in range(3))[1]


def beside_supervisorctl(home: Path, hosts: int) -> Iterator[Figure]:
    """A status of every host of a fake fleet."""
    rows = hosts * PROCESSES
    with running_fake_fleet(Plan(hosts, PROCESSES)) as fleet:
        mine = ours(home, fleet.hosts_yaml, rows)
        what = f"status of {hosts} hosts x {PROCESSES}, command and all"
        for at_once, against in (
            (1, "supervisorctl, one host after another"),
            (AT_ONCE, "xargs -P16 supervisorctl"),
        ):
            taken = by_supervisorctl(home, fleet.ports, rows, at_once)
            yield Figure(what, mine, "s", None, against, taken)


def beside_multivisor(home: Path) -> Iterator[Figure]:
    """A picture of real supervisords with its plugin; ours alone where it cannot be installed."""
    rows = REAL_HOSTS * REAL_PROCESSES
    note, site, theirs = "", None, None
    try:
        site = multivisor_site()
    except NotToBeHadError as reason:
        note = f"multivisor could not be installed: {reason}"
    with running_supervisords(REAL_HOSTS, PROGRAMS, site) as found:
        hosts_yaml = home / "hosts.yaml"
        urls = [f"  h{number}: {daemon.endpoint.url}\n" for number, (daemon, _) in enumerate(found)]
        hosts_yaml.write_text("hosts:\n" + "".join(urls))
        hosts_yaml.chmod(0o600)
        for daemon, _ in found:
            wait_until(all_run(daemon), seconds=60, what="every process")
        mine = ours(home, hosts_yaml, rows)
        if site is not None:
            theirs = seconds_to_picture(home, [port for _, port in found], rows)
    what = f"status of {REAL_HOSTS} real hosts x {REAL_PROCESSES}, command and all"
    yield Figure(what, mine, "s", None, "multivisor, from its start to its data", theirs, note)


def all_run(daemon: RealSupervisord) -> Callable[[], bool]:
    """Whether its processes run."""
    asked = daemon.proxy.supervisor.getAllProcessInfo
    return lambda: [row["statename"] for row in rows_of(asked())].count("RUNNING") == REAL_PROCESSES


def rows_of(answer: Any) -> list[dict[str, Any]]:  # noqa: ANN401  (what xmlrpc.client gives)
    """An answer of getAllProcessInfo."""
    return list(answer)


def measure(size: Size) -> Iterator[Figure]:
    """Both."""
    with tempfile.TemporaryDirectory() as directory:
        yield from beside_supervisorctl(Path(directory), HOSTS[size])
        if size is Size.FULL:
            yield from beside_multivisor(Path(directory))


if __name__ == "__main__":
    run(measure)
