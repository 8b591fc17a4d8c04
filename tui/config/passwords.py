"""Every password that a fleet needs, fetched once: before the screen is taken, because a program may ask on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tui.config.schema import HostSettings
from tui.config.secrets import PasswordSource, Secret
from tui.errors import ConfigError


def fetch_passwords(hosts: Iterable[HostSettings]) -> Mapping[str, Secret]:
    """Host name to password, for the hosts that have one; a source that many hosts share is asked once.

    Raises ConfigError, its place the first host's name, when a source does not give its password.
    """
    fetched: dict[PasswordSource, Secret | None] = {}
    found: dict[str, Secret] = {}
    for host in hosts:
        if host.password not in fetched:
            fetched[host.password] = _fetch(host)
        secret = fetched[host.password]
        if secret is not None:
            found[host.name] = secret
    return found


def _fetch(host: HostSettings) -> Secret | None:
    try:
        return host.password.fetch()
    except ConfigError as error:
        raise ConfigError(f"host {host.name}", error.problem, error.advice) from None
