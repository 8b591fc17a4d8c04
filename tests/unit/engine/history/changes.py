"""Builders for the tests of the history: a store in a directory, transitions, what the store holds, a writer elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tui.engine.history.file import History, open_to_write
from tui.engine.history.reading import reading
from tui.engine.history.writing import Writer
from tui.model.fleet import Transition
from tui.model.process import ProcessKey

KEY = ProcessKey("web-01", "celery", "celery")
BEGAN = 1_700_000_000.0


@contextlib.contextmanager
def store(directory: Path) -> Iterator[History]:
    """The file, open for writing."""
    connection = open_to_write(directory)
    try:
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def writer(directory: Path) -> Iterator[Writer]:
    """One program that writes there."""
    with store(directory) as connection:
        yield Writer(connection)


def change(
    old: str,
    new: str,
    at: float,
    *,
    key: ProcessKey = KEY,
    pid: int = 0,
    start: int = 0,
    stop: int = 0,
    exitstatus: int = 0,
    ours: bool = False,
) -> Transition:
    """A transition `at` seconds after the beginning."""
    return Transition(1, BEGAN + at, key, old, new, pid, exitstatus, ours, start, stop)


def kept(directory: Path) -> list[Transition]:
    """All that the store holds, oldest first."""
    with reading(directory) as past:
        return [] if past is None else past.newest_first(10**9)[::-1]


def told(transitions: Sequence[Transition]) -> list[tuple[str, str]]:
    """From which state to which."""
    return [(transition.old, transition.new) for transition in transitions]
