"""Lines on their way from the engine's thread to a receiver's."""

from __future__ import annotations

from tui.engine.logs.inbox import LogInbox
from tui.engine.logs.lines import LogLine
from tui.model.process import ProcessKey

KEY = ProcessKey("web", "cat", "cat")


def lines(start: int, end: int) -> list[LogLine]:
    return [LogLine(KEY, "stdout", str(number), 1.0) for number in range(start, end)]


def test_the_receiver_is_woken_once_for_all_that_came_before_it_looked() -> None:
    woken: list[int] = []
    inbox = LogInbox(lambda: woken.append(1))
    inbox.put([])
    assert not woken
    inbox.put(lines(0, 2))
    inbox.put(lines(2, 3))
    assert len(woken) == 1
    assert [line.text for line in inbox.take()] == ["0", "1", "2"]
    inbox.put(lines(3, 4))
    assert len(woken) == 2


def test_what_a_slow_receiver_missed_is_counted_and_the_newest_lines_are_kept() -> None:
    inbox = LogInbox(lambda: None, most=100)
    for start in range(0, 1000, 30):
        inbox.put(lines(start, start + 30))
    taken = inbox.take()
    assert taken[0].kind == "gap"
    assert taken[-1].text == "1019"
    assert len(taken) <= 101
    skipped = int(taken[0].text.split()[0].replace(",", ""))
    assert [line.text for line in taken[1:]] == [str(number) for number in range(skipped, 1020)]
    assert inbox.take() == []
