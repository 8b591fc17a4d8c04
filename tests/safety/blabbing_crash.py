"""The program with a mistake in it, whose error holds what a host sent: at the first tick with rows. `python -m` this."""

from __future__ import annotations

from tui.__main__ import main
from tui.ui.screens.fleet import FleetScreen

_tick = FleetScreen.tick


def _raise_with_rows(screen: FleetScreen) -> None:
    _tick(screen)
    rows = [process for host in screen.engine.picture.hosts.values() for process in host.processes]
    if rows:
        raise KeyError("".join(process.key.name for process in rows))


if __name__ == "__main__":
    FleetScreen.tick = _raise_with_rows  # type: ignore[assignment, method-assign]
    main()
