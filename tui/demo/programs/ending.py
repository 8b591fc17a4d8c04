"""Ends by itself: `ending.py SECONDS CODE [LAST WORDS]`."""

from __future__ import annotations

import sys
import time


def main() -> None:
    seconds, code, *words = sys.argv[1:]
    time.sleep(float(seconds))
    if words:
        sys.stderr.write(" ".join(words) + "\n")
    sys.exit(int(code))


if __name__ == "__main__":
    main()
