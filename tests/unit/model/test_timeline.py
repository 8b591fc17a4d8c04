"""The timeline: bounded, readable while written, and able to tell a flapping process from a restarted one."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from tui.model.fleet import Transition
from tui.model.process import ProcessKey
from tui.model.timeline import FLAPPING_SECONDS, RESTART_SLOT_SECONDS, RESTART_SLOTS, Timeline, is_restart

KEY = ProcessKey("web-01", "celery", "celery")


def transition(
    serial: int,
    old: str = "RUNNING",
    new: str = "FATAL",
    *,
    at: float = 0,
    key: ProcessKey = KEY,
    ours: bool = False,
) -> Transition:
    return Transition(serial, at, key, old, new, ours=ours)


def starts(*times: float, ours: bool = False) -> Iterable[Transition]:
    return [
        transition(number, "RUNNING", "RUNNING", at=at, ours=ours) for number, at in enumerate(times, start=1)
    ]


def test_after_gives_what_is_newer_than_a_serial() -> None:
    timeline = Timeline()
    timeline.add(transition(number) for number in range(1, 6))
    assert [t.serial for t in timeline.after(3)] == [4, 5]
    assert [t.serial for t in timeline.after(0)] == [1, 2, 3, 4, 5]
    assert timeline.after(9) == ()


def test_only_the_newest_are_kept() -> None:
    timeline = Timeline(limit=10)
    for number in range(1, 100):
        timeline.add([transition(number)])
        assert len(timeline.after(0)) == min(number, 10)
    assert [t.serial for t in timeline.after(0)] == list(range(90, 100))


def test_failures_are_counted_by_slots_of_the_wall_clock() -> None:
    timeline = Timeline(limit=4)
    timeline.add(
        transition(number, at=at) for number, at in enumerate([980, 1001, 1009, 1010, 1039, 1035], 1)
    )
    assert timeline.failures(1039, 5) == [0, 2, 1, 0, 2]
    assert timeline.failures(1041, 3) == [0, 2, 0]
    timeline.add([transition(10, "FATAL", "RUNNING", at=1041), transition(11, "RUNNING", "STOPPED", at=1041)])
    assert timeline.failures(1041, 3) == [0, 2, 0]
    timeline.add(transition(number, at=1100 + 10 * number) for number in range(7, 200))
    assert timeline.failures(1100 + 1990, 3) == [1, 1, 1]
    assert len(timeline._failures) <= 64


def test_of_selects_a_process_a_group_or_a_host() -> None:
    timeline = Timeline()
    keys = [
        KEY,
        ProcessKey("web-01", "celery", "beat"),
        ProcessKey("web-01"),
        ProcessKey("web-02", "celery", "celery"),
    ]
    timeline.add(transition(number, key=key) for number, key in enumerate(keys, start=1))
    assert [t.serial for t in timeline.of(KEY)] == [1]
    assert [t.serial for t in timeline.of(ProcessKey("web-01", "celery"))] == [1, 2]
    assert [t.serial for t in timeline.of(ProcessKey("web-01"))] == [1, 2, 3]


def test_three_starts_within_five_minutes_are_flapping_and_it_wears_off() -> None:
    timeline = Timeline()
    timeline.add(starts(0, 100))
    assert not timeline.flapping(KEY, 100)
    timeline.add([transition(3, "BACKOFF", "STARTING", at=200)])
    assert timeline.flapping(KEY, 200)
    assert timeline.flapping(KEY, FLAPPING_SECONDS)
    assert not timeline.flapping(KEY, FLAPPING_SECONDS + 1)
    assert timeline.restarts(KEY) == 3


def test_a_slow_restarter_does_not_flap() -> None:
    timeline = Timeline()
    timeline.add(starts(0, 200, 400, 600))
    assert not timeline.flapping(KEY, 600)
    assert timeline.restarts(KEY) == 4


def test_our_own_restarts_are_no_flapping() -> None:
    timeline = Timeline()
    timeline.add(starts(0, 1, 2, 3, ours=True))
    assert not timeline.flapping(KEY, 3)
    assert timeline.restarts(KEY) == 0


def test_a_vanished_process_is_forgotten() -> None:
    timeline = Timeline()
    timeline.add(starts(0, 1, 2))
    timeline.add([transition(4, "RUNNING", "", at=3)])
    assert not timeline.flapping(KEY, 3)
    assert timeline.restarts(KEY) == 0


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("STOPPED", "STARTING", True),
        ("STARTING", "RUNNING", False),
        ("STARTING", "BACKOFF", False),
        ("BACKOFF", "STARTING", True),
        ("BACKOFF", "BACKOFF", True),
        ("EXITED", "RUNNING", True),
        ("RUNNING", "RUNNING", True),
        ("RUNNING", "EXITED", False),
        ("EXITED", "EXITED", True),
        ("STOPPED", "EXITED", True),
        ("RUNNING", "STOPPING", False),
        ("", "RUNNING", False),
        ("RUNNING", "", False),
    ],
)
def test_each_run_counts_once(old: str, new: str, counts: bool) -> None:
    assert is_restart(transition(1, old, new)) is counts


def test_all_that_flap_are_found_without_asking_for_each() -> None:
    timeline = Timeline()
    timeline.add([transition(number, "EXITED", "RUNNING") for number in range(1, 4)])
    now = max(one.time for one in timeline.after(0))
    assert timeline.all_flapping(now) == {KEY}
    assert timeline.all_flapping(now + FLAPPING_SECONDS + 60) == frozenset()


def test_recent_restarts_are_counted_by_quarters_of_an_hour_and_wear_off() -> None:
    timeline = Timeline()
    slot = RESTART_SLOT_SECONDS
    now = 20 * slot
    assert not timeline.saw_restarts(now)
    timeline.add(starts(now - 2 * slot, now - 2 * slot + 1, now + 5))
    assert timeline.recent_restarts(KEY, now + 10) == (0, 0, 0, 0, 0, 2, 0, 1)
    assert timeline.saw_restarts(now + 10)
    assert timeline.recent_restarts(KEY, now + 6 * slot) == (0, 1, 0, 0, 0, 0, 0, 0)
    gone = now + RESTART_SLOTS * slot
    assert timeline.recent_restarts(KEY, gone) == ()
    assert not timeline.saw_restarts(gone)


def test_of_recent_restarts_no_more_slots_are_kept_than_are_told() -> None:
    timeline = Timeline()
    timeline.add(starts(*(number * RESTART_SLOT_SECONDS for number in range(200))))
    assert len(timeline._lately[KEY]) == RESTART_SLOTS


def test_our_own_restarts_and_those_of_others_are_not_among_the_recent_ones() -> None:
    timeline = Timeline()
    timeline.add(starts(1, 2, ours=True))
    assert timeline.recent_restarts(KEY, 3) == ()
    assert not timeline.saw_restarts(3)
    timeline.add(starts(2))
    assert timeline.recent_restarts(ProcessKey("web-02", "celery", "celery"), 3) == ()


def test_what_an_earlier_run_saw_counts_among_the_recent_restarts_and_nowhere_else() -> None:
    timeline = Timeline()
    timeline.recall([transition(1, "RUNNING", "FATAL", at=1), *starts(2, 3, 4), *starts(5, ours=True)])
    timeline.add(starts(900))
    assert timeline.recent_restarts(KEY, 901)[-2:] == (3, 1)
    assert timeline.restarts(KEY) == 1
    assert not timeline.flapping(KEY, 5)
    assert [seen.time for seen in timeline.after(0)] == [900]


def test_reading_while_another_thread_writes_never_fails_nor_skips() -> None:
    timeline = Timeline(limit=500)
    written = threading.Event()

    def write() -> None:
        for number in range(1, 30_001):
            timeline.add([transition(number)])
        written.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not written.is_set():
        serials = [t.serial for t in timeline.after(0)]
        assert serials == list(range(serials[0], serials[-1] + 1)) if serials else True
    writer.join()
