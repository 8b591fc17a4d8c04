"""Everything that can go wrong, as one tree.

    SupervisorTuiError
    ├── ConfigError          hosts.yaml or the command line is wrong          exit 2
    ├── UsageError           what was asked for makes no sense                exit 2
    │   └── QueryError       a filter does not parse; knows the character
    ├── NoMatchError         a target names nothing that is there             exit 4
    ├── RefusedError         read-only, a guardrail, not confirmed            exit 5
    ├── HistoryError         what was kept of the past cannot be read         exit 1
    └── WireError            one supervisord could not be asked               a cause, in words
        ├── BadAnswer        its answer is not XML-RPC; all that leaves the codec
        └── Fault            it answered "no", with a code

Who raises: the room where the fact is known. Who catches: the poller (a host's state), the actions (an outcome per
target), the command line (an exit code), a screen (a sentence). Every error carries what happened and what to do next.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum, StrEnum


class Cause(StrEnum):
    """Why a supervisord could not be read; the same words are host states (`model.states.HostState`)."""

    REFUSED = "REFUSED"
    TIMEOUT = "TIMEOUT"
    AUTH = "AUTH"
    TLS = "TLS"
    DNS = "DNS"
    PROTOCOL = "PROTOCOL"
    RESTARTING = "RESTARTING"


class FaultCode(IntEnum):
    """supervisord's fault codes (supervisor/xmlrpc.py:Faults)."""

    UNKNOWN_METHOD = 1
    INCORRECT_PARAMETERS = 2
    BAD_ARGUMENTS = 3
    SIGNATURE_UNSUPPORTED = 4
    SHUTDOWN_STATE = 6
    BAD_NAME = 10
    BAD_SIGNAL = 11
    NO_FILE = 20
    NOT_EXECUTABLE = 21
    FAILED = 30
    ABNORMAL_TERMINATION = 40
    SPAWN_ERROR = 50
    ALREADY_STARTED = 60
    NOT_RUNNING = 70
    SUCCESS = 80
    ALREADY_ADDED = 90
    STILL_RUNNING = 91
    CANT_REREAD = 92


class SupervisorTuiError(Exception):
    """The root: `problem` says what happened, `advice` what to do next (may be empty). Both are safe to show."""

    exit_code = 1

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.problem} — {self.advice}" if self.advice else self.problem

    def strike(self, redact: Callable[[str], str]) -> None:
        """Put every word it holds through `redact`: what a peer said may hold what we sent to it."""
        self.problem, self.advice = redact(self.problem), redact(self.advice)
        self.args = (self.problem,)


class ConfigError(SupervisorTuiError):
    """A configuration that cannot be used; `place` is `file:line:column` or the option's name, never a secret."""

    exit_code = 2

    def __init__(self, place: str, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {super().__str__()}" if self.place else super().__str__()


class UsageError(SupervisorTuiError):
    """What was asked for makes no sense here."""

    exit_code = 2


class QueryError(UsageError):
    """A filter that does not parse; `position` is the offending character's index (from 0) in `query`."""

    def __init__(self, query: str, position: int, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)
        self.query = query
        self.position = position


class NoMatchError(SupervisorTuiError):
    """A target, a glob or a query that selects nothing; the advice names the nearest names."""

    exit_code = 4


class RefusedError(SupervisorTuiError):
    """Policy says no: read-only, a guardrail, or a question that was not answered."""

    exit_code = 5


class HistoryError(SupervisorTuiError):
    """The file of the history cannot be read."""


class WireError(SupervisorTuiError):
    """One supervisord could not be asked.

    `committed` tells whether the request's last byte had been handed to the kernel: if not, the call has certainly not
    been executed; if so, only reading the state settles it (safety.md, "Actions" 1).
    """

    exit_code = 4

    def __init__(self, cause: Cause, problem: str, advice: str = "", *, committed: bool = False) -> None:
        super().__init__(problem, advice)
        self.cause = cause
        self.committed = committed


class BadAnswer(WireError):
    """The bytes that came back are not an XML-RPC answer within our limits; the only error the codec raises."""

    def __init__(self, problem: str, advice: str = "", *, committed: bool = True) -> None:
        super().__init__(Cause.PROTOCOL, problem, advice, committed=committed)


class Fault(WireError):
    """supervisord understood and answered with a fault; `code` is a `FaultCode` or an implementation's own number."""

    exit_code = 1

    def __init__(self, code: int, text: str) -> None:
        cause = Cause.RESTARTING if code == FaultCode.SHUTDOWN_STATE else Cause.PROTOCOL
        super().__init__(cause, f"fault {code}: {text}", committed=True)
        self.code = code
        self.text = text

    def strike(self, redact: Callable[[str], str]) -> None:
        """Its text too."""
        super().strike(redact)
        self.text = redact(self.text)
