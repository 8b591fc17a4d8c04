"""Calls that supervisord answers later: it looks again and again until there is a value (`xmlrpc.py`, `http.py`).

A method returns a value or a `Deferred`; whoever sends the answer polls it. `NOT_YET` is what a poll says meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from tests.support.fake_fleet.marshal import RpcFault
from tests.support.fake_fleet.process import FakeProcess


class Waiting(Enum):
    """The one answer that is none."""

    NOT_YET = auto()


NOT_YET: Final = Waiting.NOT_YET


@dataclass(frozen=True, slots=True)
class Deferred:
    """An answer to come: `poll` returns it, or NOT_YET; it may raise RpcFault. `delay`: seconds between two polls."""

    poll: Callable[[], Any]
    delay: float


def for_each(
    processes: Iterable[FakeProcess], wanted: Callable[[FakeProcess], bool], act: Callable[[str], Any]
) -> Deferred:
    """One call for each process that is `wanted` then, and a list of results in the order they came (`make_allfunc`)."""
    waiting: list[tuple[FakeProcess, Deferred]] = []
    results: list[dict[str, Any]] = []

    def begin() -> None:
        for process in processes:
            if not wanted(process):
                continue
            try:
                outcome = act(namespec(process))
            except RpcFault as fault:
                results.append(_result(process, fault))
                continue
            if isinstance(outcome, Deferred):
                waiting.append((process, outcome))
            else:
                results.append(_result(process, None))

    def poll() -> Any:  # noqa: ANN401
        if not waiting:
            begin()
        for entry in waiting[:]:
            process, deferred = entry
            try:
                if deferred.poll() is NOT_YET:
                    continue
            except RpcFault as fault:
                results.append(_result(process, fault))
            else:
                results.append(_result(process, None))
            waiting.remove(entry)
        return NOT_YET if waiting else results

    return Deferred(poll, 0.05)


def namespec(process: FakeProcess) -> str:
    """The name that addresses it, the short one where that is enough (`options.py:make_namespec`)."""
    name = process.program.name
    return name if name == process.group else f"{process.group}:{name}"


def _result(process: FakeProcess, fault: RpcFault | None) -> dict[str, Any]:
    return {
        "name": process.program.name,
        "group": process.group,
        "status": 80 if fault is None else fault.code,
        "description": "OK" if fault is None else fault.text,
    }
