"""All hosts of a fleet on one loop, what changes by itself (churn), and what is changed from outside.

A `Plan` comes in. The rule: an order names a host by its number and answers with what JSON can say, or raises `OrderError`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.fake_fleet.call_reader import CallReader
from tests.support.fake_fleet.daemon import FIRST_PID, FakeSupervisord, Settings
from tests.support.fake_fleet.faults import Fault
from tests.support.fake_fleet.host import Counts, FakeHost, Tasks
from tests.support.fake_fleet.plan import Plan
from tests.support.fake_fleet.process import Ending, FakeProcess
from tests.support.fake_fleet.programs import read_programs
from tests.support.fake_fleet.states import State

CHURN_SECONDS = 0.05
LONGEST_UP = 20 * 86400


class OrderError(Exception):
    """An order that cannot be carried out."""


class Population:
    """The hosts of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counts = Counts()
        self.hosts: list[FakeHost] = []
        self._tasks = Tasks()
        self._random = random.Random(7)
        self._churn = plan.churn
        self._owed = 0.0
        self._orders: dict[str, Callable[..., Awaitable[Any]]] = {
            "crash": self._crash,
            "fault": self._fault,
            "churn": self._set_churn,
            "say": self._say,
            "write": self._write,
            "configure": self._configure,
            "loglevel": self._loglevel,
            "latency": self._latency,
            "stats": self._stats,
            "asked": self._asked,
        }

    async def begin(self) -> None:
        """Open every door."""
        plan, reader = self.plan, CallReader()
        settings = Settings(
            plan.text(),
            directory=plan.directory,
            user=plan.user,
            password=plan.password,
            loglevel=plan.loglevel,
            logfile=plan.logfile,
        )
        groups = read_programs(settings.programs, plan.directory)
        now = time.time()
        for number in range(plan.hosts):
            daemon = FakeSupervisord(settings, pid=FIRST_PID + number, groups=groups)
            daemon.begin(
                settled=(lambda: now - self._random.randrange(60, LONGEST_UP)) if plan.settled else None
            )
            host = FakeHost(daemon, self.counts, reader, self._tasks)
            host.latency, host.jitter = plan.latency, plan.jitter
            await host.set_fault(plan.faults.get(number, Fault.NONE))
            self.hosts.append(host)
        asyncio.get_running_loop().call_later(CHURN_SECONDS, self._churn_on)

    # --- churn ----------------------------------------------------------------------------------------------------

    def _churn_on(self) -> None:
        """Crash as many processes as have become due, wherever they are."""
        asyncio.get_running_loop().call_later(CHURN_SECONDS, self._churn_on)
        if not self._churn:
            return
        self._owed += self._churn * CHURN_SECONDS * sum(_size(host) for host in self.hosts)
        while self._owed >= 1:
            self._owed -= 1
            host = self._random.choice(self.hosts)
            names = list(host.daemon.groups)
            if not names:
                continue
            group = host.daemon.groups[self._random.choice(names)]
            process = self._random.choice(list(group.processes.values()))
            if process.state is State.RUNNING:
                self.counts.crashes += 1
                process.finish(Ending.killed(9))

    # --- orders ---------------------------------------------------------------------------------------------------

    async def obey(self, order: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON can say
        """Carry out an order: its name under "do", its arguments beside. Raises OrderError."""
        arguments = dict(order)
        name = arguments.pop("do", None)
        if name not in self._orders:
            raise OrderError(f"no such order: {name}; there are {', '.join(self._orders)}")
        try:
            return await self._orders[name](**arguments)
        except (TypeError, ValueError, LookupError) as problem:
            raise OrderError(f"{name}: {problem}") from problem

    async def _crash(self, host: int, process: str, signal: int = 9) -> int:
        """Kill a process as something outside would: its pid."""
        found = self._process(host, process)
        if not found.pid:
            raise OrderError(f"{process} is not running")
        pid = found.pid
        self.counts.crashes += 1
        found.finish(Ending.killed(signal))
        return pid

    async def _fault(self, host: int, fault: str) -> None:
        await self.hosts[host].set_fault(Fault(fault))

    async def _set_churn(self, share: float) -> None:
        self._churn, self._owed = share, 0.0

    async def _say(self, host: int, text: str) -> None:
        """Put a text into a main log, true or not."""
        self.hosts[host].daemon.main_log.write(text.encode())

    async def _write(self, host: int, process: str, text: str, channel: str = "stdout") -> None:
        """Have a process write."""
        self._process(host, process).say(channel, text.encode())

    async def _configure(self, host: int, programs: str) -> None:
        """Change a configuration file; supervisord is not told."""
        daemon = self.hosts[host].daemon
        daemon.settings = dataclasses.replace(daemon.settings, programs=programs)

    async def _loglevel(self, host: int, level: str) -> None:
        daemon = self.hosts[host].daemon
        daemon.settings = dataclasses.replace(daemon.settings, loglevel=level)

    async def _latency(self, host: int, seconds: float, jitter: float = 0.0) -> None:
        self.hosts[host].latency, self.hosts[host].jitter = seconds, jitter

    async def _stats(self) -> dict[str, Any]:
        """What has been asked for since the last time, and the CPU seconds of this process since it began."""
        counts = self.counts
        said = {
            "calls": dict(counts.calls),
            "connections": counts.connections,
            "bytes_out": counts.bytes_out,
            "crashes": counts.crashes,
            "cpu": time.process_time(),
            "open": sum(len(host.channels) for host in self.hosts),
        }
        counts.calls.clear()
        counts.connections = counts.bytes_out = counts.crashes = 0
        return said

    async def _asked(self) -> list[dict[str, int]]:
        """What every host was ever asked for, by method."""
        return [dict(host.asked_for) for host in self.hosts]

    def _process(self, host: int, name: str) -> FakeProcess:
        group, separator, process = name.partition(":")
        return self.hosts[host].daemon.groups[group].processes[process if separator else name]


def _size(host: FakeHost) -> int:
    return sum(len(group.processes) for group in host.daemon.groups.values())
