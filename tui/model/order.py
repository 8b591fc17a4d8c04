"""The order of rows: natural names (web-2 before web-10), worst states first, what is unknown last either way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tui.model.host import HostSnapshot
from tui.model.process import AGEING_STATES, Process
from tui.model.states import PROCESS_HEALTH, Health, ProcessState

Rank = float | str | tuple[int, ...]
"""Where a row belongs by one column; of one kind within a column and direction, so that any two compare."""


class Column(StrEnum):
    """What rows can be sorted by."""

    HOST = "HOST"
    GROUP = "GROUP"
    NAME = "NAME"
    STATE = "STATE"
    PID = "PID"
    UPTIME = "UPTIME"
    EXIT = "EXIT"
    SINCE = "SINCE"
    TAGS = "TAGS"


FEW_RANKS = frozenset({Column.GROUP, Column.NAME, Column.STATE, Column.EXIT, Column.TAGS})
"""Columns by which most rows are like many others."""


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of rows; ties are in the order of host, group and name, whichever way the column runs."""

    column: Column = Column.HOST
    reverse: bool = False


_DIGITS = re.compile(r"[0-9]+")
_LAST_TEXT = "\U0010ffff"
_LAST_CODES = (2,)
_END = 1


@lru_cache(maxsize=1 << 16)
def natural(name: str) -> str:
    """A text that sorts as people count: runs of digits by their value, case aside."""
    folded = name.casefold()
    return _DIGITS.sub(lambda match: match[0].zfill(12), folded) if _DIGITS.search(folded) else folded


@lru_cache(maxsize=1 << 16)
def _backwards(name: str) -> tuple[int, ...]:
    """`natural` turned round: the greater the name, the smaller the tuple; no name at all is last again."""
    return (*(-ord(char) for char in natural(name)), _END) if name else _LAST_CODES


def ranker(sort: Sort) -> Callable[[HostSnapshot, Process | None], Rank]:
    """What gives a row its place by the sort's column, smaller first.

    The place does not depend on the time of asking: running processes keep theirs by UPTIME, because all grow old
    together.
    """
    if (text := _TEXTS.get(sort.column)) is not None:
        return _text_ranker(text, reverse=sort.reverse)
    if sort.column is Column.STATE and not sort.reverse:
        return _severity  # always known: the order that is asked for most costs one call a row
    return _number_ranker(_NUMBERS[sort.column], reverse=sort.reverse)


def _number_ranker(
    number: Callable[[HostSnapshot, Process | None], float | None], *, reverse: bool
) -> _Ranker:
    """Two functions rather than one with a sign: tens of thousands of rows are ranked while a key waits."""

    def rank(host: HostSnapshot, process: Process | None) -> float:
        value = number(host, process)
        return math.inf if value is None else value

    def rank_backwards(host: HostSnapshot, process: Process | None) -> float:
        value = number(host, process)
        return math.inf if value is None else -value

    return rank_backwards if reverse else rank


def _text_ranker(text: Callable[[HostSnapshot, Process | None], str], *, reverse: bool) -> _Ranker:
    if reverse:
        return lambda host, process: _backwards(text(host, process))
    return lambda host, process: natural(text(host, process)) or _LAST_TEXT


def _group(_host: HostSnapshot, process: Process | None) -> str:
    return "" if process is None else process.shown_group


def _name(_host: HostSnapshot, process: Process | None) -> str:
    return "" if process is None else process.shown_name


def _tags(host: HostSnapshot, _process: Process | None) -> str:
    return " ".join(sorted(host.tags))


def _severity(host: HostSnapshot, process: Process | None) -> float:
    """The worst first; within the same health by state."""
    if process is None:
        return (Health.BAD - host.health) * 10_000 - 1
    state = process.state
    if state is ProcessState.EXITED:
        return (Health.BAD - process.health) * 10_000 + state
    return _SEVERITIES[state]


_SEVERITIES = {
    state: float((Health.BAD - health) * 10_000 + state) for state, health in PROCESS_HEALTH.items()
}


def _pid(_host: HostSnapshot, process: Process | None) -> float | None:
    return (process.pid or None) if process is not None else None


def _exit(_host: HostSnapshot, process: Process | None) -> float | None:
    return None if process is None else process.exit_code


def _uptime(host: HostSnapshot, process: Process | None) -> float | None:
    if process is None or not process.start or process.state not in AGEING_STATES:
        return None
    return host.clock_offset - process.start


def _since(host: HostSnapshot, process: Process | None) -> float | None:
    if process is None:
        return None if host.read_at is None else -host.read_at
    moment = process.since()
    return host.clock_offset - moment if moment else None


_Ranker = Callable[[HostSnapshot, Process | None], Rank]
_TEXTS: dict[Column, Callable[[HostSnapshot, Process | None], str]] = {
    Column.HOST: lambda host, _process: host.host,
    Column.GROUP: _group,
    Column.NAME: _name,
    Column.TAGS: _tags,
}
_NUMBERS: dict[Column, Callable[[HostSnapshot, Process | None], float | None]] = {
    Column.STATE: _severity,
    Column.PID: _pid,
    Column.UPTIME: _uptime,
    Column.EXIT: _exit,
    Column.SINCE: _since,
}
