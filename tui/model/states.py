"""The states of processes and hosts, and which of them are good, on the way, at rest, or bad.

The numbers are supervisord's (supervisor/states.py); the host states are ours and are a promise to scripts.
"""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum


class ProcessState(IntEnum):
    """A process's state as supervisord spells and numbers it."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    BACKOFF = 30
    STOPPING = 40
    EXITED = 100
    FATAL = 200
    UNKNOWN = 1000

    @classmethod
    def of(cls, code: int) -> ProcessState:
        """The state for a number from the wire; a number that supervisord does not define is UNKNOWN."""
        return _BY_CODE.get(code, cls.UNKNOWN)


_BY_CODE = {int(state): state for state in ProcessState}

STOPPED_STATES = frozenset(
    {ProcessState.STOPPED, ProcessState.EXITED, ProcessState.FATAL, ProcessState.UNKNOWN}
)
"""No child exists (supervisor/states.py:STOPPED_STATES)."""

RUNNING_STATES = frozenset({ProcessState.RUNNING, ProcessState.BACKOFF, ProcessState.STARTING})
"""supervisord counts these as started: startProcess answers ALREADY_STARTED (supervisor/states.py:RUNNING_STATES)."""

SIGNALLABLE_STATES = frozenset({ProcessState.RUNNING, ProcessState.STARTING, ProcessState.STOPPING})
"""A child exists that a signal can reach (STOPPING since supervisor 4.2.2)."""


class Health(IntEnum):
    """How a state is shown and sorted: the larger, the more it wants attention."""

    GOOD = 0
    RESTING = 1
    BUSY = 2
    BAD = 3


PROCESS_HEALTH: dict[ProcessState, Health] = {
    ProcessState.RUNNING: Health.GOOD,
    ProcessState.STOPPED: Health.RESTING,
    ProcessState.EXITED: Health.RESTING,
    ProcessState.STARTING: Health.BUSY,
    ProcessState.STOPPING: Health.BUSY,
    ProcessState.BACKOFF: Health.BAD,
    ProcessState.FATAL: Health.BAD,
    ProcessState.UNKNOWN: Health.BAD,
}
"""Health by state alone; `Process.health` refines EXITED by its exit status."""


class HostState(StrEnum):
    """How one supervisord is, as shown and as printed in JSON."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    """Up, with at least one process in a bad state."""
    PENDING = "PENDING"
    """Not answered yet since we began."""
    STALE = "STALE"
    """Answered before; the newest answer is older than three poll periods, and no failure is known yet."""
    RESTARTING = "RESTARTING"
    REFUSED = "REFUSED"
    TIMEOUT = "TIMEOUT"
    AUTH = "AUTH"
    TLS = "TLS"
    DNS = "DNS"
    PROTOCOL = "PROTOCOL"


ANSWERING = frozenset({HostState.UP, HostState.DEGRADED})
UNREACHABLE = frozenset(
    {HostState.REFUSED, HostState.TIMEOUT, HostState.AUTH, HostState.TLS, HostState.DNS, HostState.PROTOCOL}
)


class OutcomeKind(Enum):
    """What became of one target of a job; each target gets exactly one."""

    DONE = "DONE"
    FAILED = "FAILED"
    NOT_EXECUTED = "NOT_EXECUTED"
    """Certain: supervisord never ran it."""
    UNKNOWN = "UNKNOWN"
    """The request was sent and no later read has settled it."""
    SKIPPED = "SKIPPED"
    """Nothing was to be done, or the job ended first."""
