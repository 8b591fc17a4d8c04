"""Addresses of what a verb acts on: `HOST/GROUP:NAME`, each part may be a glob.

    celery          on every host, the process celery of the group celery, as in supervisorctl
    api:web-*       on every host, those processes of the group api
    api:*  api:     the whole group
    web-01/         everything on that host
    web-*/api:*     …

The command line comes in with words, process keys leave. The rule: what matches nothing is an error that names the
nearest names, never an empty selection.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from tui.errors import NoMatchError, UsageError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey
from tui.text import clean, nearest

TARGET_CHARS = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """One parsed address; each part a glob or a literal name. `group` empty: everything on the host."""

    host: str = "*"
    group: str = ""
    name: str = ""
    text: str = ""
    """As the user wrote it."""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Split an address. Raises `UsageError` when a part is missing."""
        if not text.strip() or len(text) > TARGET_CHARS:
            raise UsageError(
                "a target is empty or too long", "write HOST/GROUP:NAME, GROUP:NAME, NAME or HOST/"
            )
        host, slash, rest = text.partition("/")
        if not slash:
            host, rest = "*", text
        elif not host:
            raise UsageError(
                f"the target '{clean(text)}' names no host before the slash", "*/… means every host"
            )
        if not rest:
            return cls(host, text=text)
        group, colon, name = rest.partition(":")
        if not group:
            raise UsageError(
                f"the target '{clean(text)}' names no group before the colon", "write GROUP:NAME"
            )
        return cls(host, group, (name or "*") if colon else group, text)

    @property
    def whole_host(self) -> bool:
        """Whether everything on the host is meant, so that a plan can tell it from a list of processes."""
        return not self.group

    def covers_host(self, host: str) -> bool:
        """Whether a host of this configured name is meant."""
        return self.host in ("*", host) or (
            _is_glob(self.host) and _compiled(self.host).match(host) is not None
        )


def resolve(targets: Iterable[Target], picture: FleetPicture) -> tuple[ProcessKey, ...]:
    """The processes that the targets name, in order of first mention, each once.

    Raises `NoMatchError` for the first target that names none.
    """
    keys: dict[ProcessKey, None] = {}
    for target in targets:
        found = [process.key for process in _processes(target, picture)]
        if not found:
            raise _no_process(target, picture)
        keys.update(dict.fromkeys(found))
    return tuple(keys)


def resolve_wholes(targets: Iterable[Target], picture: FleetPicture) -> tuple[ProcessKey, ...]:
    """Like `resolve`, but `HOST/` gives the host's own key and `GROUP:*` the group's, for `plan.make_plan`.

    A plan can then tell a whole host (which it remembers and recalls, and asks more firmly about) from a list of
    processes. A host that could not be read stays in, for the plan to say so.
    """
    keys: dict[ProcessKey, None] = {}
    for target in targets:
        if target.whole_host:
            found = [ProcessKey(name) for name in resolve_hosts([target.host], picture)]
        elif target.name == "*" and not _is_glob(target.group):
            found = [ProcessKey(*key[:2]) for key in resolve([target], picture)]
        else:
            found = list(resolve([target], picture))
        keys.update(dict.fromkeys(found))
    return tuple(keys)


def resolve_hosts(patterns: Iterable[str], picture: FleetPicture) -> tuple[str, ...]:
    """The configured names of the hosts that the patterns (a slash at the end is allowed) name, each once.

    Raises `NoMatchError` for the first pattern that names none.
    """
    names: dict[str, None] = {}
    for pattern in patterns:
        found = [host.host for host in _hosts(pattern.removesuffix("/"), picture)]
        if not found:
            raise _no_host(pattern.removesuffix("/"), picture)
        names.update(dict.fromkeys(found))
    return tuple(names)


def _hosts(pattern: str, picture: FleetPicture) -> Iterable[HostSnapshot]:
    """A name that is there is itself, also with brackets in it ([::1]); anything else is a glob."""
    literal = picture.hosts.get(pattern)
    if literal is not None:
        return (literal,)
    if not _is_glob(pattern):
        return ()
    compiled = _compiled(pattern)
    return (host for name, host in picture.hosts.items() if compiled.match(name))


def _processes(target: Target, picture: FleetPicture) -> Iterator[Process]:
    everything = not target.group or (target.group == "*" and target.name == "*")
    literal = not _is_glob(target.group) and not _is_glob(target.name)
    group, name = _compiled(target.group), _compiled(target.name)
    for host in _hosts(target.host, picture):
        if everything:
            yield from host.processes
            continue
        exact = host.by_key.get(ProcessKey(host.host, target.group, target.name))
        if exact is not None:
            yield exact
        elif literal:
            shown = (target.group, target.name)
            yield from (row for row in host.processes if (row.shown_group, row.shown_name) == shown)
        else:
            yield from (row for row in host.processes if _is_named(row, group, name))


def _is_named(process: Process, group: re.Pattern[str], name: re.Pattern[str]) -> bool:
    return bool(
        (group.match(process.key.group) or group.match(process.shown_group))
        and (name.match(process.key.name) or name.match(process.shown_name))
    )


def _is_glob(pattern: str) -> bool:
    return any(char in pattern for char in "*?[")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # '[[a]' is a glob like any other
        return re.compile(translate(pattern))


# --- errors that help -----------------------------------------------------------------------------------------------


def _no_host(pattern: str, picture: FleetPicture) -> NoMatchError:
    shown = clean(pattern, 80)
    if not picture.hosts:
        return NoMatchError(f"no host is called '{shown}'", "no hosts are configured")
    near = nearest(pattern, picture.hosts) or list(picture.hosts)[:3]
    return NoMatchError(f"no host is called '{shown}'", f"nearest: {_listed(near)}")


def _no_process(target: Target, picture: FleetPicture) -> NoMatchError:
    hosts = list(_hosts(target.host, picture))
    if not hosts:
        return _no_host(target.host, picture)
    shown = clean(target.text or f"{target.host}/{target.group}:{target.name}", 80)
    unread = [host for host in hosts if host.read_at is None and not host.processes]
    if len(unread) == len(hosts):
        first = unread[0]
        reason = first.problem or f"it is {first.state.value}"
        return NoMatchError(
            f"'{shown}' matches nothing: {clean(first.host)} could not be read ({reason})", first.advice
        )
    rows = [process for host in hosts for process in host.processes]
    if not rows:
        return NoMatchError(f"'{shown}' matches nothing", "there are no processes on these hosts")
    return NoMatchError(f"'{shown}' matches no process", _advice(target, rows, picture))


def _advice(target: Target, rows: list[Process], picture: FleetPicture) -> str:
    if target.name == target.group and any(row.key.group == target.group for row in rows):
        return f"{clean(target.group)} is a group: '{clean(target.group)}:*' means all of it"
    if target.group in picture.hosts:
        return f"{clean(target.group)} is a host: '{clean(target.group)}/' means everything on it"
    wanted = target.group if target.group == target.name else f"{target.group}:{target.name}"
    titles = dict.fromkeys([f"{row.shown_group}:*" for row in rows if row.key.group != row.key.name])
    titles.update(dict.fromkeys(row.title for row in rows))
    near = nearest(wanted, titles) or nearest(target.name, titles) or list(titles)[:3]
    return f"nearest: {_listed(near)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(clean, names))
