"""A web address is told of changes: one document, the token where it belongs, nothing followed, no secret in a message."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.supervisord import free_port
from tests.unit.engine.history.changes import change
from tui.config.secrets import Secret
from tui.engine.hooks.hook import Undelivered
from tui.engine.hooks.report import Report
from tui.engine.hooks.webhook import Webhook
from tui.errors import UsageError

REPORT = Report("0123", (change("RUNNING", "FATAL", 1),))
CANARY = "s3cr3t-canary"


class Receiver:
    """A web server that answers as it is told and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/{CANARY}?a=b"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    thread = threading.Thread(target=one.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield one
    one.server.shutdown()
    one.server.server_close()
    thread.join(5)


def test_it_gets_one_document_with_the_token_and_a_name_for_repeats(receiver: Receiver) -> None:
    Webhook(Secret(receiver.url), Secret("t0ken"))(REPORT)
    ((path, headers, document),) = receiver.got
    assert path == f"/hook/{CANARY}?a=b"
    assert headers["Authorization"] == "Bearer t0ken"
    assert headers["Idempotency-Key"] == document["id"] == "0123"
    assert headers["Content-Type"] == "application/json"
    assert document["transitions"][0]["to"] == "FATAL"
    assert document["summary"] == "web-01 celery FATAL"


@pytest.mark.parametrize(
    ("status", "again"),
    [(500, True), (503, True), (429, True), (408, True), (404, False), (401, False), (302, False)],
)
def test_an_answer_says_whether_it_is_worth_trying_again(
    receiver: Receiver, status: int, again: bool
) -> None:
    receiver.status = status
    receiver.headers = {"Location": receiver.url, "Retry-After": "7"}
    with pytest.raises(Undelivered) as caught:
        Webhook(Secret(receiver.url))(REPORT)
    assert caught.value.again is again
    assert len(receiver.got) == 1
    assert CANARY not in str(caught.value)
    assert str(status) in str(caught.value)
    if status == 429:
        assert caught.value.after == 7


def test_nobody_there_is_worth_trying_again_and_is_said_without_the_path() -> None:
    with pytest.raises(
        Undelivered, match=r"http://127\.0\.0\.1 cannot be told: Connection refused"
    ) as caught:
        Webhook(Secret(f"http://127.0.0.1:{free_port()}/{CANARY}"))(REPORT)
    assert caught.value.again
    assert CANARY not in str(caught.value)


@contextmanager
def dripping() -> Iterator[int]:
    """A server that sends a byte of its answer's head now and then, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
                while not stop.wait(0.1):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        stop.set()
        thread.join(5)


def test_an_answer_that_never_ends_is_cut_off() -> None:
    with dripping() as port:
        began = time.monotonic()
        with pytest.raises(Undelivered) as caught:
            Webhook(Secret(f"http://127.0.0.1:{port}/"), seconds=1.0)(REPORT)
        assert caught.value.again
        assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://a/b", "must begin with https://"),
        ("https:///path", "must begin with https://"),
        ("nonsense", "must begin with https://"),
        (f"https://user:{CANARY}@a/b", "holds a login"),
        (f"https://a/{CANARY} b", "holds a blank"),
        (f"https://a/{CANARY}\r\nX: y", "holds a blank"),
        ("https://a:99999/", "is no URL"),
        (f"https://[::1/{CANARY}", "is no URL"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_at_once_and_not_shown(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        Webhook(Secret(url))
    assert CANARY not in str(caught.value)


def test_a_token_does_not_go_over_plain_http_to_another_machine() -> None:
    with pytest.raises(UsageError, match="plain http"):
        Webhook(Secret("http://example.net/"), Secret("t0ken"))
    Webhook(Secret("https://example.net/"), Secret("t0ken"))


def test_a_token_that_is_no_header_is_said_without_it(receiver: Receiver) -> None:
    with pytest.raises(Undelivered) as caught:
        Webhook(Secret(receiver.url), Secret(f"{CANARY}\r\nX: y"))(REPORT)
    assert CANARY not in str(caught.value)
    assert receiver.got == []
