"""A report is posted to a web address: one JSON document, one answer, nothing followed.

The rule: the address and the token may be secrets, so no message shows more of them than scheme and host.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from urllib.parse import SplitResult, urlsplit

from tui import __version__
from tui.config.secrets import Secret
from tui.engine.hooks.hook import Undelivered
from tui.engine.hooks.report import Report
from tui.errors import UsageError
from tui.text import clean

SECONDS = 20.0
"""For the whole of it, from the connection to the end of the answer."""
_ANSWER = 64 * 1024
_TRY_AGAIN = frozenset({408, 425, 429})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Webhook:
    """Posts to one address."""

    def __init__(self, url: Secret, token: Secret | None = None, *, seconds: float = SECONDS) -> None:
        """Raises UsageError for an address that cannot be used; `token` is sent as a bearer's."""
        self._url = _parts(url.reveal(), with_token=token is not None)
        self._token = token
        self._seconds = seconds
        self.name = clean(f"{self._url.scheme}://{self._url.hostname}", 100)
        """What may be said of the address."""

    def __call__(self, report: Report) -> None:
        """Post it. Raises Undelivered."""
        connection = self._connection()
        late = threading.Event()
        watchdog = threading.Timer(self._seconds, _cut, (connection, late))
        watchdog.daemon = True
        watchdog.start()
        try:
            connection.request("POST", self._target(), report.body(), self._headers(report))
            answer = connection.getresponse()
            answer.read(_ANSWER)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise Undelivered(f"{self.name} cannot be told: {clean(reason, 200)}", again=True) from None
        finally:
            watchdog.cancel()
            connection.close()
        if late.is_set():  # what was cut off in its head looks like a whole answer
            raise Undelivered(f"{self.name} takes longer than {self._seconds:g} s to answer", again=True)
        self._judge(answer)

    def _judge(self, answer: http.client.HTTPResponse) -> None:
        status = answer.status
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise Undelivered(
                f"{self.name} answers with a redirect ({status}), and none is followed", again=False
            )
        after = answer.getheader("Retry-After", "")
        raise Undelivered(
            f"{self.name} answers {status} {clean(answer.reason, 100)}",
            again=status >= 500 or status in _TRY_AGAIN,
            after=float(after) if after.isascii() and after.isdigit() and len(after) < 6 else 0.0,
        )

    def _connection(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._url.port, timeout=self._seconds, context=context)
        return http.client.HTTPConnection(host, self._url.port, timeout=self._seconds)

    def _target(self) -> str:
        return (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")

    def _headers(self, report: Report) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"supervisor-tui/{__version__}",
            "Idempotency-Key": report.id,
        }
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return headers


def _parts(url: str, *, with_token: bool) -> SplitResult:
    """The address, found usable. No message shows it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError("the address of the webhook is no URL", "https://host/path") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise UsageError("the address of the webhook must begin with https:// or http:// and name a host")
    if "@" in parts.netloc:
        raise UsageError("the address of the webhook holds a login", "use --webhook-token-env NAME")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError("the address of the webhook holds a blank or an odd character", "write it %-encoded")
    if with_token and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UsageError("the token of the webhook would go over plain http", "use https://")
    return parts


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """End whatever it waits for."""
    late.set()
    with contextlib.suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
