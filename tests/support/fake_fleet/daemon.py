"""One fake supervisord: its groups, its configuration, its main log, its end and its new beginning (`supervisord.py`).

The wire comes in through `interface.py`; what it changes is here. The rule: nothing runs while nothing happens, and
everything that happens is in the main log as supervisord writes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tests.support.fake_fleet.log_file import LogFile
from tests.support.fake_fleet.process import TURN, FakeProcess
from tests.support.fake_fleet.programs import Group, read_programs
from tests.support.fake_fleet.states import STOPPED_STATES, Mood, State

VERSION = "4.3.0"
LEVELS = {"critical": 50, "error": 40, "warn": 30, "info": 20}
FIRST_PID = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """What a supervisord reads besides its programs."""

    programs: str
    """Sections `[program:x]` and `[group:x]`."""
    identifier: str = "supervisor"
    directory: str = "/var/log/supervisor"
    loglevel: str = "info"
    logfile: bool = True
    """False: `logfile=/dev/null`, which supervisord answers with faults and 404."""
    logfile_maxbytes: int = 256 * 1024
    """Small, because a thousand main logs are held in memory; a real one begins anew at 50 MB."""
    user: str = ""
    password: str = ""


class FakeGroup:
    """An active group: the configuration it was added with, and its processes in the order of that."""

    __slots__ = ("config", "processes")

    def __init__(self, daemon: FakeSupervisord, config: Group) -> None:
        self.config = config
        self.processes = {
            program.name: FakeProcess(daemon, config.name, program) for program in config.programs
        }

    def by_priority(self) -> list[FakeProcess]:
        """Its processes, ascending by priority."""
        return sorted(self.processes.values(), key=lambda process: process.program.priority)

    def unstopped(self) -> list[FakeProcess]:
        """Those that are not in a stopped state."""
        return [process for process in self.processes.values() if process.state not in STOPPED_STATES]


class FakeSupervisord:
    """One supervisord; `begin` starts it, on the loop it will live on."""

    def __init__(
        self, settings: Settings, *, pid: int = FIRST_PID, groups: tuple[Group, ...] | None = None
    ) -> None:
        """`groups`: what `settings.programs` says, when somebody has read that already."""
        self.settings = settings
        self.pid = pid
        self.available = groups if groups is not None else self.read()
        """What was configured when the configuration was last read."""
        self.groups: dict[str, FakeGroup] = {}
        self.mood = Mood.RUNNING
        self.main_log = LogFile(f"{settings.directory}/supervisord.log", settings.logfile_maxbytes)
        self.reborn: Callable[[Mood], None] = lambda _mood: None
        """Called when everything has stopped: the server then drops its connections, and for RESTARTING listens again."""
        self._last_pid = pid
        self._stopping: list[FakeGroup] = []
        self._reported = 0.0

    def read(self) -> tuple[Group, ...]:
        """Read the configuration. Raises ConfigError."""
        return read_programs(self.settings.programs, self.settings.directory)

    def begin(self, *, settled: Callable[[], float] | None = None) -> None:
        """Start what starts by itself; or, with `settled`, be up already, each process since what that returns."""
        self.groups = {group.name: FakeGroup(self, group) for group in self.available}
        self.mood = Mood.RUNNING
        if not self.settings.user:
            self._write("CRIT", "Server 'inet_http_server' running without any HTTP authentication checking")
        self.info("RPC interface 'supervisor' initialized")
        self.info(f"supervisord started with pid {self.pid}")
        for process in [one for group in self.by_priority() for one in group.processes.values()]:
            if settled is None:
                self._start_alone(process)
            elif process.program.autostart:
                process.settle(self.next_pid(), settled())

    def _start_alone(self, process: FakeProcess) -> None:
        asyncio.get_running_loop().call_later(TURN, process.transition)

    def next_pid(self) -> int:
        """A process id that none of its processes has had."""
        self._last_pid += 1
        return self._last_pid

    @property
    def may_start(self) -> bool:
        """Whether it still starts processes: not while it shuts down, and not before a restart."""
        return self.mood is Mood.RUNNING

    # --- groups ---------------------------------------------------------------------------------------------------

    def all_processes(self) -> Iterator[FakeProcess]:
        """Every process, ascending by the priority of its group, then by its own."""
        for group in self.by_priority():
            yield from group.by_priority()

    def by_priority(self) -> list[FakeGroup]:
        """The active groups, ascending by priority."""
        return sorted(self.groups.values(), key=lambda group: group.config.priority)

    def lexically(self) -> Iterator[FakeProcess]:
        """Every process by group, then by name: the order of getAllProcessInfo."""
        for name in sorted(self.groups):
            processes = self.groups[name].processes
            for process in sorted(processes):
                yield processes[process]

    def reread(self) -> tuple[list[str], list[str], list[str]]:
        """Read the configuration again: groups added, changed, removed against what is active. Raises ConfigError."""
        self.available = self.read()
        active = {name: group.config for name, group in self.groups.items()}
        added = [group.name for group in self.available if group.name not in active]
        changed = [group.name for group in self.available if active.get(group.name, group) != group]
        available = {group.name for group in self.available}
        return added, changed, [name for name in active if name not in available]

    def add(self, config: Group) -> bool:
        """Make a configured group active; False when it is."""
        if config.name in self.groups:
            return False
        self.groups[config.name] = group = FakeGroup(self, config)
        for process in group.processes.values():
            self._start_alone(process)
        return True

    def remove(self, name: str) -> bool:
        """Forget a group; False when one of its processes has not stopped."""
        group = self.groups[name]
        if group.unstopped():
            return False
        del self.groups[name]
        for process in group.processes.values():
            process.forget()
        return True

    # --- the main log ---------------------------------------------------------------------------------------------

    def info(self, message: str) -> None:
        """Write a line at INFO."""
        self._write("INFO", message)

    def warn(self, message: str) -> None:
        """Write a line at WARN."""
        self._write("WARN", message)

    def critical(self, message: str) -> None:
        """Write a line at CRIT."""
        self._write("CRIT", message)

    def error(self, message: str) -> None:
        """Write a line at ERRO."""
        self._write("ERRO", message)

    def _write(self, level: str, message: str) -> None:
        rank = {"CRIT": 50, "ERRO": 40, "WARN": 30, "INFO": 20}[level]
        if self.settings.logfile and rank >= LEVELS[self.settings.loglevel]:
            self.main_log.write(f"{_stamp(time.time())} {level} {message}\n".encode())

    # --- its end --------------------------------------------------------------------------------------------------

    def leave(self, mood: Mood) -> None:
        """Stop everything, group after group from the highest priority, and then end or begin anew."""
        self.mood = mood
        self._stopping = self.by_priority()
        self._reported = 0.0
        asyncio.get_running_loop().call_later(TURN, self._stop_groups)

    def _stop_groups(self) -> None:
        if self._stopping:
            for process in reversed(self._stopping[-1].by_priority()):
                if process.state in (State.RUNNING, State.STARTING):
                    process.stop_it()
                elif process.state is State.BACKOFF:
                    process.give_up()
        unstopped = [process for group in self.groups.values() for process in group.unstopped()]
        if not unstopped:
            self._end()
            return
        now = time.time()
        if now > self._reported + 3:
            self.info(f"waiting for {', '.join(process.program.name for process in unstopped)} to die")
            self._reported = now
        if self._stopping and not self._stopping[-1].unstopped():
            self._stopping.pop()
        asyncio.get_running_loop().call_later(TURN, self._stop_groups)

    def _end(self) -> None:
        for process in self.all_processes():
            process.forget()
        mood = self.mood
        self.groups = {}
        self.reborn(mood)
        if mood is Mood.RESTARTING:
            self.available = self.read()
            self.begin()


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


def _stamp(now: float) -> str:
    """The time as supervisord's log has it: local, with milliseconds after a comma (`loggers.py`)."""
    second = int(now)
    return f"{_second(second)},{int((now - second) * 1000):03d}"
