"""Where one supervisord listens and how to speak to it: a pure value that both the configuration and the wire know.

It holds no secret: the password stays in `config.secrets` and reaches the wire as a callable.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Scheme = Literal["http", "https", "unix"]

RPC_PATH = "/RPC2"


@dataclass(frozen=True, slots=True)
class Tls:
    """How an https host proves itself, and how we do."""

    verify: bool = True
    ca_file: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    fingerprint: str = ""
    """Lower-case hex sha256 of the peer's DER certificate; empty when not pinned."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address. `host`/`port` for http and https, `socket` for unix; `prefix` is a path before /RPC2, '' or '/x'.

    An IPv6 address stands in `host` without its brackets.
    """

    scheme: Scheme
    host: str = ""
    port: int = 0
    socket: Path | None = None
    prefix: str = ""
    tls: Tls = Tls()

    @property
    def url(self) -> str:
        """The address for people and JSON; never holds a user or a password."""
        if self.scheme == "unix":
            return f"unix://{self.socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"

    @property
    def rpc_path(self) -> str:
        """The request target of XML-RPC calls; log streams hang at the same prefix."""
        return f"{self.prefix}{RPC_PATH}"
