"""The program with a mistake in it: as soon as the file named by CRASH is there, the screen raises. `python -m` this.

Or, when the file says so, it does something without end, and a file of that name and `.hangs` shows it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from tui.__main__ import main
from tui.ui.screens.fleet import FleetScreen

ENDLESS = "endless"
SECRET = "cr4sh-canary"
_tick = FleetScreen.tick


def _raise_when_told(screen: FleetScreen) -> None:
    _tick(screen)
    local_secret = SECRET
    told = Path(os.environ["CRASH"])
    if told.exists():
        while told.read_text() == ENDLESS:
            told.with_suffix(".hangs").touch()
            time.sleep(0.1)
        raise RuntimeError(f"a mistake of ours, made up of {len(local_secret)} characters")


if __name__ == "__main__":  # and only then: a test that takes a word from here must not crash the others
    FleetScreen.tick = _raise_when_told  # type: ignore[assignment, method-assign]
    main()
