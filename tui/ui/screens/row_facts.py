"""What a row does not know by itself: configuration, the end of its log, what was done to it; asked for when it is looked at.

One question at a time, and only a while after the cursor came to rest: running through a thousand rows asks nothing, and
does not send a page of details to the terminal at each step.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widget import Widget

from tui.engine.journal_reading import Deed
from tui.errors import HistoryError, SupervisorTuiError
from tui.model.process import ProcessKey
from tui.model.view import Row
from tui.rpc.client import Channel, ProgramConfig
from tui.ui.session import Session
from tui.ui.widgets.detail_pane import DetailPane

if TYPE_CHECKING:
    from tui.engine.history.browsing import Glance

REST = 0.15
"""Seconds the cursor must stand still before anything is asked."""
AGAIN = 2.0
"""Seconds between two looks at the end of the log and at the journal."""
TAIL = 8 * 1024
"""Bytes of log; the pane shows as many lines as it has room for."""
LINES = 60
CHANGES = 20
"""Changes of it, at most; the pane shows the newest of them."""


class RowFacts:
    """Feeds a detail pane. Lives on the screen's loop."""

    def __init__(self, session: Session, pane: DetailPane) -> None:
        self._session = session
        self._pane = pane
        self._row: Row | None = None
        self._configs: dict[str, dict[ProcessKey, ProgramConfig]] = {}
        self._lines: Sequence[str] = ()
        self._deeds: Sequence[Deed] = ()
        self._past: Glance | None = None
        self._daemon_pid = 0
        self._timer: Timer | None = None
        self._shown: ProcessKey | None = None
        self.settled = True
        """Whether the pane shows the row that is looked at."""

    def look_at(self, row: Row | None, owner: Widget) -> None:
        """Show this row once the cursor has come to rest on it, and what is asked for as it comes; None: nothing."""
        other = (row.key if row else None) != self._shown
        self._row, self._shown = row, row.key if row else None
        if not other:
            if self.settled:
                self.show()
            return
        self._lines, self._deeds, self._past, self.settled = (), (), None, False
        self._daemon_pid = 0
        self._stop()
        self._timer = owner.set_timer(REST, lambda: self._settle(owner))

    def _settle(self, owner: Widget) -> None:
        self.settled = True
        self.show()
        if self._row is not None:
            self._ask(owner)
            if self._row.process is not None:
                self._look_back(self._row.key, owner)

    def stop(self) -> None:
        """Ask nothing more until `look_at`."""
        self._stop()
        self._shown, self.settled = None, True

    def show(self) -> None:
        """What is known so far."""
        row, session = self._row, self._session
        if row is None:
            self._pane.show(None)
            return
        timeline = session.engine.timeline
        seen, past = timeline.of(row.key)[-CHANGES:], ""
        if self._past is not None:
            seen, past = self._past.with_seen(seen), self._past.words
        self._pane.show(
            row,
            seen,
            self._configs.get(row.key.host, {}).get(row.key),
            self._lines,
            deeds=self._deeds,
            flapping=timeline.flapping(row.key, session.wall()),
            past=past,
            daemon_pid=self._daemon_pid,
            wall=session.wall(),
            monotonic=session.monotonic(),
        )

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _ask(self, owner: Widget) -> None:
        row = self._row
        if row is None or not owner.is_attached:
            return
        owner.run_worker(self._fetch(row, owner), group="row-facts", exclusive=True, exit_on_error=False)

    async def _fetch(self, row: Row, owner: Widget) -> None:
        key, engine = row.key, self._session.engine
        self._deeds = await asyncio.to_thread(engine.last_deeds, key)
        if row.process is None:
            await self._fetch_pid(key, row.host.fresh)
            self._again(key, owner)
            return
        try:
            if key.host not in self._configs and row.host.fresh:
                configs = await asyncio.wrap_future(engine.ask(key.host, lambda daemon: daemon.config()))
                self._configs[key.host] = {
                    ProcessKey(key.host, config.group, config.name): config for config in configs
                }
            channel: Channel = "stdout" if row.process is None or row.process.stdout_logfile else "stderr"
            tail = await asyncio.wrap_future(
                engine.ask(key.host, lambda daemon: daemon.tail_log(key, channel, 0, TAIL))
            )
            lines = tail.text.splitlines()
            self._lines = lines[1 if tail.overflow else 0 :][-LINES:]
        except SupervisorTuiError as error:
            self._lines = (str(error),) if row.host.fresh else ()
        self._again(key, owner)

    async def _fetch_pid(self, key: ProcessKey, fresh: bool) -> None:
        with suppress(SupervisorTuiError):  # the row tells why a host cannot be read
            self._daemon_pid = (
                await asyncio.wrap_future(self._session.engine.ask(key.host, lambda daemon: daemon.pid()))
                if fresh
                else 0
            )

    def _again(self, key: ProcessKey, owner: Widget) -> None:
        if self._shown == key and owner.is_attached:
            self.show()
            self._timer = owner.set_timer(AGAIN, lambda: self._ask(owner))

    def _look_back(self, key: ProcessKey, owner: Widget) -> None:
        """Ask the disk for its past, once for each time that it is looked at; nothing else waits for that."""
        directory = self._session.engine.history_directory
        if directory is not None and owner.is_attached:
            past = self._fetch_past(directory, key, owner)
            owner.run_worker(past, group="row-past", exclusive=True, exit_on_error=False)

    async def _fetch_past(self, directory: Path, key: ProcessKey, owner: Widget) -> None:
        from tui.engine.history.browsing import glance

        try:
            past = await asyncio.to_thread(glance, directory, key, self._session.wall(), CHANGES)
        except HistoryError:
            return  # the timeline, which is all about it, says what is wrong
        if self._shown == key and owner.is_attached:
            self._past = past
            self.show()

    def forget_configs(self) -> None:
        """A job may have changed them."""
        self._configs.clear()
