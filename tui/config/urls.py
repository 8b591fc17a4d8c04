"""A URL to an Endpoint, and the login that may stand in it.

Our own small parser: the standard library's quotes the URL, and the password with it, in its errors. Nothing here ever
shows the text it was given; whoever calls adds the place.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from tui.config.secrets import Secret
from tui.model.endpoint import RPC_PATH, Endpoint
from tui.text import clean

MAX_SOCKET_PATH = 107
"""Bytes of a unix socket's path that the kernel takes (sun_path)."""

_HOST_NAME = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,252}")
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_PATH = re.compile(r"(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*/*")
_SCHEMES: dict[str, tuple[Literal["http", "https"], int]] = {"http": ("http", 80), "https": ("https", 443)}


class BadUrl(ValueError):
    """What is wrong with a URL, in words that hold nothing of it; `advice` may be empty."""

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem)
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Address:
    """A URL taken apart. `login` holds the user and, when there was one, the password."""

    endpoint: Endpoint
    login: tuple[str, Secret | None] | None = None


def parse_url(url: str) -> Address:
    """Take `url` apart; TLS settings are the defaults. Raises BadUrl."""
    if re.search(r"[\s\x00-\x20\x7f]", url):
        raise BadUrl("this URL holds a space or a control character")
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator:
        raise BadUrl("this is no URL", "it begins with http://, https:// or unix://")
    if scheme == "unix":
        return Address(_unix(rest))
    if scheme not in _SCHEMES:
        raise BadUrl("this kind of URL is not supported", "it begins with http://, https:// or unix://")
    kind, default_port = _SCHEMES[scheme]
    authority, slash, path = rest.partition("/")
    if "?" in rest or "#" in rest:
        raise BadUrl(
            "? and # have no place in this URL", "in a password write %3F and %23" if "@" in rest else ""
        )
    login_text, at, host_and_port = authority.rpartition("@")
    host, port = _host_and_port(host_and_port, default_port)
    if port is None:
        advice = "in a password write / as %2F, @ as %40" if "@" in rest else ""
        raise BadUrl("the port of this URL is not a number from 1 to 65535", advice)
    endpoint = Endpoint(kind, host=host, port=port, prefix=_prefix(slash + path))
    return Address(endpoint, _login(login_text) if at else None)


def host_name(text: str) -> str:
    """`text` as a host to connect to: a name, an IPv4 or IPv6 address, brackets taken off. Raises BadUrl."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        address, _, zone = bare.partition("%")
        try:
            ipaddress.IPv6Address(address)
        except ValueError:
            raise BadUrl("this is not an IPv6 address") from None
        if "%" in bare and not re.fullmatch("[A-Za-z0-9._-]{1,15}", zone):
            raise BadUrl("this is not an IPv6 address")
        return bare
    if bare != text or not _HOST_NAME.fullmatch(bare):
        raise BadUrl(
            "a host is letters, digits and . _ - or an IPv6 address in brackets, and does not begin with -"
        )
    return bare


def loopback(endpoint: Endpoint) -> bool:
    """Whether nothing leaves this machine on the way there."""
    if endpoint.scheme == "unix" or endpoint.host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(endpoint.host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _unix(path: str) -> Endpoint:
    if not path.startswith("/"):
        raise BadUrl("a unix:// URL names an absolute path", "unix:///var/run/supervisor.sock")
    if len(os.fsencode(path)) > MAX_SOCKET_PATH:
        raise BadUrl(f"the path of a unix socket is at most {MAX_SOCKET_PATH} bytes long")
    return Endpoint("unix", socket=Path(path))


def _host_and_port(text: str, default_port: int) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"(\[[^\[\]]*\])(?::(.*))?", text, re.DOTALL)
    if bracketed:
        host, port = bracketed[1], bracketed[2]
    else:
        host, colon, after = text.partition(":")
        port = after if colon else None
        if ":" in after:
            raise BadUrl("an IPv6 address needs brackets here", "http://[::1]:9001")
    if not host:
        raise BadUrl("this URL names no host")
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= 65535):
        return host, None
    return host_name(host), default_port if port is None else int(port)


def _login(text: str) -> tuple[str, Secret | None]:
    user, colon, password = text.partition(":")
    try:
        user, password = unquote(user, errors="strict"), unquote(password, errors="strict")
    except UnicodeDecodeError:
        raise BadUrl("the login in this URL is not UTF-8 after its percent signs are read") from None
    if not user or ":" in user or clean(user) != user:
        raise BadUrl("the user in this URL is empty, or holds a colon or a control character")
    return user, Secret(password) if colon else None


def _prefix(path: str) -> str:
    """The path before /RPC2, which is what the Endpoint keeps: '' or '/x'."""
    if not _PATH.fullmatch(path):
        raise BadUrl("the path of this URL holds a character that does not belong there", "write it as %XX")
    return path.rstrip("/").removesuffix(RPC_PATH).rstrip("/")
