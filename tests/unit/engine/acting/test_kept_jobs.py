"""What ended jobs left is known to a later run, until something else is done to the same targets."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType

import pytest

from tui.engine.acting.follow_up import failed, may_be_undone, rest
from tui.engine.acting.job_picture import JobPicture
from tui.engine.acting.kept_jobs import FILE_NAME, MOST, KeptJobs
from tui.model.outcome import Outcome
from tui.model.pace import Pace
from tui.model.plan import Plan, Step, Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

RUNNING, STOPPED = ProcessState.RUNNING, ProcessState.STOPPED
DONE, FAILED, SKIPPED = OutcomeKind.DONE, OutcomeKind.FAILED, OutcomeKind.SKIPPED
PACE = Pace(percent=20, canary=True, settle=1.5, max_failed=2)
ENDS = {"a": (DONE, RUNNING, STOPPED), "b": (FAILED, RUNNING, RUNNING), "c": (SKIPPED, RUNNING, None)}


def key(name: str) -> ProcessKey:
    return ProcessKey("h\x1b", "g:\x00é", name)


def job(
    number: int = 1,
    verb: Verb = Verb.STOP,
    ends: dict[str, tuple[OutcomeKind, ProcessState, ProcessState | None]] = ENDS,
) -> JobPicture:
    outcomes = {
        key(name): Outcome(key(name), kind, "because", old, new) for name, (kind, old, new) in ends.items()
    }
    steps = tuple(Step(one, one.address) for one in outcomes)
    plan = Plan(verb, steps, pace=PACE, scope="marked", argument="HUP")
    return JobPicture(number, plan, 1.0, 2.0, outcomes=MappingProxyType(outcomes))


def test_a_later_run_knows_what_a_job_left(tmp_path: Path) -> None:
    KeptJobs(tmp_path).keep(job())
    (kept,) = KeptJobs(tmp_path).load()
    assert failed(kept.job) == (key("b"),)
    assert rest(kept.job) == (key("c"),)
    assert may_be_undone(kept.job) == (key("a"),)
    assert (kept.job.plan.pace, kept.job.plan.verb, kept.job.plan.scope) == (PACE, Verb.STOP, "marked")
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_what_a_later_job_acted_on_is_no_longer_an_earlier_ones(tmp_path: Path) -> None:
    kept = KeptJobs(tmp_path)
    kept.keep(job(1))
    kept.keep(job(2, Verb.START, {"a": (DONE, STOPPED, RUNNING), "c": (SKIPPED, RUNNING, None)}))
    newer, older = kept.load()
    assert may_be_undone(newer.job) == (key("a"),)
    assert may_be_undone(older.job) == ()
    assert rest(older.job) == (key("c"),)
    assert failed(older.job) == (key("b"),)


def test_a_job_that_is_settled_later_replaces_itself(tmp_path: Path) -> None:
    kept = KeptJobs(tmp_path)
    kept.keep(job(1, ends={"a": (OutcomeKind.UNKNOWN, RUNNING, None)}))
    kept.keep(job(1, ends={"a": (DONE, RUNNING, STOPPED)}))
    (only,) = kept.load()
    assert may_be_undone(only.job) == (key("a"),)


def test_a_job_that_left_nothing_is_not_kept(tmp_path: Path) -> None:
    KeptJobs(tmp_path).keep(job(1, Verb.RESTART, {"a": (DONE, RUNNING, RUNNING)}))
    assert not (tmp_path / FILE_NAME).exists()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    kept = KeptJobs(tmp_path)
    for number in range(MOST + 3):
        kept.keep(job(number, ends={f"p{number}": (DONE, RUNNING, STOPPED)}))
    assert [one.job.number for one in kept.load()] == list(range(MOST + 2, 2, -1))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"jobs": [{"verb": "explode"}]}', '{"jobs": 3}', "\x00"])
def test_a_damaged_file_is_said_and_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    said: list[str] = []
    kept = KeptJobs(tmp_path, complain=said.append)
    assert kept.load() == ()
    assert FILE_NAME in said[0]
    kept.keep(job())
    assert len(kept.load()) == 1


def test_a_symbolic_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    KeptJobs(tmp_path).keep(job())
    os.rename(tmp_path / FILE_NAME, other)
    (tmp_path / FILE_NAME).symlink_to(other)
    said: list[str] = []
    assert KeptJobs(tmp_path, complain=said.append).load() == ()
    assert said


def test_without_a_directory_nothing_is_kept(tmp_path: Path) -> None:
    kept = KeptJobs(None)
    kept.keep(job())
    assert kept.load() == ()


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    said: list[str] = []
    KeptJobs(tmp_path / "state", complain=said.append).keep(job())
    assert said
