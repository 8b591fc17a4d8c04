"""What a test of safety showed: `show` writes a row for the table of docs/safety.md.

`make torture` sets two variables: SAFETY=whole asks for every case instead of a sample, and SAFETY_ROWS names the file
that the rows go to. Without them `show` does nothing, and a test asserts what it asserts either way: the row is written
after the assertions, so that a table never shows what did not hold.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

WHOLE = os.environ.get("SAFETY") == "whole"
"""Every case instead of a sample."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row of the table."""

    name: str
    """What was done to the program: a phrase that can stand alone."""
    promised: str
    seen: str
    """With figures of this run."""


def show(name: str, promised: str, seen: str) -> None:
    """Record what a test has just shown; the last one of a name counts."""
    rows = os.environ.get("SAFETY_ROWS")
    if rows:
        with Path(rows).open("a") as out:
            out.write(json.dumps(asdict(Shown(name, promised, seen))) + "\n")
