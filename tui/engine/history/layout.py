"""How the history lies in its file: tables, numbers for states, and the way from one version to the next.

A transition's id is its time: milliseconds of our wall clock times 4096, plus a number that tells those of one millisecond
apart. So the table is in order of time without an index of its own, and the index by process is in order of time, too.

The rule for versions: `PRAGMA user_version` counts the steps that were taken; a step, once released, is never changed, and
a new one is put at the end. A file with more steps than we know belongs to a newer program and is left alone.
"""

from __future__ import annotations

from tui.model.states import HostState, ProcessState

FILE_NAME = "history.sqlite"
PAGE_BYTES = 4096

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE process (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        host TEXT NOT NULL,
        grp TEXT NOT NULL,
        name TEXT NOT NULL,
        first_seen INTEGER NOT NULL,
        state INTEGER NOT NULL,
        pid INTEGER NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        UNIQUE (host, grp, name)
    );
    CREATE TABLE transition (
        id INTEGER PRIMARY KEY,
        process INTEGER NOT NULL,
        old INTEGER NOT NULL,
        new INTEGER NOT NULL,
        pid INTEGER NOT NULL,
        exitstatus INTEGER NOT NULL,
        start INTEGER NOT NULL,
        stop INTEGER NOT NULL,
        flags INTEGER NOT NULL
    );
    CREATE INDEX of_process ON transition (process);
    CREATE TABLE watched (id INTEGER PRIMARY KEY, hosts TEXT NOT NULL UNIQUE);
    CREATE TABLE run (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        began INTEGER NOT NULL,
        until INTEGER NOT NULL,
        watched INTEGER NOT NULL
    );
    CREATE INDEX run_until ON run (until);
    """,
)
"""process: who it is, raw (a host has neither group nor name), and how it was last known to be; `first_seen` in ms,
`changed` is the id of its newest transition or 0. transition: states by `CODES`. run: from when to when (ms) a program
looked at the hosts of `watched`, one name a line."""

OURS, FOUND = 1, 2
"""Bits of `flags`."""

_PER_MS = 4096
NEWEST = 2**63 - 1
"""Larger than every id."""
MS = 1000

_ORDER = (
    "",
    *(state.name for state in ProcessState),
    *(state.value for state in HostState),
)
CODES: dict[str, int] = {name: code for code, name in enumerate(_ORDER)}
"""State -> number, '' for what is not there. New states go to the end of their enums only with a step that renumbers."""
GONE = CODES[""]


def state_name(code: int) -> str:
    """The state for a number of the file; one that we do not know is UNKNOWN."""
    return _ORDER[code] if 0 <= code < len(_ORDER) else ProcessState.UNKNOWN.name


def milliseconds(seconds: float) -> int:
    """Epoch milliseconds."""
    return int(seconds * MS)


def first_id(ms: int) -> int:
    """The smallest id of that millisecond."""
    return max(0, ms) * _PER_MS


def time_of(identity: int) -> float:
    """Epoch seconds at which the transition with this id was seen."""
    return identity // _PER_MS / MS


def after_ms(identity: int) -> int:
    """The smallest id of the millisecond after that of `identity`."""
    return (identity // _PER_MS + 1) * _PER_MS
