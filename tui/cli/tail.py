"""`tail`: the end of logs of any number of processes, merged, each line with its source."""

from __future__ import annotations

import concurrent.futures
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import groupby

import click

from tui.cli.ending import require_reader
from tui.cli.exit_codes import ExitCode, worst
from tui.cli.invocation import Invocation, host_filter, narrate, watching
from tui.cli.log_print import LinePrinter, source_words
from tui.cli.selection import Selection
from tui.engine.engine import Engine
from tui.engine.logs.end import LogEnd, read_end
from tui.engine.logs.following import Channel, LogLine
from tui.errors import SupervisorTuiError, UsageError
from tui.model.log_search import LogSearch
from tui.model.process import ProcessKey
from tui.model.target import resolve_hosts
from tui.rpc.client import Supervisor
from tui.rpc.logs import LOG_LIMIT
from tui.text import clean

HISTORY_BYTES = 64 * 1024
_READ_SECONDS = 60.0
LOOK_SECONDS = 1.0
"""How often it is looked, while nothing comes, whether anybody still reads us."""
UNREAD_CHARACTERS = 4 * 1024 * 1024

Source = tuple[ProcessKey, Channel]


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
    "-n", "lines", type=click.IntRange(0, 100_000), default=10, show_default=True, help="So many lines each."
)
@click.option("--stderr", "stderr", is_flag=True, help="The error log instead.")
@click.option("--both", is_flag=True, help="Both logs.")
@click.option("--main", "main", is_flag=True, help="supervisord's own log; the targets are hosts.")
@click.option(
    "--grep",
    "grep",
    default="",
    metavar="TEXT",
    help="Only lines with TEXT or /PATTERN/, with ! before it only those without; small letters find any case.",
)
@click.option("-t", "--times", is_flag=True, help="When each line arrived; for those that come with -f.")
@click.option("--select", default="", metavar="QUERY", help="Only what this filter selects.")
@click.pass_obj
def tail(
    invocation: Invocation,
    targets: tuple[str, ...],
    follow: bool,
    lines: int,
    stderr: bool,
    both: bool,
    main: bool,
    grep: str,
    times: bool,
    select: str,
) -> int:
    """Print the end of the TARGETS' logs; several are merged, each line with its source."""
    if not targets and not select:
        raise UsageError("tail needs a target", "'supervisor-tui tail HOST/GROUP:NAME', or --select QUERY")
    if main and (stderr or both or select):
        raise UsageError(
            "supervisord has one log only", "leave out --stderr, --both and --select with --main"
        )
    search = parse_grep(grep)
    if main:
        with watching(invocation) as engine:
            keys = [ProcessKey(host) for host in resolve_hosts(targets, engine.picture)]
            return print_logs(
                engine, keys, ("stdout",), lines=lines, follow=follow, search=search, times=times
            )
    channels: tuple[Channel, ...] = ("stdout", "stderr") if both else ("stderr",) if stderr else ("stdout",)
    selection = Selection.parse(targets, select)
    with watching(invocation, host_filter(targets)) as engine:
        rows = selection.rows(engine.picture, time.monotonic())
        dark = [host for host in rows if not engine.picture.hosts[host].fresh]
        for host in dark:
            narrate(f"{host} cannot be read: {engine.picture.hosts[host].problem}")
        keys = [process.key for found in rows.values() for process in found]
        code = print_logs(engine, keys, channels, lines=lines, follow=follow, search=search, times=times)
        return worst([code, ExitCode.UNREADABLE if dark else ExitCode.OK])


def parse_grep(text: str) -> LogSearch | None:
    """What lines must match; None for ''. Raises UsageError when it is no pattern."""
    try:
        return LogSearch.parse(text, filtering=True) if text else None
    except re.error as error:
        raise UsageError(
            f"'{clean(text)}' is no pattern: {clean(str(error))}", "without slashes it is text"
        ) from None


def print_logs(
    engine: Engine,
    keys: Sequence[ProcessKey],
    channels: tuple[Channel, ...],
    *,
    lines: int,
    follow: bool,
    search: LogSearch | None = None,
    times: bool = False,
) -> ExitCode:
    """The last `lines` of each log, then with `follow` whatever comes, until interrupted."""
    sources = [(key, channel) for key in keys for channel in channels]
    printer = LinePrinter(named=len(sources) > 1, times=times and follow)
    if follow:
        _follow(engine, keys, frozenset(channels), lines, search, printer)
    code = worst(_print_end(end, source, printer) for source, end in _ends(engine, sources, lines, search))
    if search is not None and search.gave_up:
        _tell_given_up(search)
        return worst([code, ExitCode.FAILED])
    return code


def _tell_given_up(search: LogSearch) -> None:
    narrate(
        f"-- {clean(search.text)} takes too long on these lines: those that it did not decide are printed, too; "
        "simplify it, or search a text"
    )


def _print_end(
    end: LogEnd | SupervisorTuiError | TimeoutError, source: Source, printer: LinePrinter
) -> ExitCode:
    if not isinstance(end, LogEnd):
        narrate(f"{source_words(*source)}: {end}")
        return ExitCode.FAILED
    if end.remark:
        narrate(f"-- {source_words(*source)}: {end.remark}")
    printer.print(LogLine(*source, text, 0.0) for text in end.lines)
    return ExitCode.OK


def _ends(
    engine: Engine, sources: Sequence[Source], lines: int, search: LogSearch | None
) -> Iterable[tuple[Source, LogEnd | SupervisorTuiError | TimeoutError]]:
    """Of each log, in order. Hosts are asked at the same time, the logs of one after another."""
    matches = search.matches if search is not None else None
    asked: dict[Source, concurrent.futures.Future[dict[Source, LogEnd | SupervisorTuiError]]] = {}
    for host, members in groupby(sources, lambda source: source[0].host):
        of_host = tuple(members)

        async def read(
            supervisor: Supervisor, of_host: tuple[Source, ...] = of_host
        ) -> dict[Source, LogEnd | SupervisorTuiError]:
            found: dict[Source, LogEnd | SupervisorTuiError] = {}
            for key, channel in of_host:
                try:
                    found[key, channel] = await read_end(supervisor, key, channel, lines, matches)
                except SupervisorTuiError as error:
                    found[key, channel] = error
            return found

        asked |= dict.fromkeys(of_host, engine.ask(host, read))
    for source in sources:
        try:
            yield source, asked[source].result(_READ_SECONDS)[source]
        except (SupervisorTuiError, TimeoutError) as error:
            yield source, error


def _follow(
    engine: Engine,
    keys: Sequence[ProcessKey],
    channels: frozenset[Channel],
    lines: int,
    search: LogSearch | None,
    printer: LinePrinter,
) -> None:
    """Print for ever: of what was there before only the last `lines` of each source."""
    unread = Unread()
    history = min(LOG_LIMIT, max(HISTORY_BYTES, 200 * lines)) if lines else 0
    log = engine.follow_logs(keys, channels, unread.put, history=history)
    told = False
    try:
        while True:
            batch, lost = unread.take()
            if lost:
                narrate(f"-- {lost} lines are lost: nobody read them in time")
            if not batch:
                require_reader()
            wanted = _wanted(batch, lines, search)
            if search is not None and search.gave_up and not told:
                told = True
                _tell_given_up(search)
            printer.print(wanted)
    finally:
        log.close()


def _wanted(batch: Sequence[LogLine], lines: int, search: LogSearch | None) -> list[LogLine]:
    """What of a batch is printed: remarks, what matches, and of each source's past only the last lines."""
    chosen = [line for line in batch if line.kind != "line" or search is None or search.matches(line.text)]
    left: dict[Source, int] = {}
    kept = []
    for line in reversed(chosen):
        if line.kind == "line" and not line.arrived:
            source = (line.key, line.channel)
            left[source] = left.get(source, lines) - 1
            if left[source] < 0:
                continue
        kept.append(line)
    return kept[::-1]
