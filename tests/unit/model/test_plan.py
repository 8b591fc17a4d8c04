"""A plan: every target exactly once, nothing dropped in silence, no surprises from whole hosts."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model.fleets import NOW, host, picture, process, snapshots, unhurried
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.pace import Pace
from tui.model.plan import HOST_VERBS, Plan, Verb, make_plan, plan_summary, plan_words
from tui.model.process import ProcessKey
from tui.model.states import HostState

WEB = ProcessKey("web-01")


def fleet() -> FleetPicture:
    return picture(
        host(
            "web-01",
            process("api:api-1"),
            process("api:api-2", "FATAL"),
            process("beat", "STOPPED"),
            process("migrate", "EXITED"),
            process("report", "EXITED", exitstatus=3),
            process("manual", "STOPPED", start=0),
            process("slow", "STOPPING"),
            process("retry", "BACKOFF"),
            process("odd\x1b"),
        ),
        host("web-02", process("api:api-1"), read_at=NOW - 7),
        host("lost", process("celery"), state=HostState.TIMEOUT),
        HostSnapshot("never", HostState.REFUSED),
        host("empty"),
    )


def plan(verb: Verb, *keys: ProcessKey, recall: Mapping[str, frozenset[ProcessKey]] | None = None) -> Plan:
    return make_plan(verb, keys, fleet(), NOW, recall=recall)


def skips(made: Plan) -> dict[str, str]:
    return {step.shown: step.skip for step in made.steps}


def test_restarting_a_whole_host_takes_what_runs() -> None:
    made = plan(Verb.RESTART, WEB)
    assert skips(made) == {
        "api:api-1": "",
        "api:api-2": "not running",
        "beat": "not running",
        "migrate": "not running",
        "report": "not running",
        "manual": "not running",
        "slow": "already stopping",
        "retry": "",
        "odd␛": "not addressable",
    }
    assert made.whole_hosts == {"web-01"}


def test_starting_a_whole_host_takes_what_failed_or_was_stopped_after_a_run() -> None:
    assert skips(plan(Verb.START, WEB)) == {
        "api:api-1": "already running",
        "api:api-2": "",
        "beat": "",
        "migrate": "finished",
        "report": "",
        "manual": "never started",
        "slow": "",
        "retry": "already being retried",
        "odd␛": "not addressable",
    }


def test_starting_a_whole_host_takes_what_ran_when_that_is_remembered() -> None:
    ran = frozenset({ProcessKey("web-01", "manual", "manual"), ProcessKey("web-01", "api", "api-1")})
    made = skips(plan(Verb.START, WEB, recall={"web-01": ran}))
    assert made["manual"] == ""
    assert made["api:api-1"] == "already running"
    assert made["beat"] == "was not running"


def test_starting_one_process_by_name_starts_it_whatever_its_past() -> None:
    keys = [ProcessKey("web-01", name, name) for name in ("manual", "migrate")]
    assert set(skips(plan(Verb.START, *keys)).values()) == {""}


def test_a_process_named_by_itself_is_not_left_out_because_its_host_leaves_it_alone() -> None:
    manual = ProcessKey("web-01", "manual", "manual")
    assert skips(plan(Verb.START, WEB, manual))["manual"] == ""
    assert skips(plan(Verb.START, manual, WEB))["manual"] == ""


def test_stopping_leaves_alone_what_has_no_child() -> None:
    made = skips(plan(Verb.STOP, WEB))
    assert [shown for shown, skip in made.items() if not skip] == ["api:api-1", "retry"]
    assert made["slow"] == "already stopping"


def test_signals_reach_only_processes_with_a_child() -> None:
    made = skips(plan(Verb.SIGNAL, WEB))
    assert [shown for shown, skip in made.items() if not skip] == ["api:api-1", "slow"]


def test_a_group_is_its_processes_on_that_host() -> None:
    made = plan(Verb.STOP, ProcessKey("web-01", "api"))
    assert skips(made) == {"api:api-1": "", "api:api-2": "not running"}
    assert made.whole_groups == {ProcessKey("web-01", "api")}


def test_processes_of_a_host_that_does_not_answer_are_skipped_with_that_reason() -> None:
    made = plan(Verb.STOP, ProcessKey("lost"), ProcessKey("never"))
    assert [(step.shown, step.skip) for step in made.steps] == [
        ("celery", "host unreachable"),
        ("never", "host unreachable"),
    ]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (ProcessKey("empty"), "no processes"),
        (ProcessKey("gone"), "no longer there"),
        (ProcessKey("web-01", "gone"), "no longer there"),
        (ProcessKey("web-01", "api", "gone"), "no longer there"),
        (ProcessKey("never", "api", "api-1"), "host unreachable"),
    ],
)
def test_what_is_not_there_is_told_and_not_dropped(key: ProcessKey, reason: str) -> None:
    (step,) = plan(Verb.STOP, key).steps
    assert (step.key, step.skip) == (key, reason)


def test_host_verbs_act_on_each_host_once() -> None:
    made = plan(Verb.UPDATE, ProcessKey("web-01", "api", "api-1"), WEB, ProcessKey("lost"))
    assert [(step.shown, step.skip) for step in made.steps] == [("web-01", ""), ("lost", "host unreachable")]


def test_a_step_remembers_what_the_process_was_when_the_plan_was_made() -> None:
    (step,) = plan(Verb.RESTART, ProcessKey("web-01", "api", "api-1")).steps
    row = fleet().process(step.key)
    assert row is not None
    assert (step.state, step.pid, step.start) == (row.state, row.pid, row.start)


def test_the_age_is_that_of_the_oldest_reading_among_the_hosts_acted_on() -> None:
    assert plan(Verb.RESTART, WEB, ProcessKey("web-02"), ProcessKey("lost")).data_age == 7
    assert plan(Verb.RESTART, ProcessKey("lost")).data_age == 0


def keys_of(hosts: list[HostSnapshot]) -> list[ProcessKey]:
    rows = [row.key for snapshot in hosts for row in snapshot.processes]
    return [*rows, *(ProcessKey(key.host, key.group) for key in rows), *(ProcessKey(h.host) for h in hosts)]


@unhurried
@given(st.data())
def test_every_target_is_in_the_plan_exactly_once(data: st.DataObject) -> None:
    hosts = data.draw(st.lists(snapshots, min_size=1, max_size=4, unique_by=lambda snapshot: snapshot.host))
    keys = data.draw(st.lists(st.sampled_from([*keys_of(hosts), ProcessKey("gone", "a", "b")]), max_size=8))
    verb = data.draw(st.sampled_from(Verb))
    shown = picture(*hosts)
    steps = [step.key for step in make_plan(verb, keys, shown, NOW).steps]
    assert len(set(steps)) == len(steps)
    if verb in HOST_VERBS:
        assert set(steps) == {ProcessKey(key.host) for key in keys}
        return
    for key in keys:
        host_rows = shown.hosts[key.host].processes if key.host in shown.hosts else ()
        covered = [row.key for row in host_rows if key[1:] in (row.key[1:], (row.key.group, ""), ("", ""))]
        assert set(covered or [key]) <= set(steps)


@pytest.mark.parametrize(
    ("verb", "keys", "words"),
    [
        (Verb.RESTART, [ProcessKey("web-01", "api", "api-1")], "Restart web-01 api:api-1"),
        (Verb.RESTART, [WEB], "Restart 2 processes on web-01"),
        (Verb.RESTART, [WEB, ProcessKey("web-02")], "Restart 3 processes on 2 hosts"),
        (Verb.STOP, [ProcessKey("web-01", "beat", "beat")], "Nothing to stop: web-01 beat is not running"),
        (Verb.STOP, [ProcessKey("never")], "Nothing to stop: host unreachable"),
        (Verb.STOP, [], "Nothing to stop: no targets"),
        (Verb.DAEMON_SHUTDOWN, [WEB], "Shut down the supervisord of web-01"),
        (Verb.REREAD, [WEB, ProcessKey("web-02")], "Reread the configuration of 2 hosts"),
    ],
)
def test_a_plan_reads_as_a_sentence(verb: Verb, keys: list[ProcessKey], words: str) -> None:
    assert plan_words(plan(verb, *keys)) == words


def test_a_signal_names_itself_in_the_sentence() -> None:
    made = make_plan(Verb.SIGNAL, [ProcessKey("web-02", "api", "api-1")], fleet(), NOW, argument="HUP")
    assert plan_words(made) == "Send HUP to web-02 api:api-1"


def test_the_summary_tells_counts_first_names_pace_and_age() -> None:
    keys = [WEB, ProcessKey("web-02"), ProcessKey("lost")]
    pace = Pace(batch=2, canary=True, max_failed=1)
    assert plan_summary(make_plan(Verb.RESTART, keys, fleet(), NOW, scope="3 marked", pace=pace)) == [
        "Target: 3 marked",
        "Hosts: 2 web-01, 1 web-02",
        "Groups: 2 api, 1 retry",
        "States: 2 RUNNING, 1 BACKOFF",
        "First: web-01 api:api-1, web-01 retry, web-02 api:api-1",
        "Left alone: 5 not running, 1 already stopping, 1 not addressable, 1 host unreachable",
        "Pace: 2 at a time, one at a time on each host, the first alone as a canary, no new ones after 1 failed",
        "Data: 7 seconds old",
    ]


def test_the_summary_warns_where_there_is_no_way_back() -> None:
    assert "cannot be undone" in plan_summary(plan(Verb.DAEMON_SHUTDOWN, WEB))[-1]
