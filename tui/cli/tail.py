"""`tail`: the end of logs of any number of processes, merged, each line with its source."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence

import click

from tui.cli.ending import require_reader
from tui.cli.exit_codes import ExitCode, worst
from tui.cli.invocation import Invocation, host_filter, narrate, watching
from tui.cli.selection import Selection
from tui.engine.engine import Engine
from tui.engine.logs import Channel, LogLine
from tui.errors import Cause, Fault, SupervisorTuiError, UsageError, WireError
from tui.model.process import ProcessKey
from tui.rpc.client import Supervisor
from tui.text import clean, clean_cell

HISTORY_BYTES = 64 * 1024
_READ_SECONDS = 30.0
_STREAM_SECONDS = 5.0
_STREAM_BEGIN = 1024
LOOK_SECONDS = 1.0
"""How often it is looked, while nothing comes, whether anybody still reads us."""
UNREAD_CHARACTERS = 4 * 1024 * 1024


class Unread:
    """Lines on their way from the engine's thread to ours, which waits for whoever reads us; no more than `limit` of text."""

    def __init__(self, limit: int = UNREAD_CHARACTERS) -> None:
        self._limit = limit
        self._batches: deque[tuple[Sequence[LogLine], int]] = deque()
        self._characters = 0
        self._lost = 0
        self._moved = threading.Condition()

    def put(self, batch: Sequence[LogLine]) -> None:
        """Add what came; the oldest that nobody has taken gives way to it."""
        with self._moved:
            size = sum(len(line.text) for line in batch)
            self._batches.append((batch, size))
            self._characters += size
            while self._characters > self._limit and len(self._batches) > 1:
                old, size = self._batches.popleft()
                self._characters -= size
                self._lost += len(old)
            self._moved.notify()

    def take(self) -> tuple[Sequence[LogLine], int]:
        """The oldest batch, an empty one after `LOOK_SECONDS` without any; and how many lines were lost before it."""
        with self._moved:
            if not self._batches:
                self._moved.wait(LOOK_SECONDS)
            if not self._batches:
                return (), 0
            batch, size = self._batches.popleft()
            self._characters -= size
            lost, self._lost = self._lost, 0
            return batch, lost


@click.command()
@click.argument("targets", nargs=-1)
@click.option("-f", "follow", is_flag=True, help="Go on printing what comes, until ctrl-c.")
@click.option(
    "-n", "lines", type=click.IntRange(0, 10_000), default=10, show_default=True, help="So many lines each."
)
@click.option("--stderr", "stderr", is_flag=True, help="The error log instead.")
@click.option("--both", is_flag=True, help="Both logs.")
@click.option("--select", default="", metavar="QUERY", help="Only what this filter selects.")
@click.pass_obj
def tail(
    invocation: Invocation,
    targets: tuple[str, ...],
    follow: bool,
    lines: int,
    stderr: bool,
    both: bool,
    select: str,
) -> int:
    """Print the end of the TARGETS' logs; several are merged, each line with its source."""
    if not targets and not select:
        raise UsageError("tail needs a target", "'supervisor-tui tail HOST/GROUP:NAME', or --select QUERY")
    channels: tuple[Channel, ...] = ("stdout", "stderr") if both else ("stderr",) if stderr else ("stdout",)
    selection = Selection.parse(targets, select)
    with watching(invocation, host_filter(targets)) as engine:
        rows = selection.rows(engine.picture, time.monotonic())
        dark = [host for host in rows if not engine.picture.hosts[host].fresh]
        for host in dark:
            narrate(f"{host} cannot be read: {engine.picture.hosts[host].problem}")
        keys = [process.key for found in rows.values() for process in found]
        code = print_logs(engine, keys, channels, lines=lines, follow=follow)
        return worst([code, ExitCode.UNREADABLE if dark else ExitCode.OK])


def print_logs(
    engine: Engine, keys: Sequence[ProcessKey], channels: tuple[Channel, ...], *, lines: int, follow: bool
) -> ExitCode:
    """The last `lines` of each log, then with `follow` whatever comes, until interrupted."""
    named = len(keys) > 1 or len(channels) > 1
    if follow:
        _follow(engine, keys, channels, lines, named)
    codes = [_print_end(engine, key, channel, lines, named) for key in keys for channel in channels]
    return worst(codes)


def _print_end(engine: Engine, key: ProcessKey, channel: Channel, lines: int, named: bool) -> ExitCode:
    try:
        text = engine.ask(key.host, lambda supervisor: _end_of(supervisor, key, channel)).result(
            _READ_SECONDS
        )
    except (SupervisorTuiError, TimeoutError) as error:
        narrate(f"{_source(key, channel)}: {error}")
        return ExitCode.FAILED
    for line in deque(text.splitlines(), maxlen=lines):
        click.echo(_printed(line, key, channel, named))
    return ExitCode.OK


async def _end_of(supervisor: Supervisor, key: ProcessKey, channel: Channel) -> str:
    """The end of one log. supervisord cannot send bytes that are not UTF-8 as text, but its streams carry any."""
    try:
        if key.is_host:
            return await supervisor.read_main_log(-HISTORY_BYTES, 0)
        return await supervisor.read_log(key, channel, -HISTORY_BYTES, 0)
    except Fault:
        raise
    except WireError as error:
        if error.cause is not Cause.PROTOCOL:
            raise
        return await _first_of_stream(supervisor, key, channel)


async def _first_of_stream(supervisor: Supervisor, key: ProcessKey, channel: Channel) -> str:
    """A stream begins with the last 1024 bytes; whole lines of them."""
    stream = supervisor.stream_main_log() if key.is_host else supervisor.stream_log(key, channel)
    try:
        async with asyncio.timeout(_STREAM_SECONDS):
            async for piece in stream:
                text = piece.decode(errors="replace")
                return text.partition("\n")[2] if len(piece) >= _STREAM_BEGIN else text
    finally:
        await stream.aclose()
    return ""


def _follow(
    engine: Engine, keys: Sequence[ProcessKey], channels: tuple[Channel, ...], lines: int, named: bool
) -> None:
    """Print for ever: the first batch of each source is its history, of which only the last `lines` are kept."""
    unread = Unread()
    log = engine.follow_logs(keys, frozenset(channels), unread.put, history=HISTORY_BYTES if lines else 0)
    seen: set[tuple[ProcessKey, str]] = set()
    try:
        while True:
            batch, lost = unread.take()
            if lost:
                narrate(f"-- {lost} lines are lost: nobody read them in time")
            if not batch:
                require_reader()
            fresh = {(line.key, line.channel) for line in batch} - seen
            seen |= fresh
            for source in fresh:
                history = [line for line in batch if (line.key, line.channel) == source]
                for line in history[-lines:] if lines else []:
                    _print_line(line, named)
            for line in batch:
                if (line.key, line.channel) not in fresh:
                    _print_line(line, named)
            sys.stdout.flush()
    finally:
        log.close()


def _print_line(line: LogLine, named: bool) -> None:
    if line.kind == "line":
        click.echo(_printed(line.text, line.key, line.channel, named))
    else:
        narrate(f"-- {_source(line.key, line.channel)}: {clean_cell(line.text)}")


def _printed(text: str, key: ProcessKey, channel: str, named: bool) -> str:
    """Raw towards a pipe, where bytes are data; cleaned on a terminal, which an attacker's log must not drive."""
    if sys.stdout.isatty():
        text = clean(text)
    return f"{_source(key, channel)} | {text}" if named else text


def _source(key: ProcessKey, channel: str) -> str:
    where = clean_cell(key.host)
    if key.is_host:
        return f"{where} supervisord"
    return f"{where}/{clean_cell(key.address)}" + (" (stderr)" if channel == "stderr" else "")
