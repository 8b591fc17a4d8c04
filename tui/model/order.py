"""The order of rows: natural names (web-2 before web-10), worst states first, what is unknown last either way."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.states import Health

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
    """`natural` turned round: the greater the name, the smaller the tuple."""
    return (*(-ord(char) for char in natural(name)), _END)


def rank(host: HostSnapshot, process: Process | None, sort: Sort) -> Rank:
    """Where this row belongs by the sort's column, smaller first.

    It does not depend on the time of asking: a running process keeps its place by UPTIME, because all grow old together.
    """
    match sort.column:
        case Column.HOST:
            return _text_rank(host.host, sort)
        case Column.GROUP:
            return _text_rank("" if process is None else process.shown_group, sort)
        case Column.NAME:
            return _text_rank("" if process is None else process.shown_name, sort)
        case Column.TAGS:
            return _text_rank(" ".join(sorted(host.tags)), sort)
    value = _number(host, process, sort.column)
    if value is None:
        return math.inf
    return -value if sort.reverse else value


def _text_rank(text: str, sort: Sort) -> Rank:
    if sort.reverse:
        return _backwards(text) if text else _LAST_CODES
    return natural(text) or _LAST_TEXT


def _number(host: HostSnapshot, process: Process | None, column: Column) -> float | None:
    if column is Column.STATE:
        return _severity(host, process)
    if process is None:
        # an unreachable host has been so since it was read last
        return -host.read_at if column is Column.SINCE and host.read_at is not None else None
    if column is Column.PID:
        return process.pid or None
    if column is Column.EXIT:
        return process.exit_code
    if column is Column.UPTIME and process.uptime(math.inf) is None:
        return None
    moment = process.start if column is Column.UPTIME else process.since()
    return host.clock_offset - moment if moment else None


def _severity(host: HostSnapshot, process: Process | None) -> float:
    """The worst first; within the same health by state."""
    if process is None:
        return (Health.BAD - host.health) * 10_000 - 1
    return (Health.BAD - process.health) * 10_000 + process.state
