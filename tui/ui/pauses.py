"""Keeps Python's search for garbage from being felt: a full search of a large fleet's objects stops every thread.

Who comes in: `opening`, once. The rule: what has survived a full search is set aside (`gc.freeze`) and not searched again,
so that the next one looks only at what is new. Rows are freed by their reference counts in any case, being in no cycle;
what can be lost are the cycles of a screen that was open at such a moment.
"""

from __future__ import annotations

import gc

_FULL = 2
"""The generation that holds everything which has lived for a while."""
MANY = 50_000
"""Objects that are worth setting aside: to search them takes some ten milliseconds."""


def keep_pauses_short() -> None:
    """From now on, for the whole process; a second call does nothing."""
    if _set_aside not in gc.callbacks:
        gc.callbacks.append(_set_aside)


def _set_aside(phase: str, searched: dict[str, int]) -> None:
    """Called by the collector before and after each search, on whichever thread it runs."""
    full = phase == "stop" and searched["generation"] == _FULL
    if full and len(gc.get_objects(_FULL)) > MANY:
        gc.freeze()
