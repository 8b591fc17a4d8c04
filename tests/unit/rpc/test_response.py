"""An answer is freed when the last one who holds it lets go, not when a search for cycles comes by."""

from __future__ import annotations

import gc

import pytest

from tui.rpc.buffers import Buffers
from tui.rpc.response import MAX_HEAD, BrokenResponse, Response

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [PLAIN, CHUNKED], ids=["of known length", "chunked"])
@pytest.mark.parametrize("pieces", [1, 7])
def test_a_whole_answer_leaves_no_garbage(answer: bytes, pieces: int) -> None:
    gc.collect()
    gc.disable()
    try:
        response = Response(Buffers())
        for start in range(0, len(answer), len(answer) // pieces):
            response.feed(answer[start : start + len(answer) // pieces])
        assert response.body == b"hello"
        del response
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_follows_a_chunked_answer_makes_the_connection_useless() -> None:
    response = Response()
    response.feed(CHUNKED)
    with pytest.raises(BrokenResponse):
        response.feed(PLAIN)


def test_headers_that_are_whole_and_too_long_are_refused() -> None:
    with pytest.raises(BrokenResponse, match="32 KiB"):
        Response().feed(b"HTTP/1.1 200 OK\r\nX: " + b"y" * MAX_HEAD + b"\r\n\r\n")


def test_an_answer_up_to_the_end_of_the_stream_leaves_nothing_to_reuse() -> None:
    response = Response()
    response.feed(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\nhello")
    assert not response.complete
    response.end_of_stream()
    assert response.complete
    assert not response.reusable
