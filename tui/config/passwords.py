"""Every password that a fleet needs, fetched once: before the screen is taken, because a program may ask on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.config.schema import HostSettings
from tui.config.secrets import PasswordSource, Secret
from tui.errors import ConfigError


def fetch_passwords(
    hosts: Iterable[HostSettings], on_problem: Callable[[ConfigError], None] | None = None
) -> Mapping[str, Secret]:
    """Host name to password, for the hosts that have one; a source that many hosts share is asked once.

    A source that does not give its password is a ConfigError whose place is the first host that uses it. It is raised,
    unless `on_problem` takes it: then its hosts are left out, and only they will say that the login was refused.
    """
    fetched: dict[PasswordSource, Secret | None] = {}
    found: dict[str, Secret] = {}
    for host in hosts:
        if host.password not in fetched:
            fetched[host.password] = _fetch(host, on_problem)
        secret = fetched[host.password]
        if secret is not None:
            found[host.name] = secret
    return found


def _fetch(host: HostSettings, on_problem: Callable[[ConfigError], None] | None) -> Secret | None:
    try:
        return host.password.fetch()
    except ConfigError as error:
        problem = ConfigError(f"host {host.name}", error.problem, error.advice)
    if on_problem is None:
        raise problem
    on_problem(problem)
    return None
