"""Bytes to lines, and where two stretches of one log meet."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.logs.budget import StreamBudget
from tui.engine.logs.lines import (
    CUT_MARK,
    STREAM_HISTORY,
    LineAssembler,
    known_at_start,
    known_within,
)


@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), max_size=20), max_size=10), st.data())
def test_lines_are_the_same_wherever_the_pieces_are_cut(lines: list[str], data: st.DataObject) -> None:
    raw = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    assembler = LineAssembler()
    found: list[str] = []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        found += assembler.feed(raw[start:end])
    assert found == raw.decode().split("\n")[:-1]
    assert assembler.flush() == []


def test_bytes_that_are_not_utf8_become_replacement_characters() -> None:
    assert LineAssembler().feed(b"caf\xe9 \xff\n") == ["caf� �"]


def test_a_carriage_return_before_the_end_of_a_line_goes_and_colours_stay() -> None:
    assert LineAssembler().feed(b"\x1b[31mred\x1b[0m\r\nx\ry\n") == ["\x1b[31mred\x1b[0m", "x\ry"]


def test_an_endless_line_is_cut_once_and_its_rest_left_out() -> None:
    assembler = LineAssembler(limit=10)
    found = [line for _ in range(50) for line in assembler.feed(b"abcdef")]
    assert found == ["abcdefabcd" + CUT_MARK]
    assert assembler.feed(b"still that line\nthe next\n") == ["the next"]


def test_a_long_line_that_comes_whole_is_cut_too() -> None:
    assert LineAssembler(limit=3).feed(b"abcdef\nxy\n") == ["abc" + CUT_MARK, "xy"]


def test_a_line_that_was_never_ended_comes_out_when_flushed() -> None:
    assembler = LineAssembler()
    assert assembler.feed(b"one\ntw") == ["one"]
    assert assembler.flush() == ["tw"]
    assert assembler.feed(b"o\n") == ["o"]


def test_the_first_partial_line_is_left_out_when_asked() -> None:
    assembler = LineAssembler()
    assembler.skip_to_next_line()
    assert assembler.feed(b"lf a li") == []
    assert assembler.feed(b"ne\nwhole\n") == ["whole"]


LOG = b"".join(b"line number %d of this log\n" % number for number in range(400))


@pytest.mark.parametrize("length", [0, 1, 30, 1000, 1024, 1025, len(LOG)])
@pytest.mark.parametrize("later", [0, 1, 17, 500, 1000])
def test_the_start_of_a_stream_is_found_at_the_end_of_the_history(length: int, later: int) -> None:
    history = LOG[:length]
    whole = LOG[: length + later]
    stream = whole[-STREAM_HISTORY:]
    shared = len(stream) - (len(whole) - length)
    known = known_at_start(history, stream)
    if shared >= 16 or not history:
        assert known == max(0, shared)
    else:
        assert known in (None, max(0, shared))


def test_a_stream_that_comes_in_parts_may_skip_more_than_its_first_part() -> None:
    assert known_at_start(LOG, LOG[-STREAM_HISTORY:][:100]) == STREAM_HISTORY


def test_a_stream_of_another_file_does_not_meet_the_history() -> None:
    assert known_at_start(LOG, b"something else entirely, and long enough\n" * 20) is None


def test_a_log_of_equal_lines_is_not_shown_twice() -> None:
    log = b"tick\n" * 1000
    assert known_at_start(log, log[-STREAM_HISTORY:]) == STREAM_HISTORY
    assert known_within(log, log) == len(log)


@given(st.integers(0, len(LOG)), st.integers(0, 5000))
def test_a_later_look_shows_only_what_was_added(length: int, added: int) -> None:
    known = LOG[:length][-4096:]
    piece = LOG[: length + added][-8192:]
    found = known_within(known, piece)
    new = len(LOG[: length + added]) - length
    if length >= 16 and new <= len(piece) - 1024:
        assert found == len(piece) - new


def test_a_later_look_at_another_file_shares_nothing() -> None:
    assert known_within(LOG, b"a new file\n" * 2000) is None
    assert known_within(LOG, b"a new and short file\n") is None


def test_streams_are_given_out_up_to_the_limit_and_again_when_given_back() -> None:
    budget = StreamBudget(2)
    assert [budget.take(), budget.take(), budget.take()] == [True, True, False]
    budget.give_back()
    assert budget.take()
