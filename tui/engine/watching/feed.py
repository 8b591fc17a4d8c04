"""The push feed of one host: its main log kept open, so that changes come by themselves instead of being asked for.

A stock supervisord writes each change of state into its main log (at loglevel info, the default) and streams that log at
`/mainlogtail`. Who comes in: the poller, which opens it when it pays and asks it what to read. What leaves: names to ask
about. The rule: a feed is believed only as long as whole reads find nothing that it kept silent about; else it is given
up, with the reason in words, and tried again later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from enum import Enum

from tui.config.schema import FeedMode
from tui.engine.supervision import Work
from tui.engine.watching.main_log import NO_NEWS, MainLogReader, News
from tui.errors import Cause, Fault, WireError
from tui.model.process import Process, ProcessKey
from tui.model.states import ProcessState
from tui.rpc.client import Supervisor

PAYS_FROM = 20
"""Processes from which a feed costs supervisord less than polls; below, an answer is a page or two."""
BEAT = 5.0
"""Seconds between two signs of life that are asked for while the feed is silent."""
WHOLE_SECONDS = 30.0
"""Seconds between two whole reads at least: groups that come and go without starting are in no log."""
SILENCE = 5.0
"""Seconds within which a stream must have brought its first bytes, the end of the log so far."""
PATIENCE = 2.5
"""Seconds in which the log may name a change that a whole read has seen first: supervisord looks once a second."""
LOUD = 8 * 1024
"""Bytes a second above which a log holds more than changes of state."""
LOUD_SECONDS = 10.0
LOUD_PAUSE = 60.0
DISTRUST_SECONDS = 600.0
"""So long a feed that was given up is not tried again."""
SILENCE_PAUSE = 30.0
"""So long one that brought nothing is not tried again, and four times as long after each further time: while a thousand
streams open, or on a busy machine, the first bytes may come late."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_READS_BEFORE = 2
"""Whole reads before it is opened: who asks once and leaves needs no feed."""


class FeedState(Enum):
    """How far a feed has come."""

    CLOSED = "closed"
    OPENING = "opening"
    HEARD = "heard"
    """It brings the log; what changed before that is still to be read."""
    LIVE = "live"
    """Everything was read since it brings the log: what it names from here on is all that changes."""


class Feed:
    """All methods belong to the engine's loop."""

    def __init__(
        self,
        supervisor: Supervisor,
        mode: FeedMode,
        *,
        supervise: Callable[[str, Work], asyncio.Task[None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reason = "" if mode == "auto" else f"feed: {mode}"
        """Why it is not open, in words; empty when nothing speaks against it."""
        self._supervisor = supervisor
        self._mode = mode
        self._supervise = supervise
        self._clock = clock
        self._state = FeedState.CLOSED
        self._task: asyncio.Task[None] | None = None
        self._on_news: Callable[[], None] = lambda: None
        self._on_end: Callable[[], None] = lambda: None
        self._news = NO_NEWS
        self._settling = False
        self._suspects: dict[str, ProcessKey] = {}
        self._verdict_at: float | None = None
        self._reads = 0
        self._pause = _FIRST_PAUSE
        self._silence_pause = SILENCE_PAUSE
        self._opened_at = 0.0
        self._not_before = 0.0
        self._loud_from = 0.0
        self._loud_bytes = 0

    def attach(self, on_news: Callable[[], None], on_end: Callable[[], None]) -> None:
        """`on_news` is called when there is something to take, `on_end` when the server has ended the stream."""
        self._on_news, self._on_end = on_news, on_end

    @property
    def live(self) -> bool:
        """Whether its names are all that changes."""
        return self._state is FeedState.LIVE

    @property
    def verdict_at(self) -> float | None:
        """When it is known whether it kept silent about something; None when nothing is in doubt."""
        return self._verdict_at

    # --- reading ----------------------------------------------------------------------------------------------------

    def take(self) -> News:
        """What was named since the last time."""
        news, self._news = self._news, NO_NEWS
        return news

    def whole_read_begins(self) -> None:
        """What was named so far will be seen by this read."""
        self._news = NO_NEWS
        self._settling = self._state is FeedState.HEARD

    def whole_read_ended(self, before: Iterable[Process], after: Iterable[Process]) -> None:
        """Remember what differs and was not named; the log has a moment to do so."""
        self._reads += 1
        if self._settling and self._state is FeedState.HEARD:
            self._state, self._settling = FeedState.LIVE, False
        elif self.live and before is not after:
            named = self._news.names
            silent = {key.name: key for key in _changed(before, after) if key.name not in named}
            if silent and not self._news.whole:
                self._suspects.update(silent)
                self._verdict_at = self._verdict_at or self._clock() + PATIENCE

    def verdict(self) -> None:
        """Give it up if a change has stayed unnamed."""
        if self._verdict_at is None or self._clock() < self._verdict_at:
            return
        self._verdict_at = None
        if self._suspects:
            name = next(iter(self._suspects))
            self.give_up(f"its main log did not tell of a change of {name} (is its loglevel above info?)")

    # --- open and closed --------------------------------------------------------------------------------------------

    def consider(self, processes: int) -> None:
        """After a whole read: open it when it pays and nothing speaks against it, close it when it no longer does."""
        wanted = self._mode == "on" or (self._mode == "auto" and processes >= PAYS_FROM)
        if not wanted:
            if self._mode == "auto":
                self.close()
                self.reason = ""
        elif self._task is None and self._reads >= _READS_BEFORE and self._clock() >= self._not_before:
            self.reason = ""
            self._task = self._supervise(f"the feed of {self._supervisor.host}", self._follow)

    def close(self) -> None:
        """End it; nothing it named is believed any more."""
        self._state, self._news = FeedState.CLOSED, NO_NEWS
        self._suspects, self._verdict_at = {}, None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def give_up(self, reason: str, seconds: float = DISTRUST_SECONDS) -> None:
        """Close it for a while."""
        self.reason = reason
        self._not_before = self._clock() + seconds
        self.close()

    async def _follow(self) -> None:
        """One stream, from its opening to its end."""
        self._state = FeedState.OPENING
        self._opened_at = self._loud_from = self._clock()
        self._loud_bytes = 0
        reader = MainLogReader()
        silent = asyncio.get_running_loop().call_later(SILENCE, self._held_back)
        try:
            async with aclosing(self._supervisor.stream_main_log()) as pieces:
                async for piece in pieces:
                    if self._state is FeedState.OPENING:
                        silent.cancel()
                        self._silence_pause = SILENCE_PAUSE
                        self._state = FeedState.HEARD
                        self._on_news()
                    self._hear(reader.feed(piece), len(piece))
        except Fault:
            self._stop("its main log is kept in no file", DISTRUST_SECONDS)
        except WireError as error:
            lasting = error.cause is Cause.PROTOCOL
            self._stop(
                f"its main log cannot be followed: {error.problem}", DISTRUST_SECONDS if lasting else 0
            )
        else:
            self._stop("its main log ended", 0)
        finally:
            silent.cancel()

    def _hear(self, news: News, size: int) -> None:
        now = self._clock()
        if now - self._loud_from > LOUD_SECONDS:
            self._loud_from, self._loud_bytes = now, 0
        self._loud_bytes += size
        if self._loud_bytes > LOUD * LOUD_SECONDS:
            self.give_up(f"its main log is loud (more than {LOUD // 1024} KB/s)", LOUD_PAUSE)
            self._on_news()
            return
        if not news.names and not news.whole:
            return
        for name in news.names if not news.whole else tuple(self._suspects):
            self._suspects.pop(name, None)
        self._news = News(self._news.names | news.names, self._news.whole or news.whole)
        if self.live:
            self._on_news()

    def _held_back(self) -> None:
        if self._state is FeedState.OPENING:
            words = "its main log brings nothing: it is empty, or something in between holds it back"
            self.give_up(words, self._silence_pause)
            self._silence_pause = min(DISTRUST_SECONDS, 4 * self._silence_pause)
            self._on_news()

    def _stop(self, reason: str, seconds: float) -> None:
        """The stream has ended by itself; a server that ends it again and again is asked ever less often."""
        if self._clock() - self._opened_at > _LONGEST_PAUSE:
            self._pause = _FIRST_PAUSE
        self._task = None  # it is this task, and about to return
        was_live = self._state in (FeedState.LIVE, FeedState.HEARD)
        self.give_up(reason, seconds or self._pause)
        self._pause = min(_LONGEST_PAUSE, 2 * self._pause)
        if was_live:
            self._on_end()


def _changed(before: Iterable[Process], after: Iterable[Process]) -> list[ProcessKey]:
    """Whose change a log at level info must have named."""
    known = {process.key: process for process in before}
    changed = []
    for process in after:
        old = known.get(process.key)
        if old is None or old is process or (old.state, old.pid, old.start) == _run(process):
            continue
        # supervisord says nothing of a stop that it begins, nor of one that meets no child (process.py:kill)
        given_up = old.state is ProcessState.BACKOFF and process.state is ProcessState.STOPPED
        if process.state is ProcessState.STOPPING or given_up:
            continue
        changed.append(process.key)
    return changed


def _run(process: Process) -> tuple[ProcessState, int, int]:
    return process.state, process.pid, process.start
