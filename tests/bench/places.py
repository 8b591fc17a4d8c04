"""The program as a user starts it: where it is, in which terminal, with which environment, on which hosts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

COLUMNS, ROWS = 200, 60
PROGRAM = Path(sys.executable).with_name("supervisor-tui")


def environment_of(home: Path) -> dict[str, str]:
    """As a user's: with compiled modules, and in nobody's way."""
    left_out = ("SSH_", "TMUX", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "CACHE")}
    return {**kept, **places, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
