"""Answers of a supervisord, spoilt: seeded, so that a run says the same of the same code twice.

Who comes in: a number. Who leaves: the same mutated bytes for it each time, made of one of the `seeds` below by a few of what
breaks parsers: bits and bytes, cuts, doublings, splices of two answers, and words that mean something to XML or HTTP.
"""

from __future__ import annotations

import random
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.fake_fleet.marshal import RpcFault, response
from tests.support.hostile import bodies, payloads
from tests.support.hostile.faces import RawFault, Rows, http

_WORDS = (
    b"<value>", b"</value>", b"<value/>", b"<struct>", b"</struct>", b"<array><data>", b"</data></array>", b"<member>",
    b"<name>", b"</name>", b"<int>", b"</int>", b"<i8>9223372036854775808</i8>", b"<boolean>2</boolean>", b"<nil/>",
    b"<fault>", b"</fault>", b"<params>", b"</param>", b"<base64>", b"<dateTime.iso8601>", b"<double>1e999</double>",
    b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?x?>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#0;", b"&#27;", b"&#xD800;",
    b"&amp;", b"&lt", b"<", b">", b"&", b"'", b"\x00", b"\x1b", b"\r\n", b"\t", b"\x7f", b"\x80", b"\xff\xfe", b"\xef\xbb\xbf",
    b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", "\ue000".encode(), "\U0010f010".encode(), "\u202e".encode(),
    b"-1", b"-0", b"+5", b"0x10", b"99999999999999999999", b"2147483648", b" 7 ", "٤٢".encode(), b"nan", b" a=''", b" xmlns='u'",
    b"HTTP/1.1 200 OK\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\r\n\r\n", b"0\r\n\r\n", b"ffffffff\r\n",
)  # fmt: skip

_TEXTS = [text[:300] for text in payloads.TEXTS.values()]


def status_bodies() -> list[bytes]:
    """getAllProcessInfo: plain rows, the payloads' rows, the order of Python 2, and none."""
    plain = _rows({"web": "web"})
    odd = [_rows({"": text}) for text in _TEXTS]
    listed = [_listed(rows) for rows in (plain, *odd)]
    rows: Any = xmlrpc.client.loads(listed[0].decode())[0][0]
    by_name = [dict(sorted(row.items())) for row in rows]
    return [*listed, response(by_name), response([])]


def enumerate_texts(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Texts with a word for each."""
    return [(str(number), text) for number, text in enumerate(texts)]


def _rows(texts: Mapping[str, str]) -> Rows:
    return Rows(texts, clock=lambda: 1_700_000_000.0)


def _listed(rows: Rows) -> bytes:
    return _body(rows, "supervisor.getAllProcessInfo")


def _body(rows: Rows, method: str, *params: Any) -> bytes:  # noqa: ANN401
    return response(rows._call(method, params))


def named_bodies(addresses: Sequence[str]) -> list[bytes]:
    """The answer about these three processes; some of them, with one that is not there, and in another order."""
    plain = _rows({"web": "web"})

    def answer(wanted: Sequence[str]) -> bytes:
        calls = [{"methodName": "supervisor.getProcessInfo", "params": [address]} for address in wanted]
        return _body(plain, "system.multicall", calls)

    return [answer(addresses)] * 3 + [
        answer([*addresses[:2], "x:y"]),
        answer(addresses[::-1]),
        response(RpcFault(6)),
    ]


def other_bodies() -> list[bytes]:
    """Every other answer that the program asks for."""
    rows = _rows(dict(enumerate_texts(_TEXTS[:3])))
    results = [{"name": "a", "group": "b", "status": 80, "description": text} for text in _TEXTS[:4]]
    return [
        _body(rows, "supervisor.getAllConfigInfo"),
        _body(rows, "supervisor.reloadConfig"),
        _body(rows, "system.listMethods"),
        _body(rows, "supervisor.tailProcessStdoutLog", "a:b", 0, 100),
        _body(rows, "supervisor.getState"),
        response([row | {"extra": [1, 2.5, True, {"deep": [[["x"]]]}]} for row in results]),
        response([RpcFault(10).struct(), True, "x"]),
        response(True),
        response("log\x1b[31m\r\nline\x00"),
        *(response(RawFault(30, text)) for text in _TEXTS[::7]),
        *(body for body in bodies.WHOLE.values() if len(body) < 4096),
    ]


def http_answers() -> list[bytes]:
    """Whole answers with their heads, by length, chunked, to the end, and refusals."""
    body = response("ok")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    return [
        http(body),
        chunked,
        b"HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\n\r\n" + body,
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        http(b"no", status=b"401 Unauthorized"),
        b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + http(body),
        *(b"HTTP/1.1 403 %b\r\nContent-Length: 0\r\n\r\n" % raw for raw in payloads.RAW.values()),
    ]


def mutated(seeds: Sequence[bytes], number: int) -> bytes:
    """The answer of this number."""
    chance = random.Random(number)
    body = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        chance.choice(_WAYS)(body, chance, seeds)
    return bytes(body[: 64 * 1024])


def _flip(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    if body:
        body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)


def _replace(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    if body:
        body[chance.randrange(len(body))] = chance.randrange(256)


def _cut(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    del body[chance.randrange(len(body) + 1) :]


def _remove(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    start = chance.randrange(len(body) + 1)
    del body[start : start + chance.randrange(1, 80)]


def _double(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    start = chance.randrange(len(body) + 1)
    body[start:start] = body[start : start + chance.randrange(1, 400)] * chance.choice((1, 1, 2, 20))


def _insert(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    start = chance.randrange(len(body) + 1)
    body[start:start] = chance.choice(_WORDS) * chance.choice((1, 1, 1, 30))


def _insert_at_a_tag(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    start = body.find(b"<", chance.randrange(len(body) + 1))
    if start >= 0:
        body[start:start] = chance.choice(_WORDS)


def _change_a_text(body: bytearray, chance: random.Random, _seeds: Sequence[bytes]) -> None:
    """Inside a value, where most of what an attacker may choose stands."""
    start = body.find(chance.choice((b"<string>", b"<int>")), chance.randrange(len(body) + 1))
    if start >= 0:
        start = body.index(b">", start) + 1
        end = start + chance.randrange(4)
        body[start:end] = chance.choice(_WORDS) if chance.random() < 0.5 else chance.choice(_TEXTS).encode()


def _splice(body: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    other = chance.choice(seeds)
    body[chance.randrange(len(body) + 1) :] = other[chance.randrange(len(other) + 1) :]


_WAYS: tuple[Callable[[bytearray, random.Random, Sequence[bytes]], None], ...] = (
    _flip, _replace, _cut, _remove, _double, _insert, _insert_at_a_tag, _splice,
    _change_a_text, _change_a_text, _change_a_text, _change_a_text,
)  # fmt: skip
