"""What every action works with: one host, one job, and the words for what supervisord refuses."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tui.engine.acting.program_limits import ProgramLimits
from tui.engine.acting.same_daemon import AskedDaemon
from tui.engine.journal import Journal
from tui.errors import Fault, FaultCode
from tui.model.host import HostSnapshot
from tui.rpc.answers import Reread
from tui.rpc.client import Supervisor

MARGIN = 5.0
"""Seconds on top of what a program's own settings allow for."""
REQUEST_SECONDS = 10.0
"""For a request that supervisord answers at once."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action works with: one host, one job."""

    supervisor: Supervisor
    poll: Callable[[], Awaitable[HostSnapshot]]
    """A fresh reading of the whole host, taken into the fleet as well. Never raises."""
    journal: Journal
    limits: ProgramLimits
    daemon: AskedDaemon
    job: int = 0
    wait: bool = True
    clock: Callable[[], float] = time.monotonic
    drifted: Callable[[Reread], object] = lambda reread: None
    """Told what an update would do, whenever supervisord has read its files, and nothing once it has been done."""


_FAULT_WORDS = {
    FaultCode.SHUTDOWN_STATE: "supervisord is shutting down or restarting",
    FaultCode.BAD_NAME: "supervisord knows no such process",
    FaultCode.BAD_SIGNAL: "this is no signal that supervisord knows",
    FaultCode.NO_FILE: "its program file is not there",
    FaultCode.NOT_EXECUTABLE: "its program file cannot be executed",
    FaultCode.NOT_RUNNING: "it does not run",
    FaultCode.ALREADY_STARTED: "it runs already",
    FaultCode.SPAWN_ERROR: "supervisord could not spawn it",
    FaultCode.STILL_RUNNING: "the group still runs",
    FaultCode.ALREADY_ADDED: "the group is there already",
    FaultCode.CANT_REREAD: "its files are broken",
    FaultCode.ABNORMAL_TERMINATION: "it ended before it counted as started",
}


def fault_words(fault: Fault) -> str:
    """A fault as a sentence that keeps supervisord's own words."""
    words = _FAULT_WORDS.get(FaultCode(fault.code)) if fault.code in set(FaultCode) else None
    return f"{words} ({fault.text})" if words else fault.text
