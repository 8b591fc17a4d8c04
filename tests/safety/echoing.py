"""A server that gives everything back that it was sent as a password: in faults, redirects, reasons and pages."""

from __future__ import annotations

import base64
import contextlib
import http.server
import threading
import xmlrpc.client
from collections.abc import Iterator
from urllib.parse import quote

KINDS = ("fault", "redirect", "error", "garbage", "refusal")


class _Echo(http.server.BaseHTTPRequestHandler):
    """The first part of the path says what kind of answer it gives."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        header = self.headers.get("Authorization", "")
        password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")[2]
        self._answer(self.path.split("/")[1], f"{header} {password} {quote(password, safe='')} {password!r}")

    def do_GET(self) -> None:
        self.do_POST()

    def _answer(self, kind: str, said: str) -> None:
        word = said.encode("ascii", "replace").decode().replace("\n", " ")
        body = said.encode()
        status, headers = 200, {}
        if kind == "fault":
            body = xmlrpc.client.dumps(xmlrpc.client.Fault(30, said), methodresponse=True).encode()
        elif kind == "redirect":
            status, headers = 302, {"Location": f"http://127.0.0.1:1/{quote(said, safe='')}"}
        elif kind == "error":
            status = 500
        elif kind == "refusal":
            status = 401
        elif kind == "garbage":
            self.wfile.write(body)
            self.close_connection = True
            return
        self.send_response(status, word)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def echoing() -> Iterator[int]:
    """Its port, while the block runs."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
