"""The `supervisor.*` methods that read and clear logs; text that is not UTF-8 raises, and becomes HTTP 500 (`as_string`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.fake_fleet.daemon import FakeSupervisord
from tests.support.fake_fleet.deferred import NOT_YET, Deferred, namespec
from tests.support.fake_fleet.log_file import BadArgumentsError, LogFile
from tests.support.fake_fleet.marshal import RpcFault
from tests.support.fake_fleet.process import FakeProcess


class LogMethods:
    """The part of `SupervisorMethods` that is about logs."""

    daemon: FakeSupervisord

    def _check(self) -> None:
        raise NotImplementedError

    def _process(self, name: str) -> FakeProcess:
        raise NotImplementedError

    def readLog(self, offset: int, length: int) -> str:
        self._check()
        if not self.daemon.settings.logfile:
            raise RpcFault(20, "/dev/null")
        return _read(self.daemon.main_log, offset, length)

    readMainLog = readLog

    def clearLog(self) -> bool:
        self._check()
        if not self.daemon.settings.logfile:
            raise RpcFault(20)
        self.daemon.info("reopening log file")
        self.daemon.main_log.begin_anew()
        return True

    def readProcessStdoutLog(self, name: str, offset: int, length: int) -> str:
        self._check()
        return self._read_channel(name, offset, length, "stdout")

    readProcessLog = readProcessStdoutLog

    def readProcessStderrLog(self, name: str, offset: int, length: int) -> str:
        self._check()
        return self._read_channel(name, offset, length, "stderr")

    def _read_channel(self, name: str, offset: int, length: int, channel: str) -> str:
        log = self._process(name).log(channel)
        if log is None:
            raise RpcFault(20, None)
        return _read(log, offset, length)

    def tailProcessStdoutLog(self, name: str, offset: int, length: int) -> list[Any]:
        self._check()
        return self._tail_channel(name, offset, length, "stdout")

    tailProcessLog = tailProcessStdoutLog

    def tailProcessStderrLog(self, name: str, offset: int, length: int) -> list[Any]:
        self._check()
        return self._tail_channel(name, offset, length, "stderr")

    def _tail_channel(self, name: str, offset: int, length: int, channel: str) -> list[Any]:
        log = self._process(name).log(channel)
        if log is None:
            return ["", 0, False]
        text, size, overflow = log.tail(int(offset), int(length))
        return [text.decode(), size, overflow]

    def clearProcessLogs(self, name: str) -> bool:
        self._check()
        process = self._process(name)
        if process.pid:
            for log in process.logs.values():
                log.begin_anew()
        return True

    clearProcessLog = clearProcessLogs

    def clearAllProcessLogs(self) -> Deferred:
        self._check()
        return Deferred(_one_a_turn(self._clear_each()).__next__, 0.05)

    def _clear_each(self) -> Iterator[dict[str, Any]]:
        for process in list(self.daemon.all_processes()):
            self.clearProcessLogs(namespec(process))
            yield {"name": process.program.name, "group": process.group, "status": 80, "description": "OK"}


def _one_a_turn(work: Iterator[dict[str, Any]]) -> Iterator[Any]:
    results = []
    for result in work:
        results.append(result)
        yield NOT_YET
    yield results


def _read(log: LogFile, offset: int, length: int) -> str:
    try:
        return log.read(int(offset), int(length)).decode()
    except BadArgumentsError as problem:
        raise RpcFault(3) from problem
