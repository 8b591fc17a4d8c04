"""`watch`: one JSON line per state change, for ever, and a program or a web address told of those that matter."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tui.cli.ending import require_reader
from tui.cli.invocation import Invocation, narrate, watching
from tui.errors import UsageError
from tui.model.past import PastFilter, transition_document
from tui.model.query import Query
from tui.text import clean, parse_duration

if TYPE_CHECKING:
    from tui.config.schema import Settings
    from tui.config.secrets import Secret
    from tui.engine.hooks.hook import Hook

LOOK_SECONDS = 1.0
"""How often it is looked, while nothing changes, whether anybody still reads us."""
SHORTEST, LONGEST = 1.0, 86400.0
"""Bounds of --every, in seconds."""


@click.command()
@click.option("--select", default="", metavar="QUERY", help="Print only changes to what this filter selects.")
@click.option(
    "--on",
    default="state:bad",
    show_default=True,
    metavar="QUERY",
    help="Which changes are told by --run and --webhook.",
)
@click.option("--run", "words", default="", metavar="'CMD ARG …'", help="Run this program; no shell is used.")
@click.option("--webhook", default="", metavar="URL", help="Post them to this address.")
@click.option(
    "--webhook-env",
    default="",
    metavar="NAME",
    help="The variable that holds the address, when it is secret.",
)
@click.option(
    "--webhook-token-env", default="", metavar="NAME", help="The variable that holds a bearer's token for it."
)
@click.option(
    "--every", default="10s", show_default=True, metavar="DURATION", help="Tell no more often than this."
)
@click.option("--quiet", is_flag=True, help="Print no lines.")
@click.pass_obj
def watch(
    invocation: Invocation,
    select: str,
    on: str,
    words: str,
    webhook: str,
    webhook_env: str,
    webhook_token_env: str,
    every: str,
    quiet: bool,
) -> int:
    """Print one JSON line per state change, until ctrl-c. A host's own changes have an empty group and name.

    Changes that match --on are also told to a program (--run) or a web address (--webhook): gathered, in one go, as JSON
    on its standard input or in the body. A program finds the first of them in variables, too: SUPERVISOR_TUI_SUMMARY,
    _HOST, _GROUP, _NAME, _FROM, _TO, _PID, _EXITSTATUS, _OURS, _TIME and _COUNT.
    """
    settings = invocation.settings()
    tags = {host.name: host.tags for host in settings.hosts.values()}
    printed = PastFilter(Query.parse(select or invocation.select), tags, 0.0)
    told = PastFilter(Query.parse(on), tags, 0.0)
    secret = {*_password_variables(settings), invocation.password_env, webhook_env, webhook_token_env}
    hooks = _hooks(words, webhook, webhook_env, webhook_token_env, _every(every), secret)
    with watching(invocation, keeps_history=True, watches=True) as engine, _running(hooks):
        wake = threading.Event()
        engine.subscribe(wake.set)
        narrate(f"watching {len(engine.picture.hosts)} hosts")
        serial = max((transition.serial for transition in engine.timeline.after(0)), default=0)
        while True:
            if not wake.wait(LOOK_SECONDS):
                require_reader()
                continue
            wake.clear()
            news = engine.timeline.after(serial)
            if news and news[0].serial > serial + 1:
                narrate(f"-- {news[0].serial - serial - 1} changes are lost: nobody read them in time")
            serial = news[-1].serial if news else serial
            printed.wall = told.wall = time.time()
            for hook in hooks:
                hook.add(filter(told, news))  # before printing, which may wait for its reader
            for transition in news:
                if not quiet and printed(transition):
                    click.echo(json.dumps(transition_document(transition)))


@contextlib.contextmanager
def _running(hooks: list[Hook]) -> Iterator[None]:
    for hook in hooks:
        hook.start()
    try:
        yield
    finally:
        for hook in hooks:
            hook.close()


def _hooks(
    words: str, webhook: str, webhook_env: str, token_env: str, every: float, secret: set[str]
) -> list[Hook]:
    """What was asked for; `secret` variables are kept from the program. Raises UsageError before anything is contacted."""
    if not (words or webhook or webhook_env):
        if token_env:
            raise UsageError("a token was given and no webhook", "add --webhook URL")
        return []
    from tui.engine.hooks.command import Command
    from tui.engine.hooks.hook import Hook

    hooks = []
    if words:
        hooks.append(
            Hook(
                Command(_split(words), without=secret),
                _say,
                every=every,
            )
        )
    if webhook and webhook_env:
        raise UsageError("--webhook and --webhook-env both name an address", "leave one of them out")
    if webhook or webhook_env:
        from tui.config.secrets import Secret
        from tui.engine.hooks.webhook import Webhook

        address = Secret(webhook) if webhook else _variable(webhook_env)
        token = _variable(token_env) if token_env else None
        hooks.append(Hook(Webhook(address, token), _say, every=every))
    return hooks


def _say(sentence: str) -> None:
    narrate(f"-- {sentence}")


def _split(words: str) -> list[str]:
    try:
        found = shlex.split(words)
    except ValueError as error:
        raise UsageError(
            f"--run cannot be split into words: {error}", "quote as a shell would have it"
        ) from None
    if not found:
        raise UsageError("--run names no program", "--run '/usr/local/bin/page --urgent'")
    return found


def _password_variables(settings: Settings) -> Iterator[str]:
    """Variables that hold passwords of hosts: a program has no business with them."""
    from tui.config.secrets import EnvPassword

    for host in settings.hosts.values():
        if isinstance(host.password, EnvPassword):
            yield host.password.name


def _variable(name: str) -> Secret:
    """What it holds; no program that is run from here on inherits it."""
    from tui.config.environment import forget_variables
    from tui.config.secrets import Secret

    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(f"the variable {clean(name, 60)} is not set", "export it")
    forget_variables([name])
    return Secret(value)


def _every(text: str) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--every: {error}") from None
    if not SHORTEST <= seconds <= LONGEST:
        raise UsageError("--every must be from 1s to 1d")
    return seconds
