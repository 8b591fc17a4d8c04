"""When somebody looked, what is a gap, and what follows for the time in each state."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.history.changes import BEGAN, KEY, change, store
from tests.unit.model.fleets import NOW, host, process, unhurried
from tui.engine.history.coverage import NOT_REACHED, NOT_RUNNING, Gap, merged, overlap, without
from tui.engine.history.figures import Record, in_words, percent, records
from tui.engine.history.reading import reading
from tui.engine.history.writing import Writer
from tui.model.process import ProcessKey

WEB = ProcessKey("web-01")
DAY = 86400.0


def run(one: Writer, start: float, end: float, *hosts: str) -> None:
    """A program looked from then to then."""
    number = one.begin_run(hosts or ["web-01"], BEGAN + start)
    assert one.goes_on(number, BEGAN + end)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """celery is met RUNNING at 0; a program looks from 0 to 1000, another one from 5000 to 6000."""
    with store(tmp_path) as connection:
        one = Writer(connection)
        run(one, 0, 1000)
        one.begin_with([host("web-01", process("celery"))], BEGAN, NOW - 1)
        run(one, 5000, 6000)
    return tmp_path


def add(home: Path, *changes: object) -> None:
    """These were seen, too."""
    with store(home) as connection:
        Writer(connection).write(changes)  # type: ignore[arg-type]


def gaps(home: Path, name: str | None, until: float) -> list[Gap]:
    """Relative to the beginning."""
    with reading(home) as past:
        assert past is not None
        found = past.coverage(BEGAN, BEGAN + until).gaps(name)
    return [Gap(gap.start - BEGAN, gap.end - BEGAN, gap.reason, gap.host) for gap in found]


def record(home: Path, since: float, until: float, key: ProcessKey = KEY) -> Record:
    """Of that process in that window."""
    with reading(home) as past:
        assert past is not None
        (found,) = [one for one in records(past, BEGAN + since, BEGAN + until) if one.key == key]
        (alone,) = records(past, BEGAN + since, BEGAN + until, past.numbers_of(key))
    assert found == alone
    return found


def test_between_two_programs_nobody_looked(home: Path) -> None:
    assert gaps(home, None, 6000) == [Gap(1000, 5000, NOT_RUNNING)]


def test_after_the_last_sign_of_life_nobody_looks(home: Path) -> None:
    assert gaps(home, None, 9000)[-1] == Gap(6000, 9000, NOT_RUNNING)
    assert gaps(home, None, 6060) == gaps(home, None, 6000)


def test_a_program_that_looks_at_other_hosts_does_not_look_at_this_one(home: Path) -> None:
    with store(home) as connection:
        run(Writer(connection), 2000, 4000, "db-01", "db-02")
    assert gaps(home, "web-01", 6000) == [Gap(1000, 5000, NOT_RUNNING)]
    assert gaps(home, None, 6000) == [Gap(1000, 2000, NOT_RUNNING), Gap(4000, 5000, NOT_RUNNING)]


def test_two_programs_at_once_look_as_long_as_one_of_them_does(home: Path) -> None:
    with store(home) as connection:
        run(Writer(connection), 500, 5500)
    assert gaps(home, None, 6000) == []


def test_a_host_that_does_not_answer_is_a_gap_of_its_own(home: Path) -> None:
    add(home, change("UP", "TIMEOUT", 100, key=WEB), change("TIMEOUT", "DEGRADED", 160, key=WEB))
    assert gaps(home, "web-01", 1000) == [Gap(100, 160, NOT_REACHED, "web-01")]
    assert gaps(home, None, 1000) == []


def test_a_process_that_never_changed_was_up_whenever_somebody_looked(home: Path) -> None:
    found = record(home, 0, 6000)
    assert found.seconds == {"RUNNING": 2000}
    assert (found.unknown, found.availability, found.restarts, found.changed) == (4000, 1.0, 0, None)


def test_down_time_is_what_was_seen_of_it_and_the_rest_is_unknown(home: Path) -> None:
    add(
        home,
        change("RUNNING", "FATAL", 400),
        change("FATAL", "RUNNING", 5500, pid=7, start=99),
    )
    found = record(home, 0, 6000)
    assert found.seconds == {"RUNNING": 400 + 500, "FATAL": 600 + 500}
    assert found.unknown == 4000
    assert found.availability == pytest.approx(900 / 2000)
    assert found.changed == BEGAN + 5500


def test_while_the_host_could_not_be_reached_nothing_is_known(home: Path) -> None:
    add(home, change("UP", "REFUSED", 100, key=WEB), change("REFUSED", "UP", 300, key=WEB))
    found = record(home, 0, 1000)
    assert (found.seconds, found.unknown, found.availability) == ({"RUNNING": 800}, 200, 1.0)


def test_a_window_begins_in_the_state_that_held_then(home: Path) -> None:
    add(home, change("RUNNING", "FATAL", 400), change("FATAL", "STOPPED", 800))
    assert record(home, 500, 700).seconds == {"FATAL": 200}
    assert record(home, 500, 900).seconds == {"FATAL": 300, "STOPPED": 100}
    assert record(home, 0, 300).seconds == {"RUNNING": 300}


def test_what_came_and_went_counts_only_while_it_was_there(home: Path) -> None:
    key = ProcessKey("web-01", "g", "short")
    add(home, change("", "RUNNING", 200, key=key, pid=5, start=5), change("RUNNING", "", 300, key=key))
    found = record(home, 0, 6000, key)
    assert (found.seconds, found.unknown, found.state) == ({"RUNNING": 100}, 0, "")


def test_a_restart_that_one_program_saw_in_three_steps_and_another_in_one_is_one(home: Path) -> None:
    run_of = {"pid": 7, "start": 99}
    add(
        home,
        change("RUNNING", "EXITED", 10, stop=98),
        change("EXITED", "STARTING", 11, **run_of),  # type: ignore[arg-type]
        change("EXITED", "RUNNING", 12, **run_of),  # type: ignore[arg-type]
        change("RUNNING", "RUNNING", 40, pid=8, start=120),
        change("RUNNING", "RUNNING", 50, pid=9, start=130, ours=True),
    )
    found = record(home, 0, 1000)
    assert (found.restarts, found.ours) == (2, 1)


@pytest.mark.parametrize(
    ("seconds", "unknown", "restarts", "ours", "words"),
    [
        ({"RUNNING": 86400.0}, 0.0, 0, 0, "no restart; 100% up in 1 day"),
        (
            {"RUNNING": 99_999.0, "FATAL": 1.0},
            7200.0,
            1,
            2,
            "1 restart and 2 of ours; 99.99% up in 1 day 3 hours; 2 hours unknown",
        ),
        (
            {"RUNNING": 7200.0},
            0.0,
            12,
            0,
            "12 restarts, one every 10 minutes; 100% up in 2 hours",
        ),
        ({}, 30.0, 0, 0, "no restart"),
    ],
)
def test_a_record_is_told_in_words(
    seconds: dict[str, float], unknown: float, restarts: int, ours: int, words: str
) -> None:
    assert in_words(Record(KEY, "RUNNING", seconds, unknown, restarts, ours, None)) == words


def test_a_part_is_never_rounded_up_to_what_it_did_not_reach() -> None:
    assert [percent(part) for part in (None, 0.0, 0.99999, 1.0)] == ["-", "0.00%", "99.99%", "100%"]


spans = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda it: (it[0], it[0] + it[1])), max_size=6
)


@unhurried
@given(spans, spans)
def test_the_arithmetic_of_spans_is_that_of_sets_of_seconds(
    some: list[tuple[float, float]], holes: list[tuple[float, float]]
) -> None:
    def seconds(parts: list[tuple[float, float]]) -> set[int]:
        return {second for low, high in parts for second in range(int(low), int(high))}

    whole = merged(some, 0.0)
    left = without(whole, holes)
    assert seconds(whole) == seconds(some)
    assert seconds(left) == seconds(some) - seconds(holes)
    assert overlap(left, 10, 30) == len(seconds(left) & set(range(10, 30)))
    assert all(one[1] <= other[0] for one, other in pairwise(left))
