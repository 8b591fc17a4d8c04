"""What changed lately: the newest transitions of the fleet, which processes flap, and how often each was restarted.

The engine's thread adds; any thread reads. A reader takes a slice of a list that only grows, or of one that has been
replaced, so no lock is needed under the GIL.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from tui.model.fleet import Transition
from tui.model.process import ProcessKey
from tui.model.states import PROCESS_HEALTH, UNREACHABLE, Health, ProcessState

FLAPPING_STARTS = 3
FLAPPING_SECONDS = 300.0
"""A process that was started this often within this time, and not by us, flaps."""

SLOT_SECONDS = 10.0
"""Failures are counted by such stretches of the wall clock, for a picture of how much goes wrong."""
_SLOTS_KEPT = 64

RESTART_SLOT_SECONDS = 900.0
"""The restarts of one process are counted by such stretches of the wall clock."""
RESTART_SLOTS = 8
"""So many of them are kept: two hours."""

BAD_STATES = frozenset(
    state.name for state, health in PROCESS_HEALTH.items() if health is Health.BAD
) | frozenset(state.value for state in UNREACHABLE)
"""States of processes and hosts that want attention."""

_RUN_STATES = frozenset({"STARTING", "RUNNING", "BACKOFF"})


class Timeline:
    """The newest `limit` transitions, oldest first, and a short memory of the starts of each process."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._kept: list[Transition] = []
        self._starts: dict[ProcessKey, tuple[float, ...]] = {}
        self._restarts: dict[ProcessKey, int] = {}
        self._lately: dict[ProcessKey, dict[int, int]] = {}
        self._last_restart_slot = -RESTART_SLOTS
        self._failures: dict[int, int] = {}

    def add(self, transitions: Iterable[Transition]) -> None:
        """Append what a `Change` brought, in order of serial."""
        kept = self._kept
        for transition in transitions:
            kept.append(transition)
            if is_bad(transition):
                slot = int(transition.time // SLOT_SECONDS)
                self._failures[slot] = self._failures.get(slot, 0) + 1
            if not transition.new:
                self._starts.pop(transition.key, None)
                self._restarts.pop(transition.key, None)
                self._lately.pop(transition.key, None)
            elif is_restart(transition) and not transition.ours:
                earlier = self._starts.get(transition.key, ())
                self._starts[transition.key] = (*earlier[1 - FLAPPING_STARTS :], transition.time)
                self._restarts[transition.key] = self._restarts.get(transition.key, 0) + 1
                self._count_restart(transition)
        if len(kept) > self._limit + self._limit // 4:
            self._kept = kept[-self._limit :]
        while len(self._failures) > _SLOTS_KEPT:
            del self._failures[min(self._failures)]

    def recall(self, earlier: Iterable[Transition]) -> None:
        """Count the restarts of an earlier run, from its history, among the recent ones; nothing else is told of them."""
        for transition in earlier:
            if is_restart(transition) and not transition.ours:
                self._count_restart(transition)

    def failures(self, now: float, slots: int) -> list[int]:
        """How many changes for the worse each of the last slots saw, the one of `now` (wall clock) last; up to `_SLOTS_KEPT` of them."""
        last = int(now // SLOT_SECONDS)
        return [self._failures.get(slot, 0) for slot in range(last - slots + 1, last + 1)]

    def after(self, serial: int) -> tuple[Transition, ...]:
        """The transitions with a larger serial, oldest first, as far as they are kept; `after(0)` is all of them."""
        kept = self._kept
        start = bisect_right(kept, serial, key=lambda transition: transition.serial)
        return tuple(kept[max(start, len(kept) - self._limit) :])

    def of(self, key: ProcessKey) -> tuple[Transition, ...]:
        """The kept transitions of one process, of a group's processes, or of a host and all on it; oldest first."""
        kept = self.after(0)
        if key.is_host:
            return tuple(transition for transition in kept if transition.key.host == key.host)
        if key.is_group:
            return tuple(transition for transition in kept if transition.key[:2] == key[:2])
        return tuple(transition for transition in kept if transition.key == key)

    def flapping(self, key: ProcessKey, now: float) -> bool:
        """Whether it was started `FLAPPING_STARTS` times, not by us, in the last `FLAPPING_SECONDS` (wall clock)."""
        starts = self._starts.get(key, ())
        return len(starts) >= FLAPPING_STARTS and now - starts[0] <= FLAPPING_SECONDS

    def all_flapping(self, now: float) -> frozenset[ProcessKey]:
        """Every process that flaps (wall clock)."""
        return frozenset(key for key in self._starts.copy() if self.flapping(key, now))

    def recent_restarts(self, key: ProcessKey, now: float) -> tuple[int, ...]:
        """How often it was started anew, not by us, in each of the last `RESTART_SLOTS` slots, the one of `now` (wall clock) last.

        Empty when it was not.
        """
        slots = self._lately.get(key)
        if slots is None:
            return ()
        last = int(now // RESTART_SLOT_SECONDS)
        counts = tuple(slots.get(slot, 0) for slot in range(last - RESTART_SLOTS + 1, last + 1))
        return counts if any(counts) else ()

    def saw_restarts(self, now: float) -> bool:
        """Whether any process has recent restarts (wall clock)."""
        return now // RESTART_SLOT_SECONDS - self._last_restart_slot < RESTART_SLOTS

    def restarts(self, key: ProcessKey) -> int:
        """How often it was started anew, not by us, since we began to watch."""
        return self._restarts.get(key, 0)

    def _count_restart(self, transition: Transition) -> None:
        slot = int(transition.time // RESTART_SLOT_SECONDS)
        slots = self._lately.get(transition.key, {})
        # another dictionary each time: readers on other threads keep the one they have
        kept = {one: count for one, count in slots.items() if one > slot - RESTART_SLOTS}
        self._lately[transition.key] = {**kept, slot: slots.get(slot, 0) + 1}
        self._last_restart_slot = max(slot, self._last_restart_slot)


def is_bad(transition: Transition) -> bool:
    """Whether it led to a state that wants attention, an exit with a status among them."""
    return transition.new in BAD_STATES or (
        transition.new == ProcessState.EXITED.name and transition.exitstatus != 0
    )


def is_restart(transition: Transition) -> bool:
    """Whether this transition shows a new run of a process that was known before.

    STARTING to RUNNING or BACKOFF belongs to the run that STARTING began. A run may begin and end between two reads: then
    the states are equal (only pid or start moved), or EXITED follows a state without a child.
    """
    old, new = transition.old, transition.new
    if not old or not new or transition.key.is_host:
        return False
    if old == new:
        return True
    if new in _RUN_STATES:
        return old != "STARTING"
    return new == "EXITED" and old in ("STOPPED", "BACKOFF", "FATAL")
