"""What the global options said, and the engine that follows from it.

A command asks for `watching(...)`: settings are found, passwords fetched, the engine runs while the block does, and
pending restarts are finished when it ends, also by ctrl-c, TERM or HUP.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fnmatch
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.ending import ReaderGone, ToldToEnd
from tui.errors import UsageError

if TYPE_CHECKING:
    from tui.config.redactor import Redactor
    from tui.config.schema import Settings
    from tui.config.secrets import Secret
    from tui.engine.engine import Engine
    from tui.engine.history.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options."""

    config: Path | None = None
    urls: tuple[str, ...] = ()
    user: str = ""
    password_env: str = ""
    read_only: bool = False
    select: str = ""
    no_mouse: bool = False
    no_diff: bool = False
    protect: Callable[[], Redactor] | None = None
    """Guards the process before the first secret is read; returns what is to be told each of them."""

    def settings(self) -> Settings:
        """Find and read the configuration; warnings go to stderr. Raises ConfigError."""
        from tui.config.load import settings_for

        if self.protect is not None:
            self.protect()
        return settings_for(self.config, self.urls, self.user)

    def passwords(
        self, settings: Settings, warn: Callable[[str], None] | None = None
    ) -> Mapping[str, Secret]:
        """Every password that is needed, fetched or asked for now, before anything else takes the terminal.

        `warn` hears of a source that gives none; without it people do, on stderr.
        """
        from tui.config.passwords import fetch_passwords, know

        hosts = settings.hosts.values()
        if self.urls and self.user:
            passwords: Mapping[str, Secret] = dict.fromkeys(settings.hosts, self._password())
        else:
            warn = warn or (lambda problem: narrate(f"warning: {problem}"))
            passwords = fetch_passwords(hosts, lambda problem: warn(str(problem)))
        if self.protect is not None:
            know(self.protect(), hosts, passwords)
        return passwords

    def _password(self) -> Secret:
        from tui.config.environment import forget_variables
        from tui.config.secrets import EnvPassword, Secret

        if self.password_env:
            if self.password_env not in os.environ:
                raise UsageError(
                    f"the variable {self.password_env} is not set", "export it, or leave out --password-env"
                )
            secret = EnvPassword(self.password_env).fetch()
            forget_variables([self.password_env])
            return secret
        if not sys.stdin.isatty():
            raise UsageError(
                "a password is needed and there is no terminal to ask on", "use --password-env NAME"
            )
        import click

        return Secret(click.prompt(f"password of {self.user}", hide_input=True, err=True))


def narrate(text: str) -> None:
    """Tell people something; scripts never see it, because it goes to stderr."""
    with contextlib.suppress(OSError):  # nobody is there to be told, which is no reason to stop in the middle
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def host_filter(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a host can matter to these targets, so that the others need not be polled at all."""
    globs = [pattern.partition("/")[0] for pattern in patterns if "/" in pattern]
    if not patterns or len(globs) < len(patterns):
        return lambda host: True
    return lambda host: any(fnmatch.fnmatchcase(host, glob) for glob in globs)


@contextlib.contextmanager
def watching(
    invocation: Invocation,
    wanted: Callable[[str], bool] = lambda host: True,
    *,
    settle: bool = True,
    keeps_history: bool = False,
    watches: bool = False,
) -> Iterator[Engine]:
    """An engine over the `wanted` hosts; with `settle` the block begins when each has answered or failed once.

    With `keeps_history` what it sees change is kept; one that also `watches` is there to look, and says when it did.
    When no host is wanted the engine watches all, so that the caller can name the nearest names in its error.
    """
    from tui.config.paths import usable_state_dir
    from tui.engine.engine import Engine

    settings = invocation.settings()
    for warning in settings.warnings:
        narrate(f"warning: {warning}")
    hosts = {name: host for name, host in settings.hosts.items() if wanted(name)}
    settings = dataclasses.replace(settings, hosts=hosts or settings.hosts)
    directory = usable_state_dir(lambda problem: narrate(f"warning: {problem}"))
    engine = Engine(
        settings,
        read_only=invocation.read_only,
        state_dir=directory,
        passwords=invocation.passwords(settings),
        recorder=_recorder(settings, directory, watches) if keeps_history else None,
    )
    engine.start()
    heard = True
    try:
        if settle:
            engine.wait_answered(max(host.timeout for host in settings.hosts.values()) + 3.0)
            _tell_interrupted(engine)
        yield engine
    except (ToldToEnd, ReaderGone):
        heard = False  # by nobody, perhaps: no word more that could be waited for
        raise
    finally:
        try:
            engine.stop()
        except ToldToEnd:
            engine.stop()
            raise
        for notice in engine.notices if heard else ():
            narrate(f"note: {notice}")


def _tell_interrupted(engine: Engine) -> None:
    """Restarts that an earlier run was killed in: told with every command until somebody starts what stands still."""
    from tui.model.states import STOPPED_STATES
    from tui.text import clean

    for key in engine.interrupted:
        host = engine.picture.hosts.get(key.host)
        process = engine.picture.process(key)
        if host is None or not host.fresh or process is None:
            continue
        if process.state not in STOPPED_STATES:
            engine.settle_interrupted("found running at the next start", [key])
            continue
        target = clean(f"{key.host}/{key.address}")
        narrate(
            f"note: A restart was cut short in an earlier run, and {target} is {process.state.name}: "
            f"'supervisor-tui start {target}' starts it"
        )


def _recorder(settings: Settings, directory: Path | None, watches: bool) -> Recorder | None:
    if directory is None:
        return None
    from tui.engine.history.recorder import Recorder

    return Recorder.for_run(settings.history, directory, watches=watches)
