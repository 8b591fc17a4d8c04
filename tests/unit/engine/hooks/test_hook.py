"""A hook gathers, waits its turn, tries again, counts what it cannot tell, and never stops whoever feeds it."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.supervisord import wait_until
from tests.unit.engine.history.changes import change
from tui.engine.history.recorder import Recorder
from tui.engine.hooks.hook import Hook, Undelivered
from tui.engine.hooks.report import Report
from tui.model.fleet import Counts, FleetPicture, Transition
from tui.model.process import ProcessKey
from tui.model.timeline import Timeline


class Listener:
    """Takes reports, or refuses them as told."""

    def __init__(self, *failures: Undelivered | Exception) -> None:
        self.failures = list(failures)
        self.tried: list[tuple[float, Report]] = []
        self.told: list[Report] = []
        self.said: list[str] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, report: Report) -> None:
        self.tried.append((time.monotonic(), report))
        assert self.free.wait(20)
        if self.failures:
            raise self.failures.pop(0)
        self.told.append(report)

    @property
    def names(self) -> list[str]:
        """Of what was told."""
        return [one.key.name for report in self.told for one in report.transitions]


@contextmanager
def hooked(
    listener: Listener, *, every: float = 0.0, queue: int = 1000, gather: float = 0.02
) -> Iterator[Hook]:
    hook = Hook(listener, listener.said.append, every=every, queue=queue, gather=gather, first_pause=0.05)
    hook.start()
    try:
        yield hook
    finally:
        listener.free.set()
        hook.close(10)


def failed(*names: str) -> list[Transition]:
    return [change("RUNNING", "FATAL", 1, key=ProcessKey("web", "g", name)) for name in names]


def test_what_comes_close_together_is_told_together_in_order() -> None:
    listener = Listener()
    with hooked(listener, gather=0.3) as hook:
        for name in "abc":
            hook.add(failed(name))
        wait_until(lambda: listener.told, what="a report")
    assert [len(report.transitions) for report in listener.told] == [3]
    assert listener.names == ["a", "b", "c"]


def test_two_reports_are_at_least_so_far_apart() -> None:
    listener = Listener()
    with hooked(listener, every=0.6) as hook:
        hook.add(failed("a"))
        wait_until(lambda: listener.told, what="the first report")
        hook.add(failed("b"))
        hook.add(failed("c"))
        wait_until(lambda: len(listener.told) > 1, what="the second report")
    assert [len(report.transitions) for report in listener.told] == [1, 2]
    assert listener.tried[1][0] - listener.tried[0][0] >= 0.6


def test_what_does_not_fit_is_counted_and_whoever_adds_never_waits() -> None:
    listener = Listener()
    listener.free.clear()
    with hooked(listener, queue=50) as hook:
        hook.add(failed("first"))
        wait_until(lambda: listener.tried, what="the listener to hang")
        began = time.monotonic()
        hook.add(failed(*map(str, range(500))))
        assert time.monotonic() - began < 1.0
        listener.free.set()
        wait_until(lambda: len(listener.told) > 1, what="the second report")
    assert listener.told[1].missed == 450
    assert listener.names[1:] == [str(number) for number in range(450, 500)]


def test_it_is_tried_again_with_the_same_name_until_it_works() -> None:
    listener = Listener(*(Undelivered("no answer", again=True) for _ in range(3)))
    with hooked(listener) as hook:
        hook.add(failed("a"))
        wait_until(lambda: listener.told, what="the report")
    assert len({report.id for _, report in listener.tried}) == 1
    assert len(listener.tried) == 4
    assert listener.said == ["no answer", "changes are told again"]


def test_the_pauses_between_attempts_grow() -> None:
    listener = Listener(*(Undelivered("no answer", again=True) for _ in range(4)))
    with hooked(listener) as hook:
        hook.add(failed("a"))
        wait_until(lambda: listener.told, what="the report")
    times = [at for at, _ in listener.tried]
    assert times[4] - times[3] > 2 * (times[1] - times[0])


def test_what_cannot_be_told_is_given_up_once_and_counted_in_the_next_report() -> None:
    listener = Listener(Undelivered("404", again=False))
    with hooked(listener) as hook:
        hook.add(failed("a", "b"))
        wait_until(lambda: listener.said == ["404"], what="the failure to be said")
        hook.add(failed("c"))
        wait_until(lambda: listener.told, what="the next report")
    assert len(listener.tried) == 2
    assert listener.told[0].missed == 2
    assert listener.names == ["c"]


def test_a_receiver_that_is_down_for_long_is_said_once() -> None:
    listener = Listener(*(Undelivered(f"failure {number}", again=False) for number in range(5)))
    with hooked(listener) as hook:
        for number in range(5):
            hook.add(failed(str(number)))
            wait_until(lambda number=number: len(listener.tried) > number, what="an attempt")
    assert listener.said == ["failure 0"]


def test_a_fault_of_our_own_does_not_end_it() -> None:
    listener = Listener(RuntimeError("a bug"))
    with hooked(listener) as hook:
        hook.add(failed("a"))
        wait_until(lambda: listener.said, what="a word")
        hook.add(failed("b"))
        wait_until(lambda: listener.told, what="the next report")
    assert "RuntimeError" in listener.said[0]


def test_what_waits_at_the_end_is_told_without_a_pause() -> None:
    listener = Listener()
    began = time.monotonic()
    with hooked(listener, every=60, gather=60) as hook:
        hook.add(failed("a"))
    assert listener.names == ["a"]
    assert time.monotonic() - began < 10


def test_at_the_end_a_receiver_that_is_down_is_not_waited_for() -> None:
    listener = Listener(*(Undelivered("no answer", again=True, after=60) for _ in range(6)))
    began = time.monotonic()
    with hooked(listener) as hook:
        hook.add(failed("a"))
        wait_until(lambda: listener.tried, what="an attempt")
    assert time.monotonic() - began < 10
    assert len(listener.tried) <= 2


def test_weeks_of_changes_leave_the_memory_as_it_was(tmp_path: Path) -> None:
    """What `watch` keeps: the timeline, the recorder's queue, a hook whose receiver is down."""
    timeline = Timeline()
    recorder = Recorder(tmp_path, keep=3600, max_size=2_000_000, delay=0)

    def down(report: Report) -> None:
        raise Undelivered("down", again=False)

    def weeks(first: int, count: int) -> None:
        for batch in range(first, first + count, 500):
            news = [
                Transition(
                    number + 1,
                    time.time(),
                    ProcessKey("web", "g", f"p{number % 700}"),
                    "RUNNING",
                    "RUNNING",
                    number,
                    start=number,
                )
                for number in range(batch, batch + 500)
            ]
            timeline.add(news)
            recorder.add(news)
            hook.add(news)
            wait_until(lambda: len(recorder._queue) < 5000, what="the disk to keep up", seconds=60)

    hook = Hook(down, lambda sentence: None, every=0.0, gather=0.02)
    hook.start()
    try:
        recorder.start(lambda: FleetPicture({}, Counts()), print)
        weeks(0, 15_000)
        tracemalloc.start()
        before = _settled()
        weeks(15_000, 25_000)
        grown = _settled() - before
    finally:
        tracemalloc.stop()
        hook.close(10)
        recorder.close(20)
    # the timeline's 12,500 newest are all made anew meanwhile, and are what tracemalloc sees of it
    assert grown < 12_500 * 450 + 1_500_000
    assert len(timeline.after(0)) == 10_000


def _settled() -> int:
    return tracemalloc.get_traced_memory()[0]
