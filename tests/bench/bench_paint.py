"""How soon the screen shows its frame, before any host has answered, beside a bare Textual program in the same run.

The only host accepts connections and never says anything, so whatever is painted was painted without an answer.
Run by `make bench`. Wall seconds from start to the first screen in a real pseudo-terminal, medians.
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import pexpect

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


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory, socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        first_paint(Path(directory), port)
        pairs = [(bare_paint(), first_paint(Path(directory), port)) for _ in range(RUNS)]
    bare, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{'first paint, no host has answered':42} {'ms':>6} {'x bare Textual':>15}")
    print(f"{'a bare Textual program':42} {bare * 1000:6.0f} {1:15.2f}")
    print(f"{'supervisor-tui':42} {ours * 1000:6.0f} {ours / bare:15.2f}")


if __name__ == "__main__":
    main()
