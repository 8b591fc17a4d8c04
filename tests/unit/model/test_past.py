"""Changes that are over, asked by the filter language; and what is said of them."""

from __future__ import annotations

import pytest

from tui.model.fleet import Transition
from tui.model.past import PastFilter, flapping_at, remark
from tui.model.process import ProcessKey
from tui.model.query import Query
from tui.model.query_terms import STATE_WORDS
from tui.model.states import HostState, ProcessState
from tui.model.timeline import is_bad

CELERY = ProcessKey("web-01", "jobs", "celery")
HOST = ProcessKey("web-01")
NOW = 10_000.0


def change(old: str, new: str, *, key: ProcessKey = CELERY, at: float = NOW - 60, **rest: int) -> Transition:
    return Transition(1, at, key, old, new, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "transition", "selected"),
    [
        ("", change("RUNNING", "FATAL"), True),
        ("celery", change("RUNNING", "FATAL"), True),
        ("group:jobs host:web-*", change("RUNNING", "FATAL"), True),
        ("beat", change("RUNNING", "FATAL"), False),
        ("tag:prod", change("RUNNING", "FATAL"), True),
        ("tag:test", change("RUNNING", "FATAL"), False),
        ("state:fatal", change("RUNNING", "FATAL"), True),
        ("state:fatal", change("FATAL", "RUNNING"), False),
        ("state:bad", change("RUNNING", "BACKOFF"), True),
        ("state:bad", change("RUNNING", "EXITED", exitstatus=1), True),
        ("state:bad", change("RUNNING", "EXITED"), False),
        ("exit:3", change("RUNNING", "EXITED", exitstatus=3), True),
        ("pid:7", change("STARTING", "RUNNING", pid=7), True),
        ("since<2m", change("RUNNING", "FATAL"), True),
        ("since<30s", change("RUNNING", "FATAL"), False),
        ("celery", change("RUNNING", ""), True),
        ("state:bad", change("RUNNING", ""), False),
        ("state:unreachable", change("UP", "TIMEOUT", key=HOST), True),
        ("state:bad", change("UP", "TIMEOUT", key=HOST), True),
        ("state:unreachable", change("TIMEOUT", "UP", key=HOST), False),
        ("web-01", change("UP", "TIMEOUT", key=HOST), True),
        ("celery", change("UP", "TIMEOUT", key=HOST), False),
        ("!celery", change("RUNNING", "FATAL"), False),
    ],
)
def test_a_change_is_selected_by_what_it_led_to(query: str, transition: Transition, selected: bool) -> None:
    accept = PastFilter(Query.parse(query), {"web-01": frozenset({"prod"})}, NOW)
    assert accept(transition) is selected
    assert accept.may_select(transition.key) or not selected


@pytest.mark.parametrize(
    "query",
    [
        *(f"{no}state:{word}" for word in STATE_WORDS for no in ("", "!")),
        "state:bad|up !state:exited",
        "state:exited exit:0",
        "!state:resting host:web-01",
        "exit:1|3",
        "exit>0 state:exited",
        "!exit:0",
    ],
)
def test_the_ends_that_a_filter_names_are_those_of_every_change_that_it_selects(query: str) -> None:
    accept = PastFilter(Query.parse(query), {}, NOW)
    ends = accept.ends
    assert ends is not None
    changes = [
        change("BACKOFF", state, key=key, exitstatus=status, pid=pid)
        for key, names in ((CELERY, ProcessState.__members__), (HOST, HostState.__members__))
        for state in (*names, "")
        for status in (-1, 0, 1, 3)
        for pid in (0, 7)
    ]
    selected = {(one.new, one.exitstatus) for one in changes if accept(one)}
    assert all(status in ends.get(state, ()) for state, status in selected)
    if "host:" not in query:
        assert {state for state, _ in selected} == set(ends)


def test_a_filter_that_asks_for_no_end_names_none() -> None:
    assert PastFilter(Query.parse("celery pid:7 since<2h"), {}, NOW).ends is None


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("celery", True),
        ("!group:x", True),
        ("state:bad", False),
        ("!state:bad", False),
        ("exit:1 tag:prod", True),
    ],
)
def test_a_filter_knows_whether_it_is_about_names(query: str, words: bool) -> None:
    assert PastFilter(Query.parse(query), {}, NOW).by_name is words


def test_an_exit_with_a_status_is_bad_and_one_without_is_not() -> None:
    assert is_bad(change("RUNNING", "EXITED", exitstatus=1))
    assert not is_bad(change("RUNNING", "EXITED"))
    assert is_bad(change("UP", "DNS", key=HOST))
    assert not is_bad(change("RUNNING", ""))


def test_what_there_is_to_say_is_said_in_words() -> None:
    assert remark(change("RUNNING", "EXITED", exitstatus=-1)) == "killed by a signal"
    assert remark(change("RUNNING", "RUNNING", pid=4, ours=1)) == "pid 4, ran anew between two looks, ours"
    assert remark(change("RUNNING", "FATAL", found=1)) == "while nobody looked"


def test_the_third_start_within_five_minutes_is_flapping_and_one_of_ours_is_not() -> None:
    rows = [
        Transition(n, at, CELERY, "EXITED", "STARTING", ours=ours)
        for n, (at, ours) in enumerate(
            [(0, False), (100, False), (150, True), (290, False), (1000, False), (1010, False)]
        )
    ]
    assert flapping_at(rows) == {3}
