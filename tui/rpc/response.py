"""Reading one HTTP/1.1 answer, within limits; httptools parses, this decides how long it is and when it is whole.

Who comes in: a connection with bytes as they arrive. What leaves: status, headers and body, or `BrokenResponse`.
"""

from __future__ import annotations

from collections.abc import Callable

import httptools

from tui.rpc.buffers import Buffers
from tui.rpc.codec import MAX_BODY

MAX_HEAD = 32 * 1024
MAX_HEADERS = 100
_DIRECT = 1024 * 1024
_LAST_TAG = b"</methodResponse>"


class BrokenResponse(Exception):
    """Not an HTTP answer we take; `start` are its first bytes when it is no HTTP at all."""

    def __init__(self, why: str, start: bytes = b"") -> None:
        super().__init__(why)
        self.why = why
        self.start = start


class Response:
    """One answer while it arrives.

    With `to_the_end` the length it declares is not believed: supervisord counts characters where it sends bytes in
    deferred answers (supervisor/xmlrpc.py:DeferredXMLRPCResponse). With `sink` the body goes there, however long.
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_buffers",
        "_chunked",
        "_direct",
        "_head",
        "_header_count",
        "_length",
        "_parser",
        "_received",
        "_sink",
        "_to_the_end",
        "begun",
        "complete",
        "headed",
        "headers",
        "reusable",
        "status",
    )

    def __init__(
        self,
        buffers: Buffers | None = None,
        *,
        to_the_end: bool = False,
        sink: Callable[[bytes], None] | None = None,
    ) -> None:
        """A body of known length is received into one of `buffers`."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.begun = False
        """Whether any byte has come."""
        self.headed = False
        """Whether the headers are whole; an answer that is not 200 ends here for us."""
        self.complete = False
        self.reusable = False
        """Whether the connection may carry another request after this answer."""
        self._to_the_end = to_the_end
        self._sink = sink
        self._head = bytearray()
        self._parser: httptools.HttpResponseParser | None = None
        self._header_count = 0
        self._length: int | None = None
        self._chunked = False
        self._body = bytearray()
        self._buffers = buffers
        self._buffer: bytearray | None = None
        self._direct: memoryview | None = None
        self._received = 0

    @property
    def answered(self) -> bool:
        """Whether the asker can go on: the answer is whole, or for a stream its head is there."""
        return self.complete or (self.headed and self._sink is not None)

    @property
    def body(self) -> bytes:
        """All of the body once `complete`; to be taken once."""
        if self._direct is None or self._buffer is None or self._buffers is None:
            return bytes(self._body)
        body = bytes(self._direct[: self._received])
        self._direct.release()
        self._direct = None
        self._buffers.give_back(self._buffer)
        return body

    @property
    def direct(self) -> bool:
        """Whether the rest is to be received into `room`."""
        return self._direct is not None

    @property
    def room(self) -> memoryview:
        """Where the rest of a body of known length goes; one byte more, to notice a surplus."""
        assert self._direct is not None
        assert self._length is not None
        return self._direct[self._received : self._length + 1]

    @property
    def missing(self) -> int:
        """Bytes still to come as far as is known, else 0."""
        return max(0, self._length - self._received) if self._length is not None else 0

    def received(self, count: int) -> None:
        """`count` bytes were written into `room`."""
        self._received += count
        assert self._length is not None
        if self._received >= self._length:
            self.reusable = self.reusable and self._received == self._length
            self._received = self._length
            self.complete = True

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrived. Raises BrokenResponse."""
        self.begun = True
        if self.headed:
            self._feed_body(data)
            return
        self._head += data
        if not self._head.startswith(b"HTTP/"[: len(self._head)]):
            raise BrokenResponse("no HTTP", bytes(self._head[:64]))
        end = self._head.find(b"\r\n\r\n")
        if end < 0 and len(self._head) <= MAX_HEAD:
            return
        if end < 0 or end > MAX_HEAD:
            raise BrokenResponse(f"headers of more than {MAX_HEAD // 1024} KiB")
        rest = bytes(self._head[end + 4 :])
        try:
            self._read_head(bytes(self._head[: end + 4]))
        finally:
            self._let_go_of_the_parser()
        if rest and not self.complete:
            self._feed_body(rest)
        elif rest:
            self.reusable = False

    def end_of_stream(self) -> None:
        """The peer sends no more. Raises BrokenResponse when the answer is not whole."""
        self.reusable = False
        if self.complete:
            return
        whole = self.headed and not self._chunked and (self._length is None or self._has_last_tag())
        if not whole:
            raise BrokenResponse("cut")
        self.complete = True

    # --- inside -----------------------------------------------------------------------------------------------------

    def _read_head(self, head: bytes) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._parse(head)
        if not self.headed:
            raise BrokenResponse("headers without an end")
        if self.status < 200:
            raise BrokenResponse(f"status {self.status}, which nobody asked for")
        coding = self.headers.get("transfer-encoding", "")
        self._chunked = coding.lower() == "chunked"
        if coding and not self._chunked:
            raise BrokenResponse("an unknown transfer encoding")
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise BrokenResponse("a compressed body, which was not asked for")
        self.reusable = self._parser.should_keep_alive() and not self._to_the_end
        if self.status != 200:
            self.reusable = False
            self.complete = True
        elif not self._chunked:
            self._plan_body()

    def _plan_body(self) -> None:
        declared = self.headers.get("content-length")
        if declared is None:  # up to the end of the stream, after which nobody reuses the connection
            return
        if not declared.isascii() or not declared.isdigit() or len(declared) > 12:
            raise BrokenResponse("a length that is no number")
        self._length = int(declared)
        if self._length > MAX_BODY and self._sink is None:
            raise BrokenResponse(f"a body of {self._length} bytes; the limit is {MAX_BODY}")
        if self._sink is None and not self._to_the_end:
            if 0 < self._length <= _DIRECT and self._buffers is not None:
                self._buffer = self._buffers.take(self._length + 1)
                self._direct = memoryview(self._buffer)
            self.complete = self._length == 0

    def _feed_body(self, data: bytes) -> None:
        if self._chunked:
            self._parse(data)
            self._let_go_of_the_parser()
            return
        if self._direct is not None:
            assert self._length is not None
            room = self._length + 1 - self._received
            taken = min(room, len(data))
            self._direct[self._received : self._received + taken] = data[:taken]
            self.received(taken)
            return
        self.on_body(data)
        self._received += len(data)
        if self._length is not None and self._received >= self._length:
            self.reusable = self.reusable and self._received == self._length
            self.complete = not self._to_the_end or self._has_last_tag()

    def _let_go_of_the_parser(self) -> None:
        """As soon as it is not needed: it knows us, and only a search for cycles would ever free the two."""
        if self.complete or not self._chunked:
            self._parser = None

    def _has_last_tag(self) -> bool:
        return self._to_the_end and self._body[-64:].rstrip().endswith(_LAST_TAG)

    def _parse(self, data: bytes) -> None:
        if self._parser is None:
            raise BrokenResponse("a second answer")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise BrokenResponse("a change of protocol") from None
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            raise cause if isinstance(cause, BrokenResponse) else BrokenResponse("a broken body") from None
        except httptools.HttpParserError as error:
            raise BrokenResponse(str(error)) from None

    # --- what httptools calls ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self.headed:
            raise BrokenResponse("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_count += 1
        if self._header_count > MAX_HEADERS:
            raise BrokenResponse(f"more than {MAX_HEADERS} headers")
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        self.headed = True

    def on_body(self, data: bytes) -> None:
        if self._sink is not None:
            self._sink(data)
            return
        if len(self._body) + len(data) > MAX_BODY:
            raise BrokenResponse(f"a body of more than {MAX_BODY} bytes")
        self._body += data

    def on_message_complete(self) -> None:
        if self._chunked:
            self.complete = True
