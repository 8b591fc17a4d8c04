"""A request's body to a method and its parameters, with supervisord's own reading of XML-RPC (`xmlrpc.py:loads`).

It is more lenient than the protocol: unknown tags count as their text, and what does not convert makes the request a 400.
"""

from __future__ import annotations

import base64
import datetime
import time
from typing import Any
from xml.etree import ElementTree

KEPT = 512
"""Bodies whose reading is remembered: a client says the same again and again."""


class UnreadableCallError(Exception):
    """supervisord answers 400."""


class CallReader:
    """Reads bodies, remembering the last few."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str | None, tuple[Any, ...]]] = {}

    def read(self, body: bytes) -> tuple[str | None, tuple[Any, ...]]:
        """The method (None or "" when there is none) and its parameters. Raises UnreadableCallError."""
        call = self._known.get(body)
        if call is None:
            try:
                call = _read(body.decode())
            except Exception as problem:
                raise UnreadableCallError from problem
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[body] = call
        return call


def _read(text: str) -> tuple[str | None, tuple[Any, ...]]:
    root = ElementTree.fromstring(text)
    method: str | None = None
    params: tuple[Any, ...] = ()
    for element in root.iter():
        if element.tag == "methodName":
            method = element.text
        elif element.tag == "params":
            params = tuple(_value(child) for child in element)
    return method, params


def _value(element: ElementTree.Element) -> Any:  # noqa: ANN401
    text = element.text
    match element.tag:
        case "value":
            return _value(element[0]) if len(element) else text or ""
        case "param" | "array":
            return _value(element[0])
        case "int" | "i4":
            return int(text or "")
        case "boolean":
            return text == "1"
        case "string":
            return text or ""
        case "double":
            return float(text or "")
        case "data":
            return [_value(child) for child in element]
        case "struct":
            return {name.text or "": _value(value) for name, value in element}
        case "base64":
            return base64.decodebytes((text or "").encode()).decode()
        case "dateTime.iso8601":
            return datetime.datetime(*time.strptime(text or "", "%Y%m%dT%H:%M:%S")[:6])  # noqa: DTZ001
    return text
