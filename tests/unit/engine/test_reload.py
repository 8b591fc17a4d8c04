"""An engine that gets other settings while it works: what stays, what goes, what is refused, over real supervisords."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fleets import process, run_job, settings_for, wait_state, watched
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.config.differences import Differences
from tui.config.schema import HostSettings, Settings
from tui.config.secrets import Secret
from tui.engine.engine import Engine
from tui.errors import RefusedError
from tui.model.endpoint import Endpoint
from tui.model.plan import Verb, make_plan
from tui.model.policy import Guardrail, Tier
from tui.model.process import ProcessKey
from tui.model.states import HostState, OutcomeKind

SLOW = """
[program:web]
command=sleep 1000
startsecs=0
[program:slow]
command=sh -c 'trap "" TERM; touch %(here)s/slow.ready; while :; do sleep 0.1; done'
stopwaitsecs=3
startsecs=0
"""
WEB, SLOW_ONE = ProcessKey("a", "web", "web"), ProcessKey("a", "slow", "slow")
NOWHERE = Endpoint("http", host="127.0.0.1", port=1)


@pytest.fixture(scope="module")
def daemons() -> Iterator[dict[str, RealSupervisord]]:
    with running_supervisord(SLOW) as a, running_supervisord() as b:
        wait_until((a.directory / "slow.ready").exists, what="slow to ignore TERM")
        yield {"a": a, "b": b}


@pytest.fixture
def engine(daemons: dict[str, RealSupervisord]) -> Iterator[Engine]:
    with watched(daemons) as engine:
        for key in (WEB, SLOW_ONE):
            if process(engine, key).state.name != "RUNNING":
                run_job(engine, Verb.START, [key])
        yield engine


def take_over(engine: Engine, settings: Settings, passwords: dict[str, Secret] | None = None) -> Differences:
    return engine.reload(settings, passwords or {}).result(20)


def changed(settings: Settings, name: str, **fields: object) -> Settings:
    hosts = {**settings.hosts, name: replace(settings.hosts[name], **fields)}  # type: ignore[arg-type]
    return replace(settings, hosts=hosts)


def without(settings: Settings, name: str) -> Settings:
    return replace(settings, hosts={key: host for key, host in settings.hosts.items() if key != name})


def test_an_unchanged_host_keeps_its_poller_its_connection_and_its_rows(engine: Engine) -> None:
    poller, supervisor = engine._watch.get("a"), engine._connections.watching("a")
    seen, notices = engine.picture.hosts["a"], engine.notices
    found = take_over(engine, without(engine.settings, "b"))
    assert found == Differences(removed=("b",))
    assert engine._watch.get("a") is poller
    assert engine._connections.watching("a") is supervisor
    assert engine.picture.hosts["a"].processes is seen.processes
    assert list(engine.picture.hosts) == ["a"]
    assert engine.picture.counts.hosts == 1
    assert engine.notices == notices


def test_the_same_file_again_changes_nothing(engine: Engine) -> None:
    assert take_over(engine, engine.settings) == Differences()


def test_a_host_that_went_is_asked_nothing_more(engine: Engine, daemons: dict[str, RealSupervisord]) -> None:
    poller = engine._watch.get("b")
    assert poller is not None
    take_over(engine, without(engine.settings, "b"))
    engine.poll_now()
    tried = engine.picture.hosts["a"].tried_at
    wait_until(lambda: engine.picture.hosts["a"].tried_at != tried, what="another poll of a")
    last = poller.snapshot.tried_at
    engine.poll_now(["b"])
    tried = engine.picture.hosts["a"].tried_at
    wait_until(lambda: engine.picture.hosts["a"].tried_at != tried, what="another poll of a")
    assert poller.snapshot.tried_at == last
    assert engine._connections.take_over(engine.settings.hosts, {}, ["b"]) == ()


def test_a_new_host_appears_in_its_place_and_is_polled(
    engine: Engine, daemons: dict[str, RealSupervisord]
) -> None:
    new = HostSettings("0", daemons["b"].endpoint, poll=0.3)
    serial = len(engine.timeline.after(0))
    hosts = {"0": new, **engine.settings.hosts}
    assert take_over(engine, replace(engine.settings, hosts=hosts)).added == ("0",)
    assert list(engine.picture.hosts) == ["0", "a", "b"]
    assert engine.wait_answered(10)
    assert engine.picture.hosts["0"].fresh
    assert len(engine.timeline.after(0)) == serial, "how we learned of it is no change of the fleet"


def test_other_tags_keep_the_rows_and_hold_at_once(engine: Engine) -> None:
    rows = engine.picture.hosts["a"].processes
    found = take_over(engine, changed(engine.settings, "a", tags=frozenset({"prod"}), folder=("eu",)))
    assert found.changed == ("a",)
    seen = engine.picture.hosts["a"]
    assert (seen.tags, seen.folder) == (frozenset({"prod"}), ("eu",))
    assert [row.key for row in seen.processes] == [row.key for row in rows]
    assert seen.fresh


def test_another_address_shows_no_rows_of_the_old_one(engine: Engine) -> None:
    take_over(engine, changed(engine.settings, "a", endpoint=NOWHERE))
    seen = engine.picture.hosts["a"]
    assert seen.processes == ()
    assert seen.url == NOWHERE.url
    wait_until(lambda: engine.picture.hosts["a"].state is HostState.REFUSED, what="the new address asked")


def test_another_password_is_the_one_that_is_sent() -> None:
    with running_supervisord(user="ops", password="right-password") as daemon:
        settings = settings_for({"a": daemon})
        engine = Engine(settings, passwords={"a": Secret("wrong-password")})
        with engine:
            assert engine.wait_answered(10)
            assert engine.picture.hosts["a"].state is HostState.AUTH
            found = take_over(engine, settings, {"a": Secret("right-password")})
            assert found.moved == {"a"}
            wait_until(lambda: engine.picture.hosts["a"].fresh, what="the login to be good")
            assert engine.redact("right-password wrong-password") == "*** ***"


def test_the_redactor_knows_a_new_password_before_a_request_is_sent(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    knew: list[str] = []
    begin = engine._watch.begin

    def looked_at(*arguments: object) -> None:
        knew.append(engine.redact("new-password"))
        begin(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(engine._watch, "begin", looked_at)
    take_over(engine, changed(engine.settings, "a", user="ops"), {"a": Secret("new-password")})
    assert knew == ["***"]


def test_nothing_changes_while_an_action_is_in_flight_on_a_host_that_would(engine: Engine) -> None:
    before = engine.settings
    plan = make_plan(Verb.STOP, [SLOW_ONE], engine.picture, time.monotonic())
    number = engine.submit(plan, Tier.TYPED)
    wait_state(engine, SLOW_ONE, "STOPPING")
    for settings in (
        without(before, "a"),
        changed(before, "a", endpoint=NOWHERE),
        changed(before, "a", read_only=True),
        replace(before, guardrails=(Guardrail("all", frozenset({Verb.STOP})),)),
    ):
        with pytest.raises(
            RefusedError, match=f"job {number} is running on a — reload when it has ended"
        ) as no:
            take_over(engine, settings)
        assert no.value.advice == "reload when it has ended"
        assert engine.settings is before
        assert list(engine.picture.hosts) == ["a", "b"]
    assert take_over(engine, without(before, "b")).removed == ("b",), "its job has nothing to do with that"
    job = engine.wait_job(number, 20)
    assert job.outcomes[SLOW_ONE].kind is OutcomeKind.DONE
    assert take_over(engine, changed(engine.settings, "a", poll=0.4)).changed == ("a",)
    assert engine.jobs[0] == job, "jobs stay"


def test_a_question_asked_before_does_not_confirm_under_the_old_rules(engine: Engine) -> None:
    settings = engine.settings
    plan = make_plan(Verb.RESTART, [WEB], engine.picture, time.monotonic())
    asked = engine.policy.judge(plan, engine.picture, time.monotonic()).tier
    pid, jobs = process(engine, WEB).pid, engine.jobs
    for stricter, words in (
        (replace(settings, guardrails=(Guardrail("host:a", confirm=Tier.TYPED),)), "as firmly as it must be"),
        (
            replace(settings, guardrails=(Guardrail("host:a", frozenset({Verb.RESTART})),)),
            "a guardrail forbids",
        ),
    ):
        take_over(engine, stricter)
        with pytest.raises(RefusedError, match=words):
            engine.submit(plan, asked)
    take_over(engine, changed(settings, "a", read_only=True))
    for one in (plan, make_plan(Verb.RESTART, [WEB], engine.picture, time.monotonic())):
        with pytest.raises(RefusedError):
            engine.submit(one, Tier.TYPED)
    assert engine._connections.acting("a").read_only
    assert process(engine, WEB).pid == pid
    assert engine.jobs == jobs


def test_a_question_about_a_host_that_is_another_by_now_is_asked_again(
    engine: Engine, daemons: dict[str, RealSupervisord]
) -> None:
    plan = make_plan(Verb.DAEMON_RESTART, [ProcessKey("a")], engine.picture, time.monotonic())
    take_over(engine, changed(engine.settings, "a", endpoint=daemons["b"].endpoint))
    wait_until(lambda: engine.picture.hosts["a"].fresh, what="the other supervisord to answer")
    with pytest.raises(RefusedError, match="changed by a reload since this was asked"):
        engine.submit(plan, Tier.TYPED)
    take_over(engine, without(engine.settings, "a"))
    with pytest.raises(RefusedError, match="there is no host a any more"):
        engine.submit(plan, Tier.TYPED)


def test_a_read_only_session_stays_so(daemons: dict[str, RealSupervisord]) -> None:
    with watched({"a": daemons["a"]}, read_only=True) as engine:
        take_over(engine, changed(engine.settings, "a", poll=0.4))
        plan = make_plan(Verb.RESTART, [WEB], engine.picture, time.monotonic())
        with pytest.raises(RefusedError, match="this session is read-only"):
            engine.submit(plan, Tier.TYPED)
        assert engine._connections.acting("a").read_only


def test_a_journal_that_is_required_from_now_on_is_required(engine: Engine) -> None:
    take_over(engine, replace(engine.settings, journal_required=True))
    outcome = run_job(engine, Verb.RESTART, [WEB]).outcomes[WEB]
    assert outcome.kind is OutcomeKind.NOT_EXECUTED
    assert "journal" in outcome.detail


def test_a_log_of_a_host_that_went_ends_with_a_word_and_the_others_go_on(
    engine: Engine, daemons: dict[str, RealSupervisord]
) -> None:
    lines: list[tuple[str, str]] = []
    follow = engine.follow_logs(
        [ProcessKey("a"), ProcessKey("b")],
        frozenset({"stdout"}),
        lambda batch: lines.extend((line.key.host, line.text) for line in batch),
    )
    try:
        wait_until(lambda: {host for host, _ in lines} == {"a", "b"}, what="both logs")
        take_over(engine, without(engine.settings, "b"))
        wait_until(
            lambda: any(host == "b" and "gone from, the configuration" in text for host, text in lines),
            what="a word about b",
        )
        lines.clear()
        daemons["a"].proxy.supervisor.reloadConfig()
        run_job(engine, Verb.RESTART, [WEB])
        wait_until(lambda: any("web" in text for _, text in lines), what="more of a's log")
        assert {host for host, _ in lines} == {"a"}
    finally:
        follow.close()


def test_files_are_checked_for_drift_as_the_new_settings_say(engine: Engine) -> None:
    assert engine._drift is None
    take_over(engine, changed(engine.settings, "a", check_drift=60.0))
    assert engine._drift is not None
    take_over(engine, changed(engine.settings, "a", check_drift=0.0))
    assert engine._drift is None


def test_many_reloads_leave_nothing_behind(engine: Engine, tmp_path: Path) -> None:
    both, one = engine.settings, without(engine.settings, "b")
    for _ in range(100):
        take_over(engine, one)
        take_over(engine, both)
    wait_until(lambda: engine.picture.hosts["b"].fresh, what="b to answer")
    polling = [
        task.get_name() for task in engine._supervision._tasks if task.get_name().startswith("polling")
    ]
    assert sorted(polling) == ["polling a", "polling b"]
