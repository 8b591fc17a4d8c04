"""The program with mistakes in it that blurt out every password: `python -m` this, with BLAB saying where.

`log` and `thread` blurt and go on, `command` ends a command, `screen` the screen, `start` the reading of the configuration.
"""

from __future__ import annotations

import base64
import logging
import os
import threading
from pathlib import Path

import tui.config.load
from tui.__main__ import main
from tui.config.schema import Settings
from tui.engine.engine import Engine
from tui.ui.screens.fleet import FleetScreen

WHERE = os.environ.get("BLAB", "").split(",")


def _everything(engine: Engine) -> str:
    passwords = {secret.reveal() for secret in engine._connections._passwords.values()}
    return " ".join(f"{p} {p!r} {base64.b64encode(f'admin:{p}'.encode()).decode()}" for p in passwords)


class _Unraisable:
    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words

    def __del__(self) -> None:
        raise ValueError(self.words)


_start = Engine.start
_tick = FleetScreen.tick


def _start_and_blab(engine: Engine) -> None:
    said = _everything(engine)
    if "log" in WHERE:
        logging.getLogger("asyncio").debug("sent %s", said)
        logging.getLogger("tui.rpc").warning("sent %s", [said, said.encode()])
    if "thread" in WHERE:
        thread = threading.Thread(target=int, args=(said,))
        thread.start()
        thread.join()
        _Unraisable(said)
    if "command" in WHERE:
        raise ValueError(said)
    _start(engine)


def _tick_and_blab(screen: FleetScreen) -> None:
    _tick(screen)
    local = _everything(screen.engine)
    if "screen" in WHERE and Path(os.environ["CRASH"]).exists():
        raise ValueError(f"sent {local}")


def _blab_while_reading(path: Path) -> Settings:
    raise ValueError(f"cannot make sense of {path.read_text()}")


Engine.start = _start_and_blab  # type: ignore[method-assign, assignment]
FleetScreen.tick = _tick_and_blab  # type: ignore[assignment, method-assign]
if "start" in WHERE:
    tui.config.load.load = _blab_while_reading

if __name__ == "__main__":
    main()
