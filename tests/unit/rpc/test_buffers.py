"""Buffers are used again, and never by two at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.rpc.buffers import KEPT_BYTES, Buffers


@given(st.lists(st.integers(min_value=1, max_value=1 << 20), max_size=30))
def test_a_buffer_has_room_and_belongs_to_one_at_a_time(sizes: list[int]) -> None:
    buffers = Buffers()
    taken: list[bytearray] = []
    for number, size in enumerate(sizes):
        buffer = buffers.take(size)
        assert len(buffer) >= size
        assert all(buffer is not other for other in taken)
        taken.append(buffer)
        if number % 3 == 2:
            buffers.give_back(taken.pop(0))


def test_what_was_given_back_is_used_again() -> None:
    buffers = Buffers()
    first = buffers.take(70_000)
    buffers.give_back(first)
    assert buffers.take(69_000) is first


def test_no_more_is_kept_than_a_bound() -> None:
    buffers = Buffers()
    many = [buffers.take(1 << 20) for _ in range(20)]
    for buffer in many:
        buffers.give_back(buffer)
    again = [buffers.take(1 << 20) for _ in range(20)]
    assert sum(any(one is other for other in many) for one in again) == KEPT_BYTES >> 20
