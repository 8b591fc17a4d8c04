"""What is written is what comes back, and what two programs saw is one row, whoever of them was first."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.history.changes import BEGAN, change, kept, told, writer
from tests.unit.model.fleets import NOW, host, process, unhurried
from tui.engine.history.layout import CODES, state_name
from tui.engine.history.writing import NAME_CHARS, SAME_SECONDS
from tui.model.fleet import Transition
from tui.model.process import ProcessKey
from tui.model.states import HostState, ProcessState


def test_a_transition_comes_back_as_it_was_written(tmp_path: Path) -> None:
    was = change("RUNNING", "EXITED", 1.234, pid=0, start=50, stop=60, exitstatus=-1, ours=True)
    with writer(tmp_path) as one:
        one.write([was])
    (row,) = kept(tmp_path)
    assert replace(row, serial=1) == was


def test_every_state_has_a_number_of_its_own() -> None:
    names = ["", *(state.name for state in ProcessState), *(state.value for state in HostState)]
    assert [state_name(CODES[name]) for name in names] == names
    assert state_name(999) == "UNKNOWN"


def test_rows_of_one_millisecond_keep_their_order_and_overflow_into_the_next(tmp_path: Path) -> None:
    many = [change("", "STOPPED", 5, key=ProcessKey("web", "g", str(number))) for number in range(5000)]
    with writer(tmp_path) as one:
        one.write(many)
    rows = kept(tmp_path)
    assert [int(row.key.name) for row in rows] == list(range(5000))
    assert {round(row.time - BEGAN, 3) for row in rows} == {5.0, 5.001}


@pytest.mark.parametrize(
    "name",
    ["", "\x1b]52;c;x\x07", "a\x00b", "\ud800half", "ä" * 3 * NAME_CHARS, "'); DROP TABLE process; --"],
    ids=["host", "escape", "nul", "surrogate", "long", "quote"],
)
def test_a_name_from_a_host_is_kept_raw_and_harms_nothing(name: str, tmp_path: Path) -> None:
    key = ProcessKey("web", "g" if name else "", name)
    with writer(tmp_path) as one:
        one.write([change("RUNNING", "FATAL", 1, key=key, pid=2**70, start=-(2**70))])
        one.write([change("FATAL", "STOPPED", 2, key=key)])
    rows = kept(tmp_path)
    assert told(rows) == [("RUNNING", "FATAL"), ("FATAL", "STOPPED")]
    assert rows[0].key.name == name[:NAME_CHARS].encode("utf-8", "backslashreplace").decode()
    assert rows[0].pid == 2**63 - 1


def test_the_same_change_seen_by_two_programs_is_one_row(tmp_path: Path) -> None:
    seen = change("RUNNING", "FATAL", 1, start=50)
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write([seen])
        other.write([replace(seen, time=seen.time + 1.9, old="BACKOFF")])
    assert told(kept(tmp_path)) == [("RUNNING", "FATAL")]


def test_a_change_that_one_program_notices_an_hour_late_is_one_row_when_nothing_newer_is_known(
    tmp_path: Path,
) -> None:
    seen = change("RUNNING", "FATAL", 1, start=50)
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write([seen])
        other.write([replace(seen, time=seen.time + 3600)])
        assert len(kept(tmp_path)) == 1


def test_two_runs_are_two_rows_though_the_states_are_the_same(tmp_path: Path) -> None:
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write([change("RUNNING", "RUNNING", 1, pid=10, start=50)])
        other.write([change("RUNNING", "RUNNING", 1.5, pid=11, start=51)])
    assert len(kept(tmp_path)) == 2


def test_a_program_that_lags_behind_adds_nothing_to_what_the_other_has_gone_on_to(tmp_path: Path) -> None:
    run = [
        change("RUNNING", "STOPPED", 1, stop=60),
        change("STOPPED", "STARTING", 2, pid=9, start=61),
        change("STARTING", "RUNNING", 3, pid=9, start=61),
    ]
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write(run)
        other.write([replace(seen, time=seen.time + 2) for seen in run])
    assert told(kept(tmp_path)) == told(run)


def test_what_is_ours_for_one_of_them_is_ours(tmp_path: Path) -> None:
    seen = change("RUNNING", "STOPPED", 1, stop=60)
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write([seen])
        other.write([replace(seen, ours=True)])
    assert [row.ours for row in kept(tmp_path)] == [True]


def test_a_process_that_comes_and_goes_and_never_ran_loses_no_row(tmp_path: Path) -> None:
    """It has neither pid nor start nor stop: its sightings are told apart by who has had a part in which row."""
    run = [change("", "STOPPED", at) if at % 2 else change("STOPPED", "", at) for at in range(1, 21)]
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write(run)
        other.write([replace(seen, time=seen.time + 0.4) for seen in run])
    assert told(kept(tmp_path)) == told(run)


def test_a_batch_that_fails_leaves_nothing_behind_and_may_be_written_again(tmp_path: Path) -> None:
    run = [change("", "STOPPED", 1), change("STOPPED", "", 2)]
    poisoned = [*run, change("", "STOPPED", float("nan"))]
    with writer(tmp_path) as one:
        with pytest.raises(ValueError, match="NaN"):
            one.write(poisoned)
        assert kept(tmp_path) == []
        one.write(run)
    assert told(kept(tmp_path)) == told(run)


def test_what_failed_and_was_written_by_another_meanwhile_is_not_doubled(tmp_path: Path) -> None:
    run = [change("", "STOPPED", 1), change("STOPPED", "", 2)]
    with writer(tmp_path) as one, writer(tmp_path) as other:
        with pytest.raises(ValueError, match="NaN"):
            one.write([*run, change("", "STOPPED", float("nan"))])
        other.write(run)
        one.write(run)
    assert told(kept(tmp_path)) == told(run)


# --- any number of programs, in any order ---------------------------------------------------------------------------

_FACTS = [
    ("STOPPED", 0, 0, 0),
    ("", 0, 0, 0),
    ("RUNNING", 7, 50, 0),
    ("RUNNING", 8, 60, 55),
    ("STOPPING", 8, 60, 55),
    ("STOPPED", 0, 60, 70),
    ("FATAL", 0, 80, 75),
]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Transition], list[tuple[int, Transition]]]:
    """What happened to two processes, and how three programs, each a little late, came to write it."""
    happened: list[Transition] = []
    for name in "ab":
        at, facts = 0.0, _FACTS[0]
        strong: set[tuple[str, int, int, int]] = set()
        for _ in range(draw(st.integers(0, 8))):
            at += draw(st.sampled_from([0.5, 3.0, 40.0, 500.0]))
            fresh = [f for f in _FACTS if f != facts and not (f[2] and f in strong)]
            old, facts = facts, draw(st.sampled_from(fresh))
            strong.add(facts)
            key = ProcessKey("web", "g", name)
            happened.append(
                change(old[0], facts[0], at, key=key, pid=facts[1], start=facts[2], stop=facts[3])
            )
    happened.sort(key=lambda seen: seen.time)
    delays = [draw(st.floats(0, 5)) for _ in range(3)]
    sightings = [
        (seen.time + delay, program, replace(seen, time=seen.time + delay))
        for program, delay in enumerate(delays)
        for seen in happened
    ]
    late = {program: draw(st.sampled_from([0.0, 10.0])) for program in range(3)}
    sightings.sort(key=lambda sighting: sighting[0] + late[sighting[1]])
    return happened, [(program, seen) for _, program, seen in sightings]


@settings(unhurried, max_examples=60)
@given(histories())
def test_what_three_programs_saw_is_there_once(
    case: tuple[list[Transition], list[tuple[int, Transition]]],
) -> None:
    happened, sightings = case
    with (
        TemporaryDirectory() as name,
        writer(Path(name)) as one,
        writer(Path(name)) as two,
        writer(Path(name)) as three,
    ):
        for program, seen in sightings:
            (one, two, three)[program].write([seen])
        rows = kept(Path(name))
    assert Counter(map(_fact, rows)) == Counter(map(_fact, happened))


def _fact(seen: Transition) -> tuple[object, ...]:
    return seen.key, seen.new, seen.pid, seen.start, seen.stop


_WRITES = """
import json, sys
from pathlib import Path
from tui.engine.history.file import open_to_write
from tui.engine.history.writing import Writer
from tui.model.fleet import Transition
from tui.model.process import ProcessKey
directory, offset = Path(sys.argv[1]), float(sys.argv[2])
sys.stdin.readline()
connection = open_to_write(directory)
writer = Writer(connection)
for batch in range(300):
    writer.write(
        Transition(1, 1.7e9 + 9 * batch + offset, ProcessKey("web", "g", str(name)), "RUNNING", "RUNNING",
                   1000 + batch, 0, False, 10 * batch, 0)
        for name in range(8)
    )
connection.close()
print(json.dumps("done"))
"""


def test_two_programs_that_write_at_the_same_time_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITES, str(tmp_path), offset],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for offset in ("0", "1.5")
    ]
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in programs:
        out, _ = program.communicate(timeout=60)
        assert json.loads(out) == "done"
    rows = kept(tmp_path)
    assert len(rows) == 2400
    assert Counter((row.key.name, row.pid) for row in rows) == {
        (str(name), 1000 + batch): 1 for name, batch in itertools.product(range(8), range(300))
    }


# --- what happened while nobody looked ------------------------------------------------------------------------------


READ = NOW - 1
"""Our monotonic clock when the hosts of these tests were read."""


def _next_day(directory: Path, *processes: object) -> list[Transition]:
    with writer(directory) as later:
        later.begin_with([host("web-01", *processes)], BEGAN + 86400, READ)  # type: ignore[arg-type]
    return kept(directory)


def _evening(directory: Path) -> None:
    with writer(directory) as one:
        one.begin_with([host("web-01", process("a"), process("b"), process("c", "STOPPED"))], BEGAN, READ)
    assert kept(directory) == []


def test_a_first_look_at_a_host_is_no_change(tmp_path: Path) -> None:
    _evening(tmp_path)


def test_what_stayed_as_it_was_is_no_change(tmp_path: Path) -> None:
    _evening(tmp_path)
    assert _next_day(tmp_path, process("a"), process("b"), process("c", "STOPPED", start=0)) == []


def test_what_changed_while_nobody_looked_is_found(tmp_path: Path) -> None:
    _evening(tmp_path)
    found = _next_day(tmp_path, process("a", "FATAL"), process("b", pid=4711, start=99), process("new"))
    assert sorted((row.key.name, row.old, row.new) for row in found) == [
        ("a", "RUNNING", "FATAL"),
        ("b", "RUNNING", "RUNNING"),
        ("c", "STOPPED", ""),
    ]
    assert all(row.found and row.time == BEGAN + 86400 for row in found)


def test_what_is_found_is_not_found_a_second_time(tmp_path: Path) -> None:
    _evening(tmp_path)
    found = _next_day(tmp_path, process("a", "FATAL"))
    assert _next_day(tmp_path, process("a", "FATAL")) == found


def test_what_another_program_has_seen_since_a_host_was_read_is_not_found_to_be_otherwise(
    tmp_path: Path,
) -> None:
    _evening(tmp_path)
    rows = [process("a"), process("b"), process("c", "STOPPED")]
    with writer(tmp_path) as one, writer(tmp_path) as other:
        one.write([change("RUNNING", "FATAL", 100, key=rows[0].key)])
        other.begin_with([host("web-01", *rows)], BEGAN + 103, READ + 5)
        assert told(kept(tmp_path)) == [("RUNNING", "FATAL")]
        other.begin_with([host("web-01", *rows)], BEGAN + 103, READ + 2)
        assert told(kept(tmp_path)) == [("RUNNING", "FATAL"), ("FATAL", "RUNNING")]


def test_a_host_that_was_lost_and_answers_at_the_next_start_is_found_up(tmp_path: Path) -> None:
    _evening(tmp_path)
    with writer(tmp_path) as one:
        one.write([change("UP", "TIMEOUT", 9, key=ProcessKey("web-01"))])
    found = _next_day(tmp_path, process("a"), process("b"), process("c", "STOPPED"))
    assert told(found) == [("UP", "TIMEOUT"), ("TIMEOUT", "UP")]


def test_who_saw_it_happen_knows_better_than_who_found_it(tmp_path: Path) -> None:
    _evening(tmp_path)
    with writer(tmp_path) as one, writer(tmp_path) as other:
        fatal = process("a", "FATAL")
        other.begin_with([host("web-01", fatal, process("b"), process("c", "STOPPED"))], BEGAN + 60, READ)
        key = ProcessKey("web-01", "a", "a")
        one.write([change("BACKOFF", "FATAL", 59.5, key=key, start=fatal.start)])
    (row,) = kept(tmp_path)
    assert (row.old, row.new, row.found) == ("BACKOFF", "FATAL", False)


def test_what_a_program_remembers_of_its_rows_stays_small(tmp_path: Path) -> None:
    with writer(tmp_path) as one:
        for batch in range(12):
            names = range(2000 * batch, 2000 * batch + 2000)
            at = batch * 3 * SAME_SECONDS
            one.write([change("", "STOPPED", at, key=ProcessKey("web", "g", str(name))) for name in names])
        assert len(one._matched) <= 10_000
    assert len(kept(tmp_path)) == 24_000
