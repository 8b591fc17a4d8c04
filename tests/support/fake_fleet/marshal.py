"""Values to the bytes that supervisord answers with: the shapes of `xmlrpc.client.dumps`, and rows rendered before.

What `xmlrpc.client` cannot marshal raises here as it does there (TypeError, OverflowError): supervisord then says 500.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar
from xmlrpc.client import MAXINT, MININT, escape


class Rendered(bytes):
    """A value that is marshalled already, from `<value>` to `</value>` and its line end."""


class RpcFault(Exception):
    """A fault that an answer carries: `code` and `text`."""

    NAMES: ClassVar = {
        1: "UNKNOWN_METHOD",
        2: "INCORRECT_PARAMETERS",
        3: "BAD_ARGUMENTS",
        4: "SIGNATURE_UNSUPPORTED",
        6: "SHUTDOWN_STATE",
        10: "BAD_NAME",
        11: "BAD_SIGNAL",
        20: "NO_FILE",
        21: "NOT_EXECUTABLE",
        30: "FAILED",
        40: "ABNORMAL_TERMINATION",
        50: "SPAWN_ERROR",
        60: "ALREADY_STARTED",
        70: "NOT_RUNNING",
        80: "SUCCESS",
        90: "ALREADY_ADDED",
        91: "STILL_RUNNING",
        92: "CANT_REREAD",
    }

    def __init__(self, code: int, extra: object = None) -> None:
        self.code = code
        self.text = self.NAMES[code] if extra is None else f"{self.NAMES[code]}: {extra}"
        super().__init__(code, self.text)

    def struct(self) -> dict[str, Any]:
        """As one result of a multicall."""
        return {"faultCode": self.code, "faultString": self.text}


def response(value: Any) -> bytes:  # noqa: ANN401 - whatever XML-RPC can say
    """The body of an answer with one value, or with a fault."""
    out: list[bytes] = []
    if isinstance(value, RpcFault):
        _write(value.struct(), out)
        inner = b"<fault>\n%b</fault>\n" % b"".join(out)
    else:
        _write(value, out)
        inner = b"<params>\n<param>\n%b</param>\n</params>\n" % b"".join(out)
    return b"<?xml version='1.0'?>\n<methodResponse>\n%b</methodResponse>\n" % inner


def rendered(value: Any) -> Rendered:  # noqa: ANN401
    """One value alone."""
    out: list[bytes] = []
    _write(value, out)
    return Rendered(b"".join(out))


def _write(value: Any, out: list[bytes]) -> None:  # noqa: ANN401
    match value:
        case Rendered():
            out.append(value)
        case bool():
            out.append(b"<value><boolean>%d</boolean></value>\n" % value)
        case int():
            if not MININT <= value <= MAXINT:
                raise OverflowError("int exceeds XML-RPC limits")
            out.append(b"<value><int>%d</int></value>\n" % value)
        case float():
            out.append(b"<value><double>%b</double></value>\n" % repr(value).encode())
        case str():
            out.append(b"<value><string>%b</string></value>\n" % escape(value).encode())
        case list() | tuple():
            _write_array(value, out)
        case dict():
            _write_struct(value, out)
        case _:
            raise TypeError(f"cannot marshal {type(value)} objects")


def _write_array(values: Iterable[Any], out: list[bytes]) -> None:
    out.append(b"<value><array><data>\n")
    for value in values:
        if type(value) is Rendered:
            out.append(value)
        else:
            _write(value, out)
    out.append(b"</data></array></value>\n")


def _write_struct(members: dict[str, Any], out: list[bytes]) -> None:
    out.append(b"<value><struct>\n")
    for name, value in members.items():
        out.append(b"<member>\n<name>%b</name>\n" % escape(name).encode())
        _write(value, out)
        out.append(b"</member>\n")
    out.append(b"</struct></value>\n")
