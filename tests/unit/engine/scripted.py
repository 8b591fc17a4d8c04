"""A supervisord with one process that does as a test says, on a clock that only the test and its readers move."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tui.engine.acting.jobs import Jobs
from tui.engine.acting.kept_jobs import KeptJobs
from tui.engine.acting.memory import Memory
from tui.engine.acting.program_limits import ProgramLimits
from tui.engine.acting.same_daemon import AskedDaemon
from tui.engine.acting.scene import Scene
from tui.engine.journal import Journal
from tui.errors import Cause, Fault, FaultCode, WireError
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.plan import Plan, Verb, make_plan
from tui.model.policy import Policy
from tui.model.process import Process, ProcessKey, process_from_wire
from tui.model.states import HostState, ProcessState
from tui.rpc.answers import Call, ProgramConfig, Reread
from tui.rpc.client import Supervisor

from ..model.fleets import picture

SERVER_TIME = 1_700_000_000.0
"""What the server's clock says when ours says 0."""
KEY = ProcessKey("h", "web", "web")


class Clock:
    """Our monotonic clock: each reading takes a while, so that deadlines come without waiting for them."""

    def __init__(self, step: float = 0.05) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def timed_out(*, committed: bool) -> WireError:
    """What the wire raises when no answer came."""
    return WireError(Cause.TIMEOUT, "it does not answer", committed=committed)


class ScriptedSupervisor:
    """One process; `sent` is what arrived, in order. What a request does is up to the test."""

    def __init__(self, clock: Clock, state: str = "RUNNING", *, pid: int = 100, start_ago: int = 60) -> None:
        self.clock = clock
        self.sent: list[str] = []
        self.fails: dict[str, list[Exception]] = {}
        """Method -> what it raises, one a call; an error that is not committed keeps the request from arriving."""
        self.does: dict[str, Callable[[], object]] = {}
        """Method -> what happens when it arrives; else `ends` and `runs` do what supervisord does."""
        self.unreadable = False
        self.daemon_pid = 1000
        self.programs: tuple[ProgramConfig, ...] = (
            ProgramConfig(*KEY[1:], startsecs=1, startretries=0, stopwaitsecs=2),
        )
        self.files = Reread()
        self.groups = ["web"]
        started = int(SERVER_TIME) - start_ago
        alive = state in ("RUNNING", "STARTING", "STOPPING")
        self.row = process_from_wire(
            *KEY,
            state=ProcessState[state],
            pid=pid if alive else 0,
            start=0 if state == "STOPPED" and not start_ago else started,
            stop=0 if alive else started + 1,
        )

    # --- what the test does to it -----------------------------------------------------------------------------------

    @property
    def server_now(self) -> int:
        return int(SERVER_TIME + self.clock.now)

    def runs(self, state: str = "RUNNING", **fields: Any) -> None:  # noqa: ANN401
        """A new run begins now."""
        values = {"pid": self.row.pid + 1 or 101, "start": self.server_now, "exitstatus": 0, "spawnerr": ""}
        self.row = replace(self.row, state=ProcessState[state], **{**values, **fields})

    def ends(self, state: str = "STOPPED", **fields: Any) -> None:  # noqa: ANN401
        """The run ends now."""
        values = {"pid": 0, "stop": self.server_now}
        self.row = replace(self.row, state=ProcessState[state], **{**values, **fields})

    def snapshot(self) -> HostSnapshot:
        """The host as a poll would show it."""
        rows = tuple(
            self.row if group == "web" else replace(self.row, key=ProcessKey("h", group, group))
            for group in self.groups
        )
        if self.unreadable:
            return HostSnapshot("h", HostState.TIMEOUT, problem="it does not answer", processes=rows)
        return HostSnapshot(
            "h", HostState.UP, processes=rows, read_at=self.clock.now, clock_offset=SERVER_TIME
        )

    # --- what a client may call -------------------------------------------------------------------------------------

    async def process(self, key: ProcessKey) -> Process:
        self.clock()
        if self.unreadable:
            raise timed_out(committed=True)
        return self.row

    async def pid(self) -> int:
        if self.unreadable:
            raise timed_out(committed=True)
        return self.daemon_pid

    async def config(self) -> tuple[ProgramConfig, ...]:
        if self.unreadable:
            raise timed_out(committed=True)
        return self.programs

    async def state(self) -> int:
        self.sent.append("getState")
        if self.fails.get("getState"):
            raise self.fails["getState"].pop(0)
        return 1

    async def start(self, key: ProcessKey, wait: bool = False, **how: Any) -> None:  # noqa: ANN401
        self._arrive("start", lambda: self.runs(), how)

    async def stop(self, key: ProcessKey, wait: bool = False, **how: Any) -> None:  # noqa: ANN401
        self._arrive("stop", self.ends, how)

    async def stop_then_start(self, key: ProcessKey, **how: Any) -> tuple[object, ...]:  # noqa: ANN401
        def both() -> None:
            self.ends()
            self.runs()

        return cast(tuple[object, ...], self._arrive("stop+start", both, how) or (True, True))

    async def multicall(self, calls: Sequence[Call], **how: Any) -> tuple[object, ...]:  # noqa: ANN401
        (call,) = calls
        method = call.method.partition(".")[2]
        if method == "stopProcess":
            return (self._arrive("stop", self.ends, how) or True,)
        return (self._arrive(f"{method} {call.params[0]!s}", lambda: None, how) or [],)

    async def signal(self, key: ProcessKey, signal: str, **how: Any) -> None:  # noqa: ANN401
        self._arrive(f"signal {signal}", lambda: None, how)

    async def send_stdin(self, key: ProcessKey, text: str, **how: Any) -> None:  # noqa: ANN401
        self._arrive("stdin", lambda: None, how)

    async def reread(self, **how: Any) -> Reread:  # noqa: ANN401
        self._arrive("reread", lambda: None, how)
        return self.files

    async def remove_group(self, name: str, **how: Any) -> None:  # noqa: ANN401
        self._arrive(f"remove {name}", lambda: self.groups.remove(name), how)

    async def add_group(self, name: str, **how: Any) -> None:  # noqa: ANN401
        self._arrive(f"add {name}", lambda: self.groups.append(name), how)

    async def restart(self, **how: Any) -> None:  # noqa: ANN401
        self._arrive("restart", lambda: None, how)

    async def shutdown(self, **how: Any) -> None:  # noqa: ANN401
        self._arrive("shutdown", lambda: None, how)

    def _arrive(self, method: str, usual: Callable[[], object], how: dict[str, Any]) -> object:
        self.clock()
        failure = self.fails[method].pop(0) if self.fails.get(method) else None
        if isinstance(failure, WireError) and not failure.committed:
            raise failure
        if how.get("committing") is not None:
            how["committing"]()
        self.sent.append(method)
        answer = None
        if not isinstance(failure, Fault):
            answer = self.does.get(method, usual)()
        if failure is not None:
            raise failure
        return answer


def no(code: FaultCode) -> Fault:
    """supervisord's no."""
    return Fault(code, code.name)


def scene_of(host: ScriptedSupervisor, directory: Path | None = None, *, wait: bool = True) -> Scene:
    """What an action works with on this host."""

    async def poll() -> HostSnapshot:
        return host.snapshot()

    return Scene(
        supervisor=cast(Supervisor, host),
        poll=poll,
        journal=Journal(directory),
        limits=ProgramLimits(host.programs),
        daemon=AskedDaemon(cast(Supervisor, host)),
        wait=wait,
        clock=host.clock,
    )


def plan_of(host: ScriptedSupervisor, verb: Verb, key: ProcessKey = KEY, argument: str = "") -> Plan:
    """The plan that a user would confirm now."""
    return make_plan(verb, [key], picture(host.snapshot()), host.clock.now, argument=argument)


def jobs_of(
    hosts: dict[str, Any],
    shown: Callable[[], FleetPicture],
    poll: Callable[[str], Awaitable[HostSnapshot]],
    clock: Callable[[], float],
    directory: Path | None = None,
    policy: Policy | None = None,
    changed: Callable[[], None] = lambda: None,
    failed: Callable[[str, BaseException | None], None] = lambda what, error: None,
) -> Jobs:
    """A place for jobs over these scripted hosts."""
    return Jobs(
        supervisors=lambda name: cast(Supervisor, hosts[name]),
        picture=shown,
        poll=poll,
        journal=Journal(directory),
        memory=Memory(directory),
        kept=KeptJobs(directory),
        policy=lambda: policy or Policy(),
        changed=changed,
        failed=failed,
        clock=clock,
    )
