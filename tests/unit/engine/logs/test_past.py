"""The way back in a log, over bytes in memory."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.logs.past import ANOTHER_FILE, LogPast, size_of
from tui.rpc.answers import LogPiece

LINES = [f"line {number:06} of this log" for number in range(40_000)]
LOG = "".join(f"{line}\n" for line in LINES).encode()


class File:
    """Answers as supervisord does, for a log that is text."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.reads = 0

    async def __call__(self, offset: int, length: int, whole_end: bool) -> LogPiece:
        self.reads += 1
        piece = self.content[offset : offset + length]
        return LogPiece(piece.decode(), offset, offset + len(piece))


async def all_before(past: LogPast, shown_since: int = 0) -> list[str]:
    found: list[str] = []
    while True:
        earlier = await past.earlier(shown_since)
        found[:0] = earlier.lines
        if not earlier.more:
            return found


@pytest.mark.parametrize("wrong", [-100_000, -500, 0, 500, 100_000])
def test_a_start_that_is_not_quite_right_is_found(wrong: int) -> None:
    start = LOG.index(b"line 030000")
    past = LogPast(File(LOG))
    past.begins(LOG[start:], start + wrong)
    assert asyncio.run(all_before(past)) == LINES[:30_000]


@pytest.mark.parametrize("unheard", [0, 33, 100_000])
def test_where_no_size_is_told_the_start_is_worked_out_from_what_was_shown(unheard: int) -> None:
    start = LOG.index(b"line 030000")
    past = LogPast(File(LOG))
    past.begins(LOG[start:], None)
    assert asyncio.run(all_before(past, len(LOG) - start - unheard)) == LINES[:30_000]


def test_a_file_that_became_another_one_between_two_pages_is_noticed() -> None:
    file = File(LOG)
    past = LogPast(file)
    past.begins(LOG[-1000:], len(LOG) - 1000)

    async def two_pages() -> tuple[str, str]:
        first = await past.earlier(0)
        file.content = LOG.replace(b"line", b"news")
        return first.remark, (await past.earlier(0)).remark

    assert asyncio.run(two_pages()) == ("", ANOTHER_FILE)


def test_a_file_that_became_shorter_is_noticed_too() -> None:
    file = File(LOG)
    past = LogPast(file)
    past.begins(LOG[-1000:], len(LOG) - 1000)
    file.content = b"short\n"
    assert asyncio.run(past.earlier(0)).remark == ANOTHER_FILE


@given(st.integers(0, 50_000_000))
def test_a_size_is_found_with_few_reads(size: int) -> None:
    file = File(b"")

    async def read(offset: int, length: int, whole_end: bool) -> LogPiece:
        file.reads += 1
        count = max(0, min(length, size - offset))
        return LogPiece("x" * count, offset, offset + count)

    assert asyncio.run(size_of(read)) == size
    assert file.reads < 25
