"""What a verb is about: identities, frozen at the key press, with the words for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.model.fleet import FleetPicture
from tui.model.pace import Pace
from tui.model.plan import Plan
from tui.model.process import ProcessKey
from tui.model.states import HostState
from tui.text import clean, duration_words

BULK = 25
"""More targets than this are taken in batches of it."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """The targets of a verb."""

    keys: tuple[ProcessKey, ...]
    words: str
    """'web-01', '3 marked', 'all 40 shown'; clean."""
    marked: bool = False
    """The marks were meant: they go once the verb is under way."""

    @property
    def hosts(self) -> tuple[ProcessKey, ...]:
        """The hosts concerned, each once."""
        return tuple(dict.fromkeys(ProcessKey(key.host) for key in self.keys))


def key_words(key: ProcessKey) -> str:
    """`HOST/GROUP:NAME` as the command line takes it, `HOST/` for a host; clean."""
    if key.is_host:
        return clean(f"{key.host}/")
    return clean(f"{key.host}/{key.group}:{key.name or '*'}")


def short_words(key: ProcessKey) -> str:
    """The same for people: 'web-01 celery', or the host."""
    if key.is_host:
        return clean(key.host)
    name = key.name if key.group == key.name else f"{key.group}:{key.name or '*'}"
    return clean(f"{key.host} {name}")


def everywhere(keys: Iterable[ProcessKey], picture: FleetPicture) -> tuple[ProcessKey, ...]:
    """The same programs (or groups, or supervisords) on every host that has them, each once."""
    found: dict[ProcessKey, None] = {}
    for key in keys:
        for host in picture.hosts.values():
            same = ProcessKey(host.host, key.group, key.name)
            groups = {process.key.group for process in host.processes}
            if key.is_host or (key.group in groups if key.is_group else same in host.by_key):
                found[same] = None
    return tuple(found)


def pace_for(count: int) -> Pace:
    """How a job of so many targets goes: all at once when few, in batches when many."""
    return Pace(batch=BULK) if count > BULK else Pace()


def tail_of_question(plan: Plan) -> str:
    """What a one-line question adds: who, when they are several, and how old the data is."""
    names = ""
    if 1 < len(plan.acting) <= 5:
        names = ", ".join(step.shown for step in plan.acting) + "; "
    age = "less than a second" if plan.data_age < 1 else duration_words(plan.data_age)
    return f"{names}data {age} old"


def as_json(keys: Iterable[ProcessKey], picture: FleetPicture) -> str:
    """Everything known about these, as JSON for a ticket or a chat."""
    return json.dumps([_known(key, picture) for key in keys], indent=2, ensure_ascii=False)


def _known(key: ProcessKey, picture: FleetPicture) -> Mapping[str, object]:
    host = picture.hosts.get(key.host)
    process = picture.process(key)
    state = HostState.PENDING if host is None else host.state
    known: dict[str, object] = {
        "host": key.host,
        "host_state": state.value,
        "host_problem": "" if host is None else host.problem,
    }
    if process is not None:
        known |= {
            "group": key.group,
            "name": key.name,
            "state": process.state.name,
            "pid": process.pid,
            "start": process.start,
            "stop": process.stop,
            "exitstatus": process.exitstatus,
            "spawnerr": process.spawnerr,
            "stdout_logfile": process.stdout_logfile,
            "stderr_logfile": process.stderr_logfile,
        }
    return known
