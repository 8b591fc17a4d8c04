"""Who is at the other end, and that nobody else is asked: TLS, redirects, and what the environment would have us do."""

from __future__ import annotations

import asyncio
import hashlib
import http.server
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.safety.showing import show
from tests.unit.rpc.loopback import Peer, ok, serving, status, xml
from tui.config.remarks import badges, warnings_about
from tui.config.schema import HostSettings, Settings
from tui.config.secrets import InlinePassword, Secret
from tui.engine.engine import Engine
from tui.model.endpoint import Endpoint, Tls
from tui.model.states import HostState

CERTIFICATES = Path(__file__).parents[1] / "unit/rpc/certificates"
CA = CERTIFICATES / "ca.pem"
CLIENT = CERTIFICATES / "client"
CANARY = "s3cr3t-canary"
SECONDS = 20

ROWS = xml([])


def server(name: str, *, wants_client: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / f"{name}.key")
    if wants_client:
        # Without session tickets in its way the refusal of TLS 1.2 comes within the handshake, in words.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CA)
    return context


def pin(name: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((CERTIFICATES / f"{name}.pem").read_text())).hexdigest()


FAILURES = {
    "expired": (server("expired"), Tls(ca_file=CA), "its certificate has expired"),
    "not yet valid": (server("not_yet_valid"), Tls(ca_file=CA), "its certificate is not valid yet"),
    "self-signed": (server("self_signed"), Tls(ca_file=CA), "its certificate is self-signed"),
    "unknown issuer": (server("good"), Tls(), "its certificate comes from an unknown issuer"),
    "wrong name": (server("wrong_name"), Tls(ca_file=CA), "its certificate is for another (name|address)"),
    "plain HTTP on that port": (None, Tls(ca_file=CA), "that port does not speak TLS|TLS does not begin"),
    "client certificate wanted": (
        server("good", wants_client=True),
        Tls(ca_file=CA),
        "broke off the TLS handshake",  # asyncio's server ends without its alert
    ),
    "another than the pinned one": (
        server("self_signed"),
        Tls(fingerprint=pin("good")),
        f"another than the pinned one \\(it is sha256:{pin('self_signed')}\\)",
    ),
    "another than the pinned one, not verified": (
        server("self_signed"),
        Tls(verify=False, fingerprint=pin("good")),
        "another than the pinned one",
    ),
}
"""What the server does, what the configuration says, and the sentence; no password may have been sent by then."""


async def answers(peer: Peer) -> None:
    while await peer.request():
        await peer.send(ok(ROWS))


@pytest.mark.parametrize("failure", FAILURES)
async def test_each_failure_of_tls_has_its_sentence_on_the_host_and_no_request_is_sent(failure: str) -> None:
    context, tls, words = FAILURES[failure]
    requests: list[bytes] = []

    async def records(peer: Peer) -> None:
        while request := await peer.reader.read(65536):
            requests.append(request)

    async with serving(records, tls=context) as (endpoint, _):
        snapshot = await asyncio.to_thread(
            _look, Endpoint("https", host="127.0.0.1", port=endpoint.port, tls=tls)
        )
    assert snapshot[0] is HostState.TLS
    assert re.search(words, snapshot[1]), snapshot[1]
    assert snapshot[2]
    assert b"Authorization" not in b"".join(requests)
    show(
        f"TLS: {failure}",
        "refused before a request is sent, with a sentence of its own and an advice",
        re.sub(r"https://\S+ ", "", snapshot[1]),
    )


ACCEPTED = {
    "a certificate of the CA that is named": (server("good"), Tls(ca_file=CA)),
    "a client certificate that is wanted": (
        server("good", wants_client=True),
        Tls(ca_file=CA, client_cert=CLIENT.with_suffix(".pem"), client_key=CLIENT.with_suffix(".key")),
    ),
    "the pinned certificate": (server("self_signed"), Tls(fingerprint=pin("self_signed"))),
    "any certificate, with tls_verify: false": (server("expired"), Tls(verify=False)),
}


@pytest.mark.parametrize("what", ACCEPTED)
async def test_what_is_to_be_accepted_is(what: str) -> None:
    context, tls = ACCEPTED[what]
    async with serving(answers, tls=context) as (endpoint, _):
        snapshot = await asyncio.to_thread(
            _look, Endpoint("https", host="127.0.0.1", port=endpoint.port, tls=tls)
        )
    assert snapshot[0] is HostState.UP, snapshot[1]


def test_a_host_that_is_not_verified_wears_a_badge_and_is_warned_of() -> None:
    for tls, wears in (
        (Tls(verify=False), True),
        (Tls(), False),
        (Tls(verify=False, fingerprint="a"), False),
    ):
        host = HostSettings("edge", Endpoint("https", host="edge.example", port=443, tls=tls))
        assert ("TLS not verified" in badges(host)) is wears
        assert any("anybody can pose as edge" in words for words in warnings_about([host])) is wears


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """Somebody who should never be asked."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.requestline)
        self.send_response(200)
        self.end_headers()

    do_POST = do_CONNECT = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[int, list[str]]]:
    """The port of somebody who should never be asked, and what he was."""
    asked: list[str] = []
    handler = type("Handler", (_Elsewhere,), {"asked": asked})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        thread = threading.Thread(target=other.serve_forever, daemon=True)
        thread.start()
        yield other.server_address[1], asked
        other.shutdown()
        thread.join()


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_is_named_and_never_followed(code: int, elsewhere: tuple[int, list[str]]) -> None:
    port, asked = elsewhere
    target = f"http://127.0.0.1:{port}/RPC2"

    async def redirects(peer: Peer) -> None:
        while await peer.request():
            await peer.send(status(code, b"", f"Location: {target}"))

    async with serving(redirects) as (endpoint, _):
        state, problem, advice = await asyncio.to_thread(_look, endpoint)
    assert state is HostState.PROTOCOL
    assert f"redirects to {target}; not followed" in problem
    assert advice
    assert asked == []
    show("redirects (301, 302, 303, 307, 308)", "named, never followed", "0 requests to their target")


async def test_no_proxy_no_netrc_and_no_cookie_is_used(
    elsewhere: tuple[int, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, asked = elsewhere
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login somebody password {CANARY}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    requests: list[bytes] = []

    async def sets_a_cookie(peer: Peer) -> None:
        while request := await peer.request():
            requests.append(request)
            await peer.send(ok(ROWS, f"Set-Cookie: session={CANARY}; Path=/"))

    async with serving(sets_a_cookie) as (endpoint, _):
        assert (await asyncio.to_thread(_look, endpoint, password=False))[0] is HostState.UP
    assert len(requests) > 1
    assert asked == []
    everything = b"".join(requests).lower()
    for word in (b"cookie", b"authorization", b"proxy", CANARY.encode()):
        assert word not in everything
    show(
        "proxy variables, a netrc and a cookie",
        "none of them used",
        f"0 of {len(requests)} requests went to the proxy, sent the cookie or a login of the netrc",
    )


def _look(endpoint: Endpoint, *, password: bool = True) -> tuple[HostState, str, str]:
    """What an engine makes of this host: its state, the problem, the advice."""
    secret = {"host": Secret(CANARY)} if password else {}
    host = HostSettings("host", endpoint, user="me" if password else "", poll=0.2, timeout=2.0)
    if password:
        host = HostSettings("host", endpoint, "me", InlinePassword(secret["host"]), poll=0.2, timeout=2.0)
    with Engine(Settings({"host": host}), passwords=secret) as engine:
        assert engine.wait_answered(SECONDS)
        if engine.picture.hosts["host"].state is HostState.UP:
            for _ in range(2):
                engine.ask("host", lambda supervisor: supervisor.status()).result(SECONDS)
        found = engine.picture.hosts["host"]
    return found.state, found.problem, found.advice
