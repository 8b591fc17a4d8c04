"""A verb and its targets, frozen at the key press: what will happen, to whom, in which batches.

Who comes in: the screen and the command line with resolved identities, through `make_plan`. Who leaves: `Plan`, which
policy judges and the engine runs. A plan never looks at the fleet again; what has changed since is the engine's business
at the commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.pace import Pace
from tui.model.process import Process, ProcessKey
from tui.model.states import RUNNING_STATES, SIGNALLABLE_STATES, STOPPED_STATES, Health, ProcessState
from tui.text import clean, duration_words


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
    SEND_EVENT = "send-event"


LEAVES_A_TRACE = frozenset({Verb.START, Verb.STOP, Verb.RESTART})
"""Verbs whose effect shows in a process's row: of the others no later reading tells whether they came about."""
HOST_VERBS = frozenset(
    {
        Verb.REREAD,
        Verb.UPDATE,
        Verb.DAEMON_RESTART,
        Verb.DAEMON_SHUTDOWN,
        Verb.DAEMON_CLEAR_LOG,
        Verb.SEND_EVENT,
    }
)
"""Verbs whose targets are hosts; all others act on processes."""


MOVES_NO_PROCESS = frozenset({Verb.REREAD, Verb.CLEAR_LOGS, Verb.DAEMON_CLEAR_LOG})
"""Verbs after which a process that ends or starts does so for reasons of its own."""


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
class Plan:
    """Everything a job will do, resolved to single targets."""

    verb: Verb
    steps: tuple[Step, ...]
    argument: str = ""
    """The signal's name, the text for stdin, or an event's type and data with a blank between them."""
    pace: Pace = field(default_factory=Pace)
    data_age: float = 0.0
    """Seconds: the oldest reading among the hosts concerned when the plan was made."""
    scope: str = ""
    """What the user pointed at, in words: 'web-01', 'group api on web-01', '3 marked', 'all'."""
    whole_hosts: frozenset[str] = frozenset()
    """Hosts of which everything was meant (a host node or `all`): stopping remembers, starting recalls."""
    whole_groups: frozenset[ProcessKey] = frozenset()
    """Groups of which everything was meant; policy asks for these as for a host."""
    seen: int = field(default=0, compare=False)
    """The number of the picture that it was made from."""

    @property
    def acting(self) -> tuple[Step, ...]:
        """The steps that will be acted on."""
        return tuple(step for step in self.steps if not step.skip)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that will be acted on, in order of first mention."""
        return tuple(dict.fromkeys(step.key.host for step in self.acting))


# --- from what was pointed at to single steps -----------------------------------------------------------------------

UNREACHABLE_HOST = "host unreachable"
STOPPING_ALREADY = "already stopping"
VANISHED = "no longer there"


def make_plan(
    verb: Verb,
    keys: Iterable[ProcessKey],
    picture: FleetPicture,
    monotonic: float,
    *,
    argument: str = "",
    pace: Pace | None = None,
    scope: str = "",
    recall: Mapping[str, frozenset[ProcessKey]] | None = None,
) -> Plan:
    """Resolve hosts, groups and processes to single steps in the order of first mention, each target exactly once.

    What cannot or need not be done becomes a step with `skip`, so that nothing asked for is dropped in silence. A verb of
    a whole host or group never surprises: RESTART takes what runs; START of a host takes what `recall` (by host: what ran
    before we stopped it) names, else what failed or was stopped after a run, never what has never been started nor what
    finished as expected.
    """
    targets = tuple(dict.fromkeys(keys))
    recall = recall or {}
    if verb in HOST_VERBS:
        hosts = dict.fromkeys(ProcessKey(key.host) for key in targets)
        steps = {key: _host_step(key, picture) for key in hosts}
    else:
        steps = {}
        for key in targets:
            for step in _process_steps(verb, key, picture, recall.get(key.host, frozenset())):
                _keep(steps, step, named=not key.is_host and not key.is_group)
    kept = tuple(steps.values())
    return Plan(
        verb=verb,
        steps=kept,
        argument=argument,
        pace=pace or Pace(),
        data_age=_data_age(kept, picture, monotonic),
        scope=scope,
        whole_hosts=frozenset(key.host for key in targets if key.is_host),
        whole_groups=frozenset(key for key in targets if key.is_group),
        seen=picture.number,
    )


def _keep(steps: dict[ProcessKey, Step], step: Step, *, named: bool) -> None:
    """First mention wins, but a process named by itself is not left out because its host or group left it alone."""
    known = steps.get(step.key)
    if known is None or (named and known.skip and not step.skip):
        steps[step.key] = step


def _host_step(key: ProcessKey, picture: FleetPicture) -> Step:
    host = picture.hosts.get(key.host)
    shown = clean(key.host)
    if host is None:
        return Step(key, shown, skip=VANISHED)
    return Step(key, shown, skip="" if host.fresh else UNREACHABLE_HOST)


def _process_steps(
    verb: Verb, key: ProcessKey, picture: FleetPicture, recall: frozenset[ProcessKey]
) -> Iterator[Step]:
    """The steps that one target stands for; at least one, if only to say why nothing happens."""
    host = picture.hosts.get(key.host)
    processes = () if host is None else _covered(host, key)
    if not processes:
        yield Step(key, _shown(key), skip=_why_nothing(host, key))
    for process in processes:
        if host is not None and not host.fresh:
            skip = UNREACHABLE_HOST
        elif not process.addressable:
            skip = "not addressable"
        elif key.is_host and verb is Verb.START:
            skip = _skip_recalled_start(process, recall)
        else:
            skip = _skip(verb, process)
        yield Step(process.key, process.title, process.state, process.pid, process.start, skip)


def _covered(host: HostSnapshot, key: ProcessKey) -> tuple[Process, ...]:
    if key.is_host:
        return host.processes
    if key.is_group:
        return tuple(process for process in host.processes if process.key.group == key.group)
    process = host.by_key.get(key)
    return () if process is None else (process,)


def _why_nothing(host: HostSnapshot | None, key: ProcessKey) -> str:
    if host is not None and not host.fresh:
        return UNREACHABLE_HOST
    return "no processes" if host is not None and key.is_host else VANISHED


def _shown(key: ProcessKey) -> str:
    if key.is_host:
        return clean(key.host)
    return clean(f"{key.group}:{key.name or '*'}")


_ALREADY = {
    ProcessState.RUNNING: "already running",
    ProcessState.STARTING: "already starting",
    ProcessState.BACKOFF: "already being retried",
}


def _skip(verb: Verb, process: Process) -> str:
    """Why `verb` leaves a process in this state alone; empty when it does not (faults 60 and 70 of supervisord)."""
    state = process.state
    match verb:
        case Verb.START:
            return _ALREADY.get(state, "")
        case Verb.STOP | Verb.RESTART if state is ProcessState.STOPPING:
            return STOPPING_ALREADY
        case Verb.STOP:
            return "not running" if state in STOPPED_STATES else ""
        case Verb.RESTART:
            return "" if state in RUNNING_STATES else "not running"
        case Verb.SIGNAL | Verb.STDIN:
            return "" if state in SIGNALLABLE_STATES else "not running"
    return ""


def _skip_recalled_start(process: Process, recall: frozenset[ProcessKey]) -> str:
    """Why starting its whole host leaves this process alone."""
    if skip := _skip(Verb.START, process):
        return skip
    if recall:
        return "" if process.key in recall else "was not running"
    if process.state is ProcessState.STOPPED and not process.start:
        return "never started"
    if process.state is ProcessState.EXITED and process.health is not Health.BAD:
        return "finished"
    return ""


def _data_age(steps: Iterable[Step], picture: FleetPicture, monotonic: float) -> float:
    hosts = {step.key.host for step in steps if not step.skip}
    ages = (picture.hosts[host].age(monotonic) for host in hosts)
    return max((age for age in ages if age is not None), default=0.0)


# --- in words -------------------------------------------------------------------------------------------------------

_PHRASES = {
    Verb.START: "Start {}",
    Verb.STOP: "Stop {}",
    Verb.RESTART: "Restart {}",
    Verb.SIGNAL: "Send {argument} to {}",
    Verb.CLEAR_LOGS: "Clear the logs of {}",
    Verb.STDIN: "Send the line '{argument}' to {}",
    Verb.REREAD: "Reread the configuration of {}",
    Verb.UPDATE: "Update {} to its configuration",
    Verb.DAEMON_RESTART: "Restart the supervisord of {}",
    Verb.DAEMON_SHUTDOWN: "Shut down the supervisord of {}",
    Verb.DAEMON_CLEAR_LOG: "Clear the supervisord log of {}",
    Verb.SEND_EVENT: "Send the event '{argument}' to the listeners of {}",
}

_REMARKS = {
    Verb.REREAD: "Rereading changes what every client of this supervisord sees as its configuration.",
    Verb.DAEMON_RESTART: "All its processes stop; afterwards only those with autostart come back by themselves.",
    Verb.DAEMON_SHUTDOWN: "This cannot be undone from here: nothing is left on the host to talk to.",
}
_LISTED = 6


def plan_words(plan: Plan) -> str:
    """The plan in one line, as the beginning of a question: 'Restart web-0044 celery'."""
    acting = plan.acting
    if not acting:
        reasons = _tally(Counter(step.skip for step in plan.steps)) or "no targets"
        subject = (
            f"{clean(plan.steps[0].key.host)} {plan.steps[0].shown} is " if _is_single_process(plan) else ""
        )
        return f"Nothing to {plan.verb.value}: {subject}{plan.steps[0].skip if subject else reasons}"
    return _PHRASES[plan.verb].format(_subject(plan), argument=clean(plan.argument.rstrip("\n"), 40))


def _is_single_process(plan: Plan) -> bool:
    return len(plan.steps) == 1 and not plan.steps[0].key.is_host


def _subject(plan: Plan) -> str:
    acting, hosts = plan.acting, plan.hosts
    if plan.verb in HOST_VERBS:
        return clean(hosts[0]) if len(hosts) == 1 else f"{len(hosts)} hosts"
    if len(acting) == 1:
        return f"{clean(acting[0].key.host)} {acting[0].shown}"
    where = f"on {clean(hosts[0])}" if len(hosts) == 1 else f"on {len(hosts)} hosts"
    return f"{len(acting)} processes {where}"


def plan_summary(plan: Plan) -> list[str]:
    """What a question lists under its first line: counts by host, group and state, first names, pace, age of the data."""
    acting = plan.acting
    lines = [f"Target: {clean(plan.scope)}"] if plan.scope else []
    lines.append(f"Hosts: {_tally(Counter(clean(step.key.host) for step in acting)) or 'none'}")
    if plan.verb not in HOST_VERBS and acting:
        lines.append(f"Groups: {_tally(Counter(clean(step.key.group) for step in acting))}")
        lines.append(
            f"States: {_tally(Counter(step.state.name for step in acting if step.state is not None))}"
        )
        first = [f"{clean(step.key.host)} {step.shown}" for step in acting[:_LISTED]]
        more = f", … and {len(acting) - _LISTED} more" if len(acting) > _LISTED else ""
        lines.append(f"First: {', '.join(first)}{more}")
    if skipped := Counter(step.skip for step in plan.steps if step.skip):
        lines.append(f"Left alone: {', '.join(f'{count} {why}' for why, count in skipped.most_common())}")
    if len(acting) > 1:
        lines.append(f"Pace: {plan.pace.words()}")
    age = duration_words(plan.data_age) if plan.data_age >= 1 else "less than a second"
    lines.append(f"Data: {age} old")
    if plan.verb in _REMARKS:
        lines.append(_REMARKS[plan.verb])
    return lines


def _tally(counts: Counter[str]) -> str:
    """'12 web-01, 3 web-02, … and 38 more', the largest first."""
    if list(counts.values()) == [1]:
        return next(iter(counts))
    words = [f"{count} {name}" for name, count in counts.most_common(_LISTED)]
    if len(counts) > _LISTED:
        words.append(f"… and {len(counts) - _LISTED} more")
    return ", ".join(words)
