"""When one host is polled next: pure arithmetic over delays, so that no test of it has to sleep.

All times are seconds; `now` is our monotonic clock. The rule: a host that is well is asked at its period, one that is slow
less often, one that is down ever less often up to a minute, and one that refused our password not at all.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

JITTER = 0.1
"""A period is drawn from this share around its nominal length, so that the polls of many hosts do not march in step."""
BACKOFF_CEILING = 60.0
HEALTHY_SECONDS = 10.0
"""A host has to answer for so long before its failures are forgotten: one that flaps keeps its back-off."""
BREAKER_FAILURES = 5
"""After so many failures in a row only a cheap question is asked first."""
RESTART_PAUSE = 1.0
"""supervisord before 4.3.0 can die of a request while it restarts (CHANGES, 4.3.0): never ask more often."""
ANSWER_SHARE = 200.0
"""A period is at least this many times what an answer takes a host: we cost it half a percent of a core at most."""
ADAPTIVE_CEILING = 300.0
ANSWERS = 8
"""The quickest of so many answers counts: what the network or our own machine adds now and then is not the host's doing."""
STALE_PERIODS = 3.0
STAGGER_FROM = 64
"""With more hosts than this the first polls begin one after another, else all at once."""
STAGGER_SECONDS = 0.001


class Schedule:
    """The delays of one host."""

    def __init__(self, period: float, draw: Callable[[], float] = random.random) -> None:
        """`draw` gives numbers from 0 up to 1."""
        self._configured = period
        self._draw = draw
        self._latencies: deque[float] = deque([0.0] * ANSWERS, maxlen=ANSWERS)
        self._round_trips: deque[float] = deque(maxlen=ANSWERS)
        self._well_since: float | None = None
        self.failures = 0
        """Failures since it was last healthy for a while; success alone does not reset it."""
        self.in_a_row = 0
        """Failures since the last success."""

    @property
    def period(self) -> float:
        """Seconds between two polls of a host that answers."""
        work = min(self._latencies) - min(self._round_trips, default=0.0)
        return max(self._configured, min(ADAPTIVE_CEILING, ANSWER_SHARE * work))

    @property
    def slowed(self) -> bool:
        """Whether it is asked less often than configured, to spare it."""
        return self.period > self._configured

    def round_trip(self, seconds: float) -> None:
        """An answer that takes a supervisord no work took so long: that much of the others is the way there and back."""
        self._round_trips.append(seconds)

    @property
    def stale_after(self) -> float:
        """The age at which rows can no longer be called current."""
        return STALE_PERIODS * self.period * (1 + JITTER)

    @property
    def breaker_open(self) -> bool:
        """Whether to ask a cheap question before the whole status."""
        return self.in_a_row >= BREAKER_FAILURES

    def first(self, number: int, hosts: int) -> float:
        """The delay of the first poll of host `number` (from 0) of `hosts`."""
        if hosts <= STAGGER_FROM:
            return 0.0
        return min(self._configured, number * STAGGER_SECONDS)

    def after_success(self, latency: float, now: float) -> float:
        """The delay until the next poll, after an answer that took `latency`."""
        self._latencies.append(latency)
        self.in_a_row = 0
        if self._well_since is None:
            self._well_since = now
        if now - self._well_since >= max(HEALTHY_SECONDS, self._configured):
            self.failures = 0
        return max(0.0, self.jittered(self.period) - latency)

    def after_failure(self) -> float:
        """The delay until the next try: drawn up to a bound that doubles (full jitter), never under a floor."""
        self._well_since = None
        self.failures += 1
        self.in_a_row += 1
        bound = min(BACKOFF_CEILING, max(self._configured, 1.0) * 2.0 ** min(self.failures, 16))
        return max(min(self._configured, 1.0), self._draw() * bound)

    def after_restarting(self) -> float:
        """The delay while supervisord restarts: soon, but never under a second."""
        self._well_since = None
        return RESTART_PAUSE * (1 + self._draw())

    def resume(self) -> None:
        """The user acted: believe in the host again."""
        self.failures = self.in_a_row = 0

    def spread(self, seconds: float) -> float:
        """`seconds`, give or take half: for what may come any time, so that many hosts never do it together."""
        return seconds * (0.5 + self._draw())

    def jittered(self, seconds: float) -> float:
        """`seconds`, give or take a tenth."""
        return seconds * (1 + JITTER * (2 * self._draw() - 1))
