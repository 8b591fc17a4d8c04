"""What a widget needs to know of a job; the engine's own picture of one has this shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tui.model.outcome import Outcome
from tui.model.plan import Plan
from tui.model.process import ProcessKey


class JobShape(Protocol):
    """A job at one moment. Times are seconds of our monotonic clock."""

    @property
    def number(self) -> int: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def started_at(self) -> float: ...
    @property
    def finished_at(self) -> float | None: ...
    @property
    def outcomes(self) -> Mapping[ProcessKey, Outcome]: ...
    @property
    def running(self) -> frozenset[ProcessKey]: ...
    @property
    def cancelled(self) -> bool: ...
    @property
    def note(self) -> str: ...
    @property
    def done(self) -> int:
        """Targets that have an outcome."""
        ...

    @property
    def failed(self) -> int: ...
    @property
    def total(self) -> int: ...
