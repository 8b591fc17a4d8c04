"""Logs all the time: colours, wide characters, long lines, and now and then bytes that are not UTF-8."""

from __future__ import annotations

import itertools
import sys
import time

LINES = (
    b"\x1b[32mINFO\x1b[0m  request \x1b[1m/orders/%d\x1b[0m 200 in \x1b[36m12 ms\x1b[0m\n",
    b"\x1b[33mWARN\x1b[0m  cache miss for key \x1b[38;5;208muser:%d\x1b[0m\n",
    "INFO  名前 を更新しました — order %d ✓ 🚚\n".encode(),
    b"\x1b[38;2;120;160;255mDEBUG\x1b[0m caf\xe9 \xff\xfe latin-1 from an old module, item %d\n",
    b"INFO  a long one, item %d: " + b"lorem ipsum dolor sit amet " * 12 + b"\n",
)


def main() -> None:
    for number in itertools.count(1):
        line = LINES[number % len(LINES)] % number
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if number % 9 == 0:
            sys.stderr.write(f"\x1b[31mERROR\x1b[0m upstream timed out, attempt {number // 9}\n")
            sys.stderr.flush()
        time.sleep(0.5)


if __name__ == "__main__":
    main()
