"""XML-RPC both ways: calls to bytes, answers to values, within limits and tolerant of what supervisord really sends.

Who comes in: `client` with a method and parameters, and with the bytes of an answer, which are hostile. What leaves:
values, `Fault`, or `BadAnswer` — no other exception, whatever the bytes are. The rules: UTF-8 only, no DOCTYPE, at most
`MAX_BODY` bytes, `MAX_VALUES` values nested `MAX_DEPTH` deep, 64-bit numbers; expat gets the whole body in one call
(fed in pieces it takes half a minute for an 8 MB comment).
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn
from xml.parsers import expat

from tui.errors import BadAnswer, UsageError
from tui.rpc.answers import Param, Value, fault_from

MAX_BODY = 8 * 1024 * 1024
MAX_DEPTH = 16
MAX_VALUES = 200_000
MAX_INT = 2**63 - 1

Body = bytes | bytearray
"""An answer's body: as it was received, without a copy."""

# --- calls ----------------------------------------------------------------------------------------------------------

# What XML 1.0 cannot carry even as a reference (surrogates cannot be encoded anyway); \r would arrive as \n unless it is
# one. Named one by one: the complement of what is allowed takes 9 ms to compile, at each start.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


def encode_call(method: str, params: Sequence[Param]) -> bytes:
    """The body of a call. UsageError when a text is not Unicode (a lone surrogate) or a number exceeds 64 bits."""
    parts = ["<?xml version='1.0'?>\n<methodCall><methodName>", _escaped(method), "</methodName><params>"]
    for param in params:
        parts.append("<param>")
        _encode_value(param, parts.append, MAX_DEPTH)
        parts.append("</param>")
    parts.append("</params></methodCall>\n")
    return "".join(parts).encode()


def _encode_value(value: Param, put: Callable[[str], None], depth: int) -> None:
    put("<value>")
    if isinstance(value, bool):  # before int, which it is too
        put(f"<boolean>{value:d}</boolean>")
    elif isinstance(value, int):
        if not -MAX_INT - 1 <= value <= MAX_INT:
            raise UsageError(f"a number of {value.bit_length()} bits cannot be sent")
        put(f"<int>{value}</int>")
    elif isinstance(value, float):
        put(f"<double>{value!r}</double>")
    elif isinstance(value, str):
        encode_text(value, put)
    elif isinstance(value, bytes):
        put(f"<base64>{base64.b64encode(value).decode()}</base64>")
    elif depth == 0:
        raise UsageError("a parameter is nested too deeply")
    elif isinstance(value, Mapping):
        put("<struct>")
        for name, member in value.items():
            put(f"<member><name>{_escaped(name)}</name>")
            _encode_value(member, put, depth - 1)
            put("</member>")
        put("</struct>")
    else:
        put("<array><data>")
        for item in value:
            _encode_value(item, put, depth - 1)
        put("</data></array>")
    put("</value>")


def encode_text(text: str, put: Callable[[str], None]) -> None:
    """What stands in `<value>` for a text; with control characters base64, which supervisord decodes to text (supervisor/xmlrpc.py:unmarshallers)."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise UsageError("a text that is not valid Unicode cannot be sent") from None
    if _NOT_IN_XML.search(text):
        put(f"<base64>{base64.b64encode(raw).decode()}</base64>")
    else:
        put(f"<string>{_escaped(text)}</string>")


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


# --- answers --------------------------------------------------------------------------------------------------------


def decode_answer(body: Body) -> Value:
    """The value of an answer; a tuple when it has several parameters or none. Raises Fault or BadAnswer."""
    if len(body) > MAX_BODY:
        raise BadAnswer(f"the answer exceeds {MAX_BODY // 1024 // 1024} MiB", "ask for less")
    if body[:256].lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise BadAnswer(
            "a web page came back, not an answer of supervisord", "a proxy or a login page answers here"
        )
    body, unmap = _parseable(body)
    if _ODD_TAG.search(body):
        raise _malformed("an element with attributes, or a very long name")
    builder = _Builder(unmap)
    parser = expat.ParserCreate("utf-8")  # overrides what a declaration may claim
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise BadAnswer(*_not_xml(body, error)) from None
    return builder.answer()


def _refuse_doctype(*_: object) -> NoReturn:
    raise BadAnswer("the answer declares a document type, which no supervisord does", _WHO_LISTENS)


_WHO_LISTENS = "see what listens at this address"

_RAW_CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f]|\xef\xbf[\xbe\xbf]")
# What supervisord sends raw and XML forbids, in UTF-8; each has its place in the block that stands in for them.
_FORBIDDEN = [chr(code).encode() for code in (*range(0x20), 0xFFFE, 0xFFFF) if code not in (0x09, 0x0A)]
# Private-use blocks of 34 for the 32 controls and the two non-characters, the next one when a text already uses it. All but
# the last byte of their characters are the same, so that they can be told from the others without decoding.
_PRIVATE_BLOCKS = (0xE000, 0xF000, 0xF0000, 0xF8000, 0x100000, 0x10F000)
_CARRIAGE_RETURN = b"\r"
_PIECE = 64 * 1024


def _parseable(body: Body) -> tuple[Body, dict[int, int] | None]:
    """`body` with what supervisord sends raw and XML forbids mapped to private use; and how to map it back.

    Done on bytes: as text one emoji would make an answer four times as large, and each step would copy it.
    """
    _require_utf8(body)
    if _RAW_CONTROLS.search(body) is None:
        return body, None
    block = next((block for block in _PRIVATE_BLOCKS if not _uses(body, block)), None)
    if block is None:
        raise BadAnswer("the answer mixes control characters with all of private use", _WHO_LISTENS)
    # a server that ends the lines of its markup with \r\n: there a \r is white space
    blank = _CARRIAGE_RETURN if _CARRIAGE_RETURN in body[: body.find(b"<methodResponse")] else b""
    back: dict[int, int] = {}
    for place, forbidden in enumerate(_FORBIDDEN):
        if forbidden != blank and forbidden in body:
            body = body.replace(forbidden, chr(block + place).encode())
            back[block + place] = ord(forbidden.decode())
            if len(body) > _MAX_MAPPED:
                raise BadAnswer("the answer is little but control characters", _WHO_LISTENS)
    return body, back


_MAX_MAPPED = 2 * MAX_BODY


def _require_utf8(body: Body) -> None:
    """BadAnswer when it is none. In pieces: decoded whole, one character outside Unicode's first plane makes it four times as large."""
    if body.isascii():
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(body), _PIECE):
            decoder.decode(body[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise BadAnswer("the answer is not UTF-8", _WHO_LISTENS) from None


def _uses(body: Body, block: int) -> bool:
    start = chr(block).encode()[:-1]
    return re.search(re.escape(start) + rb"[\x80-\xa1]", body) is not None


# An element with attributes, or with a name longer than any: expat keeps twenty times the size of what it reads there.
_ODD_TAG = re.compile(rb"<(?![?!])[^<>=]{0,100}+[^<>]")


def _not_xml(body: Body, error: expat.ExpatError) -> tuple[str, str]:
    if not body.strip():
        return "an empty answer came back", _WHO_LISTENS
    if b"<methodresponse" not in body[:1024].lower():
        return "what came back is not XML-RPC", _WHO_LISTENS
    if b"</methodResponse>" not in body[-64:]:
        return "the answer ends in the middle", "it is asked again at the next poll"
    return f"the answer is not well-formed XML (line {error.lineno})", _WHO_LISTENS


# What may stand in what; the same table says which elements there are.
_CHILDREN: dict[str, frozenset[str]] = {
    "": frozenset({"methodResponse"}),
    "methodResponse": frozenset({"params", "fault"}),
    "params": frozenset({"param"}),
    "param": frozenset({"value"}),
    "fault": frozenset({"value"}),
    "array": frozenset({"data"}),
    "data": frozenset({"value"}),
    "struct": frozenset({"member"}),
    "member": frozenset({"name", "value"}),
    "value": frozenset(
        {
            "int",
            "i4",
            "i8",
            "boolean",
            "string",
            "double",
            "base64",
            "dateTime.iso8601",
            "nil",
            "array",
            "struct",
        }
    ),
}
_NONE: frozenset[str] = frozenset()
_UNSET = object()
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DOUBLE = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")


class _Builder:
    """Turns expat's events into values. Frames: the list being filled for each open array, struct and param."""

    def __init__(self, unmap: dict[int, int] | None) -> None:
        self._unmap = unmap
        self._open: list[str] = [""]
        self._text: list[str] = []
        self._frames: list[list[object]] = []
        self._value: object = _UNSET
        """The value just completed inside the innermost open `value` element."""
        self._values = 0
        self._depth = 0
        self._params: list[object] = []
        self._params_begun = 0
        self._fault: object = _UNSET
        self._bodies = 0

    def start(self, name: str, _attributes: object) -> None:
        parent = self._open[-1]
        if name not in _CHILDREN.get(parent, _NONE):
            raise _malformed(f"<{name[:30]}> inside <{parent or 'the document'}>")
        if self._text and "".join(self._text).strip():
            raise _malformed(f"text before <{name}>")
        self._text.clear()
        if name == "value":
            self._values += 1
            if self._values > MAX_VALUES:
                raise BadAnswer(f"the answer holds more than {MAX_VALUES} values", "ask for less")
            if parent == "member" and len(self._frames[-1]) % 2 == 0:
                raise _malformed("a member without a name, or with two values")
            self._value = _UNSET
        elif parent == "value" and self._value is not _UNSET:
            raise _malformed("two values in one <value>")
        elif name in ("array", "struct"):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise BadAnswer(f"the answer is nested more than {MAX_DEPTH} deep", _WHO_LISTENS)
            self._frames.append([])
        elif name == "name" and len(self._frames[-1]) % 2:
            raise _malformed("a member with two names")
        elif name == "param":
            self._params_begun += 1
        elif parent == "methodResponse":
            self._bodies += 1
        self._open.append(name)

    def characters(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        self._open.pop()
        is_plain = name in ("string", "name") or (name == "value" and self._value is _UNSET)
        text = self._plain() if self._unmap and is_plain else "".join(self._text)
        self._text.clear()
        read = _SCALARS.get(name)
        if read is not None:
            self._value = read(text)
        elif name == "value":
            self._end_value(text)
        elif name == "name":
            self._frames[-1].append(text)
        elif text and text.strip():
            raise _malformed(f"text inside <{name}>")
        elif name in ("array", "struct"):
            self._depth -= 1
            items = self._frames.pop()
            self._value = items if name == "array" else dict(zip(items[::2], items[1::2], strict=True))
        elif name == "member" and len(self._frames[-1]) % 2:
            raise _malformed("a member without a value")
        elif name == "param" and len(self._params) != self._params_begun:
            raise _malformed("a parameter without a value, or with two")

    def _end_value(self, text: str) -> None:
        value = self._value
        if value is _UNSET:
            value = text  # no type means string
        elif text and text.strip():
            raise _malformed("text beside a typed value")
        parent = self._open[-1]
        if parent == "param":
            self._params.append(value)
        elif parent == "fault":
            self._fault = value
        else:
            self._frames[-1].append(value)
        self._value = _UNSET

    def _plain(self) -> str:
        """The text as it was sent; mapped back piece by piece, as a copy of the whole may be four times its bytes."""
        unmap = self._unmap or {}
        for place, piece in enumerate(self._text):
            if not piece.isascii():
                self._text[place] = piece.translate(unmap)
        return "".join(self._text)

    def answer(self) -> Value:
        if self._bodies != 1:
            raise _malformed("neither parameters nor a fault, or both")
        if self._fault is not _UNSET:
            if not isinstance(self._fault, dict):
                raise _malformed("a fault that is no struct")
            raise fault_from(self._fault)
        params: list[Value] = self._params  # type: ignore[assignment]
        return params[0] if len(params) == 1 else tuple(params)


def _malformed(what: str) -> BadAnswer:
    return BadAnswer(f"the answer is not XML-RPC: {what}", _WHO_LISTENS)


def _read_int(text: str) -> int:
    text = text.strip()
    if _INTEGER.fullmatch(text):
        number = int(text)
        if -MAX_INT - 1 <= number <= MAX_INT:
            return number
    raise _malformed("a number that is none, or exceeds 64 bits")


def _read_bool(text: str) -> bool:
    if text.strip() not in ("0", "1"):
        raise _malformed("a boolean that is neither 0 nor 1")
    return text.strip() == "1"


def _read_double(text: str) -> float:
    if not _DOUBLE.fullmatch(text.strip()):
        raise _malformed("a double that is none")
    return float(text)


def _read_base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed("base64 that is none") from None


def _read_nil(text: str) -> None:
    if text.strip():
        raise _malformed("text inside <nil>")


_SCALARS: dict[str, Callable[[str], object]] = {
    "string": str,
    "int": _read_int,
    "i4": _read_int,
    "i8": _read_int,
    "boolean": _read_bool,
    "double": _read_double,
    "base64": _read_base64,
    "dateTime.iso8601": str.strip,
    "nil": _read_nil,
}
