"""HTTP that no supervisord sends: each attack by name, as the face of a port.

Those of `attacks` end at once or never, drip or flood; all of them stand in the way of one request. `elsewhere` is an
address that nobody may be sent to.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterable

from tests.support.fake_fleet.marshal import response
from tests.support.hostile import bodies
from tests.support.hostile.faces import Face, Raw, Whole, http

OK = b"HTTP/1.1 200 OK\r\n"
BODY = response("ok")
GOOD = http(BODY)
PIECE = b"x" * 65_536
CHUNK = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ONE_CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)


async def _drip(begin: bytes, rest: bytes, seconds: float = 0.02) -> AsyncIterator[bytes]:
    """`begin` at once, then `rest` again and again, a byte at a time."""
    yield begin
    while True:
        for place in range(len(rest)):
            yield rest[place : place + 1]
            await asyncio.sleep(seconds)


async def _flood(begin: bytes, piece: bytes) -> AsyncIterator[bytes]:
    """`begin`, then `piece` without an end."""
    yield begin
    while True:
        yield piece
        await asyncio.sleep(0)


async def _apart(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Pieces that arrive one by one."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0.02)


def dripping(begin: bytes, rest: bytes) -> Face:
    """Never ends, and is never silent."""
    return Raw(lambda: _drip(begin, rest))


def flooding(begin: bytes, piece: bytes = PIECE) -> Face:
    """Never ends, as fast as it can."""
    return Raw(lambda: _flood(begin, piece))


def held(data: bytes) -> Face:
    """Then silence; the connection stays open."""
    return Whole(data, closes=False)


def closed(data: bytes) -> Face:
    """Then the end."""
    return Whole(data, closes=True)


def attacks(elsewhere: str) -> dict[str, Face]:
    """All of them."""
    return {
        **_heads(),
        **_lengths(),
        **_codings(),
        **_endless(),
        **_elsewhere(elsewhere),
        **_too_much(),
        **_bodies(),
    }


def _heads() -> dict[str, Face]:
    return {
        "nothing": closed(b""),
        "silence": held(b""),
        "another protocol": closed(b"SSH-2.0-OpenSSH_9.6\r\n"),
        "binary": closed(bytes(range(256)) * 4),
        "HTTP/0.9": closed(BODY),
        "HTTP/9.9": closed(GOOD.replace(b"HTTP/1.1", b"HTTP/9.9")),
        "HTTP/2 preface": held(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
        "lower case": closed(GOOD.replace(b"HTTP/1.1", b"http/1.1")),
        "no status": closed(b"HTTP/1.1 \r\n\r\n"),
        "status of two digits": closed(b"HTTP/1.1 20 OK\r\n\r\n"),
        "status of nine digits": closed(b"HTTP/1.1 200000000 OK\r\n\r\n"),
        "negative status": closed(b"HTTP/1.1 -200 OK\r\n\r\n"),
        "status 000": closed(b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n"),
        "status 999": closed(b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n"),
        "status in words": closed(b"HTTP/1.1 OK OK\r\n\r\n"),
        "100 continue": held(b"HTTP/1.1 100 Continue\r\n\r\n"),
        "100 continue, then the answer": closed(b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD),
        "101 upgrade": held(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        "103 early hints": held(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" * 50),
        "204 with a body": closed(b"HTTP/1.1 204 No Content\r\n\r\n" + BODY),
        "206 part": closed(b"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/2\r\nContent-Length: 2\r\n\r\nab"),
        "304": closed(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        "401 without end": held(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=x\r\nContent-Length: 9\r\n\r\n"),
        "bare line feeds": closed(GOOD.replace(b"\r\n", b"\n")),
        "bare carriage returns": held(GOOD.replace(b"\r\n", b"\r")),
        "NUL in a header": closed(OK + b"X: a\x00b\r\nContent-Length: 2\r\n\r\nok"),
        "NUL in the status line": closed(b"HTTP/1.1 200 O\x00K\r\nContent-Length: 2\r\n\r\nok"),
        "a header without a colon": closed(OK + b"nonsense\r\n\r\n" + BODY),
        "a header without a name": closed(OK + b": x\r\n\r\n" + BODY),
        "a blank before the colon": closed(OK + b"Content-Length : 2\r\n\r\nok"),
        "folded headers": closed(OK + b"X: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n\r\nok"),
        "C1 and latin-1 in headers": closed(OK + b"X: \x9b2J\xfc\r\nContent-Length: 2\r\n\r\nok"),
        "a head cut at each line": held(OK + b"Content-Len"),
    }  # fmt: skip


def _lengths() -> dict[str, Face]:
    def length(value: bytes, body: bytes = BODY) -> bytes:
        return OK + b"Content-Length: " + value + b"\r\n\r\n" + body

    return {
        "a negative length": held(length(b"-1")),
        "a length of plus": held(length(b"+5")),
        "a length in hex": held(length(b"0x10")),
        "a length in words": held(length(b"many")),
        "an empty length": held(length(b"")),
        "a length of 30 digits": held(length(b"9" * 30)),
        "a length of 2**63": held(length(b"9223372036854775808")),
        "a length of 12 digits": held(length(b"999999999999")),
        "a length in Arabic digits": held(length("٤٢".encode())),
        "two lengths": held(OK + b"Content-Length: 5\r\nContent-Length: 500\r\n\r\n" + BODY),
        "a list of lengths": held(length(b"5, 5")),
        "too long a length, then silence": held(length(b"%d" % (len(BODY) + 1))),
        "too long a length, then the end": closed(length(b"%d" % (len(BODY) + 1))),
        "too short a length": held(length(b"%d" % (len(BODY) - 20))),
        "length 0 with a body": held(length(b"0")),
        "8 MiB announced, one byte sent": held(length(b"%d" % bodies.LIMIT, b"x")),
        "8 MiB and one byte": held(length(b"%d" % (bodies.LIMIT + 1), b"x")),
    }


def _codings() -> dict[str, Face]:
    def coding(value: bytes, body: bytes, *more: bytes) -> bytes:
        return OK + b"Transfer-Encoding: " + value + b"\r\n" + b"".join(more) + b"\r\n" + body

    whole = ONE_CHUNK + b"0\r\n\r\n"
    return {
        "length and chunked": held(coding(b"chunked", whole, b"Content-Length: 5\r\n")),
        "chunked twice": held(coding(b"chunked, chunked", whole)),
        "chunked in disguise": held(coding(b"\x0bchunked", whole)),
        "gzip and chunked": held(coding(b"gzip, chunked", whole)),
        "identity": closed(coding(b"identity", BODY)),
        "a chunk of a negative size": held(coding(b"chunked", b"-5\r\nabcde\r\n0\r\n\r\n")),
        "a chunk of 16 Fs": held(coding(b"chunked", b"ffffffffffffffff\r\n" + BODY)),
        "a chunk of 40 Fs": held(coding(b"chunked", b"f" * 40 + b"\r\n" + BODY)),
        "a chunk without a size": held(coding(b"chunked", b"\r\n\r\n\r\n")),
        "a chunk without its end": held(coding(b"chunked", b"5\r\nabcdefgh")),
        "a chunk cut": closed(coding(b"chunked", ONE_CHUNK[:-20])),
        "the last chunk missing": closed(coding(b"chunked", ONE_CHUNK)),
        "a chunk extension of 1 MB": held(coding(b"chunked", b"5;" + b"x" * bodies.MEGABYTE + b"\r\nabcde\r\n0\r\n\r\n")),
        "10,000 trailers": held(coding(b"chunked", ONE_CHUNK + b"0\r\n" + b"X: y\r\n" * 10_000 + b"\r\n")),
        "gzip nobody asked for": closed(
            OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(gzip.compress(BODY)), gzip.compress(BODY))
        ),
        "a gzip bomb": closed(OK + b"Content-Encoding: gzip\r\n\r\n" + bodies.WHOLE["a gzip bomb"]),
        "gzip without saying so": closed(http(gzip.compress(BODY))),
        "deflate": closed(OK + b"Content-Encoding: deflate\r\n\r\nxx"),
    }  # fmt: skip


def _endless() -> dict[str, Face]:
    return {
        "a status line that drips": dripping(b"", OK),
        "headers that drip": dripping(OK, b"X-A: b\r\n"),
        "one header that drips": dripping(OK + b"X: ", b"y"),
        "a body that drips": dripping(OK + b"Content-Length: 100000\r\n\r\n", b"x"),
        "a body without a length that drips": dripping(OK + b"\r\n", b"x"),
        "chunks that drip": dripping(CHUNKED, b"1\r\nx\r\n"),
        "trailers that drip": dripping(CHUNKED + ONE_CHUNK + b"0\r\n", b"X: y\r\n"),
        "an answer that drips but for its end": dripping(GOOD[:-1], b" "),
        "a flood of headers": flooding(OK, b"X-A: " + b"b" * 100 + b"\r\n"),
        "one endless header": flooding(OK + b"X: "),
        "an endless status line": flooding(b"HTTP/1.1 200 "),
        "an endless body": flooding(OK + b"\r\n"),
        "an endless body of a length": flooding(OK + b"Content-Length: 999999\r\n\r\n"),
        "endless chunks": flooding(CHUNKED, CHUNK),
        "endless chunks of one byte": flooding(CHUNKED, b"1\r\nx\r\n" * 1000),
        "an endless chunk": flooding(CHUNKED + b"fffffff\r\n"),
        "endless 100 continue": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        "an endless page of a 500": flooding(b"HTTP/1.1 500 No\r\n\r\n"),
        "an endless gzip": flooding(OK + b"Content-Encoding: gzip\r\n\r\n"),
        "an endless line that is no HTTP": flooding(b"+OK "),
    }


def _elsewhere(address: str) -> dict[str, Face]:
    place = address.encode()
    names = (
        b"301 Moved",
        b"302 Found",
        b"303 See Other",
        b"307 Temporary",
        b"308 Permanent",
        b"300 Choices",
        b"305 Use Proxy",
    )
    moved = {
        f"redirect {name.decode()}": closed(
            b"HTTP/1.1 %b\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (name, place)
        )
        for name in names
    }
    more = (
        b"Refresh: 0; url=",
        b"Alt-Svc: h2=",
        b"Link: rel=preload; ",
        b"Content-Location: ",
        b"Set-Cookie: a=",
    )
    headers = b"".join(name + place + b"\r\n" for name in more)
    return {
        **moved,
        "redirect without a place": closed(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
        "redirect to a file": closed(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
        "redirect with a new line": closed(b"HTTP/1.1 302 Found\r\nLocation: x\r\n\x1b[2J: y\r\nContent-Length: 0\r\n\r\n"),
        "200 that names another place": closed(OK + headers + b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)),
        "407 proxy": closed(b"HTTP/1.1 407 Proxy\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"),
        "408 ask again": closed(b"HTTP/1.1 408 Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        "421 ask elsewhere": closed(b"HTTP/1.1 421 Misdirected\r\nContent-Length: 0\r\n\r\n"),
        "425 too early": closed(b"HTTP/1.1 425 Too Early\r\nContent-Length: 0\r\n\r\n"),
        "503 ask again": closed(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"),
    }  # fmt: skip


def _too_much() -> dict[str, Face]:
    return {
        "101 headers": held(OK + b"X: y\r\n" * 101 + b"Content-Length: 2\r\n\r\nok"),
        "a header of 40 KB": held(OK + b"X: " + b"y" * 40_000 + b"\r\nContent-Length: 2\r\n\r\nok"),
        "two answers": held(GOOD + GOOD),
        "two answers apart": Raw(lambda: _apart((GOOD, GOOD)), closes=False),
        "garbage after the answer": held(GOOD + b"garbage"),
        "garbage after chunks": held(CHUNKED + ONE_CHUNK + b"0\r\n\r\n" + GOOD),
        "an answer before the question": Raw(lambda: _apart((b"",)), greeting=GOOD, closes=False),
        "a greeting": Raw(lambda: _apart((GOOD,)), greeting=b"220 hello\r\n", closes=False),
    }


def _bodies() -> dict[str, Face]:
    return {f"body: {name}": closed(http(body)) for name, body in bodies.WHOLE.items()}
