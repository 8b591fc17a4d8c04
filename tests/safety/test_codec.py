"""Whatever bytes come back, the codec gives a value or one kind of error, soon, and without filling the memory."""

from __future__ import annotations

import contextlib
import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.safety import decoders, mutations
from tests.safety.showing import WHOLE, show
from tests.support.hostile import bodies
from tui.rpc.codec import decode_answer

EACH = 5_000 if WHOLE else 1_000
"""Answers of one test: several tests of a kind, so that they can run side by side."""
BLOCKS = {
    kind: count * 4 if WHOLE else count
    for kind, count in {"status": 10, "shapes": 20, "named": 8, "http": 12}.items()
}
pytestmark = pytest.mark.alone

SOON = 0.05 if WHOLE else 0.2
"""Seconds of this thread; the margin is for a machine that is busy with other tests."""
SMALL = 64 * 1024
MEASURED = 50
"""One in so many is decoded once more to measure its memory."""


@cache
def seeds(kind: str) -> list[bytes]:
    """What is spoilt for this reader."""
    statuses = mutations.status_bodies()
    return {
        "status": statuses,
        "named": mutations.named_bodies([key.address for key in decoders.KEYS]),
        "shapes": [*mutations.other_bodies(), statuses[0]],
        "http": mutations.http_answers(),
    }[kind]


def reader(kind: str) -> decoders.Reader:
    before = seeds("status")[0]
    readers: dict[str, decoders.Reader] = {
        "status": lambda body: decoders.read_status(body, before),
        "named": decoders.read_named,
        "shapes": decoders.read_shapes,
        "http": decoders.read_http,
    }
    return readers[kind]


@pytest.fixture
def no_collections() -> Iterator[None]:
    """A collection of the whole test run's objects in the middle of an answer would be taken for the answer's time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize(
    ("kind", "block"), [(kind, block) for kind, count in BLOCKS.items() for block in range(count)]
)
def test_one_kind_of_error_leaves_the_codec_soon_and_in_little_memory(kind: str, block: int) -> None:
    read, expected = reader(kind), decoders.HTTP_EXPECTED if kind == "http" else decoders.EXPECTED
    slowest, largest, refused = 0.0, 0.0, 0
    for number in range(block * EACH, (block + 1) * EACH):
        body = mutations.mutated(seeds(kind), number)
        began = time.thread_time()
        try:
            read(body)
        except expected:
            refused += 1
        except Exception as error:
            raise AssertionError(
                f"{type(error).__name__} left the {kind} reader for number {number}: {body!r}"
            ) from error
        took = time.thread_time() - began
        slowest = max(slowest, took if took < SOON else seconds_of(read, body))
        assert slowest < SOON, f"number {number} of {kind} took {slowest * 1000:.0f} ms"
        if number % MEASURED == 0:
            largest = max(largest, memory_of(read, body) / max(len(body), SMALL))
    assert 0 < refused < EACH, "mutations that are all refused, or none, test nothing"
    assert largest <= 5
    if block == 0:
        total = sum(BLOCKS.values()) * EACH
        show(
            f"Mutated answers: codec, {kind}",
            "one type of exception leaves the codec, no answer takes 50 ms or 5 × its size",
            f"{total:,} answers in all; a block of {EACH:,} of this kind: {refused:,} refused, slowest {slowest * 1000:.1f} ms, "
            f"most memory {largest:.1f} × the larger of its size and 64 KiB",
        )


def seconds_of(read: Callable[[bytes], object], body: bytes) -> float:
    """The thread's time for it once more: in a million readings a machine is interrupted at its own cost to one."""
    began = time.thread_time()
    with contextlib.suppress(*decoders.EXPECTED, *decoders.HTTP_EXPECTED):
        read(body)
    return time.thread_time() - began


def memory_of(read: Callable[[bytes], object], body: bytes) -> int:
    """Bytes that were allocated at most while `body` was read."""
    tracemalloc.start()
    try:
        read(body)
    except (*decoders.EXPECTED, *decoders.HTTP_EXPECTED):
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", [name for name in bodies.WHOLE if WHOLE or name != "200,001 values"])
def test_a_hostile_answer_is_refused_or_read_soon(name: str) -> None:
    body = bodies.WHOLE[name]
    began = time.thread_time()
    with contextlib.suppress(*decoders.EXPECTED):
        decode_answer(body)
    taken = time.thread_time() - began
    assert taken < 1, f"{taken:.2f} s for {len(body):,} bytes"
    assert memory_of(decode_answer, body) <= 5 * max(len(body), SMALL)


LARGEST = {"one text with a control character and an emoji": 7.5}
"""× its size: Python keeps a text with one emoji in four bytes a character, beside the two copies that made it."""


@pytest.mark.parametrize("name", list(bodies.AT_THE_LIMIT) if WHOLE else ["attributes", *LARGEST, "comments"])
def test_the_largest_answer_costs_what_its_bytes_cost_and_no_more(name: str) -> None:
    body = bodies.AT_THE_LIMIT[name]()
    assert len(body) <= bodies.LIMIT
    began = time.thread_time()
    with contextlib.suppress(*decoders.EXPECTED):
        decode_answer(body)
    taken = time.thread_time() - began
    assert taken < 4, f"{taken:.2f} s for {len(body):,} bytes"
    times = memory_of(decode_answer, body) / len(body)
    assert times <= LARGEST.get(name, 5)
    show(
        f"The largest answer: {name}",
        "8 MiB of it are read or refused within 4 s and 5 × their size",
        f"{len(body) / bodies.MEGABYTE:.1f} MiB: {taken * 1000:.0f} ms of the engine's thread, {times:.1f} × its size",
    )
