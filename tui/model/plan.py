"""A verb and its targets, frozen at the key press: what will happen, to whom, in which batches.

Who comes in: the screen and the command line with resolved identities. Who leaves: `Plan`, which policy judges and the
engine runs. A plan never looks at the fleet again; what has changed since is the engine's business at the commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tui.model.process import ProcessKey
from tui.model.states import ProcessState


class Verb(StrEnum):
    """What can be asked of a supervisord that changes it."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SIGNAL = "signal"
    CLEAR_LOGS = "clear-logs"
    STDIN = "stdin"
    REREAD = "reread"
    UPDATE = "update"
    DAEMON_RESTART = "daemon-restart"
    DAEMON_SHUTDOWN = "daemon-shutdown"
    DAEMON_CLEAR_LOG = "daemon-clear-log"


HOST_VERBS = frozenset(
    {Verb.REREAD, Verb.UPDATE, Verb.DAEMON_RESTART, Verb.DAEMON_SHUTDOWN, Verb.DAEMON_CLEAR_LOG}
)
"""Verbs whose targets are hosts; all others act on processes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One target with the state it had when the plan was made; hosts have no state of their own."""

    key: ProcessKey
    shown: str
    """`group:name` or the host's name, safe to show."""
    state: ProcessState | None = None
    pid: int = 0
    start: int = 0
    skip: str = ""
    """Why this target is left alone ('already running', 'not addressable'); empty when it will be acted on."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a job goes through its steps."""

    batch: int = 0
    """How many steps at a time; 0: all at once, still one at a time on each host."""
    max_failed: int = 0
    """Stop beginning new steps after this many failures; 0: never."""
    wait: bool = True
    """Follow each process to its end state (RUNNING, STOPPED); False: an accepted request is enough."""
    canary: bool = False
    """Run the first step alone and go on only when it is DONE."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a job will do, resolved to single targets."""

    verb: Verb
    steps: tuple[Step, ...]
    argument: str = ""
    """The signal's name, or the text for stdin."""
    pace: Pace = field(default_factory=Pace)
    data_age: float = 0.0
    """Seconds: the oldest reading among the hosts concerned when the plan was made."""
    scope: str = ""
    """What the user pointed at, in words: 'web-01', 'group api on web-01', '3 marked', 'all'."""
    whole_hosts: frozenset[str] = frozenset()
    """Hosts of which everything was meant (a host node or `all`): stopping remembers, starting recalls."""

    @property
    def acting(self) -> tuple[Step, ...]:
        """The steps that will be acted on."""
        return tuple(step for step in self.steps if not step.skip)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that will be acted on, in order of first mention."""
        return tuple(dict.fromkeys(step.key.host for step in self.acting))
