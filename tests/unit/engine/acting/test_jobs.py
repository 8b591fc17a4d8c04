"""Jobs: who goes when, who is left out, and one outcome each, on scripted hosts that answer when the test lets them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tui.engine.acting import jobs as jobs_module
from tui.engine.acting import left_open
from tui.engine.acting.jobs import JobPicture, Jobs
from tui.engine.acting.memory import Memory
from tui.errors import NoMatchError, RefusedError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.pace import Pace
from tui.model.plan import Plan, Verb, make_plan
from tui.model.policy import Guardrail, Policy, Tier
from tui.model.process import Process, ProcessKey, process_from_wire
from tui.model.states import HostState, OutcomeKind, ProcessState
from tui.rpc.answers import ProgramConfig

from ...model.fleets import picture
from ...rpc.loopback import eventually
from ..scripted import SERVER_TIME, jobs_of, timed_out

DONE, FAILED, NOT_EXECUTED, SKIPPED, UNKNOWN = (
    OutcomeKind.DONE,
    OutcomeKind.FAILED,
    OutcomeKind.NOT_EXECUTED,
    OutcomeKind.SKIPPED,
    OutcomeKind.UNKNOWN,
)


class Site:
    """Some hosts, each with some programs; starts wait for `gate`, and the doomed ones end FATAL."""

    def __init__(self, hosts: Iterable[str], names: Iterable[str] = ("a", "b", "c")) -> None:
        self.rows: dict[ProcessKey, Process] = {
            ProcessKey(host, name, name): process_from_wire(host, name, name, state=ProcessState.STOPPED)
            for host in hosts
            for name in names
        }
        self.hosts = {host: OneHost(self, host) for host in hosts}
        self.stopwaitsecs = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.doomed: set[str] = set()
        self.away: set[str] = set()
        self.underway: list[ProcessKey] = []
        self.begun: list[ProcessKey] = []
        self.most_on_one_host = 0
        self.most_at_once = 0

    @property
    def now(self) -> int:
        return int(SERVER_TIME + time.monotonic())

    def snapshot(self, host: str) -> HostSnapshot:
        rows = tuple(row for key, row in self.rows.items() if key.host == host)
        if host in self.away:
            return HostSnapshot(host, HostState.TIMEOUT, problem="it does not answer", processes=rows)
        return HostSnapshot(
            host, HostState.UP, processes=rows, read_at=time.monotonic(), clock_offset=SERVER_TIME
        )

    def picture(self) -> FleetPicture:
        return picture(*(self.snapshot(host) for host in self.hosts))

    async def poll(self, host: str) -> HostSnapshot:
        await asyncio.sleep(0)
        return self.snapshot(host)

    def plan(self, verb: Verb = Verb.START, keys: Iterable[ProcessKey] = (), **how: Any) -> Plan:  # noqa: ANN401
        return make_plan(verb, list(keys) or list(self.rows), self.picture(), time.monotonic(), **how)


class OneHost:
    """What the engine may call of one host."""

    def __init__(self, site: Site, name: str) -> None:
        self.site = site
        self.name = name

    async def pid(self) -> int:
        if self.name in self.site.away:
            raise timed_out(committed=True)
        return 1000

    async def config(self) -> tuple[ProgramConfig, ...]:
        return tuple(
            ProgramConfig(
                key.group, key.name, startsecs=0, startretries=0, stopwaitsecs=self.site.stopwaitsecs
            )
            for key in self.site.rows
        )

    async def process(self, key: ProcessKey) -> Process:
        if self.name in self.site.away:
            raise timed_out(committed=True)
        return self.site.rows[key]

    async def start(self, key: ProcessKey, **how: Any) -> None:  # noqa: ANN401
        site = self.site
        how["committing"]()
        site.begun.append(key)
        site.underway.append(key)
        mine = sum(other.host == key.host for other in site.underway)
        site.most_on_one_host = max(site.most_on_one_host, mine)
        site.most_at_once = max(site.most_at_once, len(site.underway))
        await site.gate.wait()
        await asyncio.sleep(0.01)
        site.underway.remove(key)
        state = ProcessState.FATAL if key.name in site.doomed else ProcessState.RUNNING
        pid = 0 if state is ProcessState.FATAL else 100 + len(site.begun)
        site.rows[key] = replace(site.rows[key], state=state, pid=pid, start=site.now, spawnerr="")

    async def signal(self, key: ProcessKey, signal: str, **how: Any) -> None:  # noqa: ANN401
        """The answer is lost."""
        how["committing"]()
        raise timed_out(committed=True)

    async def stop_then_start(self, key: ProcessKey, **how: Any) -> tuple[object, ...]:  # noqa: ANN401
        """The answer is lost after the stop, and the host cannot be read from then on."""
        await self.site.gate.wait()
        how["committing"]()
        self.site.begun.append(key)
        row = self.site.rows[key]
        self.site.rows[key] = replace(row, state=ProcessState.STOPPED, pid=0, stop=self.site.now)
        self.site.away.add(self.name)
        raise timed_out(committed=True)


@pytest.fixture
def site() -> Site:
    return Site(["h1", "h2", "h3"])


@pytest.fixture
async def jobs(site: Site, tmp_path: Path) -> AsyncIterator[Jobs]:
    jobs = jobs_of(site.hosts, site.picture, site.poll, time.monotonic, tmp_path)
    yield jobs
    await jobs.finish(0)


async def ended(jobs: Jobs, number: int) -> JobPicture:
    await eventually(lambda: jobs.job(number).finished)
    return jobs.job(number)


def kinds(job: JobPicture) -> dict[str, OutcomeKind]:
    return {f"{key.host}/{key.name}": outcome.kind for key, outcome in job.outcomes.items()}


# --- going through a plan -------------------------------------------------------------------------------------------


async def test_hosts_go_side_by_side_and_one_action_at_a_time_on_each(jobs: Jobs, site: Site) -> None:
    site.gate.clear()
    number = jobs.submit(site.plan(), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 3)
    assert jobs.job(number).running == frozenset(site.underway)
    site.gate.set()
    job = await ended(jobs, number)
    assert set(kinds(job).values()) == {DONE}
    assert (site.most_on_one_host, site.most_at_once) == (1, 3)


async def test_two_jobs_on_one_host_take_turns(jobs: Jobs, site: Site) -> None:
    keys = [ProcessKey("h1", name, name) for name in "ab"]
    numbers = [jobs.submit(site.plan(keys=[key]), Tier.TYPED) for key in keys]
    for number in numbers:
        assert set(kinds(await ended(jobs, number)).values()) == {DONE}
    assert site.most_on_one_host == 1


async def test_jobs_that_wait_for_a_busy_host_take_no_place_from_others(
    jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs._scenes._places = asyncio.Semaphore(2)
    site.gate.clear()
    keys = [ProcessKey("h1", name, name) for name in "abc"]
    for key in keys:
        jobs.submit(site.plan(keys=[key]), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 1)
    jobs.submit(site.plan(keys=[ProcessKey("h2", "a", "a")]), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 2)
    site.gate.set()


async def test_a_batch_has_ended_before_the_next_begins(jobs: Jobs, site: Site) -> None:
    site.gate.clear()
    number = jobs.submit(site.plan(pace=Pace(batch=2)), Tier.TYPED)
    await eventually(lambda: bool(site.underway))
    assert len(site.begun) <= 2
    site.gate.set()
    job = await ended(jobs, number)
    assert set(kinds(job).values()) == {DONE}
    assert site.most_at_once <= 2


async def test_after_the_allowed_failures_nothing_more_begins(jobs: Jobs, site: Site) -> None:
    site.doomed = {"a"}
    plan = site.plan(pace=Pace(batch=3, max_failed=2))
    job = await ended(jobs, jobs.submit(plan, Tier.TYPED))
    assert set(job.outcomes) == set(site.rows)
    assert list(job.outcomes.values())[-1].detail == "not begun, as 1 had failed" or job.failed >= 2
    assert SKIPPED in kinds(job).values()
    assert job.failed <= 3


async def test_a_canary_that_fails_keeps_all_others_from_being_begun(jobs: Jobs, site: Site) -> None:
    site.doomed = {"a"}
    job = await ended(jobs, jobs.submit(site.plan(pace=Pace(canary=True)), Tier.TYPED))
    assert len(site.begun) == 1
    assert list(kinds(job).values()).count(SKIPPED) == 8


async def test_a_host_that_is_away_is_not_executed_and_delays_no_other(jobs: Jobs, site: Site) -> None:
    plan = site.plan()
    site.away.add("h2")
    job = await ended(jobs, jobs.submit(plan, Tier.TYPED))
    assert {kind for name, kind in kinds(job).items() if name.startswith("h2")} == {NOT_EXECUTED}
    assert {kind for name, kind in kinds(job).items() if not name.startswith("h2")} == {DONE}


async def test_what_the_plan_leaves_alone_has_its_outcome_from_the_beginning(jobs: Jobs, site: Site) -> None:
    key = ProcessKey("h1", "a", "a")
    site.rows[key] = replace(site.rows[key], state=ProcessState.RUNNING, pid=7)
    number = jobs.submit(site.plan(), Tier.TYPED)
    assert jobs.job(number).outcomes[key].kind is SKIPPED
    await ended(jobs, number)


async def test_a_mistake_of_ours_at_one_target_is_its_outcome_and_ends_no_job(
    jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(key: ProcessKey, **how: Any) -> None:  # noqa: ANN401
        raise ZeroDivisionError

    monkeypatch.setattr(site.hosts["h1"], "start", broken)
    job = await ended(jobs, jobs.submit(site.plan(), Tier.TYPED))
    assert kinds(job)["h1/a"] is UNKNOWN
    assert kinds(job)["h2/a"] is DONE
    assert "ZeroDivisionError" in caplog.text


async def test_pictures_are_values_that_later_ones_leave_alone(jobs: Jobs, site: Site) -> None:
    number = jobs.submit(site.plan(), Tier.TYPED)
    first = jobs.job(number)
    await ended(jobs, number)
    assert (first.done, first.finished, first.running) == (0, False, frozenset())
    assert (jobs.job(number).done, jobs.job(number).total) == (9, 9)


async def test_everybody_is_told_of_each_step(site: Site) -> None:
    told: list[int] = []

    def changed() -> None:
        told.append(crew.pictures[0].done)

    crew = jobs_of(site.hosts, site.picture, site.poll, time.monotonic, changed=changed)
    await ended(crew, crew.submit(site.plan(), Tier.TYPED))
    assert told == sorted(told)
    assert set(told) == set(range(10))
    await crew.finish(0)


async def test_what_we_act_on_counts_as_ours(jobs: Jobs, site: Site) -> None:
    site.gate.clear()
    number = jobs.submit(site.plan(), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 3)
    assert jobs.ours == frozenset(site.underway)
    site.gate.set()
    await ended(jobs, number)
    assert jobs.ours == frozenset(site.rows)


# --- ending one -----------------------------------------------------------------------------------------------------


async def test_cancelling_lets_what_has_begun_end_and_skips_the_rest(jobs: Jobs, site: Site) -> None:
    site.gate.clear()
    number = jobs.submit(site.plan(), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 3)
    jobs.cancel(number)
    site.gate.set()
    job = await ended(jobs, number)
    assert job.cancelled
    assert sorted(kinds(job).values(), key=str) == [DONE] * 3 + [SKIPPED] * 6
    assert len(site.begun) == 3


async def test_a_job_that_has_ended_cannot_be_cancelled_and_an_unknown_one_is_told(
    jobs: Jobs, site: Site
) -> None:
    number = jobs.submit(site.plan(), Tier.TYPED)
    await ended(jobs, number)
    jobs.cancel(number)
    assert not jobs.job(number).cancelled
    with pytest.raises(NoMatchError):
        jobs.cancel(99)


async def test_leaving_sees_through_what_has_begun_and_begins_nothing_more(jobs: Jobs, site: Site) -> None:
    site.gate.clear()
    number = jobs.submit(site.plan(), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 3)
    leaving = asyncio.ensure_future(jobs.finish(10))
    await asyncio.sleep(0)
    with pytest.raises(RefusedError, match="ending"):
        jobs.submit(site.plan(), Tier.TYPED)
    site.gate.set()
    await leaving
    assert sorted(kinds(jobs.job(number)).values(), key=str) == [DONE] * 3 + [SKIPPED] * 6


async def test_a_restart_under_way_gets_the_time_that_its_program_may_take_to_stop(
    jobs: Jobs, site: Site
) -> None:
    assert jobs.time_needed == jobs_module.LEAST_FINISH
    key = ProcessKey("h1", "a", "a")
    site.rows[key] = replace(site.rows[key], state=ProcessState.RUNNING, pid=7, start=site.now - 60)
    site.stopwaitsecs = 30
    site.gate.clear()
    number = jobs.submit(site.plan(Verb.RESTART, [key]), Tier.TYPED)
    await eventually(lambda: jobs.time_needed > 30)
    site.gate.set()
    jobs.cancel(number)
    await eventually(lambda: site.begun == [key])


async def test_leaving_when_the_grace_is_over_gives_every_target_its_outcome(jobs: Jobs, site: Site) -> None:
    site.gate.clear()
    number = jobs.submit(site.plan(), Tier.TYPED)
    await eventually(lambda: len(site.underway) == 3)
    await jobs.finish(0.05)
    job = jobs.job(number)
    assert job.finished
    assert sorted(kinds(job).values(), key=str) == [SKIPPED] * 6 + [UNKNOWN] * 3


# --- policy ---------------------------------------------------------------------------------------------------------


async def test_policy_is_asked_here_whatever_was_confirmed(site: Site) -> None:
    policy = Policy([Guardrail("host:h2", deny=frozenset({Verb.START}))])
    jobs = jobs_of(site.hosts, site.picture, site.poll, time.monotonic, policy=policy)
    with pytest.raises(RefusedError, match="guardrail"):
        jobs.submit(site.plan(), Tier.TYPED)
    assert jobs.pictures == ()
    assert site.begun == []


async def test_a_weaker_confirmation_than_needed_is_refused(jobs: Jobs, site: Site) -> None:
    with pytest.raises(RefusedError, match="confirmed"):
        jobs.submit(site.plan(), Tier.ONE_LINE)
    assert site.begun == []


# --- memory ---------------------------------------------------------------------------------------------------------


async def test_what_was_remembered_is_forgotten_once_the_host_was_started(
    jobs: Jobs, site: Site, tmp_path: Path
) -> None:
    key = ProcessKey("h1", "a", "a")
    Memory(tmp_path).remember("h1", [key])
    plan = site.plan(keys=[ProcessKey("h1")], recall={"h1": frozenset({key})})
    job = await ended(jobs, jobs.submit(plan, Tier.TYPED))
    assert kinds(job) == {"h1/a": DONE, "h1/b": SKIPPED, "h1/c": SKIPPED}
    assert not Memory(tmp_path).remembered("h1")


async def test_what_was_remembered_is_kept_while_some_of_it_has_not_been_begun(
    jobs: Jobs, site: Site, tmp_path: Path
) -> None:
    keys = frozenset(ProcessKey("h1", name, name) for name in "ab")
    Memory(tmp_path).remember("h1", keys)
    site.gate.clear()
    plan = site.plan(keys=[ProcessKey("h1")], recall={"h1": keys})
    number = jobs.submit(plan, Tier.TYPED)
    await eventually(lambda: len(site.underway) == 1)
    jobs.cancel(number)
    site.gate.set()
    await ended(jobs, number)
    assert Memory(tmp_path).remembered("h1") == keys


# --- what was left open ---------------------------------------------------------------------------------------------


async def cut_restart(jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch) -> tuple[int, ProcessKey]:
    """A restart whose answer and host went away after the stop."""
    key = ProcessKey("h1", "a", "a")
    site.rows[key] = replace(site.rows[key], state=ProcessState.RUNNING, pid=7, start=site.now - 60)
    monkeypatch.setattr("tui.engine.acting.evidence.MARGIN", 0.1)
    monkeypatch.setattr(left_open, "_SETTLE_PAUSE", 0.02)
    number = jobs.submit(site.plan(Verb.RESTART, [key]), Tier.TYPED)
    job = await ended(jobs, number)
    assert kinds(job) == {"h1/a": UNKNOWN}
    assert "settled" in job.note
    return number, key


async def test_a_signal_whose_answer_is_lost_stays_unknown_and_is_not_asked_about_for_ever(
    jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that can be read tells whether it came: forty of these once kept a host busy for ten minutes."""
    monkeypatch.setattr(left_open, "_SETTLE_PAUSE", 0.01)
    key = ProcessKey("h1", "a", "a")
    site.rows[key] = replace(site.rows[key], state=ProcessState.RUNNING, pid=7, start=site.now - 60)
    job = await ended(jobs, jobs.submit(site.plan(Verb.SIGNAL, [key], argument="HUP"), Tier.TYPED))
    assert kinds(job) == {"h1/a": UNKNOWN}
    assert job.note == "what is UNKNOWN was sent, and nothing that can be read tells whether it was done"
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("settle")]


async def test_a_restart_that_was_cut_is_finished_when_its_host_is_back(
    jobs: Jobs, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, key = await cut_restart(jobs, site, monkeypatch)
    site.away.clear()
    await eventually(lambda: jobs.job(number).outcomes[key].kind is DONE)
    assert site.begun == [key, key]
    assert jobs.job(number).note == ""


async def test_what_was_never_executed_is_known_right_after_the_host_is_back(
    jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look, which makes it certain, does not wait as long as one at a host that is away."""
    number, key = await cut_restart(jobs, site, monkeypatch)
    step = jobs.job(number).plan.steps[0]
    site.rows[key] = replace(site.rows[key], state=ProcessState.RUNNING, pid=7, start=step.start)

    async def poll(host: str) -> HostSnapshot:
        if host not in site.away:
            monkeypatch.setattr(left_open, "_SETTLE_PAUSE", 60)
        return await site.poll(host)

    monkeypatch.setattr(jobs._left_open, "_poll", poll)
    site.away.clear()
    await eventually(lambda: jobs.job(number).outcomes[key].kind is NOT_EXECUTED)
    assert site.begun == [key]


async def test_a_restart_that_somebody_finished_meanwhile_is_settled_without_another_start(
    jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, key = await cut_restart(jobs, site, monkeypatch)
    site.rows[key] = replace(site.rows[key], state=ProcessState.RUNNING, pid=8, start=site.now)
    site.away.clear()
    await eventually(lambda: jobs.job(number).outcomes[key].kind is DONE)
    assert site.begun == [key]


async def test_a_process_that_somebody_started_and_stopped_meanwhile_is_left_alone(
    jobs: Jobs, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, key = await cut_restart(jobs, site, monkeypatch)
    site.rows[key] = replace(site.rows[key], start=site.now - 1)
    site.away.clear()
    await eventually(lambda: jobs.job(number).outcomes[key].kind is FAILED)
    assert site.begun == [key]


# --- mistakes of ours -----------------------------------------------------------------------------------------------


async def test_a_mistake_between_the_steps_is_told_and_every_target_has_an_outcome(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    jobs = jobs_of(
        site.hosts,
        site.picture,
        site.poll,
        time.monotonic,
        tmp_path,
        failed=lambda what, error: told.append(f"{what}: {error!r}"),
    )

    async def broken(host: str) -> object:
        raise ZeroDivisionError(host)

    monkeypatch.setattr(jobs._scenes, "_limits_of", broken)
    number = jobs.submit(site.plan(keys=[ProcessKey("h1", "a", "a")]), Tier.TYPED)
    await asyncio.wait([jobs._tasks[number]])
    assert len(jobs.job(number).outcomes) == 1
    assert [words.partition(":")[0] for words in told] == ["job 1"]
    assert "ZeroDivisionError" in told[0]
    await jobs.finish(0)
