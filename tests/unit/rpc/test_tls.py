"""TLS: verified by default, and one sentence for each way it can fail."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.rpc.loopback import Peer, ok, serving, xml
from tui.errors import Cause, WireError
from tui.model.endpoint import Endpoint, Tls
from tui.rpc.http import Wire

HERE = Path(__file__).parent / "certificates"
CA = Tls(ca_file=HERE / "ca.pem")
ANSWER = xml("yes")


def server_context(name: str, *, client_ca: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / f"{name}.pem", HERE / f"{name}.key")
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(HERE / f"{client_ca}.pem")
    return context


def fingerprint(name: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert((HERE / f"{name}.pem").read_text())).hexdigest()


def no_password() -> bytes | None:
    return None


async def answers(peer: Peer) -> None:
    while await peer.request():
        await peer.send(ok(ANSWER))


async def ask(context: ssl.SSLContext, tls: Tls, host: str = "127.0.0.1") -> bytes | bytearray:
    async with serving(answers, tls=context) as (endpoint, _):
        wire = Wire(Endpoint("https", host=host, port=endpoint.port, tls=tls), no_password)
        try:
            first = await wire.read(b"<call>", 5)
            assert await wire.read(b"<call>", 5) == first
            assert await wire.act(b"<call>", 5, None) == first
            return first
        finally:
            wire.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_certificate_of_the_named_ca_is_accepted(host: str) -> None:
    assert await ask(server_context("good"), CA, host) == ANSWER


async def test_large_answers_arrive_whole_over_tls() -> None:
    body = b"x" * 3_000_000

    async def large(peer: Peer) -> None:
        while await peer.request():
            await peer.send(ok(body))

    async with serving(large, tls=server_context("good"), client_tls=CA) as (endpoint, _):
        wire = Wire(endpoint, no_password)
        assert await wire.read(b"<call>", 20) == body
        wire.close()


@pytest.mark.parametrize(
    ("certificate", "tls", "words"),
    [
        ("expired", CA, "has expired"),
        ("not_yet_valid", CA, "not valid yet"),
        ("self_signed", CA, "self-signed"),
        ("wrong_name", CA, "another (name|address)"),
        ("good", Tls(ca_file=HERE / "other_ca.pem"), "unknown issuer"),
        ("good", Tls(), "unknown issuer"),
    ],
)
async def test_each_bad_certificate_has_its_sentence(certificate: str, tls: Tls, words: str) -> None:
    with pytest.raises(WireError, match=words) as caught:
        await ask(server_context(certificate), tls)
    assert caught.value.cause is Cause.TLS
    assert caught.value.advice
    assert not caught.value.committed


@pytest.mark.parametrize("certificate", ["expired", "self_signed", "wrong_name"])
async def test_without_verification_any_certificate_will_do(certificate: str) -> None:
    assert await ask(server_context(certificate), Tls(verify=False)) == ANSWER


async def test_a_pinned_certificate_is_accepted_and_another_is_not() -> None:
    assert await ask(server_context("self_signed"), Tls(fingerprint=fingerprint("self_signed"))) == ANSWER
    for tls in (Tls(fingerprint=fingerprint("good")), Tls(verify=False, fingerprint=fingerprint("good"))):
        with pytest.raises(WireError, match="another than the pinned one") as caught:
            await ask(server_context("self_signed"), tls)
        assert fingerprint("self_signed") in caught.value.problem


async def test_a_pin_does_not_replace_a_ca_that_is_named() -> None:
    tls = Tls(ca_file=HERE / "other_ca.pem", fingerprint=fingerprint("good"))
    with pytest.raises(WireError, match="unknown issuer"):
        await ask(server_context("good"), tls)


async def test_a_client_certificate_is_shown_when_named_and_asked_for_when_not() -> None:
    context = server_context("good", client_ca="ca")
    mine = Tls(ca_file=HERE / "ca.pem", client_cert=HERE / "client.pem", client_key=HERE / "client.key")
    assert await ask(context, mine) == ANSWER
    with pytest.raises(
        WireError, match="a client certificate may be wanted"
    ):  # asyncio's server drops its alert
        await ask(server_context("good", client_ca="ca"), CA)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_server_that_says_which_certificate_it_wants_is_quoted(version: ssl.TLSVersion) -> None:
    strange = Tls(
        ca_file=CA.ca_file, client_cert=HERE / "self_signed.pem", client_key=HERE / "self_signed.key"
    )
    for tls, words in ((CA, "client certificate"), (strange, "does not accept our client certificate")):
        context = server_context("good", client_ca="ca")
        context.minimum_version = context.maximum_version = version
        with refusing_handshakes(context) as port:
            wire = Wire(Endpoint("https", host="127.0.0.1", port=port, tls=tls), no_password)
            with pytest.raises(WireError, match=words) as caught:
                await wire.read(b"<call>", 5)
            assert caught.value.cause is Cause.TLS


@contextlib.contextmanager
def refusing_handshakes(context: ssl.SSLContext) -> Iterator[int]:
    """A blocking server, which sends its alert before it closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as peer:
                    with contextlib.suppress(ssl.SSLError):
                        peer.do_handshake()
                    while socket.socket.recv(peer, 65536):  # unread bytes would turn the close into a reset
                        pass

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


async def test_plain_http_on_the_port_is_told() -> None:
    async with serving(answers) as (plain, _):
        wire = Wire(Endpoint("https", host="127.0.0.1", port=plain.port), no_password)
        with pytest.raises(WireError, match=r"does not speak TLS|TLS does not begin") as caught:
            await wire.read(b"<call>", 1)
        assert caught.value.cause is Cause.TLS


async def test_https_on_the_port_of_a_plain_url_is_told() -> None:
    async with serving(answers, tls=server_context("good")) as (endpoint, _):
        wire = Wire(Endpoint("http", host="127.0.0.1", port=endpoint.port), no_password)
        with pytest.raises(WireError) as caught:
            await wire.read(b"<call>", 5)
        assert "TLS" in str(caught.value) or "https" in str(caught.value)


@pytest.mark.parametrize(
    "tls",
    [
        Tls(ca_file=HERE / "missing.pem"),
        Tls(ca_file=HERE / "make.sh"),
        Tls(ca_file=HERE / "ca.pem", client_cert=HERE / "missing.pem"),
        Tls(ca_file=HERE / "ca.pem", client_cert=HERE / "client.pem", client_key=HERE / "good.key"),
    ],
)
async def test_files_that_cannot_be_used_are_named(tls: Tls) -> None:
    with pytest.raises(WireError, match=r"cannot load .*certificates") as caught:
        await ask(server_context("good"), tls)
    assert caught.value.cause is Cause.TLS
