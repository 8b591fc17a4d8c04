"""Ignores TERM for four seconds, as a program does that finishes its work first."""

from __future__ import annotations

import signal
import sys
import time

SECONDS = 4.0


def main() -> None:
    asked: list[float] = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(time.monotonic()))
    while not asked or time.monotonic() < asked[0] + SECONDS:
        time.sleep(0.2)
    sys.stdout.write("flushed, ending\n")


if __name__ == "__main__":
    main()
