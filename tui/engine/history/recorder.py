"""Takes what the engine saw and has it written down by a thread of its own; the engine never waits for a disk.

Who comes in: transitions (`add`, from the engine's thread, never blocking) and the pictures that `picture` gives. What
leaves: rows, by way of `keeping`, which is imported in that thread and a moment late: a start-up does not pay for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tui.model.fleet import Counts, FleetPicture, Transition

if TYPE_CHECKING:
    from tui.config.schema import HistorySettings

log = logging.getLogger(__name__)

QUEUE = 100_000
"""Transitions that may wait for the disk; a fleet of 30,000 processes restarted at once."""
BATCH = 2_000
"""Rows a transaction: two programs that write at once take turns."""
GATHER = 0.5
"""Seconds in which what comes is gathered into one batch: so much a killed program loses."""
DELAY = 1.0
"""Seconds after the start in which nothing is written: there are more urgent things to do then."""


class Recorder:
    """The history of one run. `add`, `start` and `close` may be called from any thread."""

    def __init__(
        self,
        directory: Path,
        *,
        keep: float,
        max_size: int,
        watches: bool = True,
        queue: int = QUEUE,
        delay: float = DELAY,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keep` seconds, `max_size` bytes. One that does not watch only adds what it sees, and never says that it looked."""
        self.directory = directory
        self.keep = keep
        self.max_size = max_size
        self.watches = watches
        self.wall = wall
        self.monotonic = monotonic
        self.picture: Callable[[], FleetPicture] = lambda: FleetPicture({}, Counts())
        self.complain: Callable[[str], None] = lambda sentence: None
        self.recall: Callable[[Sequence[Transition]], None] = lambda earlier: None
        self.lost = 0
        """Transitions that could not be kept."""
        self.failures = 0
        """How often in a row it could not be written."""
        self._began = 0.0
        self._limit = queue
        self._delay = delay
        self._queue: deque[Transition] = deque()
        self._moved = threading.Condition()
        self._closing = False
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    @classmethod
    def for_run(cls, settings: HistorySettings, directory: Path, *, watches: bool = True) -> Recorder | None:
        """The recorder that the configuration asks for; None when it asks for none."""
        if not settings.enabled:
            return None
        return cls(directory, keep=settings.keep, max_size=settings.max_size, watches=watches)

    def start(
        self,
        picture: Callable[[], FleetPicture],
        complain: Callable[[str], None],
        recall: Callable[[Sequence[Transition]], None] | None = None,
    ) -> None:
        """Begin; all are called from the recorder's own thread. A second call does nothing.

        `recall` gets once what was kept of the last hours before this run, oldest first.
        """
        if self._thread.ident is None:
            self.picture, self.complain, self.recall = picture, complain, recall or self.recall
            self._began = self.wall()
            self._thread.start()

    def add(self, transitions: Sequence[Transition]) -> None:
        """Have these written soon. Never waits for anything but a short lock."""
        with self._moved:
            if self._ended:
                return
            room = self._limit - len(self._queue)
            self._queue.extend(transitions[:room] if room < len(transitions) else transitions)
            self.lost += max(0, len(transitions) - room)
            self._moved.notify()

    def close(self, seconds: float = 3.0) -> None:
        """Write what is left, within `seconds`; what a disk that hangs does not take is lost."""
        with self._moved:
            self._closing = True
            self._moved.notify()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    # --- for `keeping`, in the thread -------------------------------------------------------------------------------

    @property
    def closing(self) -> bool:
        """Whether the program ends."""
        return self._closing

    @property
    def waiting(self) -> bool:
        """Whether something is to be written."""
        return bool(self._queue)

    def batch(self) -> Sequence[Transition]:
        """The oldest that wait; they stay until they are `written`."""
        with self._moved:
            return tuple(islice(self._queue, BATCH))

    def written(self, count: int) -> None:
        """So many of the oldest are safe."""
        with self._moved:
            for _ in range(count):
                self._queue.popleft()

    def _run(self) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._closing, self._delay)
        try:
            from tui.engine.history.keeping import Keeping

            keeping = Keeping(self)
            if self.watches:
                self.recall(keeping.before(self._began))
            try:
                closing = False
                while not closing:
                    closing = self._wait(keeping.pause())
                    if not keeping.work(last=closing):
                        return
            finally:
                keeping.close()
        except Exception:  # the boundary of the thread: without a history the program still works
            log.exception("the history failed")
            self.complain("the history failed; changes are no longer kept, and the log tells more")
        finally:
            with self._moved:
                self._ended = True
                self.lost += len(self._queue)
                self._queue.clear()

    def _wait(self, pause: float) -> bool:
        """Until there is something to do; whether it is the last time."""
        with self._moved:
            self._moved.wait_for(lambda: self._closing or (self._queue and not self.failures), pause)
            if not self._closing and self._queue and not self.failures:
                self._moved.wait_for(lambda: self._closing, GATHER)
            return self._closing
