"""Every bench, one after another, each in a process of its own: `python -m tests.bench [--quick | --smoke] [--rows FILE] [NAME ...]`.

`--rows FILE` is emptied first. After a bench that failed the others still run; the exit code is then that of the first that failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.figures import Size, add_size

BENCHES = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))


def main() -> int:
    """Run what was asked for; 0 when every bench ran."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    add_size(parser)
    parser.add_argument("--rows", type=Path, help="write the figures to this file, a JSON object a line")
    parser.add_argument("names", nargs="*", default=BENCHES, help="which (default: all)")
    options = parser.parse_args()
    if options.rows is not None:
        options.rows.parent.mkdir(parents=True, exist_ok=True)
        options.rows.write_text("")
    failed = 0
    for name in options.names:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"tests.bench.{name}"]
        command += [] if options.size is Size.FULL else [f"--{options.size.value}"]
        command += ["--rows", str(options.rows)] if options.rows is not None else []
        began = time.monotonic()
        ended = subprocess.run(command, check=False)
        if ended.returncode:
            print(f"{name} failed with exit code {ended.returncode}", file=sys.stderr)
            failed = failed or ended.returncode
        print(f"   ({time.monotonic() - began:.0f} s)\n", flush=True)
    return failed


if __name__ == "__main__":
    raise SystemExit(main())
