"""Logs of any number of processes as one stream of lines: what was, then what comes, each line with its source.

Who comes in: `Engine.follow_logs`, with whoever wants batches of `LogLine`. What leaves: those batches, at most twenty a
second, and nothing more once `close` has returned. Each log is a `LogSource`, a supervised task of its own, so one that
is gone or stands still keeps no other one waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import suppress
from typing import Any

from tui.engine.logs.budget import StreamBudget
from tui.engine.logs.lines import LogLine
from tui.engine.logs.source import LogSource
from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.rpc.client import Channel, Supervisor
from tui.rpc.logs import LOG_LIMIT

BATCH_SECONDS = 0.05
EARLIER_LEAST = 8 * 1024
"""Bytes of the past that each of many logs gives at a time; one alone gives as many as a read may have."""

Supervise = Callable[[str, Callable[[], Coroutine[Any, Any, None]]], asyncio.Task[None]]
"""How the engine owns a task: a name for messages, and the work."""


class LogFollow:
    """One view of some logs. Made on any thread; `begin` belongs to the engine's, `close` to any."""

    def __init__(
        self,
        keys: Sequence[ProcessKey],
        channels: frozenset[Channel],
        on_lines: Callable[[Sequence[LogLine]], None],
        history: int,
        *,
        looking: Callable[[str], Supervisor],
        picture: Callable[[], FleetPicture],
        streams: StreamBudget,
        supervise: Supervise,
        ended: Callable[[LogFollow], None],
    ) -> None:
        self._keys = keys
        self._channels = channels
        self._on_lines = on_lines
        self._history = history
        self._looking = looking
        self._picture = picture
        self._streams = streams
        self._supervise = supervise
        self._ended = ended
        self._logs: list[LogSource] = []
        self._reading: list[tuple[LogSource, asyncio.Task[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: list[LogLine] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    def begin(self) -> None:
        """Start to read."""
        if self._closed:
            self._ended(self)
            return
        self._loop = asyncio.get_running_loop()
        turns: dict[str, asyncio.Semaphore] = {}
        for key, channel in self._sources():
            source = LogSource(
                key,
                channel,
                self._history,
                supervisor=self._looking(key.host),
                picture=self._picture,
                turn=turns.setdefault(key.host, asyncio.Semaphore(1)),
                streams=self._streams,
                emit=self._add,
            )
            self._logs.append(source)
            self._tasks.append(self._supervise(f"following a log of {key.host}", source.run))
            self._reading.append((source, self._tasks[-1]))

    def earlier(self, on_earlier: Callable[[Sequence[LogLine], bool], None]) -> None:
        """Read a piece before what was shown: `on_earlier` gets its lines, and whether there may be more, as `on_lines`.

        Lines of several logs come one log after another: nobody knows when they were written.
        """
        if self._loop is not None and not self._closed:
            with suppress(RuntimeError):  # the loop closed in between
                self._loop.call_soon_threadsafe(self._begin_earlier, on_earlier)

    def _begin_earlier(self, on_earlier: Callable[[Sequence[LogLine], bool], None]) -> None:
        async def read() -> None:
            limit = max(EARLIER_LEAST, LOG_LIMIT // max(1, len(self._logs)))
            pieces = await asyncio.gather(*(log.earlier(limit) for log in self._logs))
            if not self._closed:
                on_earlier([line for lines, _ in pieces for line in lines], any(more for _, more in pieces))

        self._tasks = [task for task in self._tasks if not task.done()]
        self._tasks.append(self._supervise("reading what a log had before", read))

    def leave(self, hosts: Collection[str], why: str) -> None:
        """Read no log of these hosts any more, and say `why` once a host. Belongs to the engine's loop."""
        said: set[str] = set()
        for log, task in self._reading:
            if log.key.host in hosts and not task.done():
                task.cancel()
                if log.key.host not in said:
                    said.add(log.key.host)
                    self._add([LogLine(log.key, log.channel, why, time.time(), "note")])
        self._reading = [(log, task) for log, task in self._reading if log.key.host not in hosts]
        self._logs = [log for log, _ in self._reading]

    def close(self) -> None:
        """Let go of every log; `on_lines` is not called any more, but for a call under way in the engine."""
        self._closed = True
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._end)
            except RuntimeError:  # the loop closed in between, and its tasks with it
                return

    def _sources(self) -> Iterator[tuple[ProcessKey, Channel]]:
        """A host has one log, a group those of its processes."""
        picture = self._picture()
        for key in self._keys:
            if key.host not in picture.hosts:
                continue
            if key.is_host:
                yield key, "stdout"
                continue
            rows = picture.hosts[key.host].processes
            members = [row.key for row in rows if row.key.group == key.group] if key.is_group else [key]
            for member in members:
                for channel in sorted(self._channels, reverse=True):
                    yield member, channel

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._alarm is not None:
            self._alarm.cancel()
        self._waiting.clear()
        self._ended(self)

    def _add(self, lines: Sequence[LogLine]) -> None:
        self._waiting.extend(lines)
        if self._alarm is None and self._waiting and self._loop is not None:
            due = max(self._loop.time(), self._last + BATCH_SECONDS)
            self._alarm = self._loop.call_at(due, self._deliver)

    def _deliver(self) -> None:
        self._alarm = None
        batch, self._waiting = self._waiting, []
        if self._closed or self._loop is None:
            return
        self._last = self._loop.time()
        try:
            self._on_lines(batch)
        except (
            Exception
        ):  # the receiver's own trouble: it gets no more, and the loop's handler tells the user
            self.close()
            raise


__all__ = ["Channel", "LogFollow", "LogLine", "LogSource", "StreamBudget"]
