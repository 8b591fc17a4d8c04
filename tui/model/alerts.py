"""What is worth hearing of while one looks elsewhere: a change for the worse that is not our doing, and a host's return.

Who comes in: transitions, as the timeline has them. Who leaves: one sentence for all of them. The rule: what has mended
itself before anybody could be told is not told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tui.model.fleet import Transition
from tui.model.states import ANSWERING, UNREACHABLE, ProcessState
from tui.text import clean

NAMED = 3
"""So many are named; of more, the first ones."""
_UNREACHABLE = frozenset(state.value for state in UNREACHABLE)
_ANSWERING = frozenset(state.value for state in ANSWERING)


@dataclass(frozen=True, slots=True)
class Alert:
    """One sentence, clean."""

    text: str
    bad: bool


def alert_of(transitions: Iterable[Transition]) -> Alert | None:
    """One sentence for all that these leave as news; None when that is nothing."""
    first: dict[object, Transition] = {}
    last: dict[object, Transition] = {}
    for transition in transitions:
        first.setdefault(transition.key, transition)
        last[transition.key] = transition
    failed = [one for key, one in last.items() if got_worse(first[key], one)]
    returned = [one for key, one in last.items() if came_back(first[key], one)]
    parts = []
    if failed:
        parts.append(_list([f"{_who(one)} {one.new}" for one in failed], "failed"))
    if returned:
        parts.append(_list([f"{_who(one)} is back" for one in returned], "hosts are back"))
    return Alert("; ".join(parts), bool(failed)) if parts else None


def is_news(transition: Transition) -> bool:
    """Whether this change by itself is worth an alert."""
    return got_worse(transition, transition) or came_back(transition, transition)


def got_worse(first: Transition, last: Transition) -> bool:
    """Whether a process that ran or was to run has failed, or a host that answered cannot be reached; not by us."""
    if last.ours or not first.old:
        return False
    if last.key.is_host:
        return last.new in _UNREACHABLE and first.old in _ANSWERING
    if last.new == ProcessState.FATAL.name:
        return first.old != last.new
    return last.new == ProcessState.EXITED.name and last.exitstatus != 0 and first.old != last.new


def came_back(first: Transition, last: Transition) -> bool:
    """Whether a host that could not be reached answers again."""
    return last.key.is_host and first.old in _UNREACHABLE and last.new in _ANSWERING


def _who(transition: Transition) -> str:
    key = transition.key
    if key.is_host:
        return clean(key.host)
    return clean(f"{key.host} {key.name if key.group == key.name else f'{key.group}:{key.name}'}")


def _list(words: list[str], many: str) -> str:
    """'web-01 celery FATAL', or '12 failed: web-01 celery FATAL, …'."""
    if len(words) == 1:
        return words[0]
    more = ", …" if len(words) > NAMED else ""
    return f"{len(words)} {many}: {', '.join(words[:NAMED])}{more}"
