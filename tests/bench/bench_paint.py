"""How soon something is to be seen: the last picture, the frame, the rows; beside a bare Textual program in the same run.

Wall time from the start of the process until the bytes are there, in a real pseudo-terminal, medians. The terminal is
only read while the clock runs; what it showed when is worked out afterwards.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pexpect
import pyte

from tests.bench.figures import AtMost, Figure, Size, TimesAtMost, run
from tests.bench.places import COLUMNS, PROGRAM, ROWS, environment_of
from tests.support.fake_fleet import Plan, running_fake_fleet

RUNS = 7
PATIENCE = 15.0
BARE = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Bare(App):\n"
    "    def compose(self):\n"
    "        yield Static('FIRST PAINT')\n"
    "Bare().run()\n"
)
PICTURE, FRAME = r"as of \d+. ago", r"help  :"
LIMIT = (
    "one interpreter imports Textual, imports the rest, reads the rows and paints: what 10,000 rows cost to read comes on top "
    "of the imports, whichever is done first"
)


def seen_at(command: Sequence[str], home: Path, sign: bytes, wanted: str, *others: str) -> list[float]:
    """Milliseconds from the start until each pattern was to be seen, until `wanted` was; then a key ends the program.

    `sign` is a word among the bytes that show `wanted`, and among no earlier ones.
    """
    child = pexpect.spawn(
        command[0], list(command[1:]), dimensions=(ROWS, COLUMNS), env=environment_of(home), timeout=PATIENCE
    )
    began = time.perf_counter()
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    missing = {wanted, *others}
    found: dict[str, float] = {}
    unseen: list[tuple[float, bytes]] = []
    while wanted not in found and time.perf_counter() - began < PATIENCE:
        if not select.select([child.child_fd], [], [], 0.05)[0]:
            continue
        unseen.append((1000 * (time.perf_counter() - began), os.read(child.child_fd, 65536)))
        if sign not in unseen[-1][1]:
            continue  # nothing is worked out before it may be there: that would keep us from reading
        for at, piece in unseen:
            stream.feed(piece)
            text = "\n".join(screen.display)
            found |= {pattern: at for pattern in missing - set(found) if re.search(pattern, text)}
        unseen.clear()
    child.send("\x11q")  # ctrl+q for Textual's own, q for ours
    with contextlib.suppress(pexpect.EOF, pexpect.TIMEOUT):
        child.expect(pexpect.EOF, timeout=5)
    child.close(force=True)
    assert set(found) == missing, f"{missing - set(found)} not seen by {command}"
    return [found[pattern] for pattern in (wanted, *others)]


def _hosts(home: Path, *urls: str) -> list[str]:
    """The command that opens the screen on these."""
    path = home / "hosts.yaml"
    path.write_text("hosts:\n" + "".join(f"  host-{n:03d}: {url}\n" for n, url in enumerate(urls)))
    path.chmod(0o600)
    return [str(PROGRAM), "-c", str(path)]


def _medians(measured: Sequence[Sequence[float]]) -> list[float]:
    return [statistics.median(values) for values in zip(*measured, strict=True)]


def measure(size: Size) -> Iterator[Figure]:
    """The frame of a fleet that does not answer; picture and rows of one that does."""
    runs = RUNS if size is Size.FULL else 1
    bare_program = [sys.executable, "-c", BARE]
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as silent:
        home = Path(directory)
        ours = _hosts(home, f"http://127.0.0.1:{silent.getsockname()[1]}")
        seen_at(ours, home, b"help", FRAME)
        pairs = [
            (seen_at(bare_program, home, b"PAINT", "FIRST PAINT")[0], seen_at(ours, home, b"help", FRAME)[0])
            for _ in range(runs)
        ]
    bare, frame = _medians(pairs)
    against = "a bare Textual program"
    yield Figure("first paint, no host has answered", frame, "ms", TimesAtMost(1.25), against, bare)
    for hosts in {Size.FULL: (1, 200), Size.QUICK: (200,), Size.SMOKE: (3,)}[size]:
        with (
            tempfile.TemporaryDirectory() as directory,
            running_fake_fleet(Plan(hosts, processes=50)) as fleet,
        ):
            urls = [f"http://127.0.0.1:{port}" for port in fleet.ports]
            yield from _of_a_fleet(f"{hosts} x 50", Path(directory), urls, runs)


def _of_a_fleet(what: str, home: Path, urls: Sequence[str], runs: int) -> Iterator[Figure]:
    """How soon the last picture of these hosts, and how soon their live rows, are on the screen at a second start."""
    ours = _hosts(home, *urls)
    live_rows = (
        rf"{len(urls)} hosts?  . {len(urls)} up[^\n]*\n all"  # an old picture has its age in the second line
    )
    seen_at(ours, home, b"sort", live_rows)
    measured = [
        (
            *seen_at([sys.executable, "-c", "print('up')"], home, b"up", "up"),
            *seen_at([sys.executable, "-c", BARE], home, b"PAINT", "FIRST PAINT"),
            *seen_at(ours, home, b"sort", live_rows, PICTURE),
        )
        for _ in range(runs)
    ]
    python, bare, live, picture = _medians(measured)
    yield Figure(f"start to the last picture, {what}", picture, "ms", AtMost(30), "python -c print", python)
    yield Figure(
        f"start to the live rows of all hosts, {what}",
        live,
        "ms",
        TimesAtMost(1.25),
        "a bare Textual program",
        bare,
        note=LIMIT,
    )


if __name__ == "__main__":
    run(measure)
