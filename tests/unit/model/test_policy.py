"""Policy: read-only refuses, guardrails only ever raise, and the question grows with what is at stake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model.fleets import NOW, host, picture, process, snapshots, unhurried
from tui.errors import QueryError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.plan import Verb, make_plan
from tui.model.policy import Guardrail, Judgement, Policy, Tier
from tui.model.process import ProcessKey
from tui.model.states import HostState


def row(name: str, *, on: str = "web-01", group: str = "api") -> ProcessKey:
    return ProcessKey(on, group, name)


FLEET = picture(
    host("web-01", *(process(f"api:api-{n:02}") for n in range(60)), process("celery", "STOPPED")),
    host("db-01", process("pg"), process("pgbouncer"), tags=["prod"]),
    host("safe", process("a"), read_only=True),
    host("lost", process("a"), state=HostState.TIMEOUT, problem="no answer in 5 s"),
)
ALL = [ProcessKey(name) for name in FLEET.hosts]
DB = ProcessKey("db-01")


def judge(verb: Verb, *keys: ProcessKey, policy: Policy | None = None, on: FleetPicture = FLEET) -> Judgement:
    return (policy or Policy()).judge(make_plan(verb, keys, on, NOW), on, NOW)


@pytest.mark.parametrize(
    ("verb", "keys", "tier", "typed"),
    [
        (Verb.START, [ProcessKey("web-01", "celery", "celery")], Tier.DO, ""),
        (Verb.STOP, [row("api-00")], Tier.ONE_LINE, ""),
        (Verb.RESTART, [row(f"api-{n:02}") for n in range(5)], Tier.ONE_LINE, ""),
        (Verb.RESTART, [row(f"api-{n:02}") for n in range(6)], Tier.SUMMARY, ""),
        (Verb.RESTART, [row(f"api-{n:02}") for n in range(50)], Tier.SUMMARY, ""),
        (Verb.RESTART, [row(f"api-{n:02}") for n in range(51)], Tier.TYPED, "51"),
        (Verb.RESTART, [ProcessKey("db-01", "pg")], Tier.SUMMARY, ""),
        (Verb.RESTART, [DB], Tier.SUMMARY, ""),
        (Verb.RESTART, [ProcessKey("web-01")], Tier.TYPED, "web-01"),
        (Verb.SIGNAL, [row("api-00")], Tier.ONE_LINE, ""),
        (Verb.CLEAR_LOGS, [row("api-00")], Tier.ONE_LINE, ""),
        (Verb.STDIN, [row("api-00")], Tier.ONE_LINE, ""),
        (Verb.REREAD, [DB], Tier.ONE_LINE, ""),
        (Verb.UPDATE, [DB], Tier.SUMMARY, ""),
        (Verb.DAEMON_CLEAR_LOG, [DB], Tier.ONE_LINE, ""),
        (Verb.DAEMON_RESTART, [DB], Tier.TYPED, "db-01"),
        (Verb.DAEMON_SHUTDOWN, [DB, ProcessKey("web-01")], Tier.TYPED, "2"),
        (Verb.START, [row("api-00")], Tier.DO, ""),
    ],
)
def test_how_much_is_asked(verb: Verb, keys: list[ProcessKey], tier: Tier, typed: str) -> None:
    assert judge(verb, *keys) == Judgement(tier=tier, typed=typed)


def test_a_start_of_a_group_or_host_asks_even_when_only_one_process_is_down() -> None:
    assert judge(Verb.START, ProcessKey("web-01", "celery")).tier is Tier.SUMMARY
    assert judge(Verb.START, ProcessKey("web-01")).tier is Tier.SUMMARY


def test_everything_must_be_typed_also_when_it_is_little() -> None:
    small = picture(host("a", process("x")), host("b", process("x")))
    assert judge(Verb.RESTART, ProcessKey("a"), ProcessKey("b"), on=small) == Judgement(
        tier=Tier.TYPED, typed="2"
    )
    alone = picture(host("a", process("x")))
    assert judge(Verb.RESTART, ProcessKey("a"), on=alone).tier is Tier.SUMMARY


def test_everything_must_be_typed_also_when_it_was_marked_row_by_row() -> None:
    fleet = picture(
        host("a", *(process(f"x{n}") for n in range(4))), host("b", *(process(f"x{n}") for n in range(4)))
    )
    rows = [one.key for snapshot in fleet.hosts.values() for one in snapshot.processes]
    assert judge(Verb.STOP, *rows, on=fleet) == Judgement(tier=Tier.TYPED, typed="8")
    assert judge(Verb.STOP, *rows[1:], on=fleet).tier is Tier.SUMMARY


def test_nothing_to_do_asks_nothing_and_is_not_refused() -> None:
    assert judge(Verb.STOP, ProcessKey("web-01", "celery", "celery")) == Judgement()
    assert judge(Verb.STOP, ProcessKey("lost", "a", "a")) == Judgement()


@pytest.mark.parametrize("verb", Verb)
def test_a_read_only_session_refuses_every_verb(verb: Verb) -> None:
    assert "read-only" in judge(verb, DB, policy=Policy(read_only=True)).refusal


@pytest.mark.parametrize(
    "policy", [Policy(), Policy(read_only_hosts=frozenset({"db-01"}))], ids=["by snapshot", "by name"]
)
def test_a_read_only_host_refuses_and_is_named(policy: Policy) -> None:
    refused = judge(Verb.STOP, ProcessKey("safe", "a", "a"), ProcessKey("db-01", "pg", "pg"), policy=policy)
    assert "safe" in refused.refusal
    assert ("db-01" in refused.refusal) == bool(policy._read_only_hosts)
    assert refused.advice


@pytest.mark.parametrize("verb", [Verb.DAEMON_RESTART, Verb.DAEMON_SHUTDOWN, Verb.DAEMON_CLEAR_LOG])
def test_a_supervisord_that_cannot_be_reached_is_refused_with_the_cause(verb: Verb) -> None:
    refused = judge(verb, DB, ProcessKey("lost"))
    assert refused.refusal == "lost cannot be reached: no answer in 5 s"
    assert judge(Verb.UPDATE, DB, ProcessKey("lost")).refusal == ""


def test_a_guardrail_denies_its_verbs_and_no_others() -> None:
    policy = Policy([Guardrail("tag:prod", deny=frozenset({Verb.DAEMON_SHUTDOWN, Verb.STOP}))])
    assert "forbids stop" in judge(Verb.STOP, ProcessKey("db-01", "pg", "pg"), policy=policy).refusal
    assert "tag:prod" in judge(Verb.DAEMON_SHUTDOWN, DB, policy=policy).refusal
    assert judge(Verb.RESTART, ProcessKey("db-01", "pg", "pg"), policy=policy).refusal == ""
    assert judge(Verb.STOP, row("api-00"), policy=policy).refusal == ""


def test_a_guardrail_makes_even_one_start_typed() -> None:
    policy = Policy([Guardrail("name:celery", confirm=Tier.TYPED)])
    assert judge(Verb.START, ProcessKey("web-01", "celery", "celery"), policy=policy) == Judgement(
        tier=Tier.TYPED, typed="1"
    )


def test_a_guardrail_bounds_how_many_of_its_own_one_plan_may_touch() -> None:
    policy = Policy([Guardrail("name:api-0*", max_bulk=3)])
    others = [row(f"api-{n}") for n in range(10, 20)]
    assert judge(Verb.STOP, *(row(f"api-0{n}") for n in range(3)), *others, policy=policy).refusal == ""
    assert "at most 3" in judge(Verb.STOP, *(row(f"api-0{n}") for n in range(4)), policy=policy).refusal


def test_a_guardrail_on_a_process_also_guards_what_acts_on_its_host() -> None:
    policy = Policy([Guardrail("name:pg", deny=frozenset({Verb.DAEMON_RESTART}))])
    assert judge(Verb.DAEMON_RESTART, DB, policy=policy).refusal
    assert not judge(Verb.DAEMON_RESTART, ProcessKey("web-01"), policy=policy).refusal


def test_a_guardrail_still_holds_when_the_process_has_just_vanished_from_the_picture() -> None:
    policy = Policy([Guardrail("name:pg", deny=frozenset({Verb.STOP}))])
    plan = make_plan(Verb.STOP, [ProcessKey("db-01", "pg", "pg")], FLEET, NOW)
    assert policy.judge(plan, picture(host("db-01")), NOW).refusal
    assert policy.judge(plan, picture(), NOW).refusal


def test_a_skipped_target_raises_no_guardrail() -> None:
    policy = Policy([Guardrail("name:celery", deny=frozenset({Verb.STOP}))])
    assert judge(Verb.STOP, ProcessKey("web-01", "celery", "celery"), policy=policy).refusal == ""


def test_a_guardrail_that_does_not_parse_is_an_error_at_once() -> None:
    with pytest.raises(QueryError):
        Policy([Guardrail("state:nope")])


guardrails = st.builds(
    Guardrail,
    st.sampled_from(["", "tag:prod", "state:running", "api", "host:web-*"]),
    confirm=st.sampled_from(Tier),
    max_bulk=st.integers(0, 3),
)


@unhurried
@given(st.lists(guardrails, max_size=3), st.lists(snapshots, min_size=1, max_size=3), st.sampled_from(Verb))
def test_guardrails_never_lower_what_is_asked_nor_lift_a_refusal(
    rules: list[Guardrail], hosts: list[HostSnapshot], verb: Verb
) -> None:
    shown = picture(*hosts)
    keys = [process.key for snapshot in hosts for process in snapshot.processes] or [
        ProcessKey(hosts[0].host)
    ]
    plain = judge(verb, *keys, on=shown)
    guarded = judge(verb, *keys, on=shown, policy=Policy(rules))
    assert guarded.refusal or guarded.tier >= plain.tier
    assert not plain.refusal or guarded.refusal
    assert guarded.refusal or bool(guarded.typed) == (guarded.tier is Tier.TYPED)
