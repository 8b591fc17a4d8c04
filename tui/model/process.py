"""One process as supervisord last described it, and who it is.

Raw names are what supervisord must be sent; shown names are safe for a terminal. They differ only when a name holds
characters that a terminal must not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tui.model.states import PROCESS_HEALTH, Health, ProcessState


class ProcessKey(NamedTuple):
    """A process's identity in the fleet: configured host name, raw group, raw name.

    A host is `(host, "", "")`, a group is `(host, group, "")`: supervisord allows neither to be empty, so the three
    kinds never clash, and marks, cursors and outcomes all use this one type.
    """

    host: str
    group: str = ""
    name: str = ""

    @property
    def is_host(self) -> bool:
        return not self.group

    @property
    def is_group(self) -> bool:
        return bool(self.group) and not self.name

    @property
    def address(self) -> str:
        """What XML-RPC is sent: always `group:name`, also when both are equal."""
        return f"{self.group}:{self.name}"


@dataclass(frozen=True, slots=True)
class Process:
    """One row. Equality ignores what only ages: neither `now` nor `description` is kept (both can be derived)."""

    key: ProcessKey
    shown_group: str
    shown_name: str
    state: ProcessState
    pid: int
    """0 when not running."""
    start: int
    """Epoch seconds of the server's clock of the last spawn attempt; 0 when never started."""
    stop: int
    """Epoch seconds of the server's clock at the end of the previous run; 0 when it never stopped."""
    exitstatus: int
    """0 while running or never run, -1 when killed by a signal, else the exit code."""
    spawnerr: str
    """Cleaned. Kept by supervisord after an exit; 'Bad exit code N' marks an unexpected one."""
    stdout_logfile: str
    """Cleaned path on the remote host; empty when there is none."""
    stderr_logfile: str

    @property
    def health(self) -> Health:
        """EXITED is bad when supervisord called the exit unexpected or the status is not 0, else at rest."""
        if self.state is ProcessState.EXITED and (self.exitstatus != 0 or self.spawnerr):
            return Health.BAD
        return PROCESS_HEALTH[self.state]

    @property
    def title(self) -> str:
        """`group:name`, or just the name when both are the same; safe to show."""
        if self.key.group == self.key.name:
            return self.shown_name
        return f"{self.shown_group}:{self.shown_name}"

    @property
    def addressable(self) -> bool:
        """Whether supervisord can be told this name: an odd character in it would reach another process or none."""
        return self.shown_group == self.key.group and self.shown_name == self.key.name

    def since(self) -> int:
        """Server epoch seconds at which the current state began as far as start and stop tell; 0 when unknown."""
        if self.state in (ProcessState.RUNNING, ProcessState.STARTING, ProcessState.BACKOFF):
            return self.start
        return max(self.start, self.stop)

    def uptime(self, now: float) -> float | None:
        """Seconds it has been running at `now` (server clock); None unless it has a child."""
        if self.state not in (ProcessState.RUNNING, ProcessState.STOPPING) or not self.start:
            return None
        return max(0.0, now - self.start)
