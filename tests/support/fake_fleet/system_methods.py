"""The `system.*` methods, and how a method's name finds its code (`xmlrpc.py:traverse`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.support.fake_fleet.deferred import NOT_YET, Deferred
from tests.support.fake_fleet.interface import SupervisorMethods
from tests.support.fake_fleet.marshal import RpcFault

SIGNATURES: dict[str, tuple[str, ...]] = {
    "addProcessGroup": ("boolean", "string"),
    "clearAllProcessLogs": ("array",),
    "clearLog": ("boolean",),
    "clearProcessLog": ("boolean", "string"),
    "clearProcessLogs": ("boolean", "string"),
    "getAPIVersion": ("string",),
    "getAllConfigInfo": ("array",),
    "getAllProcessInfo": ("array",),
    "getIdentification": ("string",),
    "getPID": ("int",),
    "getProcessInfo": ("struct", "string"),
    "getState": ("struct",),
    "getSupervisorVersion": ("string",),
    "getVersion": ("string",),
    "readLog": ("string", "int", "int"),
    "readMainLog": ("string", "int", "int"),
    "readProcessLog": ("string", "string", "int", "int"),
    "readProcessStderrLog": ("string", "string", "int", "int"),
    "readProcessStdoutLog": ("string", "string", "int", "int"),
    "reloadConfig": ("array",),
    "removeProcessGroup": ("boolean", "string"),
    "restart": ("boolean",),
    "sendProcessStdin": ("boolean", "string", "string"),
    "sendRemoteCommEvent": ("boolean", "string", "string"),
    "shutdown": ("boolean",),
    "signalAllProcesses": ("array", "string"),
    "signalProcess": ("boolean", "string", "string"),
    "signalProcessGroup": ("array", "string", "string"),
    "startAllProcesses": ("array", "boolean"),
    "startProcess": ("boolean", "string", "boolean"),
    "startProcessGroup": ("array", "string", "boolean"),
    "stopAllProcesses": ("array", "boolean"),
    "stopProcess": ("boolean", "string", "boolean"),
    "stopProcessGroup": ("array", "string", "boolean"),
    "tailProcessLog": ("array", "string", "int", "int"),
    "tailProcessStderrLog": ("array", "string", "int", "int"),
    "tailProcessStdoutLog": ("array", "string", "int", "int"),
}
"""Return type and parameter types of each `supervisor.*` method."""
SYSTEM_SIGNATURES: dict[str, tuple[str, ...]] = {
    "listMethods": ("array",),
    "methodHelp": ("string", "string"),
    "methodSignature": ("array", "string"),
    "multicall": ("array", "array"),
}


def all_signatures() -> dict[str, tuple[str, ...]]:
    """The signatures by full name."""
    return {
        **{f"supervisor.{name}": types for name, types in SIGNATURES.items()},
        **{f"system.{name}": types for name, types in SYSTEM_SIGNATURES.items()},
    }


class Methods:
    """Every method of one supervisord, by name."""

    def __init__(self, supervisor: SupervisorMethods) -> None:
        self._methods: dict[str, Callable[..., Any]] = {
            **{f"supervisor.{name}": getattr(supervisor, name) for name in SIGNATURES},
            **{f"system.{name}": getattr(self, f"_{name}") for name in SYSTEM_SIGNATURES},
        }

    def call(self, name: str, params: Sequence[Any]) -> Any:  # noqa: ANN401 - a value or a Deferred
        """Call a method. Raises RpcFault; any other exception is an HTTP 500."""
        method = self._methods.get(name)
        if method is None:
            raise RpcFault(1)
        try:
            return method(*params)
        except TypeError as problem:
            raise RpcFault(2) from problem

    def _listMethods(self) -> list[str]:
        return sorted(self._methods)

    def _methodHelp(self, name: str) -> str:
        """Unlike every other answer not supervisord's own text, which is its documentation."""
        if name not in self._methods:
            raise RpcFault(4)
        returned, *params = all_signatures()[name]
        return f"{name}({', '.join(params)}) returns {returned}"

    def _methodSignature(self, name: str) -> list[str]:
        if name not in self._methods:
            raise RpcFault(4)
        return list(all_signatures()[name])

    def _multicall(self, calls: list[dict[str, Any]]) -> Any:  # noqa: ANN401
        remaining = calls[:]
        waiting: list[Deferred] = []
        results: list[Any] = []

        def poll() -> Any:  # noqa: ANN401
            if waiting:
                value = _attempt(waiting[0].poll)
                if value is not NOT_YET:
                    waiting.pop()
                    results.append(value)
            while not waiting and remaining:
                call = remaining.pop(0)
                value = _attempt(partial(self._one, call.get("methodName"), call.get("params", [])))
                if isinstance(value, Deferred):
                    waiting.append(value)
                else:
                    results.append(value)
            return NOT_YET if waiting or remaining else results

        value = poll()
        return Deferred(poll, 0.05) if value is NOT_YET else value

    def _one(self, name: str | None, params: Sequence[Any]) -> Any:  # noqa: ANN401
        if name is None:
            raise RpcFault(2, "No methodName")
        if name == "system.multicall":
            raise RpcFault(2, "Recursive system.multicall forbidden")
        return self.call(name, params)


def _attempt(call: Callable[[], Any]) -> Any:  # noqa: ANN401
    try:
        return call()
    except RpcFault as fault:
        return fault.struct()
    except Exception as problem:
        return RpcFault(30, f"{type(problem)}:{problem}").struct()
