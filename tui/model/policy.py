"""Read-only, guardrails and tiers: may this plan run, and how firmly must the user be asked first.

The engine asks before it runs anything; a screen or the command line asks the same question to know what to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.plan import HOST_VERBS, Plan, Step, Verb
from tui.model.process import Process, process_from_wire
from tui.model.query import Query
from tui.model.states import HostState, ProcessState
from tui.text import clean


class Tier(IntEnum):
    """How much to ask (ux.md): guardrails may raise it, never lower it."""

    DO = 0
    ONE_LINE = 1
    SUMMARY = 2
    TYPED = 3


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One rule of hosts.yaml: for targets that `match` (the filter language), forbid, ask harder, or bound."""

    match: str
    deny: frozenset[Verb] = frozenset()
    confirm: Tier = Tier.DO
    max_bulk: int = 0
    """At most this many matching targets in one plan; 0: no bound."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a plan may run, and what the user must do first."""

    refusal: str = ""
    """Why it may not run, as a sentence; empty when it may."""
    advice: str = ""
    """What to do instead, with a refusal."""
    tier: Tier = Tier.DO
    typed: str = ""
    """For `Tier.TYPED`: what the user has to type, a count or a host's name."""


FEW = 5
"""Up to this many processes are one line's worth of question."""
MANY = 50
"""More than this must be typed."""

_DAEMON_ENDS = frozenset({Verb.DAEMON_RESTART, Verb.DAEMON_SHUTDOWN})
_DAEMON = _DAEMON_ENDS | {Verb.DAEMON_CLEAR_LOG}
_LISTED = 3


class Policy:
    """The rules of one run; pure, so that every room may ask."""

    def __init__(
        self,
        guardrails: Iterable[Guardrail] = (),
        read_only_hosts: frozenset[str] = frozenset(),
        read_only: bool = False,
    ) -> None:
        """Compile the rules. Raises `QueryError` when a guardrail's `match` does not parse."""
        self._guardrails = tuple((rule, Query.parse(rule.match)) for rule in guardrails)
        self._read_only_hosts = read_only_hosts
        self.read_only = read_only

    def judge(self, plan: Plan, picture: FleetPicture, monotonic: float) -> Judgement:
        """May `plan` run against `picture`, and what must be asked. A plan in which every step is skipped may."""
        refused = self._read_only_refusal(plan, picture) or _unreachable_refusal(plan, picture)
        if refused is not None:
            return refused
        tier = _tier(plan, picture)
        for rule, query in self._guardrails:
            matching = (step for step in plan.acting if _matches(query, step, picture, monotonic))
            if next(matching, None) is None:
                continue
            refused = _guardrail_refusal(rule, plan, 1 + sum(1 for _ in matching) if rule.max_bulk else 1)
            if refused is not None:
                return refused
            tier = max(tier, rule.confirm)
        return Judgement(tier=tier, typed=_typed(plan) if tier is Tier.TYPED else "")

    def _read_only_refusal(self, plan: Plan, picture: FleetPicture) -> Judgement | None:
        if self.read_only:
            return Judgement("this session is read-only", "start without --read-only to change something")
        locked = [host for host in plan.hosts if self._is_read_only(host, picture)]
        if not locked:
            return None
        verb = "is" if len(locked) == 1 else "are"
        return Judgement(
            f"{_some(locked)} {verb} read-only by configuration",
            "leave it out, or change read_only in hosts.yaml",
        )

    def _is_read_only(self, host: str, picture: FleetPicture) -> bool:
        snapshot = picture.hosts.get(host)
        return host in self._read_only_hosts or (snapshot is not None and snapshot.read_only)


def _unreachable_refusal(plan: Plan, picture: FleetPicture) -> Judgement | None:
    """A supervisord that cannot be asked how it is must not be restarted or shut down along with others unseen."""
    if plan.verb not in _DAEMON:
        return None
    lost = [step.key.host for step in plan.steps if not _is_fresh(step.key.host, picture)]
    if not lost:
        return None
    problem = _host_problem(picture.hosts.get(lost[0]))
    return Judgement(
        f"{_some(lost)} cannot be reached: {problem}", "leave it out, or try again when it answers"
    )


def _is_fresh(host: str, picture: FleetPicture) -> bool:
    snapshot = picture.hosts.get(host)
    return snapshot is not None and snapshot.fresh


def _host_problem(host: HostSnapshot | None) -> str:
    if host is None:
        return "no such host"
    if host.state is HostState.PENDING:
        return "it has not answered yet"
    return host.problem or host.state.value


def _tier(plan: Plan, picture: FleetPicture) -> Tier:
    """How much to ask before any guardrail (ux.md, "How much to ask")."""
    count = len(plan.acting)
    if not count:
        return Tier.DO
    if plan.verb in _DAEMON_ENDS or count > MANY or _is_everything(plan, picture):
        return Tier.TYPED
    if plan.verb is Verb.UPDATE or count > FEW:
        return Tier.SUMMARY
    if plan.verb not in HOST_VERBS and (plan.whole_hosts or plan.whole_groups):
        return Tier.SUMMARY
    if plan.verb is Verb.START and len(plan.steps) == 1:
        return Tier.DO
    return Tier.ONE_LINE


def _is_everything(plan: Plan, picture: FleetPicture) -> bool:
    """Whether all hosts of a fleet (of more than one) were meant, as a whole or process by process."""
    if len(picture.hosts) < 2:
        return False
    if plan.whole_hosts.issuperset(picture.hosts):
        return True
    meant = {step.key for step in plan.steps}
    return len(meant) > FEW and all(
        process.key in meant for host in picture.hosts.values() for process in host.processes
    )


def _guardrail_refusal(rule: Guardrail, plan: Plan, matching: int) -> Judgement | None:
    name = clean(rule.match, 80)
    if plan.verb in rule.deny:
        return Judgement(f"a guardrail forbids {plan.verb.value} for {name}", "see guardrails in hosts.yaml")
    if rule.max_bulk and matching > rule.max_bulk:
        return Judgement(
            f"a guardrail allows at most {rule.max_bulk} targets of {name} at once, and this would be {matching}",
            "take fewer at a time",
        )
    return None


def _matches(query: Query, step: Step, picture: FleetPicture, monotonic: float) -> bool:
    """Whether a guardrail is about this step. What acts on a host is also about each process on it."""
    host = picture.hosts.get(step.key.host) or HostSnapshot(step.key.host, HostState.PENDING)
    if step.key.is_host:
        rows: Iterator[Process | None] = iter((None, *host.processes))
    else:
        rows = iter((host.by_key.get(step.key) or _process_of(step),))
    return any(query.matches(host, row, monotonic) for row in rows)


def _process_of(step: Step) -> Process:
    """The row a step was made from, when the fleet no longer has it: a guardrail must not depend on a race."""
    state = ProcessState.UNKNOWN if step.state is None else step.state
    return process_from_wire(*step.key, state=state, pid=step.pid, start=step.start)


def _typed(plan: Plan) -> str:
    """The host's name where one whole host is meant, else how many targets."""
    by_name = plan.verb in HOST_VERBS or bool(plan.whole_hosts)
    return plan.hosts[0] if by_name and len(plan.hosts) == 1 else str(len(plan.acting))


def _some(hosts: list[str]) -> str:
    shown = ", ".join(map(clean, hosts[:_LISTED]))
    return shown if len(hosts) <= _LISTED else f"{shown} and {len(hosts) - _LISTED} more"
