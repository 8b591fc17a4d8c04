"""Whether the supervisord that answers now is the one that was asked to act.

One that was killed and started anew knows nothing of what the one before it did: what that had started may run on without
any supervisord, so nothing the new one tells can prove how the action ended. Asked only when the answer to an action was
lost. In a container, where each supervisord has pid 1, nobody can tell; but there what it ran has ended with it.
"""

from __future__ import annotations

from dataclasses import replace

from tui.errors import Fault, WireError
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.states import OutcomeKind
from tui.rpc.client import Supervisor

_ANEW = "supervisord itself was started anew meanwhile"


class AskedDaemon:
    """The supervisord of one action."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._pid: int | None = None

    async def meet(self) -> None:
        """Remember which one it is, right before it is asked to act. Raises WireError when it cannot be read (any more)."""
        try:
            self._pid = await self._supervisor.pid()
        except Fault:
            self._pid = None

    async def replaced(self) -> bool | None:
        """Whether another one answers now; False also when nothing tells, None while the host cannot be read."""
        if self._pid is None:
            return False
        try:
            return await self._supervisor.pid() != self._pid
        except WireError:
            return None


def under_another(verb: Verb, outcome: Outcome) -> Outcome:
    """What an outcome is worth that was read from another supervisord than the one that was asked."""
    if verb is Verb.START and outcome.kind is OutcomeKind.DONE:
        return replace(outcome, detail=f"{outcome.detail}; {_ANEW}")
    if verb is Verb.START:
        words = f"{_ANEW}, and it does not run now; whether the one before had started it, nobody can tell"
    else:
        words = f"{_ANEW}: pid {outcome.pid_before} may still run without it, and nobody can tell"
    return replace(outcome, kind=OutcomeKind.FAILED, detail=words)
