"""What the terms of the filter language mean: each function makes a predicate over one row.

`query` parses and calls these. A text test is run once per distinct name and remembered, because a fleet has many rows
and few names; so the cost of an expensive pattern does not grow with the fleet.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from tui.model.host import HostSnapshot
from tui.model.patterns import checked
from tui.model.process import Process
from tui.model.states import ANSWERING, PROCESS_HEALTH, UNREACHABLE, Health, HostState, ProcessState

Predicate = Callable[[HostSnapshot, Process | None, float], bool]
"""(host, process or None for the host's own row, our monotonic time) -> does the row match?"""


class HasProcess(Protocol):
    """A row of a host: a process, or the host's own."""

    @property
    def process(self) -> Process | None:
        """None: the host's own row."""


R = TypeVar("R", bound=HasProcess)


class Select(Protocol):
    """Those of a host's rows that match; what a predicate says of each, without a call for each."""

    def __call__(self, host: HostSnapshot, rows: Sequence[R], now: float, /) -> list[R]:
        """The matching rows, in order."""


Matcher = Callable[[str], bool]
"""Tests one case-folded name."""

TextField = Literal["host", "group", "name", "tag"]

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}

PATTERN_CHARS = 200
_NAME_CHARS = (1000, 1000, 300, 100, 60)
"""How much of a name a pattern with so many repeats looks at: a crafted name costs up to length ** (repeats + 1) steps."""
_REMEMBERED = 20_000


def select_of(predicate: Predicate) -> Select:
    """The predicate for many rows at once: its own attribute `select` where the difference can be felt."""
    own: Select | None = getattr(predicate, "select", None)
    if own is not None:
        return own

    def select(host: HostSnapshot, rows: Sequence[R], now: float) -> list[R]:
        return [row for row in rows if predicate(host, row.process, now)]

    return select


def is_of_names(predicate: Predicate) -> bool:
    """Whether it depends on nothing but host, group, name and tags."""
    return getattr(predicate, "of_names", False)


def is_of_ends(predicate: Predicate) -> bool:
    """Whether it depends on nothing but the state and the exit status."""
    return getattr(predicate, "of_ends", False)


def negated(predicate: Predicate) -> Predicate:
    """Not that."""

    def test(host: HostSnapshot, process: Process | None, now: float) -> bool:
        return not predicate(host, process, now)

    test.of_names = is_of_names(predicate)  # type: ignore[attr-defined]
    test.of_ends = is_of_ends(predicate)  # type: ignore[attr-defined]
    return test


class Remembered(dict[str, bool]):
    """What a matcher said about each distinct name; bounded."""

    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self._matcher = matcher

    def __missing__(self, name: str) -> bool:
        if len(self) >= _REMEMBERED:
            self.clear()
        answer = self[name] = self._matcher(name.casefold())
        return answer


# --- text -----------------------------------------------------------------------------------------------------------


def substring(word: str) -> Matcher:
    """The name holds `word`."""
    folded = word.casefold()
    return lambda name: folded in name


def exactly(word: str) -> Matcher:
    """The name is `word`."""
    folded = word.casefold()
    return lambda name: folded == name


def glob(word: str) -> Matcher:
    """The whole name matches; `*` is anything, `?` one character, all else itself (host names may hold brackets)."""
    if "*" not in word and "?" not in word:
        return exactly(word)
    parts = (re.escape(part) for part in re.split(r"\*+", word.casefold()))
    # an atomic group around each stretch: a pattern of many stars stays linear
    first, *rest = (part.replace(r"\?", ".") for part in parts)
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    last = f".*{rest[-1]}" if rest else ""
    compiled = re.compile(f"(?s:{first}{middle}{last})\\Z")
    return lambda name: compiled.match(name) is not None


def fuzzy(word: str) -> Matcher:
    """The letters of `word` appear in this order."""
    folded = word.casefold()

    def test(name: str) -> bool:
        letters = iter(name)
        return all(letter in letters for letter in folded)

    return test


def pattern(text: str) -> Matcher:
    """A regular expression found anywhere in the name. Raises `re.error` with a position when it cannot be used.

    One that may take too long is refused here, and does not give up later: what a filter selects is acted upon, and a
    name that it did not decide must be neither in nor out.
    """
    compiled = checked(text, re.IGNORECASE, PATTERN_CHARS)
    chars = _NAME_CHARS[_repeats(text)]
    return lambda name: compiled.search(name[:chars]) is not None


def _repeats(text: str) -> int:
    """How many repeats the pattern has; one around a repeat or a choice, or too many, are refused: they run for ever."""
    risky = [False]
    repeats = 0
    for match in re.finditer(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(|\)|\||\*|\+|\{", text, re.DOTALL):
        piece, end = match[0], match.end()
        if piece == "(":
            risky.append(False)
        elif piece == ")" and len(risky) > 1:
            inner = risky.pop()
            if inner and text[end : end + 1] in ("*", "+", "{"):
                raise re.error("it repeats something that itself repeats or chooses", text, end)
            risky[-1] = risky[-1] or inner
        elif piece in "*+{|":
            risky[-1] = True
            repeats += piece != "|"
            if repeats >= len(_NAME_CHARS):
                raise re.error(f"it has more than {len(_NAME_CHARS) - 1} repeats", text, match.start())
    return repeats


def in_any_name(matchers: Iterable[Matcher], *, address: bool = False) -> Predicate:
    """Host, group or name matches one of these; with `address` also `group:name` as a whole."""
    known = Remembered(_any(matchers))

    def test(host: HostSnapshot, process: Process | None, _now: float) -> bool:
        if process is None:
            return known[host.host]
        if known[process.shown_name] or known[process.shown_group] or known[host.host]:
            return True
        return address and known[f"{process.shown_group}:{process.shown_name}"]

    def select(host: HostSnapshot, rows: Sequence[R], _now: float) -> list[R]:
        if known[host.host]:
            return list(rows)
        return [
            row
            for row in rows
            if (process := row.process) is not None
            and (known[process.shown_name] or known[process.shown_group])
        ]

    if not address:
        test.select = select  # type: ignore[attr-defined]
    test.of_names = True  # type: ignore[attr-defined]
    return test


def in_field(field: TextField, matchers: Iterable[Matcher]) -> Predicate:
    """That one field matches one of these. A host's own row has neither group nor name."""
    known = Remembered(_any(matchers))

    def host_test(host: HostSnapshot, _process: Process | None, _now: float) -> bool:
        return known[host.host]

    def tag_test(host: HostSnapshot, _process: Process | None, _now: float) -> bool:
        return any(known[tag] for tag in host.tags)

    def group_test(_host: HostSnapshot, process: Process | None, _now: float) -> bool:
        return process is not None and known[process.shown_group]

    def name_test(_host: HostSnapshot, process: Process | None, _now: float) -> bool:
        return process is not None and known[process.shown_name]

    test = {"host": host_test, "tag": tag_test, "group": group_test, "name": name_test}[field]
    test.of_names = True  # type: ignore[attr-defined]
    return test


def _any(matchers: Iterable[Matcher]) -> Matcher:
    kept = tuple(matchers)
    if len(kept) == 1:
        return kept[0]
    return lambda name: any(matcher(name) for matcher in kept)


# --- states ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _StateWord:
    """What one word after `state:` selects."""

    processes: frozenset[ProcessState] = frozenset()
    healths: frozenset[Health] = frozenset()
    hosts: frozenset[HostState] = frozenset()
    """Host states that select the host's own row and every row on it."""
    host_rows: frozenset[HostState] = frozenset()
    """Host states that select the host's own row only."""


_NOT_RUNNING = frozenset(
    {
        ProcessState.STOPPED,
        ProcessState.EXITED,
        ProcessState.FATAL,
        ProcessState.BACKOFF,
        ProcessState.UNKNOWN,
    }
)

_STATE_WORDS: dict[str, _StateWord] = {
    **{state.name.lower(): _StateWord(processes=frozenset({state})) for state in ProcessState},
    **{state.value.lower(): _StateWord(hosts=frozenset({state})) for state in HostState},
    **{health.name.lower(): _StateWord(healths=frozenset({health})) for health in Health},
    "down": _StateWord(processes=_NOT_RUNNING, host_rows=UNREACHABLE),
    "unreachable": _StateWord(hosts=UNREACHABLE),
    "answering": _StateWord(hosts=ANSWERING),
}

STATE_WORDS = tuple(_STATE_WORDS)


def state_words(text: str) -> tuple[str, ...]:
    """The words that `text` stands for: itself, or all that begin with it; none when it is not known."""
    folded = text.lower()
    if folded in _STATE_WORDS:
        return (folded,)
    return tuple(word for word in _STATE_WORDS if folded and word.startswith(folded))


def in_state(words: Iterable[str]) -> Predicate:
    """The row is in one of the states that `words` (of `STATE_WORDS`) select."""
    chosen = [_STATE_WORDS[word] for word in words]
    hosts = frozenset[HostState]().union(*(word.hosts for word in chosen))
    host_rows = hosts.union(*(word.host_rows for word in chosen))
    healths = frozenset[Health]().union(*(word.healths for word in chosen))
    by_health = {known for known, health in PROCESS_HEALTH.items() if health in healths}
    states = by_health.difference({ProcessState.EXITED}).union(*(word.processes for word in chosen))
    judge_exit = ProcessState.EXITED not in states and bool(healths & {Health.BAD, Health.RESTING})

    def test(host: HostSnapshot, process: Process | None, _now: float) -> bool:
        if process is None:
            return host.state in host_rows or host.health in healths
        state = process.state
        if state in states or (hosts and host.state in hosts):
            return True
        return judge_exit and state is ProcessState.EXITED and process.health in healths

    def select(host: HostSnapshot, rows: Sequence[R], now: float) -> list[R]:
        if hosts and host.state in hosts:
            return [row for row in rows if test(host, row.process, now)]
        return [
            row
            for row in rows
            if ((process := row.process) is not None and process.state in states)
            or ((process is None or process.state is ProcessState.EXITED) and test(host, process, now))
        ]

    test.select = select  # type: ignore[attr-defined]
    test.of_ends = True  # type: ignore[attr-defined]
    return test


# --- numbers and times ----------------------------------------------------------------------------------------------


def number(field: Literal["pid", "exit"], comparison: str, wanted: Iterable[int]) -> Predicate:
    """The pid or the exit status compares so with one of these; rows without one never match."""
    compare, values = COMPARISONS[comparison], tuple(wanted)

    def pid_test(_host: HostSnapshot, process: Process | None, _now: float) -> bool:
        return (
            process is not None and process.pid > 0 and any(compare(process.pid, value) for value in values)
        )

    def exit_test(_host: HostSnapshot, process: Process | None, _now: float) -> bool:
        code = None if process is None else process.exit_code
        return code is not None and any(compare(code, value) for value in values)

    exit_test.of_ends = True  # type: ignore[attr-defined]
    return pid_test if field == "pid" else exit_test


def duration(field: Literal["uptime", "since"], comparison: str, seconds: float) -> Predicate:
    """The time running, or in this state, compares so; rows where it is not known never match.

    A host's own row has no uptime; `since` is the age of its last reading.
    """
    compare = COMPARISONS[comparison]

    def uptime_test(host: HostSnapshot, process: Process | None, now: float) -> bool:
        uptime = None if process is None else process.uptime(host.now(now))
        return uptime is not None and compare(uptime, seconds)

    def since_test(host: HostSnapshot, process: Process | None, now: float) -> bool:
        if process is None:
            age = host.age(now)
            return age is not None and compare(age, seconds)
        since = process.since()
        return bool(since) and compare(max(0.0, host.now(now) - since), seconds)

    return uptime_test if field == "uptime" else since_test
