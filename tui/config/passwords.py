"""Every password that a fleet needs, fetched before the screen is taken, because a program may ask on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tui.config.environment import forget_variables
from tui.config.redactor import Redactor
from tui.config.schema import HostSettings
from tui.config.secrets import EnvPassword, GivenUp, InlinePassword, PasswordSource, Secret, never
from tui.errors import ConfigError

NOTHING_KNOWN: Mapping[PasswordSource, Secret] = {}


def fetch_passwords(
    hosts: Iterable[HostSettings],
    on_problem: Callable[[ConfigError], None] | None = None,
    known: Mapping[PasswordSource, Secret] = NOTHING_KNOWN,
    given_up: GivenUp = never,
) -> Mapping[str, Secret]:
    """Host name to password, for the hosts that have one; a source that many hosts share is asked once.

    A source that does not give its password is a ConfigError whose place is the first host that uses it. It is raised,
    unless `on_problem` takes it: then its hosts are left out, and only they will say that the login was refused.
    Variables are read first and then forgotten: no program that gives a password inherits another one. What is `known`
    of an earlier time stands in for a variable, which is gone, and for a source that gives nothing this time.
    """
    sources: dict[PasswordSource, HostSettings] = {}
    hosts = tuple(hosts)
    for host in hosts:
        sources.setdefault(host.password, host)
    variables = [source for source in sources if isinstance(source, EnvPassword)]
    fetched: dict[PasswordSource, Secret | None] = {
        source: known[source] if source in known else _fetch(sources[source], on_problem, known, given_up)
        for source in variables
    }
    forget_variables(source.name for source in variables)
    for source, host in sources.items():
        if source not in fetched:
            fetched[source] = _fetch(host, on_problem, known, given_up)
    found = {host.name: fetched[host.password] for host in hosts}
    return {name: secret for name, secret in found.items() if secret is not None}


def know(redactor: Redactor, hosts: Iterable[HostSettings], passwords: Mapping[str, Secret]) -> None:
    """Tell the redactor every password of these hosts: those that were fetched, and what stands in the configuration."""
    for host in hosts:
        if isinstance(host.password, InlinePassword):
            redactor.add(host.password.secret, host.user)
        if host.name in passwords:
            redactor.add(passwords[host.name], host.user)
    redactor.told = True


def by_source(
    hosts: Iterable[HostSettings], passwords: Mapping[str, Secret]
) -> Mapping[PasswordSource, Secret]:
    """What these sources gave, for the next time that they are asked."""
    return {host.password: passwords[host.name] for host in hosts if host.name in passwords}


def _fetch(
    host: HostSettings,
    on_problem: Callable[[ConfigError], None] | None,
    known: Mapping[PasswordSource, Secret],
    given_up: GivenUp,
) -> Secret | None:
    try:
        return host.password.fetch(given_up)
    except ConfigError as error:
        still = "; the one read before is used" if host.password in known else ""
        problem = ConfigError(f"host {host.name}", f"{error.problem}{still}", error.advice)
    if on_problem is None:
        raise problem
    on_problem(problem)
    return known.get(host.password)
