"""The one place where a low-level error becomes a `WireError`: a cause, what happened in words, and what to do next.

Who comes in: `http` and `connect`, with whatever the kernel, OpenSSL or a peer did. No sentence holds bytes of the peer
that were not cleaned, and none holds a password.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Mapping

from tui.errors import BadAnswer, Cause, WireError
from tui.model.endpoint import Endpoint
from tui.text import clean

_IS_IT_RUNNING = "see whether supervisord runs there, and on which port"
_FIREWALL = "see whether the machine is up, and whether a firewall is in between"


class HttpStatusError(WireError):
    """An HTTP answer that is not 200; `status` is its number."""

    def __init__(self, status: int, cause: Cause, problem: str, advice: str = "", *, committed: bool) -> None:
        super().__init__(cause, problem, advice, committed=committed)
        self.status = status


# --- connecting -----------------------------------------------------------------------------------------------------


def cannot_connect(error: BaseException, endpoint: Endpoint) -> WireError:
    """Why no connection came about; nothing was sent."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, ssl.SSLError):
        return tls_problem(error, endpoint)
    where = endpoint.url
    if isinstance(error, TimeoutError):
        return WireError(Cause.TIMEOUT, f"no connection to {where} came about in time", _FIREWALL)
    if endpoint.scheme == "unix" and isinstance(error, OSError):
        return _no_socket(error, where)
    if isinstance(error, OSError):
        code = error.errno
        if code == errno.ECONNREFUSED:
            return WireError(Cause.REFUSED, f"nothing listens at {where}", _IS_IT_RUNNING)
        if code in (
            errno.EHOSTUNREACH,
            errno.ENETUNREACH,
            errno.ENETDOWN,
            errno.EHOSTDOWN,
            errno.EADDRNOTAVAIL,
        ):
            return WireError(
                Cause.REFUSED, f"there is no route to {where}", "see the network between here and there"
            )
        if code in (errno.EACCES, errno.EPERM):
            return WireError(
                Cause.REFUSED, f"this machine may not connect to {where}", "see its firewall rules"
            )
        if code in (errno.EMFILE, errno.ENFILE):
            return WireError(Cause.REFUSED, "this program has no file descriptors left", "raise ulimit -n")
        if isinstance(error, ConnectionError):
            return WireError(
                Cause.REFUSED,
                f"{where} closed the connection at once",
                "see what listens there; https may be wanted"
                if endpoint.scheme == "http"
                else _IS_IT_RUNNING,
            )
    return WireError(Cause.REFUSED, f"cannot connect to {where}: {_words(error)}", _IS_IT_RUNNING)


def _no_socket(error: OSError, where: str) -> WireError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return WireError(
            Cause.REFUSED, f"there is no socket at {where}", "see whether supervisord runs, and its file="
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return WireError(
            Cause.AUTH,
            f"you may not open {where}",
            "see chown and chmod of its [unix_http_server], and your groups",
        )
    if error.errno in (errno.ECONNREFUSED, errno.ENOTSOCK, errno.EPROTOTYPE):
        return WireError(
            Cause.REFUSED,
            f"nobody listens at {where}",
            "a supervisord that died left it behind; start it again",
        )
    if error.errno is None or error.errno == errno.ENAMETOOLONG:
        return WireError(
            Cause.REFUSED, f"the path of {where} is too long", "107 bytes are all a socket may have"
        )
    return WireError(Cause.REFUSED, f"cannot connect to {where}: {_words(error)}", _IS_IT_RUNNING)


def no_handshake(endpoint: Endpoint) -> WireError:
    """TCP connected, TLS did not get going."""
    return WireError(
        Cause.TLS,
        f"{endpoint.url} is connected, but TLS does not begin",
        "see whether that port speaks TLS at all",
    )


def broken_handshake(endpoint: Endpoint) -> WireError:
    """TCP connected, and the peer went away in the middle of the TLS handshake without a word."""
    return WireError(
        Cause.TLS,
        f"{endpoint.url} broke off the TLS handshake",
        "it may want a client certificate: client_cert; or that port does not speak TLS",
    )


def name_not_found(name: str, error: OSError) -> WireError:
    """The resolver said no, or nothing."""
    name = clean(name, 200)
    if isinstance(error, TimeoutError):
        return WireError(Cause.DNS, f"looking up {name} took too long", "see the resolver of this machine")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return WireError(
            Cause.DNS, f"the resolver does not answer for {name}", "see the resolver of this machine"
        )
    return WireError(Cause.DNS, f"there is no host named {name}", "see its spelling in hosts.yaml")


# --- TLS ------------------------------------------------------------------------------------------------------------

_CERTIFICATE_PROBLEMS = {
    9: ("its certificate is not valid yet", "see the clocks of both machines"),
    10: ("its certificate has expired", "renew it there"),
    18: ("its certificate is self-signed", "name it as ca_file, or pin its fingerprint"),
    19: ("its certificate comes from an unknown issuer (a self-signed CA)", "name that CA as ca_file"),
    20: ("its certificate comes from an unknown issuer", "name the CA as ca_file"),
    21: ("its certificate comes from an unknown issuer, and it sends no chain", "name the CA as ca_file"),
    23: ("its certificate was revoked", "renew it there"),
    62: ("its certificate is for another name", "use the name the certificate holds"),
    64: ("its certificate is for another address", "use the name the certificate holds"),
}


def tls_problem(error: ssl.SSLError, endpoint: Endpoint, *, committed: bool = False) -> WireError:
    """Why TLS did not come about, one sentence for each reason."""
    where = endpoint.url
    if isinstance(error, ssl.SSLCertVerificationError):
        problem, advice = _CERTIFICATE_PROBLEMS.get(
            error.verify_code,
            (f"its certificate is refused: {clean(error.verify_message, 200)}", "see the certificate"),
        )
        return WireError(Cause.TLS, f"{where}: {problem}", advice)
    reason = (error.reason or "").upper()
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL"):
        return WireError(
            Cause.TLS, f"{where}: that port does not speak TLS", "use http:// if it is plain HTTP"
        )
    if "CERTIFICATE_REQUIRED" in reason:
        return WireError(
            Cause.TLS,
            f"{where}: it wants a client certificate",
            "name client_cert and client_key",
            committed=False,
        )
    if "ALERT" in reason and ("UNKNOWN_CA" in reason or "CERTIFICATE" in reason):
        return WireError(
            Cause.TLS, f"{where}: it does not accept our client certificate", "see client_cert and client_key"
        )
    if "HANDSHAKE_FAILURE" in reason:
        return WireError(
            Cause.TLS,
            f"{where}: it refused the TLS handshake",
            "it may want a client certificate: client_cert",
        )
    if "VERSION" in reason:
        return WireError(Cause.TLS, f"{where}: no TLS version in common", "see which versions it offers")
    words = clean(reason.replace("_", " ").lower() or _words(error), 200)
    return WireError(Cause.TLS, f"{where}: TLS failed: {words}", "see its TLS settings", committed=committed)


def wrong_fingerprint(endpoint: Endpoint, seen: str) -> WireError:
    """The peer's certificate is another than the pinned one."""
    return WireError(
        Cause.TLS,
        f"{endpoint.url}: its certificate is another than the pinned one (it is sha256:{seen})",
        "if it was renewed, put the new fingerprint into hosts.yaml; else somebody is in between",
    )


def unusable_tls_files(error: OSError | ssl.SSLError, endpoint: Endpoint) -> WireError:
    """Our own CA file, certificate or key does not load."""
    names = [str(p) for p in (endpoint.tls.ca_file, endpoint.tls.client_cert, endpoint.tls.client_key) if p]
    return WireError(
        Cause.TLS, f"{endpoint.url}: cannot load {' or '.join(names)}: {_words(error)}", "see these files"
    )


# --- asking ---------------------------------------------------------------------------------------------------------


def not_answering(endpoint: Endpoint, seconds: float, *, committed: bool, begun: bool) -> WireError:
    """Connected, and then too little came."""
    if begun:
        problem = f"the answer of {endpoint.url} did not end within {seconds:g} s"
        return WireError(Cause.TIMEOUT, problem, "it is slow, or stopped in the middle", committed=committed)
    problem = f"{endpoint.url} is connected, but does not answer ({seconds:g} s)"
    return WireError(
        Cause.TIMEOUT,
        problem,
        "supervisord may be frozen or very busy: see its process there",
        committed=committed,
    )


def connection_lost(
    error: BaseException | None, endpoint: Endpoint, *, committed: bool, begun: bool
) -> WireError:
    """The peer went away before the answer was whole."""
    if isinstance(error, ssl.SSLError):
        return tls_problem(error, endpoint, committed=committed)
    if begun:
        return BadAnswer(
            f"the answer of {endpoint.url} was cut in the middle", "it is asked again", committed=committed
        )
    if isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno == errno.ETIMEDOUT):
        return WireError(
            Cause.TIMEOUT, f"the connection to {endpoint.url} died", _FIREWALL, committed=committed
        )
    return WireError(
        Cause.REFUSED,
        f"{endpoint.url} closed the connection without an answer",
        f"supervisord may be going down; if it goes on, {_SILENT_CLOSE[endpoint.scheme]}",
        committed=committed,
    )


_SILENT_CLOSE = {
    "http": "see what listens there: https may be wanted",
    "https": "see what listens there: a client certificate may be wanted",
    "unix": "see what listens there",
}


def not_http(endpoint: Endpoint, start: bytes, *, committed: bool) -> WireError:
    """What came back does not begin as an HTTP answer does."""
    if start[:1] in (b"\x15", b"\x16") and start[1:2] == b"\x03":
        return WireError(
            Cause.PROTOCOL, f"{endpoint.url} speaks TLS", "write https:// in hosts.yaml", committed=False
        )
    shown = clean(start[:40].decode("ascii", "replace").strip(), 40)
    return BadAnswer(
        f"{endpoint.url} does not answer in HTTP (it says {shown!r})",
        "another program listens there: see the port",
        committed=committed,
    )


def bad_http(endpoint: Endpoint, why: str, *, committed: bool) -> WireError:
    """An HTTP answer outside our limits or the standard."""
    return BadAnswer(
        f"{endpoint.url} answers in broken HTTP: {clean(why, 200)}",
        "see what listens there",
        committed=committed,
    )


def status_problem(
    status: int, headers: Mapping[str, str], endpoint: Endpoint, *, sent_password: bool, stream: bool = False
) -> HttpStatusError:
    """An HTTP status that is not 200. Only a wrong password is sure to be noticed before the call is run.

    Everything else may come of something in between that has passed the call on first: its error page for the answer.
    """
    where = endpoint.url
    cause, committed = Cause.PROTOCOL, True
    if status == 401:
        cause, committed = Cause.AUTH, False
        problem = (
            f"{where} does not accept this user and password"
            if sent_password
            else f"{where} wants a password"
        )
        advice = "see user and password of this host in hosts.yaml"
    elif status == 403:
        cause = Cause.AUTH
        problem, advice = f"{where} forbids this (403)", "a proxy or its rules say no: see its log"
    elif status == 407:
        cause, committed = Cause.AUTH, False
        problem, advice = f"{where}: a proxy in between wants a password (407)", "use a direct way"
    elif 300 <= status < 400:
        target = clean(headers.get("location", ""), 200) or "nowhere"
        problem, advice = f"{where} redirects to {target}; not followed", "write that address if you trust it"
    elif status in (404, 410):
        problem = f"{where} has no {'such log' if stream else 'XML-RPC at this path'} ({status})"
        advice = "" if stream else "see the path in its url, and that it is a supervisord"
    elif status in (400, 405, 411, 413, 414, 415, 431):
        problem = f"{where} does not take the request ({status})"
        advice = "see what listens there: supervisord would"
    elif status in (502, 503, 504):
        problem, advice = (
            f"a proxy at {where} cannot reach supervisord ({status})",
            "see the proxy and what is behind it",
        )
    elif status >= 500:
        problem, advice = (
            f"an error inside supervisord at {where} ({status})",
            "its main log holds the traceback",
        )
    else:
        problem, advice = f"{where} answers with status {status}", "see what listens there"
    return HttpStatusError(status, cause, problem, advice, committed=committed)


def _words(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return clean(text or type(error).__name__, 200)
