"""How much happened in the fleet in the last two minutes, slot by slot: what the sparkline of the summary shows."""

from __future__ import annotations

from tui.model.timeline import Timeline

SLOTS, SLOT_SECONDS = 12, 10.0


class RecentEvents:
    """Counts state changes; what is older than all slots is not looked at again."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._seen = 0

    def per_slot(self, wall: float) -> list[int]:
        """Changes in each slot, oldest first; `wall` is the time now, in epoch seconds."""
        slots = [0] * SLOTS
        for transition in self._timeline.after(max(0, self._seen)):
            age = int((wall - transition.time) // SLOT_SECONDS)
            if 0 <= age < SLOTS:
                slots[SLOTS - 1 - age] += 1
            elif age >= SLOTS:
                self._seen = transition.serial
        return slots
