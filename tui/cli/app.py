"""The command line's front door: global options, and each command loaded only when it is called.

Who comes in: `tui.__main__`, which hands over how to open the screen and how to run the demo, so that this room imports
neither. Who leaves: an exit code (`exit_codes`). A command's module is imported when it is named, so that `--version` and
completion stay quick.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui import __version__
from tui.cli.ending import (
    Interrupted,
    ReaderGone,
    ToldToEnd,
    end_in_order,
    leave_without_waiting,
    reader_gone,
    takes_more,
    told,
)
from tui.cli.exit_codes import ExitCode
from tui.cli.invocation import Invocation
from tui.errors import SupervisorTuiError

if TYPE_CHECKING:
    from tui.config.redactor import Redactor

OpenScreen = Callable[[Invocation], int]
RunDemo = Callable[[Invocation, int, bool], int]

COMMANDS: dict[str, tuple[str, str]] = {
    "status": ("tui.cli.status:status", "Print the processes of the fleet, or of the targets."),
    "start": ("tui.cli.act:start", "Start processes."),
    "stop": ("tui.cli.act:stop", "Stop processes."),
    "restart": ("tui.cli.act:restart", "Restart processes that run."),
    "retry": ("tui.cli.follow_up:retry", "Try again what failed in the last job that left something."),
    "resume": ("tui.cli.follow_up:resume", "Take up what it had not begun."),
    "undo": ("tui.cli.follow_up:undo", "Start again what it stopped, or stop what it started."),
    "signal": ("tui.cli.act:signal", "Send a signal to processes."),
    "send": ("tui.cli.act:send", "Send a line to the standard input of processes."),
    "tail": ("tui.cli.tail:tail", "Print the end of logs, and follow them."),
    "reread": ("tui.cli.daemon:reread", "Let supervisord read its files again; nothing is restarted."),
    "update": ("tui.cli.daemon:update", "Apply changed program files: the plan is shown first."),
    "daemon": (
        "tui.cli.daemon:daemon",
        "Restart or shut down supervisord itself, send it an event, read its log.",
    ),
    "watch": ("tui.cli.watch:watch", "Print one JSON line per state change, for ever."),
    "history": ("tui.cli.history:history", "Print what was seen to change, or restarts and availability."),
    "check": ("tui.cli.check:check", "Validate the configuration and probe every host."),
    "config": ("tui.cli.config_commands:config", "Make, show or explain the configuration."),
    "paths": ("tui.cli.config_commands:paths", "Print every file and directory in use."),
    "completion": ("tui.cli.completion:completion", "Print the completion script for a shell."),
    "demo": ("", "Start a real local fleet, open the screen on it, take it down at the end."),
}
"""Name -> (module:attribute, one line of help); the help stands here so that `--help` imports no command."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place, _ = COMMANDS.get(cmd_name, ("", ""))
        if not place:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from tui.text import nearest

            near = ", ".join(nearest(args[0], COMMANDS))
            hint = f" Did you mean: {near}?" if near else " `supervisor-tui --help` lists the commands."
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  (click's own signature)
        """Run the command; ctrl+c, and a reader that went away, are ours to answer: click would write first, and wait."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Interrupted from error
        except OSError as error:
            gone = reader_gone(error)
            if gone is None:
                raise
            raise gone from error

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  (click's own signature)
        """Run and exit: errors become one sentence on stderr and their exit code, never a traceback."""
        end_in_order()
        try:
            code = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            code = ExitCode.USAGE
        except click.Abort:
            code = told(KeyboardInterrupt())
        except (SupervisorTuiError, KeyboardInterrupt) as error:
            code = told(error)
        except Interrupted:
            if takes_more(sys.stderr):
                told(KeyboardInterrupt())
            leave_without_waiting(ExitCode.INTERRUPTED)
        except (ToldToEnd, ReaderGone) as error:
            leave_without_waiting(int(error.code or 0))
        sys.exit(int(code or 0))


def make_cli(
    open_screen: OpenScreen, run_demo: RunDemo, protect: Callable[[], Redactor] | None = None
) -> click.Group:
    """The whole command line; the callables are imported lazily by whoever passes them."""

    @click.group(
        cls=LazyGroup,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="One terminal window over every supervisord you run. Without a command: the screen.",
        epilog="Targets are HOST/GROUP:NAME, each part may be a glob: 'web-*/api:*', 'web-01/', 'celery'.",
    )
    @click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        help="The hosts file; else it is looked for (see `paths`).",
    )
    @click.option(
        "-s", "--server", "urls", multiple=True, metavar="URL", help="Watch this host, without a file."
    )
    @click.option("-u", "--user", default="", help="The user for -s; the password is asked for.")
    @click.option(
        "--password-env", default="", metavar="NAME", help="The variable that holds the password for -s."
    )
    @click.option("--read-only", is_flag=True, help="Refuse everything that changes something.")
    @click.option("--select", default="", metavar="QUERY", help="Begin with this filter (the screen).")
    @click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal (the screen).")
    @click.option(
        "--no-diff",
        is_flag=True,
        help="Send what Textual writes, not only the cells that change (the screen).",
    )
    @click.version_option(__version__, prog_name="supervisor-tui")
    @click.pass_context
    def cli(
        ctx: click.Context,
        config: Path | None,
        urls: tuple[str, ...],
        user: str,
        password_env: str,
        read_only: bool,
        select: str,
        no_mouse: bool,
        no_diff: bool,
    ) -> int:
        ctx.obj = Invocation(config, urls, user, password_env, read_only, select, no_mouse, no_diff, protect)
        return open_screen(ctx.obj) if ctx.invoked_subcommand is None else 0

    @cli.command(help=COMMANDS["demo"][1])
    @click.option(
        "--hosts", type=click.IntRange(4, 50), default=4, show_default=True, help="How many supervisords."
    )
    @click.option("--no-ui", is_flag=True, help="Print the hosts file and the URLs, and wait.")
    @click.option("--no-diff", is_flag=True, help="As the option of the same name without a command.")
    @click.pass_obj
    def demo(invocation: Invocation, hosts: int, no_ui: bool, no_diff: bool) -> int:
        return run_demo(dataclasses.replace(invocation, no_diff=invocation.no_diff or no_diff), hosts, no_ui)

    return cli
