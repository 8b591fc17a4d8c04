"""The `supervisor.*` methods: arguments as they came off the wire to a value, a `Deferred`, or a raised `RpcFault`.

One method here for each of `rpcinterface.py`, under the same name, because that name is the protocol. A TypeError becomes
fault 2 and any other exception becomes HTTP 500, as with supervisord, so nothing here is caught to be kind.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from typing import Any

from tests.support.fake_fleet import log_methods
from tests.support.fake_fleet.commands import NoSuchCommandError, NotExecutableError, behaviour_of
from tests.support.fake_fleet.config_rows import config_rows
from tests.support.fake_fleet.daemon import VERSION, FakeGroup, FakeSupervisord
from tests.support.fake_fleet.deferred import NOT_YET, Deferred, for_each
from tests.support.fake_fleet.marshal import RpcFault
from tests.support.fake_fleet.process import FakeProcess
from tests.support.fake_fleet.programs import ConfigError
from tests.support.fake_fleet.states import RUNNING_STATES, SIGNALLABLE_STATES, STOPPED_STATES, Mood, State
from tests.support.fake_fleet.status_rows import row, rows

Answer = Any
"""Whatever can be marshalled, or a Deferred."""


class SupervisorMethods(log_methods.LogMethods):
    """What one supervisord answers."""

    def __init__(self, daemon: FakeSupervisord) -> None:
        self.daemon = daemon
        self.says_shutdown = False
        """Answer every call with fault 6, and yet never go away."""

    def _check(self) -> None:
        if self.says_shutdown or self.daemon.mood < Mood.RUNNING:
            raise RpcFault(6)

    # --- supervisord itself ---------------------------------------------------------------------------------------

    def getAPIVersion(self) -> Answer:
        self._check()
        return "3.0"

    getVersion = getAPIVersion

    def getSupervisorVersion(self) -> Answer:
        self._check()
        return VERSION

    def getIdentification(self) -> Answer:
        self._check()
        return self.daemon.settings.identifier

    def getState(self) -> Answer:
        self._check()
        return {"statecode": 1, "statename": "RUNNING"}

    def getPID(self) -> Answer:
        self._check()
        return self.daemon.pid

    def shutdown(self) -> Answer:
        self._check()
        self.daemon.leave(Mood.SHUTDOWN)
        return True

    def restart(self) -> Answer:
        self._check()
        self.daemon.leave(Mood.RESTARTING)
        return True

    def reloadConfig(self) -> Answer:
        self._check()
        try:
            return [[list(names) for names in self.daemon.reread()]]
        except ConfigError as problem:
            raise RpcFault(92, problem) from problem

    def addProcessGroup(self, name: str) -> Answer:
        self._check()
        for config in self.daemon.available:
            if config.name == name:
                if not self.daemon.add(config):
                    raise RpcFault(90, name)
                return True
        raise RpcFault(10, name)

    def removeProcessGroup(self, name: str) -> Answer:
        self._check()
        if name not in self.daemon.groups:
            raise RpcFault(10, name)
        if not self.daemon.remove(name):
            raise RpcFault(91, name)
        return True

    def sendRemoteCommEvent(self, type: str, data: str) -> Answer:
        return True

    # --- what there is --------------------------------------------------------------------------------------------

    def getProcessInfo(self, name: str) -> Answer:
        self._check()
        return row(self._process(name), int(time.time()))

    def getAllProcessInfo(self) -> Answer:
        self._check()
        return rows(self.daemon.lexically(), time.time())

    def getAllConfigInfo(self) -> Answer:
        self._check()
        active = {name: group.config for name, group in self.daemon.groups.items()}
        return config_rows(self.daemon.available, active)

    # --- start ----------------------------------------------------------------------------------------------------

    def startProcess(self, name: str, wait: bool = True) -> Answer:
        self._check()
        group, process = self._find(name)
        if process is None:
            return self.startProcessGroup(group.config.name, wait)
        try:
            behaviour_of(process.program.command)
        except NoSuchCommandError as problem:
            raise RpcFault(20, problem) from problem
        except NotExecutableError as problem:
            raise RpcFault(21, problem) from problem
        if process.state in RUNNING_STATES:
            raise RpcFault(60, name)
        process.spawn()
        if process.spawnerr:
            raise RpcFault(50, name)
        process.transition()
        if wait and process.state is not State.RUNNING:
            return Deferred(lambda: self._started(process, name), 0.05)
        return True

    def _started(self, process: FakeProcess, name: str) -> Answer:
        if process.spawnerr:
            raise RpcFault(50, name)
        if process.state not in (State.STARTING, State.RUNNING):
            raise RpcFault(40, name)
        return True if process.state is State.RUNNING else NOT_YET

    def startProcessGroup(self, name: str, wait: bool = True) -> Answer:
        self._check()
        return self._start_each(self._group(name).by_priority(), wait)

    def startAllProcesses(self, wait: bool = True) -> Answer:
        self._check()
        return self._start_each(self.daemon.all_processes(), wait)

    def _start_each(self, processes: Iterable[FakeProcess], wait: bool) -> Deferred:
        return for_each(
            list(processes),
            lambda process: process.state not in RUNNING_STATES,
            lambda name: self.startProcess(name, wait),
        )

    # --- stop and signal ------------------------------------------------------------------------------------------

    def stopProcess(self, name: str, wait: bool = True) -> Answer:
        self._check()
        group, process = self._find(name)
        if process is None:
            return self.stopProcessGroup(group.config.name, wait)
        if process.state not in RUNNING_STATES:
            raise RpcFault(70, name)
        problem = process.stop_it()
        if problem is not None:
            raise RpcFault(30, problem)
        if wait and process.state not in STOPPED_STATES:
            return Deferred(lambda: self._stopped(process), 0)
        return True

    def _stopped(self, process: FakeProcess) -> Answer:
        process.report_stop()
        return True if process.state in STOPPED_STATES else NOT_YET

    def stopProcessGroup(self, name: str, wait: bool = True) -> Answer:
        self._check()
        return self._stop_each(self._group(name).by_priority(), wait)

    def stopAllProcesses(self, wait: bool = True) -> Answer:
        self._check()
        return self._stop_each(self.daemon.all_processes(), wait)

    def _stop_each(self, processes: Iterable[FakeProcess], wait: bool) -> Deferred:
        return for_each(
            list(processes),
            lambda process: process.state in RUNNING_STATES,
            lambda name: self.stopProcess(name, wait),
        )

    def signalProcess(self, name: str, signal: str | int) -> Answer:
        self._check()
        group, process = self._find(name)
        if process is None:
            return self.signalProcessGroup(group.config.name, signal)
        number = _signal_number(signal)
        if process.state not in SIGNALLABLE_STATES:
            raise RpcFault(70, name)
        process.feel(number)
        return True

    def signalProcessGroup(self, name: str, signal: str | int) -> Answer:
        self._check()
        return self._signal_each(self._group(name).by_priority(), signal)

    def signalAllProcesses(self, signal: str | int) -> Answer:
        self._check()
        return self._signal_each(self.daemon.all_processes(), signal)

    def _signal_each(self, processes: Iterable[FakeProcess], signal: str | int) -> Answer:
        return for_each(
            list(processes),
            lambda process: process.state in SIGNALLABLE_STATES,
            lambda name: self.signalProcess(name, signal),
        ).poll()

    def sendProcessStdin(self, name: str, chars: str) -> Answer:
        self._check()
        if not isinstance(chars, str):
            raise RpcFault(2, chars)
        process = self._process(name)
        if not process.pid or process.killing:
            raise RpcFault(70, name)
        process.hear(chars.encode())
        return True

    # --- names ----------------------------------------------------------------------------------------------------

    def _find(self, name: str) -> tuple[FakeGroup, FakeProcess | None]:
        names = name.split(":", 1)
        group = self.daemon.groups.get(names[0])
        if group is None:
            raise RpcFault(10, name)
        if len(names) == 2 and names[1] in ("", "*"):
            return group, None
        process = group.processes.get(names[-1])
        if process is None:
            raise RpcFault(10, name)
        return group, process

    def _process(self, name: str) -> FakeProcess:
        process = self._find(name)[1]
        if process is None:
            raise RpcFault(10, name)
        return process

    def _group(self, name: str) -> FakeGroup:
        group = self.daemon.groups.get(name)
        if group is None:
            raise RpcFault(10, name)
        return group


_NUMBERS = frozenset(int(getattr(signal, name)) for name in dir(signal) if name.startswith("SIG"))
"""What supervisord takes for a signal: everything called SIG, which makes 0 one (`datatypes.py`)."""


def _signal_number(value: str | int) -> int:
    try:
        number = int(value)
    except ValueError:
        assert isinstance(value, str)
        name = value.strip().upper()
        number = getattr(signal, name if name.startswith("SIG") else "SIG" + name, -1)
    if number not in _NUMBERS:
        raise RpcFault(11, value)
    return number
