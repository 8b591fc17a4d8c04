"""The fleet: counts that always add up, transitions that tell what happened, pictures that never change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model.fleets import NOW, host, process, snapshots, unhurried
from tui.model.fleet import Change, Counts, Fleet
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.model.states import ANSWERING, UNREACHABLE, Health, HostState


def pending(name: str = "web-01") -> HostSnapshot:
    return HostSnapshot(name, HostState.PENDING)


def told(change: Change) -> list[tuple[str, str, str]]:
    return [(t.key.name or t.key.host, t.old, t.new) for t in change.transitions]


def counted(hosts: list[HostSnapshot]) -> Counts:
    rows = [row.health for snapshot in hosts for row in snapshot.processes]
    answering = sum(snapshot.state in ANSWERING for snapshot in hosts)
    unreachable = sum(snapshot.state in UNREACHABLE for snapshot in hosts)
    return Counts(
        hosts=len(hosts),
        answering=answering,
        degraded=sum(snapshot.state is HostState.DEGRADED for snapshot in hosts),
        unreachable=unreachable,
        pending=len(hosts) - answering - unreachable,
        processes=len(rows),
        good=rows.count(Health.GOOD),
        busy=rows.count(Health.BUSY),
        resting=rows.count(Health.RESTING),
        bad=rows.count(Health.BAD),
    )


@unhurried
@given(st.lists(snapshots, max_size=12))
def test_running_counts_equal_a_count_from_scratch_after_any_sequence(sequence: list[HostSnapshot]) -> None:
    fleet, last = Fleet([pending("web-1")]), {"web-1": pending("web-1")}
    for snapshot in sequence:
        fleet.apply(snapshot, wall=0)
        last[snapshot.host] = snapshot
        assert fleet.picture().counts == counted(list(last.values()))
        assert dict(fleet.picture().hosts) == last
    fleet.forget("web-1")
    assert fleet.picture().counts == counted([value for key, value in last.items() if key != "web-1"])


@unhurried
@given(st.lists(snapshots, max_size=12))
def test_following_the_transitions_gives_the_states_of_the_last_picture(sequence: list[HostSnapshot]) -> None:
    fleet = Fleet([pending(name) for name in ("web-1", "web-2", "web-10", "db-1", "Cache")])
    known: dict[ProcessKey, str] = {}
    serials = []
    for snapshot in sequence:
        before = fleet.picture().hosts[snapshot.host]
        change = fleet.apply(snapshot, wall=0)
        if before.read_at is None and not before.processes:
            known.update({row.key: row.state.name for row in snapshot.processes})
        for transition in change.transitions:
            serials.append(transition.serial)
            if not transition.key.is_host:
                assert known.pop(transition.key, "") == transition.old
                if transition.new:
                    known[transition.key] = transition.new
    rows = [row for snapshot in fleet.picture().hosts.values() for row in snapshot.processes]
    assert known == {row.key: row.state.name for row in rows}
    assert serials == list(range(1, len(serials) + 1))


def test_the_first_answer_of_a_host_is_no_transition() -> None:
    change = Fleet([pending()]).apply(host("web-01", process("celery", "FATAL")), wall=5)
    assert change.visible
    assert change.hosts == {"web-01"}
    assert change.transitions == ()


def test_a_host_that_cannot_be_reached_at_first_is_a_transition() -> None:
    change = Fleet([pending()]).apply(replace(pending(), state=HostState.REFUSED, problem="refused"), wall=5)
    assert told(change) == [("web-01", "PENDING", "REFUSED")]
    assert change.transitions[0].key == ProcessKey("web-01")


def test_a_state_change_carries_time_pid_exit_status_and_the_times_of_the_run() -> None:
    fleet = Fleet([host("web-01", process("celery"), process("beat"))])
    change = fleet.apply(
        host("web-01", process("celery", "EXITED", exitstatus=3, start=40, stop=50), process("beat")),
        wall=77.5,
    )
    (transition,) = change.transitions
    assert (transition.old, transition.new, transition.exitstatus) == ("RUNNING", "EXITED", 3)
    assert (transition.start, transition.stop, transition.found) == (40, 50, False)
    assert (transition.time, transition.ours) == (77.5, False)


@pytest.mark.parametrize("changed", [{"pid": 4711}, {"start": 1_700_000_999}])
def test_a_crash_between_two_polls_is_a_transition_from_running_to_running(changed: dict[str, int]) -> None:
    fleet = Fleet([host("web-01", process("celery"))])
    change = fleet.apply(host("web-01", process("celery", "RUNNING", host="web-01", **changed)), wall=1)
    assert told(change) == [("celery", "RUNNING", "RUNNING")]


def test_a_restarted_supervisord_does_not_make_a_stopped_process_look_run() -> None:
    fleet = Fleet([host("web-01", process("celery", "STOPPED"))])
    change = fleet.apply(host("web-01", process("celery", "STOPPED", start=0)), wall=1)
    assert change.visible
    assert change.transitions == ()


def test_processes_that_appear_and_vanish_are_told() -> None:
    fleet = Fleet([host("web-01", process("a"), process("b"))])
    change = fleet.apply(host("web-01", process("b"), process("c", "STARTING")), wall=1)
    assert sorted(told(change)) == [("a", "RUNNING", ""), ("c", "", "STARTING")]


def test_a_host_lost_and_found_keeps_its_rows_and_tells_both() -> None:
    up = host("web-01", process("a"))
    fleet = Fleet([up])
    down = replace(up, state=HostState.TIMEOUT, problem="no answer in 5 s")
    assert told(fleet.apply(down, wall=1)) == [("web-01", "UP", "TIMEOUT")]
    assert fleet.picture().counts.processes == 1
    assert told(fleet.apply(replace(up, read_at=NOW), wall=2)) == [("web-01", "TIMEOUT", "UP")]


def test_a_degraded_host_repeats_no_process_transition() -> None:
    fleet = Fleet([host("web-01", process("a"))])
    assert told(fleet.apply(host("web-01", process("a", "FATAL")), wall=1)) == [("a", "RUNNING", "FATAL")]


def test_transitions_of_our_targets_and_hosts_are_marked_ours() -> None:
    fleet = Fleet([host("web-01", process("a"), process("b")), host("web-02", process("a"))])
    ours = frozenset({ProcessKey("web-01", "a", "a"), ProcessKey("web-02")})
    first = fleet.apply(host("web-01", process("a", "STOPPED"), process("b", "STOPPED")), wall=1, ours=ours)
    second = fleet.apply(host("web-02", process("a", "STOPPED")), wall=1, ours=ours)
    assert [t.ours for t in (*first.transitions, *second.transitions)] == [True, False, True]


def test_a_reading_that_brings_nothing_new_is_not_visible_yet_moves_the_age() -> None:
    fleet = Fleet([host("web-01", process("a"))])
    number = fleet.picture().number
    again = host("web-01", process("a"), read_at=NOW + 2)
    assert not fleet.apply(again, wall=1).visible
    assert fleet.picture().number == number
    assert fleet.picture().hosts["web-01"] is again


def test_a_picture_stays_as_it_was_and_is_the_same_object_until_something_is_applied() -> None:
    fleet = Fleet([host("web-01", process("a"))])
    before = fleet.picture()
    assert fleet.picture() is before
    fleet.apply(host("web-01", process("a", "FATAL")), wall=1)
    assert before.counts.good == 1
    assert before.process(ProcessKey("web-01", "a", "a")) == process("a")
    assert fleet.picture().number > before.number
    with pytest.raises(TypeError):
        before.hosts["web-01"] = host("web-01")  # type: ignore[index]


def test_unchanged_rows_are_not_counted_again() -> None:
    first = host("web-01", process("a", "FATAL"))
    assert first.bad_count == 1
    fleet = Fleet([first])
    second = replace(first, read_at=NOW + 2)
    fleet.apply(second, wall=1)
    assert second._bad_count == 1


def test_a_process_is_found_by_identity_and_an_unknown_one_is_none() -> None:
    shown = Fleet([host("web-01", process("a"))]).picture()
    assert shown.process(ProcessKey("web-01", "a", "nope")) is None
    assert shown.process(ProcessKey("nope", "a", "a")) is None
