"""`config init|show|schema` and `paths`: where the configuration is, what it says, what it may say."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tui.cli.invocation import Invocation
from tui.config.secrets import CommandPassword, EnvPassword, FilePassword, InlinePassword, PasswordSource
from tui.errors import ConfigError

FILE_MODE = 0o600


@click.group()
def config() -> None:
    """Make, show or explain the configuration."""


@config.command("init")
@click.argument("file", type=click.Path(path_type=Path), required=False)
def config_init(file: Path | None) -> int:
    """Write a commented example to FILE, by default to your configuration directory. Never overwrites."""
    from tui.config.load import example_text
    from tui.config.paths import config_dir

    target = file or config_dir() / "hosts.yaml"
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    except FileExistsError:
        raise ConfigError(str(target), "is there already", "edit it, or name another file") from None
    except OSError as error:
        raise ConfigError(str(target), f"cannot be written: {error.strerror}") from None
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(example_text())
    click.echo(target)
    return 0


@config.command("show")
@click.pass_obj
def config_show(invocation: Invocation) -> int:
    """Print the hosts that the configuration comes to, without any password."""
    settings = invocation.settings()
    click.echo(f"# {settings.source or 'command line'}")
    for host in settings.hosts.values():
        remarks = [
            f"user={host.user}" if host.user else "",
            _password_words(host.password) if host.user else "",
            f"folder={'/'.join(host.folder)}" if host.folder else "",
            f"tags={','.join(sorted(host.tags))}" if host.tags else "",
            f"poll={host.poll:g}s timeout={host.timeout:g}s",
            "read-only" if host.read_only else "",
        ]
        click.echo("  ".join([host.name, host.endpoint.url, *filter(None, remarks)]))
    for warning in settings.warnings:
        click.echo(f"warning: {warning}", err=True)
    return 0


def _password_words(source: PasswordSource) -> str:
    """Where a password comes from, never what it is; of a command only the program, its words may tell."""
    match source:
        case InlinePassword():
            return "password=***"
        case EnvPassword(name):
            return f"password_env={name}"
        case FilePassword(path):
            return f"password_file={path}"
        case CommandPassword(argv):
            return f"password_command={os.path.basename(argv[0])} …"
        case _:
            return "without a password"


@config.command("schema")
def config_schema() -> int:
    """Print every key of hosts.yaml: its type, its default and what it means."""
    from tui.config.keys import schema_rows

    for row in schema_rows():
        click.echo(f"{row.name:32} {row.type:24} {row.default:16} {row.meaning}")
    return 0


@click.command()
@click.pass_obj
def paths(invocation: Invocation) -> int:
    """Print every file and directory in use, and where the configuration is looked for."""
    from tui.config.load import find
    from tui.config.log_file import log_path
    from tui.config.paths import cache_dir, config_dir, state_dir

    found = find(invocation.config)
    click.echo(f"config     {found or '(none found)'}")
    click.echo(f"config dir {config_dir()}")
    click.echo(f"state      {state_dir()}")
    click.echo(f"journal    {state_dir() / 'journal.jsonl'}")
    click.echo(f"history    {state_dir() / 'history.sqlite'}")
    click.echo(f"log        {log_path()}  (errors of this program; SUPERVISOR_TUI_LOG=debug for more)")
    click.echo(f"cache      {cache_dir()}")
    click.echo(f"pictures   {cache_dir() / 'picture-*'}  (what the screen showed last, for each hosts file)")
    return 0
