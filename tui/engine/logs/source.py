"""One log, followed for as long as somebody looks: history by a read, then live, across whatever happens to the host.

Live is supervisord's `/logtail` stream, which carries any byte and follows rotation. Where a stream is not to be had (too
many are open, a proxy holds it back, the server has none) the log's size is asked for, and what is new is read.
The rule: no line twice, and where lines may be missing a 'gap' says so.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence

from tui.engine.logs.absence import absence
from tui.engine.logs.budget import StreamBudget
from tui.engine.logs.growth import PIECE, ROTATED, LogGrowth
from tui.engine.logs.lines import STREAM_HISTORY, SURE_MATCH, LogLine, known_at_start
from tui.engine.logs.past import Earlier, LogPast, not_sent
from tui.engine.logs.reads import LogReads
from tui.engine.logs.shown import ShownLog
from tui.engine.logs.stream import LogStream
from tui.errors import Cause, Fault, FaultCode, WireError
from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.rpc.client import Channel, Supervisor

LOOK_SECONDS = 1.0
"""How often somebody looks, while a stream is silent, whether its host and process are still there."""
SIZE_SECONDS = 5.0
"""How often the size of a streamed log is asked for, to notice that it was rotated."""
PROBE_SECONDS = 1.0
ABSENT_SECONDS = 0.5
RETRY_SECONDS = 1.0
AGAIN_BYTES = 64 * 1024
"""Bytes of the log's end that are read to find the place again."""

_GONE = (FaultCode.BAD_NAME, FaultCode.NO_FILE)
_HELD_BACK = frozenset({Cause.PROTOCOL, Cause.TIMEOUT})
"""How a stream fails from the start where something in between refuses it, or keeps even its head."""


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
        """`turn` is shared by the logs of one host, see `LogReads`."""
        self.key = key
        self.channel: Channel = channel
        self._history = history
        self._picture = picture
        self._streams = streams
        self._reads = LogReads(key, channel, supervisor, turn)
        self._past = LogPast(self._reads.piece)
        self._shown = ShownLog(key, channel, emit, wall)
        self._begun = False
        self._lost = False
        self._may_stream = True
        self._size = 0
        self._not_text = False
        """Whether it holds bytes that only a stream carries."""
        self._waiting_for_past = asyncio.Lock()

    async def earlier(self, limit: int) -> tuple[list[LogLine], bool]:
        """Lines before those that were shown, at most `limit` bytes of them, and whether there may be more."""
        async with self._waiting_for_past:
            if not self._begun:
                return [], True
            try:
                earlier = await self._past.earlier(self._shown.count, limit)
            except WireError as error:
                earlier = Earlier((), f"earlier lines cannot be read: {error.problem}", more=True)
        lines = [LogLine(self.key, self.channel, text, 0.0) for text in earlier.lines]
        if earlier.remark:
            lines.insert(0, LogLine(self.key, self.channel, earlier.remark, 0.0, "note"))
        return lines, earlier.more

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
                    self._shown.say("there is no such log yet")
            except WireError as error:
                self._lose(error.problem)
            await asyncio.sleep(RETRY_SECONDS * (0.5 + random.random()))  # noqa: S311 - spreads load

    # --- whether there is anything to follow ------------------------------------------------------------------------

    def _absence(self) -> str | None:
        return absence(self._picture(), self.key, self.channel)

    async def _wait_until_there(self) -> None:
        while (why := self._absence()) is not None:
            if why:
                self._shown.say(why)
            await asyncio.sleep(ABSENT_SECONDS)

    def _raise_absence(self) -> None:
        """A host that is gone leaves its stream silent, and one of a removed process stays open for ever."""
        if why := self._absence():
            raise WireError(Cause.TIMEOUT, why)

    def _lose(self, problem: str) -> None:
        """The connection is gone; what was shown stays, and the place is found again later."""
        self._shown.forget_stream()
        if self._begun and not self._lost:
            self._lost = True
            self._shown.break_off(f"the log broke off: {problem}")
        elif not self._begun:
            self._shown.say(problem)

    # --- what was ---------------------------------------------------------------------------------------------------

    async def _catch_up(self) -> int:
        """Show what is in the log and was not shown yet; how many bytes that were."""
        wanted = max(self._history if not self._begun else AGAIN_BYTES, 2 * STREAM_HISTORY)
        before = await self._reads.size()
        try:
            raw, end = await self._reads.last(wanted, before)
        except WireError as error:
            if not not_sent(error):
                raise
            raw, end = None, None  # bytes that are not UTF-8: the stream will carry them
            self._not_text = True
        shrunk = before < self._size
        self._size = before
        new = 0
        if raw is None:
            if not self._begun:
                self._begin_without_past(before)
        elif self._begun:
            new = self._take_missed(raw, end, wanted, shrunk)
        else:
            self._take_past(raw, end, wanted, before)
        self._begun, self._lost = True, False
        self._shown.say_anew()
        return new

    def _begin_without_past(self, size: int) -> None:
        self._shown.say("its past cannot be read (it is not UTF-8); shown from here on")
        if size > STREAM_HISTORY:
            self._shown.skip_to_next_line()
        self._past.begins(b"", max(0, size - STREAM_HISTORY) if size else None)

    def _take_past(self, raw: bytes, end: int | None, wanted: int, size: int) -> None:
        history = raw[-self._history :] if self._history else b""
        cut = bool(history) and _is_cut(raw, min(wanted, self._history))
        shown = self._shown.begin(raw, end, history, cut=cut)
        whole = len(shown) == len(raw) and not _is_cut(raw, wanted)
        self._past.begins(shown, 0 if whole else max(1, size - len(shown)) if size else None)

    def _take_missed(self, raw: bytes, end: int | None, wanted: int, shrunk: bool) -> int:
        """Show what of `raw`, the bytes before `end`, is new."""
        known = self._shown.known_in(raw, end)
        if known is None:
            self._shown.gap(ROTATED if shrunk else "lines may be missing here")
            if _is_cut(raw, wanted):
                self._shown.skip_to_next_line()
        elif self._lost:
            self._shown.note("connected again, nothing is missing")
        self._shown.feed(raw[known or 0 :])
        self._shown.known, self._shown.end = raw, end
        return len(raw) - (known or 0)

    # --- live by stream ---------------------------------------------------------------------------------------------

    async def _follow_stream(self) -> None:
        """Return when the stream turned out not to deliver; raise WireError when it ended."""
        async with LogStream(self._reads.stream(), f"stream of a log of {self.key.host}") as stream:
            known = self._shown.known
            if known:
                piece = await stream.beginning(min(STREAM_HISTORY, len(known)))
                if not piece:
                    self._may_stream = False
                    return
                await self._join(piece)
            await self._take_in(stream, delivers=bool(self._shown.known))

    async def _join(self, piece: bytes) -> None:
        """Go on from what is shown already; a stream begins with some bytes of the past."""
        known = known_at_start(self._shown.known, piece)
        if known is None:
            missed = await self._catch_up()  # more was written in between than a stream begins with
            known = known_at_start(self._shown.known, piece, max(STREAM_HISTORY, missed + SURE_MATCH))
        if known is None:
            self._shown.gap("lines may be missing here")
            known = 0
        self._shown.join(piece, known)

    async def _take_in(self, stream: LogStream, *, delivers: bool) -> None:
        """Show what comes; return when nothing ever came (not `delivers`) of a log that is there and grows."""
        sized, grew = time.monotonic(), False
        while True:
            try:
                self._shown.feed(await stream.next(LOOK_SECONDS))
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
                elif await self._reads.size() > self._size:
                    if grew:  # the second time: its piece is not just on its way
                        self._may_stream = False
                        return
                    grew = True

    async def _notice_rotation(self) -> None:
        """A stream follows a rotation in silence; what was written right before it may never have been sent."""
        size = await self._reads.size()
        if size and size < self._size:
            self._shown.gap(ROTATED)
        self._size = size or self._size

    # --- live by size -----------------------------------------------------------------------------------------------

    async def _follow_by_size(self) -> None:
        """Return when a stream may be had; raise WireError when the host cannot be asked."""
        growth = LogGrowth(self._reads.piece, self._reads.size)
        try:
            if self._shown.end is not None:
                growth.position = self._shown.end
            else:
                raw = await growth.begin()
                self._take_missed(raw, growth.position, PIECE // 2, shrunk=False)
        except WireError as error:
            if not not_sent(error):
                raise
            self._not_text, self._shown.known = True, b""
            await growth.pass_over()
        while True:
            if self._may_stream and self._streams.has(needed=self._not_text):
                return
            await asyncio.sleep(PROBE_SECONDS * (0.75 + random.random() / 2))  # noqa: S311 - spreads load
            self._raise_absence()
            try:
                news = await growth.more(self._shown.known)
            except WireError as error:
                if not not_sent(error):
                    raise
                self._not_text = True
                if self._may_stream and self._streams.has(needed=True):
                    return
                news = await growth.pass_over()
            self._shown.feed(news.data)
            if news.gap:
                self._shown.gap(news.gap)
                self._shown.known = b""
                if not news.whole:
                    self._shown.skip_to_next_line()


def _is_cut(raw: bytes, wanted: int) -> bool:
    """Whether `raw` begins somewhere in the log; up to 3 bytes of a character that was cut are not sent."""
    return len(raw) >= wanted - 3
