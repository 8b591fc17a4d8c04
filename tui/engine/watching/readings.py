"""What a read makes of the snapshot before: everything anew, some rows anew, or only a sign of life.

Pure arithmetic: who comes in is the last `HostSnapshot` and an answer, who leaves is the next one. Times are seconds of our
monotonic clock. The rule: rows that did not change stay the same objects, so that everybody above may compare by identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tui.model.host import HostSnapshot, answering_state
from tui.model.process import Process, ProcessKey
from tui.model.states import ANSWERING
from tui.rpc.client import StatusAnswer

CLOCK_SLACK = 0.05
"""Seconds by which a server's clock may seem to miss its own second before we believe that it moved."""


def clock_offset(previous: float | None, now: int, asked: float, answered: float) -> float:
    """Server epoch seconds minus our clock, from an answer that says `now` (whole seconds, cut off).

    The server's clock stood between `now` and `now + 1` at some time between `asked` and `answered`. As long as the offset
    known so far agrees with that it is kept, so that uptimes do not tremble; a jump of either clock is taken over at once.
    """
    least, most = now - answered, now + 1 - asked
    if previous is None:
        return (least + most) / 2
    if least - CLOCK_SLACK <= previous <= most + CLOCK_SLACK:
        return previous
    return least if previous < least else most


def everything(last: HostSnapshot, answer: StatusAnswer, asked: float, answered: float) -> HostSnapshot:
    """All rows as the answer has them; the same tuple as before when they are equal."""
    processes = answer.processes
    if processes is not last.processes and processes == last.processes:
        processes = last.processes  # a feed had told already
    same = processes is last.processes and last.state in ANSWERING
    return replace(
        last,
        state=last.state if same else answering_state(processes),
        problem="",
        advice="",
        last_problem=last.problem or last.last_problem,
        last_problem_at=answered if last.problem else last.last_problem_at,
        processes=processes,
        read_at=answered,
        tried_at=answered,
        clock_offset=_offset(last, answer.now, asked, answered),
        latency=answered - asked,
    )


def some(
    last: HostSnapshot, found: Mapping[ProcessKey, Process], now: int, asked: float, answered: float
) -> HostSnapshot:
    """The rows of `found` instead of those with their keys."""
    processes = last.processes
    if any(found[key] != last.by_key[key] for key in found):
        processes = tuple([found.get(process.key, process) for process in processes])
    return replace(
        last,
        state=last.state if processes is last.processes else answering_state(processes),
        processes=processes,
        read_at=answered,
        tried_at=answered,
        clock_offset=_offset(last, now, asked, answered),
    )


def nothing_new(last: HostSnapshot, answered: float) -> HostSnapshot:
    """It lives, and its feed names nothing: the rows are as current as if they had just been read."""
    return replace(last, read_at=answered, tried_at=answered)


def _offset(last: HostSnapshot, now: int, asked: float, answered: float) -> float:
    return clock_offset(last.clock_offset or None, now, asked, answered) if now else last.clock_offset
