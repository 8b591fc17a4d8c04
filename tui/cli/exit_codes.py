"""What a script may rely on: one number per ending, the highest of 4, 3, 1 that applies wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.model.outcome import Outcome


class ExitCode(IntEnum):
    """The process's exit status."""

    OK = 0
    FAILED = 1
    """At least one target FAILED or was NOT_EXECUTED."""
    USAGE = 2
    NOT_RUNNING = 3
    """`status`: a selected process is not running. Actions: an outcome is UNKNOWN."""
    UNREADABLE = 4
    """A selected host could not be read, or no target matched."""
    REFUSED = 5
    INTERRUPTED = 130


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The code that wins among those that apply."""
    return max(codes, default=ExitCode.OK)


def code_for_outcomes(outcomes: Iterable[Outcome], unreadable: bool) -> ExitCode:
    """The exit status of an action whose targets ended like this; `unreadable`: a host of theirs cannot be read."""
    codes = [_CODE_FOR_KIND[outcome.kind.name] for outcome in outcomes]
    if unreadable:
        codes.append(ExitCode.UNREADABLE)
    return worst(codes)


_CODE_FOR_KIND = {
    "DONE": ExitCode.OK,
    "SKIPPED": ExitCode.OK,
    "FAILED": ExitCode.FAILED,
    "NOT_EXECUTED": ExitCode.FAILED,
    "UNKNOWN": ExitCode.NOT_RUNNING,
}
