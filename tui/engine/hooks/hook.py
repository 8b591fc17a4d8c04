"""One listener to changes: they are gathered, told together, no more often than agreed, and again when that may help.

Who comes in: transitions, from any thread, never waiting. Who leaves: reports, by way of `deliver`, in a thread of its own;
a sentence when telling begins to fail and one when it works again. The rule: the queue is bounded, what does not fit is
counted and told as a number, and nothing that a listener does can stop the watch.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable

from tui.engine.hooks.report import Report
from tui.model.fleet import Transition

log = logging.getLogger(__name__)

QUEUE = 1_000
"""Changes that wait to be told."""
REPORT = 200
"""Changes in one report."""
GATHER = 1.0
"""Seconds for which a change waits for others of its kind."""
TRIES = 6
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
LONGEST_WISH = 300.0
"""Seconds that a receiver may ask to be left alone."""


class Undelivered(Exception):
    """It was not told. The sentence is clean and holds no secret."""

    def __init__(self, sentence: str, *, again: bool, after: float = 0.0) -> None:
        """`again`: whether trying again may help, not before `after` seconds."""
        super().__init__(sentence)
        self.again = again
        self.after = after


class Hook:
    """Begins with `start`, ends with `close`."""

    def __init__(
        self,
        deliver: Callable[[Report], None],
        complain: Callable[[str], None],
        *,
        every: float,
        queue: int = QUEUE,
        gather: float = GATHER,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """`deliver` raises Undelivered; at most one report in `every` seconds."""
        self._deliver = deliver
        self._complain = complain
        self._every = every
        self._limit = queue
        self._gather = gather
        self._first_pause = first_pause
        self._queue: deque[Transition] = deque()
        self._missed = 0
        self._moved = threading.Condition()
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        self._thread.start()

    def add(self, transitions: Iterable[Transition]) -> None:
        """Have these told; the oldest give way when too many wait."""
        with self._moved:
            for transition in transitions:
                if len(self._queue) >= self._limit:
                    self._queue.popleft()
                    self._missed += 1
                self._queue.append(transition)
            self._moved.notify()

    def close(self, seconds: float = 5.0) -> None:
        """Tell what waits, once and without a pause; whatever takes longer than that is left."""
        with self._moved:
            self._closing = True
            self._moved.notify()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        told_at = float("-inf")
        while True:
            with self._moved:
                self._moved.wait_for(lambda: self._queue or self._closing)
                turn = max(self._gather, told_at + self._every - time.monotonic())
                self._moved.wait_for(lambda: self._closing, turn)
                if not self._queue:
                    return
                some = [self._queue.popleft() for _ in range(min(REPORT, len(self._queue)))]
                missed, self._missed = self._missed, 0
            told_at = time.monotonic()
            self._tell(Report(uuid.uuid4().hex, tuple(some), missed))

    def _tell(self, report: Report) -> None:
        for attempt in range(1, TRIES + 1):
            try:
                self._deliver(report)
            except Undelivered as failure:
                self._failed(str(failure))
                if not failure.again or attempt == TRIES or not self._pause(attempt, failure.after):
                    self._give_up(report)
                    return
            except Exception as error:  # the boundary of the thread: the watch goes on
                log.exception("a hook failed")
                self._failed(f"a hook failed ({type(error).__name__}); the log tells more")
                self._give_up(report)
                return
            else:
                self._worked()
                return

    def _pause(self, attempt: int, wished: float) -> bool:
        """Wait before the next attempt; False when the program ends meanwhile."""
        pause = min(LONGEST_PAUSE, self._first_pause * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)  # noqa: S311
        with self._moved:
            self._moved.wait_for(lambda: self._closing, max(pause, min(wished, LONGEST_WISH)))
            return not self._closing

    def _failed(self, sentence: str) -> None:
        if not self._failing:
            self._failing = True
            self._complain(sentence)

    def _worked(self) -> None:
        if self._failing:
            self._failing = False
            self._complain("changes are told again")

    def _give_up(self, report: Report) -> None:
        with self._moved:
            self._missed += len(report.transitions) + report.missed
        log.warning("a report of %d changes was not delivered", len(report.transitions))
