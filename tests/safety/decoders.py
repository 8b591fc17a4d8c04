"""Every way an answer is read, each as one call that takes any bytes: what a fuzzer needs.

A reader returns, or raises what its callers expect: `WireError` for an answer, `BrokenResponse` for HTTP. Where an answer is
read in two ways, fast and strict, both must say the same: `Differing` tells that they do not.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tui.errors import BadAnswer, Fault
from tui.model.process import ProcessKey
from tui.rpc import answers, named
from tui.rpc.buffers import Buffers
from tui.rpc.codec import decode_answer
from tui.rpc.response import BrokenResponse, Response
from tui.rpc.rows import SUPERVISOR_4
from tui.rpc.status import StatusDecoder

Reader = Callable[[bytes], object]
EXPECTED = (BadAnswer, Fault)
"""All that may leave the codec: BadAnswer, or the fault that the answer is."""


class Differing(AssertionError):
    """The fast way and the strict one do not agree."""


def read_status(body: bytes, before: bytes) -> object:
    """The answer to getAllProcessInfo, by difference to the one `before`, and beside the strict reading."""
    decoder = StatusDecoder("web-01")
    decoder.decode(before)
    strict = _outcome(lambda: answers.processes_from_list("web-01", decode_answer(body)))
    seen = _outcome(lambda: _rows_and_now(decoder, body))
    if strict != seen:
        raise Differing(f"strictly {strict!r}, by difference {seen!r}")
    if isinstance(seen, _Refusal):
        raise seen.error
    return seen


def _rows_and_now(decoder: StatusDecoder, body: bytes) -> object:
    answer = decoder.decode(body)
    return answer.processes, answer.now


def _outcome(read: Callable[[], object]) -> object:
    """What it returns, or the type of what it raises: an error equals an error."""
    try:
        return read()
    except EXPECTED as error:
        return _Refusal(error)


class _Refusal:
    def __init__(self, error: BadAnswer | Fault) -> None:
        self.error = error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Refusal) and type(other.error) is type(self.error)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"refused: {self.error}"


KEYS = (
    ProcessKey("web-01", "names", "web"),
    ProcessKey("web-01", "web", "in"),
    ProcessKey("web-01", "w", "w000"),
)


def read_named(body: bytes) -> object:
    """The answer to several getProcessInfo."""
    return named.decode(body, KEYS, SUPERVISOR_4)


def read_shapes(body: bytes) -> None:
    """As each typed answer in turn; the first that likes it does not keep the others from looking."""
    value = decode_answer(body)
    shapes: tuple[Callable[[object], object], ...] = (
        lambda value: answers.processes_from_list("web-01", value),
        answers.config_from_list,
        lambda value: answers.results_from_list("web-01", value),
        answers.reread_from,
        lambda value: answers.log_tail_from(value, 10),
        lambda value: answers.multicall_results(value, 3),
        lambda value: answers.process_from_struct("web-01", answers.as_struct(value, "a process")),
        lambda value: answers.as_int(answers.as_struct(value, "the state").get("statecode"), "the state"),
        lambda value: answers.as_str(value, "the version"),
    )
    for shape in shapes:
        try:
            shape(value)
        except EXPECTED:
            continue


def read_http(stream: bytes) -> object:
    """As an HTTP answer in pieces, received the way a connection does, in one of its three modes."""
    chance = random.Random(len(stream))
    way = chance.randrange(3)
    sunk = bytearray()
    response = (
        Response(Buffers())
        if way == 0
        else Response(to_the_end=way == 1, sink=sunk.extend if way == 2 else None)
    )
    position = 0
    while position < len(stream) and not response.complete:
        piece = stream[position : position + chance.choice((1, 7, 100, 5000))]
        if response.direct:
            room = response.room
            piece = piece[: len(room)]
            room[: len(piece)] = piece
            response.received(len(piece))
        else:
            response.feed(piece)
        position += len(piece)
    if not response.complete:
        response.end_of_stream()
    return response.body


HTTP_EXPECTED = (BrokenResponse,)
