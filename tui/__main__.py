"""The composition root: the only place that knows the command line, the screen and the demo.

Each is imported when it is asked for: `supervisor-tui status` never imports the screen's toolkit, and the screen opens
without the command line's when its arguments need no parser.
"""

from __future__ import annotations

import gc
import sys

from tui import __version__

TYPE_CHECKING = (
    False  # `typing` itself is not needed, and would cost a third of the time to the first picture
)
if TYPE_CHECKING:
    from pathlib import Path

    from tui.cli.invocation import Invocation
    from tui.config.redactor import Redactor
    from tui.ui.last_picture import LastPicture, PlainArguments

GC_THRESHOLD = 20_000
"""New objects between two looks for cycles: Python's 700 costs a tenth of the start, which makes many objects and no garbage."""


def main() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:  # asked by scripts on every host: it need not wait for the command line
        sys.stdout.write(f"supervisor-tui, version {__version__}\n")
        return
    gc.set_threshold(GC_THRESHOLD)
    from tui.ui.last_picture import plain_arguments

    plain = plain_arguments(sys.argv[1:])
    if plain is not None:
        sys.exit(open_plainly(plain))
    from tui.cli.app import make_cli

    make_cli(open_screen, run_demo, protected)()


def open_plainly(arguments: PlainArguments) -> int:
    """Open the screen without the command line's parser: the last picture first; returns the exit code."""
    from tui.ui.last_picture import LastPicture

    with LastPicture(arguments) as last:
        from pathlib import Path

        from tui.cli.ending import told
        from tui.cli.invocation import Invocation
        from tui.errors import SupervisorTuiError

        invocation = Invocation(
            config=Path(arguments.config) if arguments.config else None,
            read_only="--read-only" in arguments.flags,
            no_mouse="--no-mouse" in arguments.flags,
            no_diff="--no-diff" in arguments.flags,
            protect=protected,
        )
        try:
            return open_screen(invocation, last)
        except (SupervisorTuiError, KeyboardInterrupt) as error:
            last.leave()  # before anything is said: nobody can read it on a screen that goes away
            return told(error)


def open_screen(invocation: Invocation, last: LastPicture | None = None) -> int:
    """Open the screen on the configured fleet until the user leaves; returns the exit code."""
    from tui.ui.guardian import guarded_terminal
    from tui.ui.opening import open_fleet, require_terminal

    require_terminal()
    assert sys.__stderr__ is not None
    with guarded_terminal(sys.__stderr__):
        settings = invocation.settings()
        if last is not None:
            last.check(settings.source)
        problems: list[str] = []
        passwords = invocation.passwords(settings, problems.append)
        return open_fleet(
            settings.warned(problems),
            passwords,
            read_only=invocation.read_only,
            select=invocation.select,
            mouse=not invocation.no_mouse,
            diff=not invocation.no_diff,
            last=last,
            redactor=None if invocation.protect is None else invocation.protect(),
        )


def protected() -> Redactor:
    """Guard this process's secrets, once; returns what is to be told each of them."""
    from tui.config.protection import protect

    return protect()


def run_demo(invocation: Invocation, hosts: int, no_ui: bool) -> int:
    """Start the demo fleet and open the screen on it, as the global options of the screen say."""
    from tui.demo.run import run_demo as run_the_demo

    def open_file(hosts_file: Path) -> int:
        from tui.cli.invocation import Invocation

        return open_screen(
            Invocation(config=hosts_file, no_diff=invocation.no_diff, protect=invocation.protect)
        )

    return run_the_demo(open_file, hosts, no_ui)


if __name__ == "__main__":
    main()
