"""The composition root: the only place that knows the command line, the screen and the demo.

Each is imported when it is asked for: `supervisor-tui status` never imports the screen's toolkit.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tui import __version__

if TYPE_CHECKING:
    from pathlib import Path

    from tui.cli.invocation import Invocation


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:  # asked by scripts on every host: it need not wait for the command line
        sys.stdout.write(f"supervisor-tui, version {__version__}\n")
        return
    from tui.cli.app import make_cli

    make_cli(open_screen, run_demo)()


def open_screen(invocation: Invocation) -> int:
    """Open the screen on the configured fleet until the user leaves; returns the exit code."""
    from tui.ui.opening import open_fleet, require_terminal

    require_terminal()
    settings = invocation.settings()
    return open_fleet(
        settings,
        invocation.passwords(settings),
        read_only=invocation.read_only,
        select=invocation.select,
        mouse=not invocation.no_mouse,
    )


def run_demo(hosts: int, no_ui: bool) -> int:
    """Start the demo fleet and open the screen on it."""
    from tui.demo.run import run_demo as run_the_demo

    return run_the_demo(_open_file, hosts, no_ui)


def _open_file(hosts_file: Path) -> int:
    from tui.cli.invocation import Invocation

    return open_screen(Invocation(config=hosts_file))


if __name__ == "__main__":
    main()
