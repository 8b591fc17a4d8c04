"""One of a pool: takes a job every few seconds and says so."""

from __future__ import annotations

import os
import sys
import time


def main() -> None:
    name = os.environ.get("SUPERVISOR_PROCESS_NAME", "worker")
    done = 0
    while True:
        sys.stdout.write(f"{time.strftime('%H:%M:%S')} {name} finished job {done}\n")
        sys.stdout.flush()
        done += 1
        time.sleep(3 + os.getpid() % 3)


if __name__ == "__main__":
    main()
