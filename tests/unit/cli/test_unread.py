"""What `tail -f` holds while nobody reads it has a limit, and whoever reads again is told what is missing."""

from __future__ import annotations

from tui.cli.tail import Unread
from tui.engine.logs.following import LogLine
from tui.model.process import ProcessKey

KEY = ProcessKey("web-01", "api", "api")


def lines(number: int) -> list[LogLine]:
    return [LogLine(KEY, "stdout", "0123456789", 0.0) for _ in range(number)]


def test_it_keeps_the_newest_and_counts_what_is_lost() -> None:
    unread = Unread(limit=100)
    for number in (4, 5, 6):
        unread.put(lines(number))
    assert unread.take() == (lines(6), 9)
    unread.put(lines(1))
    assert unread.take() == (lines(1), 0)


def test_a_batch_above_the_limit_is_kept_all_the_same() -> None:
    unread = Unread(limit=100)
    unread.put(lines(11))
    assert unread.take() == (lines(11), 0)
