"""An event listener: speaks supervisord's protocol on stdin and stdout, and writes what it hears to stderr.

The protocol is supervisor/dispatchers.py:PEventListenerDispatcher: READY, then a header line with the payload's length,
the payload, and RESULT in answer.
"""

from __future__ import annotations

import sys


def main() -> None:
    while True:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        header = sys.stdin.readline()
        if not header:
            return
        fields = dict(word.split(":", 1) for word in header.split())
        payload = sys.stdin.read(int(fields["len"]))
        sys.stderr.write(f"{fields['eventname']} {payload.splitlines()[0] if payload else ''}\n")
        sys.stderr.flush()
        sys.stdout.write("RESULT 2\nOK")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
