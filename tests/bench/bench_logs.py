"""What logs cost: twenty busy ones followed, a large one opened, 200,000 lines searched; each beside a baseline of the run.

The logs are written by one `supervisord`'s programs and followed by the real program in a pseudo-terminal of 200x60 that
is read as fast as it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.bench.figures import AtMost, Figure, Size, run
from tests.support.supervisord import RealSupervisord, running_supervisord
from tests.ui.widgets.stage import staged, until
from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine
from tui.engine.logs.following import LogFollow
from tui.engine.logs.lines import LogLine
from tui.model.log_search import LogSearch
from tui.model.process import ProcessKey
from tui.ui.widgets.log_memory import LogMemory
from tui.ui.widgets.log_view import LogView

COLUMNS, ROWS = 200, 60
LOGS, LINES_A_SECOND = 20, 500
PROGRAM = Path(sys.executable).with_name("supervisor-tui")
LINE = (
    "2026-11-25 12:00:00 INFO request {n} GET /api/v1/things/{n} 200 12ms user=alice trace=00000000deadbeef"
)
WRITER = f"""
import sys, time
n, began = 0, time.monotonic()
while True:
    sys.stdout.write("".join({LINE!r}.format(n=n + i) + "\\n" for i in range(25)))
    sys.stdout.flush()
    n += 25
    time.sleep(max(0, began + n / {LINES_A_SECOND} - time.monotonic()))
"""
GIBIBYTE = 1 << 30
SEARCHED = 200_000


def measure(size: Size) -> Iterator[Figure]:
    """Everything."""
    yield from search_figures(SEARCHED if size is not Size.SMOKE else 2_000)
    yield from opening_figures({Size.FULL: 9, Size.QUICK: 3, Size.SMOKE: 1}[size])
    if size is Size.SMOKE:
        yield from following_figures(3, 1.0, 0.5)
    else:
        seconds, settle = (20.0, 4.0) if size is Size.FULL else (2.0, 1.0)
        yield from following_figures(LOGS, seconds, settle)


# --- search ---------------------------------------------------------------------------------------------------------


def search_figures(count: int) -> Iterator[Figure]:
    """In memory, as the log view holds it; the baseline is `re` over the same lines, one after another."""
    key = ProcessKey("web-01", "api", "gunicorn")
    memory = LogMemory()
    lines = [LogLine(key, "stdout", LINE.format(n=n), 1.0) for n in range(count)]
    memory.add(lines)
    for what, text in (("a word", "trace=0badcafe"), ("a word in its exact case", "Traceback")):
        search = LogSearch.parse(text)
        pattern = re.compile(re.escape(text), re.IGNORECASE)
        ours = least(lambda search=search: memory.count(search.matches))
        theirs = least(lambda pattern=pattern: [line for line in memory.lines if pattern.search(line.text)])
        yield Figure(
            f"search {count:,} lines for {what}", ours, "ms", AtMost(200), "re.search per line", theirs
        )
    text = "/5\\d\\d \\d+ms/"
    search, plain = LogSearch.parse(text), re.compile(text[1:-1], re.IGNORECASE)
    yield Figure(
        f"search all of {count:,} lines for a pattern",
        least(lambda: memory.count(search.matches, 60)),
        "ms",
        AtMost(1_000),
        "re.search per line",
        least(lambda: [line for line in memory.lines if plain.search(line.text)]),
        "The time limit costs about 2 µs a line.",
    )
    yield Figure(
        f"search {count:,} lines for a pattern, counted as far as 200 ms lead",
        least(lambda: memory.count(search.matches)),
        "ms",
        AtMost(250),
    )
    yield giving_up_figure(lines)


ENDLESS, TRAP = "/(a|aa)+$/", "a" * 60 + "b"
"""A pattern and a line on which it would try more ways than a life has seconds."""


def giving_up_figure(lines: Sequence[LogLine]) -> Figure:
    """On the real view, on the wall clock: what a user waits."""

    async def waited() -> float:
        view = LogView()
        async with staged(view, size=(COLUMNS, ROWS)) as (app, _pilot):
            view.add_lines([*lines, *(replace(lines[0], text=TRAP) for _ in range(500))])
            began = time.perf_counter()
            view.search(ENDLESS)
            await until(lambda: any(isinstance(message, LogView.GaveUp) for message in app.heard))
            return 1000 * (time.perf_counter() - began)

    return Figure(
        "a pattern that would take for ever, until the log view says that it gave up",
        statistics.median(asyncio.run(waited()) for _ in range(5)),
        "ms",
        AtMost(300),
    )


def least(act: object, runs: int = 5) -> float:
    """Milliseconds of CPU, the least of some runs."""
    assert callable(act)
    times = []
    for _ in range(runs):
        began = time.process_time()
        act()
        times.append(1000 * (time.process_time() - began))
    return min(times)


# --- opening --------------------------------------------------------------------------------------------------------


def opening_figures(runs: int) -> Iterator[Figure]:
    """A log of a gibibyte, sparse; the baseline is supervisord's own time for the bytes that are shown."""
    with running_supervisord("[program:big]\ncommand=cat\nstartsecs=0\n") as daemon:
        answer = daemon.proxy.supervisor.getProcessInfo("big")
        path = Path(answer["stdout_logfile"])  # type: ignore[index,call-overload]
        with path.open("r+b") as file:
            file.truncate(GIBIBYTE)
            file.seek(0, os.SEEK_END)
            file.write(b"\n" + b"".join(LINE.format(n=n).encode() + b"\n" for n in range(3_000)))
        pairs = [(opened(daemon), host_time(daemon)) for _ in range(runs)]
    ours, host = (statistics.median(values) for values in zip(*pairs, strict=True))
    yield Figure(
        "open a log of 1 GiB until its end is there, beyond the host's own time",
        max(0.0, ours - host),
        "ms",
        AtMost(300),
        "the host's own time for those 64 KiB",
        host,
    )


def opened(daemon: RealSupervisord) -> float:
    """Milliseconds from `follow_logs` until the last line is there."""
    engine = Engine(Settings({"web": HostSettings("web", daemon.endpoint)}))
    engine.start()
    follow: LogFollow | None = None
    try:
        assert engine.wait_answered(10)
        seen: list[float] = []

        def take(lines: Sequence[LogLine]) -> None:
            if any("request 2999 " in line.text for line in lines):
                seen.append(time.perf_counter())

        began = time.perf_counter()
        follow = engine.follow_logs([ProcessKey("web", "big", "big")], frozenset({"stdout"}), take)
        while not seen:
            assert time.perf_counter() < began + 30
            time.sleep(0.001)
        return 1000 * (seen[0] - began)
    finally:
        if follow is not None:
            follow.close()
        engine.stop()


def host_time(daemon: RealSupervisord) -> float:
    """Milliseconds of the same read by the plainest client."""
    proxy = daemon.proxy
    proxy.supervisor.getState()
    began = time.perf_counter()
    proxy.supervisor.readProcessStdoutLog("big", -65536, 0)
    return 1000 * (time.perf_counter() - began)


# --- following ------------------------------------------------------------------------------------------------------


def following_figures(logs: int, seconds: float, settle: float) -> Iterator[Figure]:
    """CPU and bytes of the program while it follows busy logs on its screen; their streams are open after `settle`."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        script = home / "writer.py"
        script.write_text(WRITER)
        programs = (
            f"[program:busy]\ncommand={sys.executable} -S {script}\nnumprocs={logs}\n"
            "process_name=%(program_name)s-%(process_num)02d\nstartsecs=0\n"
        )
        with running_supervisord(programs) as daemon:
            hosts = home / "hosts.yaml"
            hosts.write_text(f"hosts:\n  web: http://127.0.0.1:{daemon.port}\n")
            hosts.chmod(0o600)
            plain = follow_plainly(home, hosts, seconds, settle)
            cpu, sent = follow_on_screen(home, hosts, seconds, settle)
    what = f"follow {logs} logs of {LINES_A_SECOND} lines/s at {COLUMNS}x{ROWS}"
    yield Figure(f"{what}: CPU", cpu, "% of a core", AtMost(30), "`tail -f` of ours into nothing", plain)
    written = logs * LINES_A_SECOND * (len(LINE) + 12) / 1000
    yield Figure(f"{what}: to the terminal", sent, "KB/s", AtMost(50), "what is written", written)


def environment(home: Path) -> dict[str, str]:
    """As a user's, in nobody's way."""
    left_out = ("SSH_", "TMUX", "COLUMNS", "LINES", "NO_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
    return {**kept, **places, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


def follow_plainly(home: Path, hosts: Path, seconds: float, settle: float) -> float:
    """Percent of a core that `tail -f` takes for the same logs."""
    command = [str(PROGRAM), "-c", str(hosts), "tail", "-f", "-n", "1", "busy:*"]
    with subprocess.Popen(command, env=environment(home), stdout=subprocess.DEVNULL) as child:
        try:
            time.sleep(settle)
            return cpu_percent(child.pid, seconds)
        finally:
            child.terminate()


def cpu_percent(pid: int, seconds: float) -> float:
    """Over so many seconds, of one core."""
    began, before = time.monotonic(), cpu_seconds(pid)
    time.sleep(seconds)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - began)


def cpu_seconds(pid: int) -> float:
    """Of a process, both in itself and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def follow_on_screen(home: Path, hosts: Path, seconds: float, settle: float) -> tuple[float, float]:
    """(percent of a core, KB/s to the terminal) of the screen: everything marked, then its log."""
    controller, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    child = subprocess.Popen(
        [str(PROGRAM), "-c", str(hosts)],
        env=environment(home),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(terminal)
    try:
        read_until(controller, b"busy-0", 20)
        read_for(controller, 1)
        os.write(controller, b"*")
        read_for(controller, 1)
        os.write(controller, b"l")
        read_until(controller, b"trace=", 20)
        read_for(controller, settle)
        began, before = time.monotonic(), cpu_seconds(child.pid)
        sent = read_for(controller, seconds)
        took = time.monotonic() - began
        return 100 * (cpu_seconds(child.pid) - before) / took, sent / 1000 / took
    finally:
        child.terminate()
        with contextlib.suppress(OSError):
            while child.poll() is None:
                read_for(controller, 0.1)
        os.close(controller)


def read_for(controller: int, seconds: float) -> int:
    """How many bytes came."""
    until, count = time.monotonic() + seconds, 0
    while (left := until - time.monotonic()) > 0:
        if select.select([controller], [], [], left)[0]:
            count += len(os.read(controller, 65536))
    return count


def read_until(controller: int, sign: bytes, seconds: float) -> None:
    """Wait for a word on the terminal."""
    until, seen = time.monotonic() + seconds, b""
    while sign not in seen:
        assert time.monotonic() < until, f"{sign!r} never came"
        if select.select([controller], [], [], 0.1)[0]:
            seen = seen[-100_000:] + os.read(controller, 65536)


if __name__ == "__main__":
    run(measure)
