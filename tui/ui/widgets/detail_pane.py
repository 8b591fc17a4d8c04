"""Everything known about the row under the cursor: state, how the last run ended, config, changes, last output.

Who comes in: a row with its transitions, configuration and last log lines. Who leaves: lines; the pane scrolls.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from tui.model.fleet import Transition
from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.states import UNREACHABLE
from tui.model.view import Row
from tui.text import ELLIPSIS, clean_cell, duration_words, fit, log_spans
from tui.ui.theme import Glyphs, Palette, host_state, process_state
from tui.ui.widgets.lines import Run, wrap_words
from tui.ui.widgets.log_line import rich_style
from tui.ui.widgets.wheel import WheelWidget

LABEL = 10
MOST_CHARACTERS = 2_000
"""Of one fact: a host may send megabytes as an error."""
LAST_CHANGES = 8
CLOCKS_AGREE = 2.0
"""Seconds: supervisord tells its time in whole ones."""


class Configured(Protocol):
    """What the pane needs of a program's configuration; None where supervisord does not tell."""

    @property
    def autostart(self) -> bool | None: ...
    @property
    def startsecs(self) -> int | None: ...
    @property
    def stopwaitsecs(self) -> int | None: ...
    @property
    def startretries(self) -> int | None: ...
    @property
    def command(self) -> str | None: ...
    @property
    def directory(self) -> str | None: ...
    @property
    def uid(self) -> str | None: ...
    @property
    def stopsignal(self) -> int | None: ...
    @property
    def exitcodes(self) -> tuple[int, ...] | None: ...


class Done(Protocol):
    """What the pane needs of an action in the journal; texts are clean."""

    @property
    def time(self) -> float: ...
    @property
    def verb(self) -> str: ...
    @property
    def argument(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def outcome(self) -> str: ...


Line = tuple[Run, ...]


class DetailPane(WheelWidget, can_focus=True):
    """A page about one process or one host."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._row: Row | None = None
        self._transitions: tuple[Transition, ...] = ()
        self._config: Configured | None = None
        self._log: tuple[str, ...] = ()
        self._deeds: tuple[Done, ...] = ()
        self._flapping = False
        self._past = ""
        self._daemon_pid = 0
        self._ahead: float | None = None
        self._now = time.monotonic()
        self._top = 0
        self._page: list[Line] = []

    def show(
        self,
        row: Row | None,
        transitions: Sequence[Transition] = (),
        config: Configured | None = None,
        log_lines: Sequence[str] = (),
        *,
        deeds: Sequence[Done] = (),
        flapping: bool = False,
        past: str = "",
        daemon_pid: int = 0,
        wall: float | None = None,
        monotonic: float | None = None,
    ) -> None:
        """`log_lines` are raw (they are cleaned here), oldest first, as are the transitions. `past`: in words, clean.

        `daemon_pid` is supervisord's own, 0 when not known; `wall` is our clock, to tell how far the host's is from it.
        """
        other = row is None or self._row is None or row.key != self._row.key
        self._row, self._transitions, self._config = row, tuple(transitions), config
        self._log, self._deeds = tuple(log_lines), tuple(deeds)
        self._flapping, self._past, self._daemon_pid = flapping, past, daemon_pid
        self._ahead = _ahead_of_ours(row, wall, time.monotonic() if monotonic is None else monotonic)
        if other:
            self._top = 0
        self.tick(monotonic)

    def tick(self, monotonic: float | None = None) -> None:
        """Time has passed: ages and uptimes may read differently."""
        self._now = time.monotonic() if monotonic is None else monotonic
        self._page = []
        self.repaint()

    def scroll_lines(self, by: int) -> None:
        """Down, or up when negative."""
        self._top = min(max(0, self._top + by), max(0, len(self._page) - self.size.height))
        self.repaint()

    def paint(self, y: int, width: int) -> Iterable[Run]:
        """The title, then the facts; the log takes what room is left at the bottom."""
        if not self._page or y == 0:
            self._page = self._compose_page(width)
        index = self._top + y
        return self._page[index] if index < len(self._page) else ()

    def wheel(self, by: int) -> None:
        """As many lines."""
        self.scroll_lines(by)

    def _compose_page(self, width: int) -> list[Line]:
        row, palette, glyphs = self._row, self.palette, self.glyphs
        if row is None:
            return [((" Nothing is selected.", palette.dim),)]
        lines = title_lines(row, palette, glyphs)
        if row.process is None:
            lines += host_lines(row.host, self._now, width, palette, self._daemon_pid, self._ahead)
        else:
            lines += process_lines(row.process, row.host, self._now, width, palette, self._flapping)
            lines += config_lines(self._config, width, palette)
            lines += _facts([("history", self._past, False)] if self._past else [], width, palette)
        lines += deed_lines(self._deeds, width, palette, glyphs)
        lines += transition_lines(self._transitions, width, palette, glyphs, with_name=row.process is None)
        if self._log:
            room = max(3, self.size.height - len(lines) - 1)
            lines.append(_rule("output", width, palette, glyphs))
            lines += [_log_line(text, palette) for text in self._log[-room:]]
        return lines


def title_lines(row: Row, palette: Palette, glyphs: Glyphs) -> list[Line]:
    """Who it is and how it is."""
    process, host = row.process, row.host
    if process is None:
        glyph, word, health = host_state(host, glyphs)
        title: Line = ((f" {host.host}", palette.strong),)
    else:
        glyph, word, health = process_state(process, glyphs)
        title = ((f" {host.host}  ", palette.dim), (process.title, palette.strong))
    stale = process is not None and not host.fresh
    state: list[Run] = [(f" {glyph} {word}", palette.stale if stale else palette.health(health))]
    if process is not None and process.pid:
        state.append((f"   pid {process.pid}", palette.text))
    return [title, tuple(state)]


def process_lines(
    process: Process, host: HostSnapshot, monotonic: float, width: int, palette: Palette, flapping: bool
) -> list[Line]:
    """State, times, how it ended, where it writes."""
    seen_at = monotonic if host.fresh or host.read_at is None else host.read_at
    now = host.now(seen_at)
    facts: list[tuple[str, str, bool]] = []
    if not host.fresh:
        age = host.age(monotonic)
        facts.append(("stale", f"read {duration_words(age)} ago" if age is not None else "never read", True))
        facts.append(("host", host.problem or host.state.value, True))
    if flapping:
        facts.append(("flapping", "it keeps ending and being started again", True))
    since = process.since()
    if since:
        facts.append(("since", f"{duration_words(max(0.0, now - since))}  ({_moment(since)})", False))
    ending = exit_words(process)
    if ending:
        facts.append(("last exit", ending, process.exitstatus != 0 or bool(process.spawnerr)))
    if process.spawnerr:
        facts.append(("error", process.spawnerr, True))
    if not process.addressable:
        facts.append(("name", "holds characters supervisord cannot be told: no actions", True))
    facts.append(("stdout", process.stdout_logfile or "not kept", False))
    if process.stderr_logfile:
        facts.append(("stderr", process.stderr_logfile, False))
    return _facts(facts, width, palette)


def host_lines(
    host: HostSnapshot, monotonic: float, width: int, palette: Palette, pid: int, ahead: float | None
) -> list[Line]:
    """Where it is, how it answers, and what to do when it does not.

    `pid` is supervisord's, 0 when not known; `ahead` how many seconds its clock is before ours, None when not known.
    """
    facts: list[tuple[str, str, bool]] = []
    if host.problem:
        facts.append(("cause", f"{host.state.value}: {host.problem}", True))
    if host.advice:
        facts.append(("advice", host.advice, False))
    age = host.age(monotonic)
    facts.append(("read", f"{duration_words(age)} ago" if age is not None else "never", False))
    if host.state in UNREACHABLE:
        when = "not before you ask (ctrl+r)" if host.next_at is None else _in_words(host.next_at - monotonic)
        facts.append(("next try", when, False))
    if host.last_problem and host.last_problem_at is not None:
        ended = f"{duration_words(max(0.0, monotonic - host.last_problem_at))} ago"
        facts.append(("last error", f"{host.last_problem}, until {ended}", False))
    facts += [("url", host.url, False), ("version", host.version or "not known yet", False)]
    if pid:
        facts.append(("pid", str(pid), False))
    if ahead is not None:
        facts.append(("clock", _clock_words(ahead), abs(ahead) >= CLOCKS_AGREE))
    if host.identification and host.identification != "supervisor":
        facts.append(("identity", host.identification, False))
    if host.latency is not None:
        facts.append(("answers", f"in {duration_words(host.latency)}", False))
    if host.rhythm:
        facts.append(("current", host.rhythm, False))
    if host.drift:
        facts.append(("drift", f"its files have changed: an update would {host.drift}", True))
    if host.folder:
        facts.append(("folder", "/".join(host.folder), False))
    if host.tags:
        facts.append(("tags", ", ".join(sorted(host.tags)), False))
    facts.append(("processes", f"{len(host.processes)}, {host.bad_count} in trouble", bool(host.bad_count)))
    facts += [("note", badge, True) for badge in host.badges]
    return _facts(facts, width, palette)


def config_lines(config: Configured | None, width: int, palette: Palette) -> list[Line]:
    """What supervisord is told to do with it, as far as it tells."""
    if config is None:
        return []
    facts: list[tuple[str, str, bool]] = []
    if config.command:
        facts.append(("command", clean_cell(config.command, 2000), False))
    if config.directory:
        facts.append(("directory", clean_cell(config.directory, 2000), False))
    if config.uid:
        facts.append(("user", clean_cell(config.uid), False))
    if config.autostart is not None:
        facts.append(("autostart", "yes" if config.autostart else "no", False))
    if config.startsecs is not None:
        tries = "retry" if config.startretries == 1 else "retries"
        retries = "" if config.startretries is None else f", {config.startretries} {tries}"
        facts.append(("start", f"counts as up after {config.startsecs}s{retries}", False))
    if config.stopwaitsecs is not None:
        told = "" if config.stopsignal is None else f"told by {_signal(config.stopsignal)}, "
        facts.append(("stop", f"{told}killed when not gone after {config.stopwaitsecs}s", False))
    if config.exitcodes:
        expected = ", ".join(map(str, config.exitcodes[:20]))
        facts.append(
            ("exit codes", f"{expected} {'is' if len(config.exitcodes) == 1 else 'are'} expected", False)
        )
    return _facts(facts, width, palette)


def deed_lines(deeds: Sequence[Done], width: int, palette: Palette, glyphs: Glyphs) -> list[Line]:
    """What was done to it from here, newest first: when, what, how it ended, by whom."""
    if not deeds:
        return []
    lines = [_rule("actions", width, palette, glyphs)]
    for deed in deeds:
        bad = deed.outcome not in ("DONE", "SKIPPED")
        what = f"{deed.verb} {deed.argument}".rstrip()
        lines.append(
            (
                (f" {_moment(int(deed.time))} ", palette.dim),
                (f"{what}  ", palette.text),
                (deed.outcome or "not seen to end", palette.bad if bad else palette.good),
                (f"  {deed.user}", palette.dim),
            )
        )
    return lines


def transition_lines(
    transitions: Sequence[Transition], width: int, palette: Palette, glyphs: Glyphs, *, with_name: bool
) -> list[Line]:
    """The latest changes, newest first."""
    if not transitions:
        return []
    lines = [_rule("changes", width, palette, glyphs)]
    today = datetime.now().astimezone().date()
    for change in reversed(transitions[-LAST_CHANGES:]):
        moment = datetime.fromtimestamp(change.time).astimezone()
        when = f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%b %d %H:%M}"
        words = f"{change.old}{glyphs.arrow}{change.new}"
        if change.old == change.new:
            words = f"{change.new} again, pid {change.pid}"
        who = f"{clean_cell(change.key.name)}  " if with_name and change.key.name else ""
        ours = "  ours" if change.ours else "  while nobody looked" if change.found else ""
        lines.append(((f" {when} ", palette.dim), (f"{who}{words}", palette.text), (ours, palette.accent)))
    return lines


def exit_words(process: Process) -> str:
    """How the last run ended: 'killed by a signal', 'exit code 3', '' while it runs or when it never ran."""
    code = process.exit_code
    if code is None:
        return ""
    if code < 0:
        return "killed by a signal" if code == -1 else f"killed by {_signal(-code)}"
    if code > 128 and _signal(code - 128).startswith("SIG"):
        return f"exit code {code} (a shell's word for {_signal(code - 128)})"
    return f"exit code {code}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _ahead_of_ours(row: Row | None, wall: float | None, monotonic: float) -> float | None:
    if row is None or wall is None or not row.host.clock_offset or not row.host.fresh:
        return None
    return row.host.now(monotonic) - wall


def _clock_words(ahead: float) -> str:
    if abs(ahead) < CLOCKS_AGREE:
        return "agrees with ours"
    return f"{duration_words(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} ours"


def _facts(facts: Sequence[tuple[str, str, bool]], width: int, palette: Palette) -> list[Line]:
    """Label and words, wrapped under themselves."""
    room = max(10, width - LABEL - 3)
    lines: list[Line] = []
    for label, words, alarming in facts:
        style = palette.bad if alarming else palette.text
        head = label
        if len(words) > MOST_CHARACTERS:
            words = words[: MOST_CHARACTERS - 1] + ELLIPSIS
        for part in wrap_words(words, room):
            lines.append(((f" {fit(head, LABEL)} ", palette.dim), (part, style)))
            head = ""
    return lines


def _rule(title: str, width: int, palette: Palette, glyphs: Glyphs) -> Line:
    return (
        (f" {glyphs.rule} ", palette.rule),
        (title, palette.heading),
        (" " + glyphs.rule * max(0, width - len(title) - 5), palette.rule),
    )


def _log_line(text: str, palette: Palette) -> Line:
    return (
        (" ", palette.text),
        *((part, palette.dim + rich_style(style)) for part, style in log_spans(text)),
    )


def _moment(epoch: int) -> str:
    moment = datetime.fromtimestamp(epoch).astimezone()
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M}"


def _in_words(seconds: float) -> str:
    return "now" if seconds < 1 else f"in {duration_words(seconds)}"
