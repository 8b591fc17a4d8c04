"""How long starting and stopping may take, from each program's own settings: time-outs are never a constant."""

from __future__ import annotations

from collections.abc import Iterable

from tui.errors import SupervisorTuiError
from tui.model.process import ProcessKey
from tui.rpc.answers import ProgramConfig
from tui.rpc.client import Supervisor

DEFAULT_STARTSECS = 1
DEFAULT_STARTRETRIES = 3
DEFAULT_STOPWAITSECS = 10
"""supervisord's own defaults (supervisor/options.py:processes_from_section), for hosts that do not tell theirs."""

_READINGS = 10.0
"""Seconds for the requests and readings of a restart, besides the waiting."""
LONGEST_START = 120.0
"""Seconds after which a program that is tried again and again has failed for us, unless one try takes longer."""


class ProgramLimits:
    """The limits of one host's programs; empty until `fetch` succeeded."""

    def __init__(self, programs: Iterable[ProgramConfig] = ()) -> None:
        self._programs = {(program.group, program.name): program for program in programs}

    @property
    def known(self) -> bool:
        """Whether the host told anything."""
        return bool(self._programs)

    @classmethod
    async def fetch(cls, supervisor: Supervisor) -> ProgramLimits:
        """Ask the host; one that cannot tell (Go, some development versions) gets the defaults."""
        try:
            return cls(await supervisor.config())
        except SupervisorTuiError:
            return cls()

    def start_seconds(self, key: ProcessKey) -> float:
        """Until it counts as started, or supervisord has given up: each try may last startsecs, the pauses grow by 1 s."""
        program = self._program(key)
        startsecs = _value(program.startsecs, DEFAULT_STARTSECS)
        retries = _value(program.startretries, DEFAULT_STARTRETRIES)
        every_try = startsecs * (retries + 1) + retries * (retries + 1) / 2 + retries
        return min(every_try, max(LONGEST_START, 2.0 * startsecs))

    def stop_seconds(self, key: ProcessKey) -> float:
        """Until it has ended, by force at the latest."""
        return _value(self._program(key).stopwaitsecs, DEFAULT_STOPWAITSECS) + 2.0

    def restart_seconds(self, key: ProcessKey) -> float:
        """Until a new run shows, with what requests and readings add."""
        return self.stop_seconds(key) + self.start_seconds(key) + _READINGS

    def longest_stop(self) -> float:
        """Seconds until supervisord has stopped everything: group after group, each as long as its slowest program."""
        slowest: dict[str, int] = {}
        for (group, _), program in self._programs.items():
            seconds = _value(program.stopwaitsecs, DEFAULT_STOPWAITSECS)
            slowest[group] = max(slowest.get(group, 0), seconds)
        return float(sum(slowest.values())) or 3.0 * DEFAULT_STOPWAITSECS

    def _program(self, key: ProcessKey) -> ProgramConfig:
        return self._programs.get((key.group, key.name)) or ProgramConfig(key.group, key.name)


def _value(number: int | None, default: int) -> int:
    return default if number is None else number
