"""One log, followed for as long as somebody looks: history by a read, then live, across whatever happens to the host.

Live is supervisord's `/logtail` stream, which carries any byte and follows rotation. Where a stream is not to be had (too
many are open, a proxy holds it back, the server has none) the log's size is asked for, and what is new is read.
The rule: no line twice, and where lines may be missing a 'gap' says so.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence

from tui.engine.logs.growth import PIECE, ROTATED, LogGrowth
from tui.engine.logs.lines import (
    STREAM_HISTORY,
    SURE_MATCH,
    LineAssembler,
    LogLine,
    known_at_start,
    known_within,
)
from tui.engine.logs.past import Earlier, LogPast, not_sent
from tui.errors import Cause, Fault, FaultCode, WireError
from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.model.states import ANSWERING, HostState
from tui.rpc.client import Channel, LogPiece, Supervisor

STREAMS = 20
"""Streams that one program holds open at most: each costs its supervisord a descriptor and work in every pass."""
RESERVE = 10
"""Streams on top of that, for logs that are not UTF-8: supervisord can send those in no other way."""
SILENCE = 5.0
"""Seconds after which a stream that should have begun is taken to be held back by something in between."""
LOOK_SECONDS = 1.0
"""How often somebody looks, while a stream is silent, whether its host and process are still there."""
SIZE_SECONDS = 5.0
"""How often the size of a streamed log is asked for, to notice that it was rotated."""
PROBE_SECONDS = 1.0
ABSENT_SECONDS = 0.5
RETRY_SECONDS = 1.0
AGAIN_BYTES = 64 * 1024
"""Bytes of the log's end that are read to find the place again."""
KEPT = 4096
"""Bytes of the log's end that are kept, to find the place again."""
TRUNCATED = "==> File truncated <=="
"""What the stream itself says when the file became shorter (supervisor/http.py:tail_f_producer)."""

_HELD = frozenset({HostState.PENDING, HostState.STALE})
_GONE = (FaultCode.BAD_NAME, FaultCode.NO_FILE)
_HELD_BACK = frozenset({Cause.PROTOCOL, Cause.TIMEOUT})
"""How a stream fails from the start where something in between refuses it, or keeps even its head."""


class StreamBudget:
    """How many more streams may be opened."""

    def __init__(self, limit: int = STREAMS) -> None:
        self.free = limit

    def has(self, *, needed: bool = False) -> bool:
        """Whether one may be opened; a `needed` one from the reserve, too."""
        return self.free > (-RESERVE if needed else 0)

    def take(self, *, needed: bool = False) -> bool:
        """Open one if that may be; give it back afterwards."""
        if not self.has(needed=needed):
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        self.free += 1


class LogSource:
    """One channel of one process, or supervisord's own log. Belongs to the engine's loop."""

    def __init__(
        self,
        key: ProcessKey,
        channel: Channel,
        history: int,
        *,
        supervisor: Supervisor,
        picture: Callable[[], FleetPicture],
        turn: asyncio.Semaphore,
        streams: StreamBudget,
        emit: Callable[[Sequence[LogLine]], None],
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`turn` is shared by the logs of one host, whose reads would otherwise wait for each other past their deadline."""
        self.key = key
        self.channel: Channel = channel
        self._history = history
        self._supervisor = supervisor
        self._picture = picture
        self._turn = turn
        self._streams = streams
        self._emit = emit
        self._wall = wall
        self._lines = LineAssembler()
        self._known = b""
        self._end: int | None = None
        """Where in the file `_known` ends, while nothing has come in between that makes it doubtful."""
        self._begun = False
        self._lost = False
        self._may_stream = True
        self._size = 0
        self._ignore = 0
        self._said = ""
        self._not_text = False
        """Whether it holds bytes that only a stream carries."""
        self._past = LogPast(self._read_piece)
        self._shown_bytes = 0
        self._waiting_for_past = asyncio.Lock()

    async def earlier(self, limit: int) -> tuple[list[LogLine], bool]:
        """Lines before those that were shown, at most `limit` bytes of them, and whether there may be more."""
        async with self._waiting_for_past:
            if not self._begun:
                return [], True
            try:
                earlier = await self._past.earlier(self._shown_bytes, limit)
            except WireError as error:
                earlier = Earlier((), f"earlier lines cannot be read: {error.problem}", more=True)
        lines = [LogLine(self.key, self.channel, text, 0.0) for text in earlier.lines]
        if earlier.remark:
            lines.insert(0, LogLine(self.key, self.channel, earlier.remark, 0.0, "note"))
        return lines, earlier.more

    async def _read_piece(self, offset: int, length: int, whole_end: bool) -> LogPiece:
        async with self._turn:
            return await self._supervisor.read_log_piece(
                self.key, self.channel, offset, length, whole_end=whole_end
            )

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._wait_until_there()
            try:
                await self._catch_up()
                if self._may_stream and self._streams.take(needed=self._not_text):
                    try:
                        await self._follow_stream()
                    finally:
                        self._streams.give_back()
                else:
                    await self._follow_by_size()
            except Fault as fault:
                if fault.code not in _GONE:
                    self._lose(fault.problem)
                elif self._absence() is None:
                    self._say("there is no such log yet")
            except WireError as error:
                self._lose(error.problem)
            await asyncio.sleep(RETRY_SECONDS * (0.5 + random.random()))  # noqa: S311 - spreads load

    # --- whether there is anything to follow ------------------------------------------------------------------------

    async def _wait_until_there(self) -> None:
        while (absence := self._absence()) is not None:
            if absence:
                self._say(absence)
            await asyncio.sleep(ABSENT_SECONDS)

    def _absence(self) -> str | None:
        """Why there is nothing to follow now, in words (empty: not known yet); None when there is."""
        host = self._picture().hosts.get(self.key.host)
        if host is None or host.state is HostState.PENDING:
            return ""
        if host.state not in ANSWERING and host.state not in _HELD:
            return f"{host.host}: {host.problem}; the log goes on when it answers"
        if self.key.is_host:
            return None
        process = host.by_key.get(self.key)
        if process is None:
            return "this process is no longer there"
        if self.channel == "stdout":
            return None if process.stdout_logfile else "no log of its output is kept (NONE or syslog)"
        if process.stderr_logfile:
            return None
        return "no log of its errors is kept: they go to stdout (redirect_stderr), to syslog or nowhere"

    # --- what was ---------------------------------------------------------------------------------------------------

    async def _catch_up(self) -> int:
        """Show what is in the log and was not shown yet; how many bytes that were."""
        wanted = max(self._history if not self._begun else AGAIN_BYTES, 2 * STREAM_HISTORY)
        before = await self._ask_size()
        try:
            raw, end = await self._read_end(wanted, before)
        except WireError as error:
            if not not_sent(error):
                raise
            raw, end = None, None  # bytes that are not UTF-8: the stream will carry them
            self._not_text = True
        shrunk = before < self._size
        self._size = before
        shown = 0
        if raw is None:
            if not self._begun:
                self._say("its past cannot be read (it is not UTF-8); shown from here on")
                if before > STREAM_HISTORY:
                    self._lines.skip_to_next_line()
                self._past.begins(b"", max(0, before - STREAM_HISTORY) if before else None)
        elif self._begun:
            shown = self._take_missed(raw, end, wanted, shrunk)
        else:
            self._take_past(raw, end, wanted, before)
        self._begun, self._lost, self._said = True, False, ""
        return shown

    def _take_past(self, raw: bytes, end: int | None, wanted: int, size: int) -> None:
        self._known, self._end = raw, end
        shown = raw[-self._history :] if self._history else b""
        cut = bool(shown) and _is_cut(raw, min(wanted, self._history))
        if cut:
            self._lines.skip_to_next_line()
        self._show(self._lines.feed(shown), arrived=0.0)
        begin = shown[shown.find(b"\n") + 1 :] if cut else shown
        whole = len(begin) == len(raw) and not _is_cut(raw, wanted)
        self._past.begins(begin, 0 if whole else max(1, size - len(begin)) if size else None)
        self._shown_bytes = len(begin)

    def _take_missed(self, raw: bytes, end: int | None, wanted: int, shrunk: bool) -> int:
        """Show what of `raw`, the bytes before `end`, is new."""
        known = self._known_by_offset(raw, end)
        if known is None:
            known = known_within(self._known, raw)
        if known is None:
            self._gap(ROTATED if shrunk else "lines may be missing here")
            if _is_cut(raw, wanted):
                self._lines.skip_to_next_line()
        elif self._lost:
            self._note("connected again, nothing is missing")
        self._feed(raw[known or 0 :])
        self._known, self._end = raw, end
        return len(raw) - (known or 0)

    def _known_by_offset(self, raw: bytes, end: int | None) -> int | None:
        """How many bytes of `raw` are known, by where they stand: lines that repeat say nothing about their place."""
        if self._end is None or end is None:
            return None
        known = self._end - (end - len(raw))
        meet = raw[max(0, known - STREAM_HISTORY) : max(0, known)]
        return known if meet and known <= len(raw) and self._known.endswith(meet) else None

    async def _read_end(self, count: int, size: int) -> tuple[bytes, int | None]:
        """The last bytes of a log of that size, and where they end if that is known."""
        if size:
            try:
                piece = await self._read_piece(max(0, size - count), min(size, count), True)
                return piece.text.encode(), size
            except WireError as error:
                if not not_sent(error):  # its end may be cut in a character that is being written
                    raise
        async with self._turn:
            return (await self._supervisor.read_log_piece(self.key, self.channel, -count)).text.encode(), None

    async def _ask_size(self) -> int:
        """The size of the log in bytes; 0 where it cannot be told (supervisord's own log, files over 2 GiB)."""
        if self.key.is_host:
            return 0
        try:
            async with self._turn:
                return (await self._supervisor.tail_log(self.key, self.channel, 0, 0)).size
        except WireError as error:
            if error.cause is Cause.PROTOCOL:
                return 0
            raise

    # --- live by stream ---------------------------------------------------------------------------------------------

    async def _follow_stream(self) -> None:
        """Return when the stream turned out not to deliver; raise WireError when it ended."""
        pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(16)
        reader = asyncio.create_task(self._read_stream(pieces), name=f"stream of a log of {self.key.host}")
        try:
            if self._known:
                piece = await self._first_piece(pieces)
                if not piece:
                    self._may_stream = False
                    return
                await self._join(piece)
            await self._take_in_stream(pieces, delivers=bool(self._known))
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _take_in_stream(
        self, pieces: asyncio.Queue[bytes | BaseException | None], *, delivers: bool
    ) -> None:
        """Show what comes; return when nothing ever came (not `delivers`) of a log that is there and grows."""
        sized, grew = time.monotonic(), False
        while True:
            try:
                self._feed(await _next(pieces, LOOK_SECONDS))
                delivers = True
            except TimeoutError:
                pass
            except WireError as error:
                if delivers or error.cause not in _HELD_BACK:
                    raise
                self._may_stream = False
                return
            self._raise_absence()
            if time.monotonic() - sized >= SIZE_SECONDS:
                sized = time.monotonic()
                if delivers:
                    await self._notice_rotation()
                elif await self._ask_size() > self._size:
                    if grew:  # the second time: its piece is not just on its way
                        self._may_stream = False
                        return
                    grew = True

    async def _read_stream(self, pieces: asyncio.Queue[bytes | BaseException | None]) -> None:
        stream: AsyncIterator[bytes] = (
            self._supervisor.stream_main_log()
            if self.key.is_host
            else self._supervisor.stream_log(self.key, self.channel)
        )
        try:
            async for piece in stream:
                await pieces.put(piece)
            await pieces.put(None)
        except Exception as error:  # handed over: the follower raises it
            await pieces.put(error)
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    async def _first_piece(self, pieces: asyncio.Queue[bytes | BaseException | None]) -> bytes:
        """The bytes of the past that a stream begins with.

        Empty when none come: something in between holds the stream back, or refuses it though the log is there.
        """
        piece = b""
        try:
            piece = await _next(pieces, SILENCE)
            while len(piece) < min(STREAM_HISTORY, len(self._known)):
                piece += await _next(pieces, 0.2)
        except TimeoutError:
            return piece
        except WireError as error:
            if piece or error.cause is not Cause.PROTOCOL:
                raise
        return piece

    async def _join(self, piece: bytes) -> None:
        """Go on from what is shown already; a stream begins with some bytes of the past."""
        known = known_at_start(self._known, piece)
        if known is None:
            missed = await self._catch_up()  # more was written in between than a stream begins with
            known = known_at_start(self._known, piece, max(STREAM_HISTORY, missed + SURE_MATCH))
        if known is None:
            self._gap("lines may be missing here")
            known = 0
        self._known = self._known[-KEPT:]
        if known <= len(piece):
            self._feed(piece[known:])
        else:
            self._ignore = known - len(piece)

    async def _notice_rotation(self) -> None:
        """A stream follows a rotation in silence; what was written right before it may never have been sent."""
        size = await self._ask_size()
        if size and size < self._size:
            self._gap(ROTATED)
        self._size = size or self._size

    def _raise_absence(self) -> None:
        """A host that is gone leaves its stream silent, and one of a removed process stays open for ever."""
        if absence := self._absence():
            raise WireError(Cause.TIMEOUT, absence)

    # --- live by size -----------------------------------------------------------------------------------------------

    async def _follow_by_size(self) -> None:
        """Return when a stream may be had; raise WireError when the host cannot be asked."""
        growth = LogGrowth(self._read_piece, self._ask_size)
        try:
            if self._end is not None:
                growth.position = self._end
            else:
                raw = await growth.begin()
                self._take_missed(raw, growth.position, PIECE // 2, shrunk=False)
        except WireError as error:
            if not not_sent(error):
                raise
            self._not_text, self._known = True, b""
            await growth.pass_over()
        while True:
            if self._may_stream and self._streams.has(needed=self._not_text):
                return
            await asyncio.sleep(PROBE_SECONDS * (0.75 + random.random() / 2))  # noqa: S311 - spreads load
            self._raise_absence()
            try:
                news = await growth.more(self._known)
            except WireError as error:
                if not not_sent(error):
                    raise
                self._not_text = True
                if self._may_stream and self._streams.has(needed=True):
                    return
                news = await growth.pass_over()
            self._feed(news.data)
            if news.gap:
                self._gap(news.gap)
                self._known = b""
                if not news.whole:
                    self._lines.skip_to_next_line()

    # --- what is shown ----------------------------------------------------------------------------------------------

    def _feed(self, data: bytes) -> None:
        if self._ignore:
            ignored = min(self._ignore, len(data))
            self._ignore -= ignored
            data = data[ignored:]
        if data:
            self._known = (self._known + data)[-KEPT:]
            self._shown_bytes += len(data)
            if self._end is not None:
                self._end += len(data)
            self._show(self._lines.feed(data))

    def _show(self, lines: Sequence[str], arrived: float | None = None) -> None:
        now = self._wall() if arrived is None else arrived
        self._emit([self._line(text, now) for text in lines])

    def _line(self, text: str, now: float) -> LogLine:
        if text == TRUNCATED:
            return LogLine(self.key, self.channel, ROTATED, now, "gap")
        return LogLine(self.key, self.channel, text, now)

    def _lose(self, problem: str) -> None:
        """The connection is gone; what was shown stays, and the place is found again later."""
        self._ignore = 0
        if self._begun and not self._lost:
            self._lost, end = True, self._end
            self._gap(f"the log broke off: {problem}")
            self._end = end
        elif not self._begun:
            self._say(problem)

    def _gap(self, text: str) -> None:
        self._show(self._lines.flush())
        self._end = None
        self._emit([LogLine(self.key, self.channel, text, self._wall(), "gap")])

    def _note(self, text: str) -> None:
        self._emit([LogLine(self.key, self.channel, text, self._wall(), "note")])

    def _say(self, text: str) -> None:
        """A note, but not the same one again and again."""
        if text != self._said:
            self._said = text
            self._note(text)


def _is_cut(raw: bytes, wanted: int) -> bool:
    """Whether `raw` begins somewhere in the log; up to 3 bytes of a character that was cut are not sent."""
    return len(raw) >= wanted - 3


async def _next(pieces: asyncio.Queue[bytes | BaseException | None], seconds: float | None) -> bytes:
    """The next piece of a stream; WireError when it ended, TimeoutError when it is silent."""
    async with asyncio.timeout(seconds):
        piece = await pieces.get()
    if piece is None:
        raise WireError(Cause.REFUSED, "supervisord ended the stream")
    if isinstance(piece, BaseException):
        raise piece
    return piece
