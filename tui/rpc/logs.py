"""Reading logs within bounds, around what supervisord cannot send (supervisor-api.md 4.6 and 4.7).

Its log methods answer HTTP 500, and write a traceback into its own log, when the bytes asked for do not decode as UTF-8:
a character cut at an edge is enough. So an edge is moved by a byte at a time, then the piece is halved, few times in all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from tui.errors import Cause, WireError
from tui.rpc.answers import LogPiece, LogTail, Param, as_str, log_tail_from
from tui.rpc.problems import HttpStatusError

LOG_LIMIT = 256 * 1024
"""Bytes of a log that one call may ask for; a whole 200 MB log took supervisord from 25 to 825 MB."""

_BOTH_EDGES = ((1, 1), (2, 2), (1, 2), (2, 1))

Ask = Callable[..., Awaitable[object]]

_INT32 = 2**31 - 1


async def read_piece(
    ask: Ask, method: str, target: tuple[str, ...], offset: int, length: int, *, whole_end: bool = False
) -> LogPiece:
    """`length` bytes from `offset`, or the last `-offset` bytes; less where bytes at an edge are not whole characters.

    `whole_end`: the last byte asked for is known to end a character, so all up to it or nothing is wanted.
    """
    if offset < 0:
        attempts = _from_end(min(-offset, LOG_LIMIT))
    elif whole_end:
        attempts = _up_to_end(offset, _bounded(length))
    else:
        attempts = _from_start(offset, _bounded(length))
    for start, count in attempts:
        try:
            value = await ask(method, *target, _number(start), _number(count))
        except HttpStatusError as error:
            if error.status != 500:
                raise
            continue
        text = as_str(value, "a log")
        return LogPiece(text, start, 0 if start < 0 else start + len(text.encode()))
    raise _not_utf8()


async def tail(ask: Ask, method: str, address: str, offset: int, length: int) -> LogTail:
    """The new bytes since `offset`, at most the last `length`; length 0 asks for the size alone."""
    if length <= 0:
        value = await ask(method, address, 0, 0)
        return log_tail_from(value, _INT32)
    count = min(length, LOG_LIMIT)
    for less in (0, 1, 2, 3, count // 2, count // 4):
        if count <= less:
            break
        try:
            value = await ask(method, address, offset, count - less)
        except HttpStatusError as error:
            if error.status != 500:
                raise
            continue
        return log_tail_from(value, offset)
    raise _not_utf8()


def _bounded(length: int) -> int:
    return LOG_LIMIT if length < 1 else min(length, LOG_LIMIT)


def _from_start(offset: int, length: int) -> Iterator[tuple[int, int]]:
    """The end is the likely culprit: a reader goes on where the last whole character ended."""
    yield offset, length
    yield from ((offset, length - less) for less in (1, 2, 3) if length > less)
    yield from ((offset + more, length - more) for more in (1, 2, 3) if length > more)
    yield from ((offset + more, length - more - less) for more, less in _BOTH_EDGES if length > more + less)
    yield from ((offset, length // part) for part in (2, 4, 16) if length >= part * 8)


def _up_to_end(offset: int, length: int) -> Iterator[tuple[int, int]]:
    yield from ((offset + more, length - more) for more in (0, 1, 2, 3) if length > more)


def _from_end(count: int) -> Iterator[tuple[int, int]]:
    """The start is the likely culprit; the end of a log is whole unless it is written to right now."""
    yield -count, 0
    yield from ((less - count, 0) for less in (1, 2, 3) if count > less)
    yield from ((-(count // part), 0) for part in (2, 4, 16, 64) if count >= part * 8)


def _number(value: int) -> Param:
    """supervisord turns strings into numbers, and only so takes what XML-RPC's 32 bits cannot hold."""
    return value if -_INT32 <= value <= _INT32 else str(value)


def _not_utf8() -> WireError:
    return WireError(
        Cause.PROTOCOL,
        "supervisord cannot send this part of the log: it holds bytes that are not UTF-8",
        "follow the log instead, a stream carries any bytes",
        committed=True,
    )
