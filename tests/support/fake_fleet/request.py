"""One HTTP request as Medusa sees it, and the reply that grows on it: status line, headers in their order, error pages.

`medusa/http_server.py` and supervisor's `http.py`. The rule: headers leave in the order they were set, and a header that
is set after the head was built never leaves (that is why supervisord never says `Connection: close`).
"""

from __future__ import annotations

import re
import time
from functools import lru_cache
from urllib.parse import unquote

from tests.support.fake_fleet.log_file import Following

SERVER = "Medusa/1.12"
REASONS = {
    200: "OK",
    301: "Moved Permanently",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    411: "Length Required",
    500: "Internal Server Error",
}
ERROR_PAGE = (
    "<head>\r\n<title>Error response</title>\r\n</head>\r\n<body>\r\n<h1>Error response</h1>\r\n"
    "<p>Error code {code}.\r\n<p>Message: {message}.\r\n</body>\r\n"
)
REQUEST_LINE = re.compile(r"([^ ]+) ([^ ]+)(?: HTTP/([0-9.]+))?$")


class BrokenHeadError(Exception):
    """A head that makes Medusa drop the connection without a word."""


class Request:
    """What was asked, and what is being replied."""

    __slots__ = ("body", "command", "headers", "lines", "outgoing", "status", "uri", "version")

    def __init__(self, command: str | None, uri: str, version: str | None, lines: list[str]) -> None:
        self.command = command
        self.uri = uri
        self.version = version
        self.lines = lines
        """The header lines, folded ones joined."""
        self.status = 200
        self.headers: dict[str, object] = {"Server": SERVER, "Date": http_date(int(time.time()))}
        self.outgoing: list[bytes | Following] = []
        self.body: list[bytes] | None = None
        """The pieces of a body that is being received; None when none is expected."""

    def header(self, name: str) -> str:
        """The value of the first such header that is written `Name: value` with one space; "" without."""
        start = name.lower() + ": "
        for line in self.lines:
            if line[: len(start)].lower() == start:
                return line[len(start) :]
        return ""

    def set_error(self, status: int) -> None:
        """Make the reply an error page."""
        self.status = status
        page = ERROR_PAGE.format(code=status, message=REASONS[status]).encode()
        self.headers["Content-Length"] = len(page)
        self.headers["Content-Type"] = "text/html"
        self.outgoing.append(page)

    def head(self) -> bytes:
        """The status line and the headers set so far."""
        lines = [f"HTTP/{self.version} {self.status} {REASONS[self.status]}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def read_head(head: bytes) -> Request | None:
    """The request of a head without its empty line; None for one without any line. Raises BrokenHeadError."""
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError as problem:
        raise BrokenHeadError from problem
    while lines and not lines[0]:
        lines.pop(0)
    if not lines:
        return None
    found = REQUEST_LINE.match(lines[0])
    headers = _joined(lines[1:])
    if found is None:
        raise BrokenHeadError
    command, uri, version = found.groups()
    path, mark, query = uri.rpartition("?")
    path = path if mark else uri
    if "%" in path:
        uri = unquote(path) + (f"?{query}" if mark and query else "")
    return Request(command, uri, version, headers)


def _joined(lines: list[str]) -> list[str]:
    joined: list[str] = []
    for line in lines:
        if not line:
            raise BrokenHeadError
        if line[0] in " \t":
            if not joined:
                raise BrokenHeadError
            joined[-1] += line[1:]
        else:
            joined.append(line)
    return joined


@lru_cache(maxsize=256)
def http_date(second: int) -> str:
    """A time as HTTP writes it."""
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second))
