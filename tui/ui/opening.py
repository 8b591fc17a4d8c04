"""The way into the screen and out of it: terminal checked, keys checked, engine stopped at the end whatever happened.

Textual is imported only after the terminal has been found good enough: a refusal costs nothing and reads well.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tui.errors import QueryError, UsageError

if TYPE_CHECKING:
    from tui.config.redactor import Redactor
    from tui.config.schema import Settings
    from tui.config.secrets import Secret
    from tui.ui.last_picture import LastPicture

EARLY_HOSTS = 16
"""So many hosts are asked while Textual is imported, and are there in the first frame.

Reading more delays that frame, so it is done only where the last picture stands in for it: their rows are then there sooner.
"""

WITHOUT = "`supervisor-tui status` shows the same without a screen, `watch` follows it"


def require_terminal() -> None:
    """Raise UsageError where no screen can be drawn."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.__stderr__)):
        raise UsageError("the screen needs a terminal, and this is none", WITHOUT)
    term = os.environ.get("TERM", "")
    if term in ("", "dumb"):
        raise UsageError(f"the screen cannot be drawn on TERM={term or '(empty)'}", WITHOUT)


def open_fleet(
    settings: Settings,
    passwords: Mapping[str, Secret],
    *,
    read_only: bool = False,
    select: str = "",
    mouse: bool = True,
    diff: bool = True,
    last: LastPicture | None = None,
    redactor: Redactor | None = None,
) -> int:
    """Show the fleet until the user leaves; returns the exit code. Pending restarts are finished before it returns.

    With `diff` the terminal is sent only the cells that change; without, what Textual writes.
    `last` is what the terminal shows until Textual does; `redactor` is the process's own, told what a reload brings. Raises ConfigError for `ui.keys` that clash, QueryError for a `select` that does not parse.
    """
    from tui.config.paths import usable_state_dir
    from tui.engine.engine import Engine
    from tui.engine.history.recorder import Recorder
    from tui.model.query import Query
    from tui.ui.leaving import Leaving
    from tui.ui.terminal.rescue import put_right, say_last, terminal_settings

    try:
        query = Query.parse(select) if select else Query.ALL
    except QueryError as error:
        raise UsageError(
            f"--select: {error.problem} at character {error.position + 1} of {select!r}", error.advice
        ) from None

    terminal = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
    settings_before = terminal_settings(terminal)
    problems: list[str] = []
    directory = usable_state_dir(problems.append)
    settings = settings.warned(problems)
    engine = Engine(
        settings,
        read_only=read_only,
        state_dir=directory,
        passwords=passwords,
        recorder=Recorder.for_run(settings.history, directory) if directory is not None else None,
    )
    lost = False
    try:
        with Leaving(engine.stop, settings_before) as leaving:
            if len(settings.hosts) <= EARLY_HOSTS or (last is not None and last.on_screen):
                engine.start()
            from tui.ui.keymap import make_keymap

            keymap = make_keymap(settings.ui.keys, f"{settings.source or 'hosts.yaml'}: ui.keys")
            from tui.config.rereading import Rereading
            from tui.ui.app import SupervisorTuiApp
            from tui.ui.pauses import keep_pauses_short
            from tui.ui.session import Session
            from tui.ui.terminal.diff_driver import DiffDriver
            from tui.ui.terminal.lasting_driver import LastingDriver

            keep_pauses_short()
            redactors = [engine.redact] if redactor is None else [engine.redact, redactor]
            rereading = Rereading(settings, passwords, redactors)
            session = Session(engine, settings, keymap, read_only, query, last, rereading)
            app = SupervisorTuiApp(session, engine.redact, driver=DiffDriver if diff else LastingDriver)
            leaving.watch(app)
            code = app.run(mouse=mouse and wants_mouse(settings))
            lost = app.lost
    finally:
        if lost:
            put_right(terminal, settings_before)
        if any(not job.finished for job in engine.jobs):
            say_last(terminal, "finishing what was begun …\r\n")
        engine.stop()
    return leaving.code or (1 if code is None else code)


def wants_mouse(settings: Settings) -> bool:
    """Over SSH the mouse is left to the terminal, so that selecting text works as people expect, unless it is 'on'."""
    if settings.ui.mouse == "auto":
        return not (os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))
    return settings.ui.mouse == "on"
