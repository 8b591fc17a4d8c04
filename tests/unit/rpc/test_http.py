"""The wire against servers that misbehave in every way we know."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.supervisord import free_port
from tests.unit.rpc.loopback import Peer, eventually, ok, serving, status, xml
from tui.errors import BadAnswer, Cause, WireError
from tui.model.endpoint import Endpoint
from tui.rpc.codec import MAX_BODY, decode_answer
from tui.rpc.http import STREAM_BUFFER, Wire
from tui.rpc.problems import HttpStatusError
from tui.rpc.response import MAX_HEAD, MAX_HEADERS

CALL = b"<methodCall>abc</methodCall>"
ANSWER = xml("yes")


def no_password() -> bytes | None:
    return None


@contextlib.asynccontextmanager
async def wired(talk: Callable[[Peer], Awaitable[None]], **options: object) -> AsyncIterator[Wire]:
    async with serving(talk, **options) as (endpoint, _):  # type: ignore[arg-type]
        wire = Wire(endpoint, no_password)
        try:
            yield wire
        finally:
            wire.close()


def always(answer: bytes) -> Callable[[Peer], Awaitable[None]]:
    async def talk(peer: Peer) -> None:
        while await peer.request():
            await peer.send(answer)

    return talk


async def problem_of(talk: Callable[[Peer], Awaitable[None]], seconds: float = 5.0) -> WireError:
    async with wired(talk) as wire:
        with pytest.raises(WireError) as caught:
            await wire.read(CALL, seconds)
        return caught.value


async def action_problem_of(talk: Callable[[Peer], Awaitable[None]], seconds: float = 5.0) -> WireError:
    async with wired(talk) as wire:
        with pytest.raises(WireError) as caught:
            await wire.act(CALL, seconds, None)
        return caught.value


# --- reading --------------------------------------------------------------------------------------------------------


async def test_reads_share_one_connection_and_say_what_supervisord_needs() -> None:
    requests = []

    async def talk(peer: Peer) -> None:
        while request := await peer.request():
            requests.append(request)
            await peer.send(ok(ANSWER))

    async with serving(talk) as (endpoint, server):
        wire = Wire(endpoint, lambda: b"Basic abc")
        for _ in range(3):
            assert await wire.read(CALL, 5) == ANSWER
        wire.close()
        assert server.connections == 1
    head = requests[0].partition(b"\r\n\r\n")[0]
    assert head.startswith(b"POST /RPC2 HTTP/1.1\r\n")
    assert b"\r\nContent-Length: %d" % len(CALL) in head
    assert b"\r\nAccept-Encoding: identity" in head
    assert b"\r\nAuthorization: Basic abc" in head
    assert b"Cookie" not in head
    assert b"Connection: close" not in head


async def test_concurrent_reads_take_turns_on_the_one_connection() -> None:
    busy = 0

    async def talk(peer: Peer) -> None:
        nonlocal busy
        while await peer.request():
            busy += 1
            assert busy == 1
            await asyncio.sleep(0.01)
            busy -= 1
            await peer.send(ok(ANSWER))

    async with serving(talk) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        assert await asyncio.gather(*(wire.read(CALL, 5) for _ in range(5))) == [ANSWER] * 5
        wire.close()
        assert server.connections == 1


async def test_an_answer_that_drips_in_single_bytes_is_read_whole() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        for byte in ok(ANSWER):
            await peer.send(bytes([byte]))
            await asyncio.sleep(0)

    async with wired(talk) as wire:
        assert await wire.read(CALL, 10) == ANSWER


@pytest.mark.parametrize("size", [0, 1, 4096, 70_000, 3_000_000])
async def test_bodies_of_any_size_arrive_whole(size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    async with wired(always(ok(body))) as wire:
        assert await wire.read(CALL, 20) == body
        assert await wire.read(CALL, 20) == body


async def test_chunked_and_unmeasured_answers_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    async with wired(always(chunked)) as wire:
        assert await wire.read(CALL, 5) == b"abcde"
        assert await wire.read(CALL, 5) == b"abcde"

    async def old(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.0 200 OK\r\n\r\n" + ANSWER)

    async with wired(old) as wire:
        assert await wire.read(CALL, 5) == ANSWER
        assert await wire.read(CALL, 5) == ANSWER


async def test_a_kept_connection_that_died_meanwhile_is_replaced_without_a_word() -> None:
    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER))
        peer.writer.close()

    async with serving(once) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        for _ in range(3):
            assert await wire.read(CALL, 5) == ANSWER
        assert server.connections == 3
        wire.close()


async def test_a_read_is_sent_again_once_when_a_kept_connection_closes_on_it() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER))
        await peer.request()
        peer.reset()

    async with serving(talk) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        assert await wire.read(CALL, 5) == ANSWER
        assert await wire.read(CALL, 5) == ANSWER
        assert server.connections == 2
        wire.close()


async def test_a_fresh_connection_that_closes_is_not_tried_again() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()

    async with serving(talk) as (endpoint, server):
        with pytest.raises(WireError, match="closed the connection without an answer") as caught:
            await Wire(endpoint, no_password).read(CALL, 5)
        assert caught.value.cause is Cause.REFUSED
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        ok(ANSWER) + b"surplus",
        ok(ANSWER, "Connection: close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER,
    ],
)
async def test_a_connection_is_not_used_again_after_surplus_bytes_or_when_the_server_says_so(
    answer: bytes,
) -> None:
    async with serving(always(answer)) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        assert await wire.read(CALL, 5) == ANSWER
        assert await wire.read(CALL, 5) == ANSWER
        assert server.connections == 2
        wire.close()


async def test_a_second_answer_behind_a_chunked_one_is_an_error_and_closes_the_connection() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(ANSWER),
        ANSWER,
    )
    async with serving(always(chunked + ok(ANSWER))) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        for _ in range(2):
            with pytest.raises(BadAnswer):
                await wire.read(CALL, 5)
        assert server.connections == 2
        wire.close()


async def test_bytes_that_nobody_asked_for_close_the_kept_connection() -> None:
    late = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER))
        await late.wait()
        await peer.send(ok(b"stale"))
        await peer.closed()

    async with serving(talk) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        assert await wire.read(CALL, 5) == ANSWER
        late.set()
        assert wire._kept is not None
        await eventually(lambda: wire._kept is None or not wire._kept.open)
        assert await wire.read(CALL, 5) == ANSWER
        assert server.connections == 2
        wire.close()


async def test_an_idle_connection_is_closed_when_asked_and_a_busy_one_is_not() -> None:
    async with serving(always(ok(ANSWER))) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        assert not wire.close_idle(0)
        await wire.read(CALL, 5)
        assert not wire.close_idle(60)
        assert wire.close_idle(0)
        await wire.read(CALL, 5)
        assert server.connections == 2
        wire.close()


async def test_a_cancelled_read_leaves_no_connection_that_could_mix_answers() -> None:
    async def talk(peer: Peer) -> None:
        request = await peer.request()
        await asyncio.sleep(0 if b"fast" in request else 60)
        await peer.send(ok(ANSWER))
        await peer.closed()

    async with serving(talk) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await wire.read(CALL, 30)
        assert await wire.read(b"fast", 5) == ANSWER
        assert server.connections == 2
        wire.close()


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "cause", "words"),
    [
        (status(401), Cause.AUTH, "wants a password"),
        (status(403), Cause.AUTH, "forbids"),
        (status(404), Cause.PROTOCOL, "no XML-RPC at this path"),
        (status(411), Cause.PROTOCOL, "does not take the request"),
        (status(500), Cause.PROTOCOL, "error inside supervisord"),
        (status(502), Cause.PROTOCOL, "a proxy"),
        (status(302, b"", "Location: https://evil/\u202e[31m"), Cause.PROTOCOL, "redirects to https://evil/"),
        (status(204), Cause.PROTOCOL, "status 204"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Cause.PROTOCOL, "does not answer in HTTP .*SSH-2.0"),
        (b"\x15\x03\x03\x00\x02\x02\x16", Cause.PROTOCOL, "speaks TLS"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", Cause.PROTOCOL, "broken HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Cause.PROTOCOL, "broken HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Cause.PROTOCOL, "transfer encoding|broken HTTP"),
        (ok(ANSWER, "Content-Encoding: gzip"), Cause.PROTOCOL, "compressed"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", Cause.PROTOCOL, "status 100"),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", Cause.PROTOCOL, "broken HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", Cause.PROTOCOL, "99999999999 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n", Cause.PROTOCOL, "more than 100 headers"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * MAX_HEAD * 2, Cause.PROTOCOL, "32 KiB"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Cause.PROTOCOL, "broken HTTP"),
    ],
)  # fmt: skip
async def test_each_wrong_answer_has_a_cause_and_words(answer: bytes, cause: Cause, words: str) -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer)
        await peer.closed()

    problem = await problem_of(talk)
    assert problem.cause is cause
    assert re.search(words, problem.problem), problem.problem
    assert problem.advice
    assert problem.problem.isprintable()


async def test_a_wrong_password_is_told_apart_from_a_missing_one_and_never_shown() -> None:
    async with serving(always(status(401))) as (endpoint, server):
        wire = Wire(endpoint, lambda: b"Basic c2VjcmV0")
        with pytest.raises(HttpStatusError, match="does not accept this user and password") as caught:
            await wire.read(CALL, 5)
        assert "c2VjcmV0" not in str(caught.value)
        with pytest.raises(HttpStatusError):
            await wire.read(CALL, 5)
        assert server.connections == 2, "after 401 supervisord swallows all that is sent"


async def test_an_endless_body_is_cut_off_at_the_limit() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await peer.send(b"100000\r\n" + b"x" * 0x100000 + b"\r\n")

    problem = await problem_of(talk, 30)
    assert str(MAX_BODY) in problem.problem


async def test_half_an_answer_is_a_cut_and_not_a_shorter_one() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER)[:-20])

    problem = await problem_of(talk)
    assert isinstance(problem, BadAnswer)
    assert "cut in the middle" in problem.problem


async def test_a_reset_in_mid_answer_is_a_cut() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER)[:-20])
        await asyncio.sleep(0.05)
        peer.reset()

    assert "cut in the middle" in (await problem_of(talk)).problem


async def test_a_frozen_server_is_connected_and_not_answering() -> None:
    async def talk(peer: Peer) -> None:
        await peer.closed()

    problem = await problem_of(talk, 0.2)
    assert problem.cause is Cause.TIMEOUT
    assert "connected, but does not answer (0.2 s)" in problem.problem


async def test_the_deadline_is_for_the_whole_answer_however_it_drips() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        for byte in ok(b"x" * 10_000):
            await peer.send(bytes([byte]))
            await asyncio.sleep(0.02)

    began = time.monotonic()
    problem = await problem_of(talk, 0.3)
    assert problem.cause is Cause.TIMEOUT
    assert "did not end within 0.3 s" in problem.problem
    assert time.monotonic() - began < 5


async def test_nothing_listening_is_refused() -> None:
    endpoint = Endpoint("http", host="127.0.0.1", port=free_port())
    with pytest.raises(WireError, match="nothing listens") as caught:
        await Wire(endpoint, no_password).read(CALL, 5)
    assert caught.value.cause is Cause.REFUSED
    assert not caught.value.committed


async def test_a_black_hole_times_out_while_connecting() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # an unread backlog drops what comes after it
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        with pytest.raises(WireError, match="no connection") as caught:
            await Wire(Endpoint("http", host="127.0.0.1", port=port), no_password).read(CALL, 0.3)
        assert caught.value.cause is Cause.TIMEOUT
        for filler in fillers:
            filler.close()


async def test_an_address_that_would_break_the_request_is_refused() -> None:
    async with serving(always(ok(ANSWER))) as (endpoint, _):
        odd = Endpoint("http", host="127.0.0.1", port=endpoint.port, prefix="/a\r\nX: y")
        with pytest.raises(WireError, match="no address"):
            await Wire(odd, no_password).read(CALL, 5)


async def test_a_path_prefix_is_kept() -> None:
    requests = []

    async def talk(peer: Peer) -> None:
        requests.append(await peer.request())
        await peer.send(ok(ANSWER))

    async with serving(talk) as (endpoint, _):
        wire = Wire(Endpoint("http", host="127.0.0.1", port=endpoint.port, prefix="/sup/x"), no_password)
        await wire.read(CALL, 5)
        wire.close()
    assert requests[0].startswith(b"POST /sup/x/RPC2 ")


# --- unix sockets ---------------------------------------------------------------------------------------------------


async def test_a_unix_socket_works_like_tcp(short_directory: Path) -> None:
    async with wired(always(ok(ANSWER)), path=short_directory / "s") as wire:
        assert await wire.read(CALL, 5) == ANSWER
        assert await wire.act(CALL, 5, None) == ANSWER


async def test_a_missing_a_dead_and_a_too_long_socket_are_told_apart(short_directory: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(short_directory / "dead"))
    for path, words in (
        (short_directory / "missing", "there is no socket"),
        (short_directory / "dead", "nobody listens"),
        (short_directory / ("x" * 200), "too long"),
    ):
        with pytest.raises(WireError, match=words) as caught:
            await Wire(Endpoint("unix", socket=path), no_password).read(CALL, 5)
        assert caught.value.cause is Cause.REFUSED


async def test_a_full_unix_socket_times_out_like_a_black_hole(short_directory: Path) -> None:
    with socket.socket(socket.AF_UNIX) as full:
        full.bind(str(short_directory / "full"))
        full.listen(0)
        fillers = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(str(short_directory / "full"))
        with pytest.raises(WireError, match="no connection") as caught:
            await Wire(Endpoint("unix", socket=short_directory / "full"), no_password).read(CALL, 0.2)
        assert caught.value.cause is Cause.TIMEOUT
        for filler in fillers:
            filler.close()


# --- actions and the commit point -----------------------------------------------------------------------------------


async def test_the_last_byte_follows_the_commit_and_nothing_before_it() -> None:
    before: list[bytes] = []
    order: list[str] = []

    async def talk(peer: Peer) -> None:
        head = await peer.reader.readuntil(b"\r\n\r\n")
        before.append(head + await peer.reader.readexactly(len(CALL) - 1))
        order.append("all but the last byte")
        held.set()
        before.append(await peer.reader.readexactly(1))
        order.append("the last byte")
        await peer.send(ok(ANSWER))

    held = asyncio.Event()

    async with serving(talk) as (endpoint, _):
        wire = Wire(endpoint, no_password)
        assert await wire.act(CALL, 5, lambda: order.append("committing")) == ANSWER
    assert order.index("committing") < order.index("the last byte")
    assert b"Connection: close" in before[0]
    assert before[1] == CALL[-1:]


async def test_an_action_never_uses_the_kept_connection() -> None:
    async with serving(always(ok(ANSWER))) as (endpoint, server):
        wire = Wire(endpoint, no_password)
        await wire.read(CALL, 5)
        await wire.act(CALL, 5, None)
        await wire.act(CALL, 5, None)
        await wire.read(CALL, 5)
        assert server.connections == 3
        wire.close()


async def test_what_the_commit_hook_raises_stops_the_action_before_it_runs() -> None:
    got: list[bytes] = []

    async def talk(peer: Peer) -> None:
        got.append(await peer.closed())

    def full_disk() -> None:
        raise OSError("no space left")

    async with wired(talk) as wire:
        with pytest.raises(OSError, match="no space"):
            await wire.act(CALL, 5, full_disk)
        await eventually(lambda: bool(got))
    assert not got[0].endswith(CALL[-1:]) or not got[0].endswith(CALL)


async def test_a_connection_lost_before_the_commit_is_not_executed() -> None:
    commits: list[int] = []

    async def talk(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        peer.reset()

    async with wired(talk) as wire:
        for _ in range(20):
            with pytest.raises(WireError) as caught:
                await wire.act(b"x" * 3_000_000, 5, lambda: commits.append(1))
            assert caught.value.committed == bool(commits)
            commits.clear()


async def test_a_refusal_before_the_last_byte_prevents_the_commit() -> None:
    commits: list[int] = []

    async def talk(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(status(401))
        await peer.closed()

    async with wired(talk) as wire:
        with pytest.raises(HttpStatusError) as caught:
            await wire.act(b"x" * 30_000_000, 10, lambda: commits.append(1))
    assert not caught.value.committed
    assert not commits


@pytest.mark.parametrize(
    ("code", "committed"),
    [(401, False), (407, False), (404, True), (302, True), (411, True), (500, True), (502, True)],
)
async def test_only_a_wrong_password_tells_for_sure_that_the_action_did_not_run(
    code: int, committed: bool
) -> None:
    assert (await action_problem_of(always(status(code)))).committed is committed


async def test_a_cut_answer_to_an_action_leaves_open_whether_it_ran() -> None:
    async def cut(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER)[:-30])

    async def silent(peer: Peer) -> None:
        await peer.request()

    async def frozen(peer: Peer) -> None:
        await peer.request()
        await peer.closed()

    assert (await action_problem_of(cut)).committed
    assert (await action_problem_of(silent)).committed
    problem = await action_problem_of(frozen, 0.2)
    assert problem.committed
    assert problem.cause is Cause.TIMEOUT


async def test_an_action_that_is_given_up_takes_back_what_has_not_arrived() -> None:
    """A close in order would have the kernel deliver it when the network is back, long after the outcome was told."""
    ends: list[str] = []

    async def frozen(peer: Peer) -> None:
        await peer.request()
        try:
            await peer.closed()
        except ConnectionResetError:
            ends.append("reset")
            raise
        ends.append("closed")

    async with serving(frozen) as (endpoint, _):
        with pytest.raises(WireError):
            await Wire(endpoint, no_password).act(CALL, 0.2, None)
        await eventually(lambda: bool(ends))
    assert ends == ["reset"]


async def test_an_action_is_sent_once_whatever_happens() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        peer.reset()

    async with serving(talk) as (endpoint, server):
        with pytest.raises(WireError):
            await Wire(endpoint, no_password).act(CALL, 5, None)
        assert server.connections == 1


@pytest.mark.parametrize("short", [1, 2, 48])
async def test_an_answer_longer_than_its_declared_length_is_read_to_the_end(short: int) -> None:
    body = xml("grün" * 12)

    async def talk(peer: Peer) -> None:
        await peer.request()
        declared = ok(body, length=len(body) - short)
        await peer.send(declared[:-short])
        await asyncio.sleep(0.05)
        await peer.send(declared[-short:])

    async with wired(talk) as wire:
        assert decode_answer(await wire.act(CALL, 5, None)) == "grün" * 12


async def test_a_proxy_that_keeps_the_connection_open_does_not_hold_up_an_action() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(ok(ANSWER))
        await peer.closed()

    began = time.monotonic()
    async with wired(talk) as wire:
        assert await wire.act(CALL, 5, None) == ANSWER
    assert time.monotonic() - began < 4


# --- streams --------------------------------------------------------------------------------------------------------

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_a_stream_gives_bytes_as_they_come_until_the_server_ends() -> None:
    go_on = asyncio.Event()

    async def talk(peer: Peer) -> None:
        assert (await peer.request()).startswith(b"GET /mainlogtail HTTP/1.1\r\n")
        await peer.send(STREAM_HEAD + chunk(b"one\xff"))
        await go_on.wait()
        await peer.send(chunk(b"two"))

    async with wired(talk) as wire:
        got = b""
        async for piece in wire.stream("/mainlogtail", 5):
            got += piece
            go_on.set()
        assert got == b"one\xfftwo"


async def test_a_stream_outlives_the_deadline_of_its_beginning() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD)
        await asyncio.sleep(0.5)
        await peer.send(chunk(b"late") + b"0\r\n\r\n")
        await peer.closed()

    async with wired(talk) as wire:
        assert [piece async for piece in wire.stream("/x", 0.2)] == [b"late"]


async def test_a_stream_that_is_left_closes_its_connection() -> None:
    gone = asyncio.Event()

    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"x"))
        await peer.closed()
        gone.set()

    async with wired(talk) as wire:
        pieces = wire.stream("/x", 5)
        assert await anext(pieces) == b"x"
        await pieces.aclose()
        async with asyncio.timeout(5):
            await gone.wait()


async def test_a_slow_reader_of_a_stream_holds_the_server_back() -> None:
    sent = 0

    async def talk(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.send(STREAM_HEAD)
        while True:
            await peer.send(chunk(b"x" * 65_536))
            sent += 65_536

    async with wired(talk) as wire:
        pieces = wire.stream("/x", 5)
        first = await anext(pieces)
        assert first
        before, waited = -1, 0
        while sent != before and waited < 100:
            before = sent
            waited += 1
            await asyncio.sleep(0.1)
        assert waited < 100, "the server was never held back"
        got = len(await anext(pieces))
        assert got <= STREAM_BUFFER + 2 * 65_536
        await pieces.aclose()


async def test_a_stream_of_a_log_that_is_not_there_says_so() -> None:
    async with wired(always(status(404))) as wire:
        with pytest.raises(HttpStatusError) as caught:
            async for _ in wire.stream("/logtail/x", 5):
                pass
        assert caught.value.status == 404


async def test_a_stream_that_breaks_raises_after_what_came() -> None:
    async def talk(peer: Peer) -> None:
        await peer.request()
        await peer.send(STREAM_HEAD + chunk(b"x"))
        await asyncio.sleep(0.05)
        peer.reset()

    async with wired(talk) as wire:
        stream = wire.stream("/x", 5)
        assert await anext(stream) == b"x"
        with pytest.raises(WireError, match="cut in the middle"):
            await anext(stream)
