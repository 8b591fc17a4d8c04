"""The last lines of one log, read once: as far back as it takes to find so many, within a bound.

Who comes in: a supervisord and the address of a log. Who leaves: its lines, as they stand in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from tui.engine.logs.lines import STREAM_HISTORY, LineAssembler
from tui.engine.logs.past import LogPast
from tui.errors import Cause, Fault, WireError
from tui.model.process import ProcessKey
from tui.rpc.answers import LogPiece
from tui.rpc.client import Channel, Supervisor

FIRST_BYTES = 64 * 1024
MOST_BYTES = 16 * 1024 * 1024
"""How far back lines that match are looked for; 64 reads, of which each costs supervisord some milliseconds."""
_STREAM_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The last lines that were asked for."""

    lines: list[str]
    remark: str = ""
    """Why there may be more of them than these; '' when there are not."""


async def read_end(
    supervisor: Supervisor,
    key: ProcessKey,
    channel: Channel,
    count: int,
    matches: Callable[[str], bool] | None = None,
) -> LogEnd:
    """The last `count` lines that match, oldest first. Raises WireError, and Fault NO_FILE where there is no such log."""
    size = await _size(supervisor, key, channel)
    raw, is_raw = await _end_of(supervisor, key, channel, size)
    begin = max(0, size - len(raw)) if size else None
    if len(raw) < FIRST_BYTES - 3 and not is_raw:
        begin = 0
    if begin != 0:
        raw = raw[raw.find(b"\n") + 1 :]
        begin = None if begin is None else max(1, size - len(raw))
    lines = _chosen(raw, matches)

    async def read(offset: int, length: int, whole_end: bool) -> LogPiece:
        return await supervisor.read_log_piece(key, channel, offset, length, whole_end=whole_end)

    past, seen = LogPast(read), len(raw)
    past.begins(b"" if is_raw else raw, begin)
    more, remark = begin != 0, ""
    while more and len(lines) < count:
        if seen >= MOST_BYTES:
            remark = f"looked for in the last {MOST_BYTES >> 20} MiB only"
            break
        earlier = await past.earlier(len(raw))
        seen += sum(len(line) + 1 for line in earlier.lines) or FIRST_BYTES
        lines[:0] = [line for line in earlier.lines if matches is None or matches(line)]
        more = earlier.more
        if not earlier.lines and earlier.remark:
            remark = earlier.remark
    return LogEnd(lines[-count:] if count else [], remark)


def _chosen(raw: bytes, matches: Callable[[str], bool] | None) -> list[str]:
    assembler = LineAssembler()
    lines = [*assembler.feed(raw), *assembler.flush()]
    return lines if matches is None else list(filter(matches, lines))


async def _size(supervisor: Supervisor, key: ProcessKey, channel: Channel) -> int:
    """Bytes; 0 where it cannot be told: supervisord's own log, and files over 2 GiB."""
    if key.is_host:
        return 0
    try:
        return (await supervisor.tail_log(key, channel, 0, 0)).size
    except Fault:
        raise
    except WireError as error:
        if error.cause is not Cause.PROTOCOL:
            raise
        return 0


async def _end_of(supervisor: Supervisor, key: ProcessKey, channel: Channel, size: int) -> tuple[bytes, bool]:
    """The end of the log, and whether it came by a stream: that carries bytes which supervisord cannot send as text."""
    try:
        return (await supervisor.read_log_piece(key, channel, -FIRST_BYTES)).text.encode(), False
    except Fault:
        raise
    except WireError as error:
        if error.cause is not Cause.PROTOCOL:
            raise
        return await _first_of_stream(supervisor, key, channel, min(size, STREAM_HISTORY)), True


async def _first_of_stream(supervisor: Supervisor, key: ProcessKey, channel: Channel, enough: int) -> bytes:
    stream = supervisor.stream_main_log() if key.is_host else supervisor.stream_log(key, channel)
    found = b""
    try:
        async with asyncio.timeout(_STREAM_SECONDS):
            async for piece in stream:
                found += piece
                if len(found) >= enough:
                    break
    except TimeoutError:
        return found
    finally:
        await stream.aclose()
    return found
