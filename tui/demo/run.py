"""`supervisor-tui demo`: a real local fleet up, the screen (or the tour, or nothing) on it, the fleet down again.

Who comes in: the composition root, with how to open the screen. What leaves: an exit code. However this ends (a key,
ctrl-c, TERM, HUP, a crash, KILL) nothing of the fleet outlives it by more than a few seconds; see `keeper`.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from tui.config.paths import state_place
from tui.demo.fleet import DemoFleet, require_demo_extra

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_demo(open_screen: Callable[[Path], int], hosts: int, no_ui: bool) -> int:
    """Run the demo with so many hosts; the exit code. Raises UsageError when the `demo` extra is missing."""
    require_demo_extra()
    for number in _ENDINGS:
        signal.signal(number, _end)
    on_screen = not no_ui and _has_screen()
    began = time.monotonic()
    _say(f"starting {hosts} supervisords on this machine …", error=on_screen)
    with DemoFleet(hosts) as fleet:
        _say(f"fleet up in {time.monotonic() - began:.1f} s: {', '.join(fleet.names)}", error=on_screen)
        own_state = state_place()
        _keep_to_ourselves(fleet)
        if no_ui:
            return _wait_for_the_end(fleet)
        if on_screen:
            try:
                return open_screen(fleet.hosts_file)
            finally:
                _save_crash_files(fleet, own_state)
        code = _tour(fleet)
        began = time.monotonic()
    _say(f"\nfleet down in {time.monotonic() - began:.1f} s: no process and no file is left")
    return code


def _tour(fleet: DemoFleet) -> int:
    from tui.demo.tour import give_tour

    return give_tour(fleet, _say)


def _wait_for_the_end(fleet: DemoFleet) -> int:
    """Tell where everything is, and sleep until somebody ends us; that is how this is meant to end, so it is 0."""
    try:
        _say(f"hosts file: {fleet.hosts_file}")
        for host in fleet.hosts.values():
            _say(f"  {host.name}  {host.url}")
        for name, url in fleet.site_urls.items():
            _say(f"  the site on {name}  {url}")
        _say("try: supervisor-tui -c FILE status · end with ctrl-c")
        while True:
            signal.pause()
    except (SystemExit, KeyboardInterrupt):
        return 0


def _has_screen() -> bool:
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return terminal and os.environ.get("TERM", "") not in ("", "dumb")


def _keep_to_ourselves(fleet: DemoFleet) -> None:
    """The journal and the memory of this run belong to the fleet and go with it, not to the user's own."""
    os.environ["XDG_STATE_HOME"] = str(fleet.state_dir)
    os.environ["XDG_CACHE_HOME"] = str(fleet.state_dir)


def _save_crash_files(fleet: DemoFleet, place: Path) -> None:
    """What a crash of the screen has left behind must not go with the fleet."""
    for file in fleet.state_dir.rglob("crash-*.txt"):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _say(f"kept: {shutil.copy(file, place)}", error=True)


def _end(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


def _say(text: str, *, error: bool = False) -> None:
    stream = sys.stderr if error else sys.stdout
    stream.write(text + "\n")
    stream.flush()
