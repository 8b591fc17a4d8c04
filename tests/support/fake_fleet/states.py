"""The numbers of supervisord's states (`states.py`), and which of them count as what."""

from __future__ import annotations

from enum import IntEnum


class State(IntEnum):
    """A process's state; its name is what supervisord says."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    BACKOFF = 30
    STOPPING = 40
    EXITED = 100
    FATAL = 200
    UNKNOWN = 1000


STOPPED_STATES = frozenset({State.STOPPED, State.EXITED, State.FATAL, State.UNKNOWN})
RUNNING_STATES = frozenset({State.RUNNING, State.BACKOFF, State.STARTING})
SIGNALLABLE_STATES = frozenset({State.RUNNING, State.STARTING, State.STOPPING})


class Mood(IntEnum):
    """What supervisord itself is about."""

    SHUTDOWN = -1
    RESTARTING = 0
    RUNNING = 1
