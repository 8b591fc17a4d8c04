"""One process as supervisord last described it, and who it is.

`process_from_wire` is how the codec makes a row. Raw names are what supervisord must be sent; shown names are safe for a terminal. They differ only when a name holds
characters that a terminal must not see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

from tui.model.states import PROCESS_HEALTH, Health, ProcessState
from tui.text import clean


class ProcessKey(NamedTuple):
    """A process's identity in the fleet: configured host name, raw group, raw name.

    A host is `(host, "", "")`, a group is `(host, group, "")`: supervisord allows neither to be empty, so the three
    kinds never clash, and marks, cursors and outcomes all use this one type.
    """

    host: str
    group: str = ""
    name: str = ""

    @property
    def is_host(self) -> bool:
        return not self.group

    @property
    def is_group(self) -> bool:
        return bool(self.group) and not self.name

    @property
    def address(self) -> str:
        """What XML-RPC is sent: always `group:name`, also when both are equal."""
        return f"{self.group}:{self.name}"


AGEING_STATES = frozenset({ProcessState.RUNNING, ProcessState.STOPPING})
"""In which a process has an uptime."""
_SINCE_START = frozenset({ProcessState.RUNNING, ProcessState.STARTING, ProcessState.BACKOFF})
_WITH_CHILD = frozenset({ProcessState.STARTING, ProcessState.RUNNING, ProcessState.STOPPING})


@dataclass(frozen=True, slots=True)
class Process:
    """One row. Equality ignores what only ages: neither `now` nor `description` is kept (both can be derived)."""

    key: ProcessKey
    shown_group: str
    shown_name: str
    state: ProcessState
    pid: int
    """0 when not running."""
    start: int
    """Epoch seconds of the server's clock of the last spawn attempt; 0 when never started."""
    stop: int
    """Epoch seconds of the server's clock at the end of the previous run; 0 when it never stopped."""
    exitstatus: int
    """0 while running or never run, -1 when killed by a signal, else the exit code."""
    spawnerr: str
    """Cleaned. Kept by supervisord after an exit; 'Bad exit code N' marks an unexpected one."""
    logfiles: bytes
    """Both paths, as `join_logfiles` writes them: as two texts they would be a quarter of a row's memory."""

    @property
    def stdout_logfile(self) -> str:
        """Cleaned path on the remote host; empty when there is none."""
        return self.logfiles.partition(b"\n")[0].decode()

    @property
    def stderr_logfile(self) -> str:
        """As `stdout_logfile`."""
        return self.logfiles.partition(b"\n")[2].decode()

    @property
    def health(self) -> Health:
        """EXITED is bad when supervisord called the exit unexpected or the status is not 0, else at rest."""
        if self.state is ProcessState.EXITED and (self.exitstatus != 0 or self.spawnerr):
            return Health.BAD
        return PROCESS_HEALTH[self.state]

    @property
    def title(self) -> str:
        """`group:name`, or just the name when both are the same; safe to show."""
        if self.key.group == self.key.name:
            return self.shown_name
        return f"{self.shown_group}:{self.shown_name}"

    @property
    def addressable(self) -> bool:
        """Whether supervisord can be told this name: an odd character in it would reach another process or none.

        A process named `*` would be taken for its whole group (supervisor/options.py:split_namespec).
        """
        return (
            self.shown_group == self.key.group
            and self.shown_name == self.key.name
            and self.key.name != "*"
            and ":" not in self.key.group
        )

    @property
    def exit_code(self) -> int | None:
        """How the last run ended, -1 for a signal; None while it has a child, when it never ran, and when nobody knows.

        supervisord tells 0 for a run that ended too quickly to count, whatever its real status was
        (supervisor/process.py:finish).
        """
        if self.pid or self.state in _WITH_CHILD or not self.start:
            return None
        if not self.exitstatus and self.state in (ProcessState.FATAL, ProcessState.BACKOFF):
            return None
        return self.exitstatus

    def since(self) -> int:
        """Server epoch seconds at which the current state began as far as start and stop tell; 0 when unknown."""
        if self.state in _SINCE_START:
            return self.start
        return max(self.start, self.stop)

    def uptime(self, now: float) -> float | None:
        """Seconds it has been running at `now` (server clock); None unless it has a child."""
        if self.state not in AGEING_STATES or not self.start:
            return None
        return max(0.0, now - self.start)


class _Draft:
    """A process that is being filled in; see `make_process`."""

    __slots__ = Process.__slots__

    def __init__(
        self,
        key: ProcessKey,
        shown_group: str,
        shown_name: str,
        state: ProcessState,
        pid: int,
        start: int,
        stop: int,
        exitstatus: int,
        spawnerr: str,
        logfiles: bytes,
    ) -> None:
        self.key = key
        self.shown_group = shown_group
        self.shown_name = shown_name
        self.state = state
        self.pid = pid
        self.start = start
        self.stop = stop
        self.exitstatus = exitstatus
        self.spawnerr = spawnerr
        self.logfiles = logfiles
        self.__class__ = Process  # type: ignore[assignment]


make_process = cast(
    Callable[[ProcessKey, str, str, ProcessState, int, int, int, int, str, bytes], Process], _Draft
)
"""`Process(…)` for a quarter of its cost: a frozen dataclass sets each field by a call, this one freezes when filled."""


def process_from_wire(
    host: str,
    group: str,
    name: str,
    *,
    state: int,
    pid: int = 0,
    start: int = 0,
    stop: int = 0,
    exitstatus: int = 0,
    spawnerr: str = "",
    stdout_logfile: str = "",
    stderr_logfile: str = "",
) -> Process:
    """One row from raw fields, every text cleaned; `disambiguate` the whole status afterwards."""
    return Process(
        key=ProcessKey(host, group, name),
        shown_group=clean(group),
        shown_name=clean(name),
        state=ProcessState.of(state),
        pid=pid,
        start=start,
        stop=stop,
        exitstatus=exitstatus,
        spawnerr=clean(spawnerr),
        logfiles=join_logfiles(clean(stdout_logfile), clean(stderr_logfile)),
    )


def join_logfiles(stdout: str, stderr: str) -> bytes:
    """Two cleaned paths as one value; a cleaned text holds no line feed."""
    return f"{stdout}\n{stderr}".encode()


def disambiguate(processes: Sequence[Process]) -> tuple[Process, ...]:
    """Make a whole status unambiguous: one row an identity, and no two that look alike.

    Odd names that look like another's on the same host get a short suffix; names that are sent as they are shown keep
    theirs, and with none but those the same objects come back. The same input gives the same suffixes, so a row does not
    change its looks from poll to poll. Of two rows with one identity, which no supervisord sends, the last counts.
    """
    unique = {process.key: process for process in processes}
    if len(unique) != len(processes):
        processes = tuple(unique.values())
    if all(map(_is_plain, processes)):
        return tuple(processes)
    taken = {(process.shown_group, process.shown_name) for process in processes if _is_plain(process)}
    result = []
    for process in processes:
        if not _is_plain(process):
            name, number = process.shown_name, 2
            while (process.shown_group, name) in taken:
                name, number = f"{process.shown_name}~{number}", number + 1
            taken.add((process.shown_group, name))
            process = process if name == process.shown_name else replace(process, shown_name=name)
        result.append(process)
    return tuple(result)


def _is_plain(process: Process) -> bool:
    return process.shown_name == process.key.name and process.shown_group == process.key.group
