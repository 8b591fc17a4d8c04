"""How soon the screen shows its frame, before any host has answered, beside a bare Textual program in the same run.

The only host accepts connections and never says anything, so whatever is painted was painted without an answer.
Wall time from start to the first screen in a real pseudo-terminal, medians.
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect

from tests.bench.figures import Figure, TimesAtMost, run
from tests.support.terminal import run_in_terminal

RUNS = 5
BARE = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Bare(App):\n"
    "    def compose(self):\n"
    "        yield Static('FIRST PAINT')\n"
    "Bare().run()\n"
)


def first_paint(place: Path, port: int) -> float:
    """Seconds until our frame is on the screen."""
    hosts = place / "hosts.yaml"
    hosts.write_text(f"hosts:\n  silent: http://127.0.0.1:{port}\n")
    hosts.chmod(0o600)
    began = time.perf_counter()
    with run_in_terminal("-c", str(hosts), home=place) as terminal:
        text = terminal.wait_for("1 host")
        seconds = time.perf_counter() - began
        assert "RUNNING" not in text
    return seconds


def bare_paint() -> float:
    """Seconds until a Textual program with one widget shows it."""
    began = time.perf_counter()
    child = pexpect.spawn(sys.executable, ["-c", BARE], dimensions=(40, 120), timeout=20)
    child.expect("FIRST PAINT")
    seconds = time.perf_counter() - began
    child.close(force=True)
    return seconds


def measure(quick: bool) -> Iterator[Figure]:
    """The frame of a fleet that does not answer."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        first_paint(Path(directory), port)
        pairs = [(bare_paint(), first_paint(Path(directory), port)) for _ in range(2 if quick else RUNS)]
    bare, ours = (statistics.median(times) * 1000 for times in zip(*pairs, strict=True))
    yield Figure(
        "first paint, no host has answered", ours, "ms", TimesAtMost(1.25), "a bare Textual program", bare
    )


if __name__ == "__main__":
    run(measure)
