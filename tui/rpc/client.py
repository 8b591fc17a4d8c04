"""`Supervisor`: every method of one supervisord that the product needs, typed.

Who comes in: the engine, with an `Endpoint` and a callable that builds the Authorization header when it is sent. What
leaves: values of `answers` and the model, or a `WireError` (`Fault` and `BadAnswer` are two of them), or `RefusedError`.
The rule: a reading call uses the one kept connection and may be sent twice; a changing call has a connection of its own,
is sent once, and `committing` is called right before the byte that makes it run.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Literal, ParamSpec, TypeVar
from urllib.parse import quote

from tui.errors import BadAnswer, Fault, FaultCode, WireError
from tui.model.endpoint import Endpoint
from tui.model.process import Process, ProcessKey, disambiguate
from tui.rpc import answers, logs, named
from tui.rpc.allow import READING_METHODS, refuse_changes
from tui.rpc.answers import (
    Call,
    CallResult,
    LogPiece,
    LogTail,
    Param,
    ProcessesAnswer,
    ProgramConfig,
    Reread,
    StatusAnswer,
)
from tui.rpc.codec import decode_answer, encode_call
from tui.rpc.http import Wire
from tui.rpc.problems import HttpStatusError
from tui.rpc.status import StatusDecoder
from tui.text import clean

Sent = ParamSpec("Sent")
Meant = TypeVar("Meant")

Channel = Literal["stdout", "stderr"]
Committing = Callable[[], None] | None
"""Called once, right before the last byte of a changing call; what it raises stops the call, which then never ran."""

_GET_ALL_PROCESS_INFO = encode_call("supervisor.getAllProcessInfo", ())


def _no_password() -> bytes | None:
    return None


class Supervisor:
    """One supervisord. Belongs to one event loop; calls of one object may overlap (reads wait for each other)."""

    def __init__(
        self,
        endpoint: Endpoint,
        host: str,
        *,
        authorization: Callable[[], bytes | None] = _no_password,
        timeout: float = 5.0,
        read_only: bool = False,
        redact: Callable[[str], str] = str,
    ) -> None:
        """`host` is the configured name used in keys; `timeout` is seconds for one whole call unless it says otherwise.

        `redact` strikes out of every error what must not be shown: a peer may send back the password that it got.
        """
        self.endpoint = endpoint
        self.host = host
        self.timeout = timeout
        self.read_only = read_only
        self._redact = redact
        self._wire = Wire(endpoint, authorization)
        self._status = StatusDecoder(host)

    # --- looking ----------------------------------------------------------------------------------------------------

    async def status(self) -> StatusAnswer:
        """All processes, decoded by difference to the answer before."""
        began = time.monotonic()
        with self._redacted():
            body = await self._wire.read(_GET_ALL_PROCESS_INFO, self.timeout)
            latency = time.monotonic() - began
            decoded = self._trusting(self._status.decode, body)
        return StatusAnswer(decoded.processes, decoded.now, decoded.changed, latency)

    async def state(self) -> int:
        """supervisord's own state; only ever 1, as the others come as fault 6."""
        struct = answers.as_struct(await self._ask("supervisor.getState"), "the state")
        return answers.as_int(struct.get("statecode"), "the state")

    async def version(self) -> str:
        """supervisord's version, cleaned; the Go implementation always says 3.0."""
        return clean(answers.as_str(await self._ask("supervisor.getSupervisorVersion"), "the version"), 80)

    async def identification(self) -> str:
        """Its configured identifier, cleaned; not unique."""
        return clean(answers.as_str(await self._ask("supervisor.getIdentification"), "the identifier"), 200)

    async def pid(self) -> int:
        """supervisord's own pid; the same after its restart."""
        return answers.as_int(await self._ask("supervisor.getPID"), "the pid")

    async def methods(self) -> frozenset[str]:
        """What it can be asked; empty when it does not tell (the Go implementation)."""
        try:
            names = await self._ask("system.listMethods")
        except Fault as fault:
            if fault.code == FaultCode.SHUTDOWN_STATE:
                raise
            return frozenset()
        return frozenset(answers.as_str(name, "a method") for name in answers.as_list(names, "the methods"))

    async def process(self, key: ProcessKey) -> Process:
        """One process now. Fault BAD_NAME when there is none."""
        value = await self._ask("supervisor.getProcessInfo", key.address)
        struct = answers.as_struct(value, "a process")
        return disambiguate([answers.process_from_struct(self.host, struct)])[0]

    async def processes(self, keys: Sequence[ProcessKey]) -> ProcessesAnswer:
        """These processes now, in one request; None for a name that supervisord does not know (BAD_NAME).

        Any other fault is raised, and an answer about another process is a BadAnswer. Meant for a few: each costs
        supervisord one pass of its loop. Ask for addressable ones: the others may come back without the suffix that tells
        them from their likes in `status`.
        """
        if not keys:
            return ProcessesAnswer((), 0, 0.0)
        began = time.monotonic()
        with self._redacted():
            body = await self._wire.read(named.call_for(keys), self.timeout)
            latency = time.monotonic() - began
            processes, now = self._trusting(named.decode, body, keys, self._status.fields)
        return ProcessesAnswer(processes, now, latency)

    async def config(self) -> tuple[ProgramConfig, ...]:
        """How every process is configured; 2.6 KB a row, so never polled."""
        return answers.config_from_list(await self._ask("supervisor.getAllConfigInfo"))

    async def read_log(self, key: ProcessKey, channel: Channel, offset: int, length: int) -> str:
        """The text of `read_log_piece`."""
        return (await self.read_log_piece(key, channel, offset, length)).text

    async def read_log_piece(
        self, key: ProcessKey, channel: Channel, offset: int, length: int = 0, *, whole_end: bool = False
    ) -> LogPiece:
        """At most `length` bytes from `offset`, or the last `-offset` bytes when it is negative.

        A host's key stands for supervisord's own log.

        Never more than `logs.LOG_LIMIT` bytes; a length below 1 means that many. Characters cut at an edge are left out,
        and so is what follows bytes that are not UTF-8: `start` and `end` of the piece tell what was read.
        """
        method = "supervisor.readLog" if key.is_host else f"supervisor.readProcess{channel.capitalize()}Log"
        target = () if key.is_host else (key.address,)
        return await logs.read_piece(self._ask, method, target, offset, length, whole_end=whole_end)

    async def tail_log(self, key: ProcessKey, channel: Channel, offset: int, length: int) -> LogTail:
        """What is new since `offset`, at most the last `length` bytes of it; length 0 only asks for the size."""
        method = f"supervisor.tailProcess{channel.capitalize()}Log"
        return await logs.tail(self._ask, method, key.address, offset, length)

    async def read_main_log(self, offset: int, length: int) -> str:
        """supervisord's own log; offset and length as for `read_log_piece`."""
        return (await logs.read_piece(self._ask, "supervisor.readLog", (), offset, length)).text

    def stream_log(self, key: ProcessKey, channel: Channel) -> AsyncGenerator[bytes, None]:
        """The last 1024 bytes, then what is written, until supervisord ends it; raw bytes, perhaps cut in a character.

        Holds a connection and one of the server's descriptors until the iterator is closed. Fault NO_FILE when there is
        no such log.
        """
        return self._stream(f"/logtail/{quote(key.address, safe='')}/{channel}")

    def stream_main_log(self) -> AsyncGenerator[bytes, None]:
        """supervisord's own log, as `stream_log`."""
        return self._stream("/mainlogtail")

    # --- processes --------------------------------------------------------------------------------------------------

    async def start(
        self,
        key: ProcessKey,
        wait: bool = False,
        *,
        committing: Committing = None,
        deadline: float | None = None,
    ) -> None:
        """Start one process; returning is no proof that it runs (safety.md, "Actions" 3)."""
        await self._do("supervisor.startProcess", key.address, wait, committing=committing, deadline=deadline)

    async def stop(
        self,
        key: ProcessKey,
        wait: bool = False,
        *,
        committing: Committing = None,
        deadline: float | None = None,
    ) -> None:
        """Stop one process; with `wait` supervisord spins until it has stopped."""
        await self._do("supervisor.stopProcess", key.address, wait, committing=committing, deadline=deadline)

    async def stop_then_start(
        self, key: ProcessKey, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[object, ...]:
        """Restart in one request: the answers of stopProcess(wait) and startProcess(no wait), True or Fault each."""
        calls = (
            Call("supervisor.stopProcess", (key.address, True)),
            Call("supervisor.startProcess", (key.address, False)),
        )
        return await self.multicall(calls, committing=committing, deadline=deadline)

    async def signal(
        self, key: ProcessKey, signal: str, *, committing: Committing = None, deadline: float | None = None
    ) -> None:
        """Send a signal, 'HUP', 'SIGHUP' or '1'."""
        await self._do(
            "supervisor.signalProcess", key.address, signal, committing=committing, deadline=deadline
        )

    async def clear_logs(
        self, key: ProcessKey, *, committing: Committing = None, deadline: float | None = None
    ) -> None:
        """Empty both logs; supervisord says yes and does nothing when the process does not run."""
        await self._do("supervisor.clearProcessLogs", key.address, committing=committing, deadline=deadline)

    async def send_stdin(
        self, key: ProcessKey, text: str, *, committing: Committing = None, deadline: float | None = None
    ) -> None:
        """Write `text` to the process's standard input; control characters arrive as they are."""
        await self._do(
            "supervisor.sendProcessStdin", key.address, text, committing=committing, deadline=deadline
        )

    async def send_event(
        self, kind: str, data: str, *, committing: Committing = None, deadline: float | None = None
    ) -> None:
        """Send a remote communication event to the event listeners."""
        await self._do("supervisor.sendRemoteCommEvent", kind, data, committing=committing, deadline=deadline)

    # --- groups and all ---------------------------------------------------------------------------------------------

    async def start_group(
        self, group: str, wait: bool = False, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Start what does not run in a group (raw name)."""
        return await self._many(
            "supervisor.startProcessGroup", group, wait, committing=committing, deadline=deadline
        )

    async def stop_group(
        self, group: str, wait: bool = False, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Stop what runs in a group."""
        return await self._many(
            "supervisor.stopProcessGroup", group, wait, committing=committing, deadline=deadline
        )

    async def signal_group(
        self, group: str, signal: str, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Signal what runs in a group."""
        return await self._many(
            "supervisor.signalProcessGroup", group, signal, committing=committing, deadline=deadline
        )

    async def start_all(
        self, wait: bool = False, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Start everything that does not run, finished one-shots and autostart=false programs too."""
        return await self._many(
            "supervisor.startAllProcesses", wait, committing=committing, deadline=deadline
        )

    async def stop_all(
        self, wait: bool = False, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Stop everything that runs."""
        return await self._many("supervisor.stopAllProcesses", wait, committing=committing, deadline=deadline)

    async def signal_all(
        self, signal: str, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Signal everything that runs."""
        return await self._many(
            "supervisor.signalAllProcesses", signal, committing=committing, deadline=deadline
        )

    async def clear_all_logs(
        self, *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[CallResult, ...]:
        """Empty the logs of everything that runs; supervisord takes about a second per process."""
        return await self._many("supervisor.clearAllProcessLogs", committing=committing, deadline=deadline)

    # --- supervisord itself -----------------------------------------------------------------------------------------

    async def reread(self, *, committing: Committing = None, deadline: float | None = None) -> Reread:
        """Make it read its files again, and say what they would change. Fault CANT_REREAD when they are broken."""
        value = await self._do("supervisor.reloadConfig", committing=committing, deadline=deadline)
        return answers.reread_from(value)

    async def add_group(
        self, name: str, *, committing: Committing = None, deadline: float | None = None
    ) -> None:
        """Add a group from the files last read; its autostart programs start by themselves."""
        await self._do("supervisor.addProcessGroup", name, committing=committing, deadline=deadline)

    async def remove_group(
        self, name: str, *, committing: Committing = None, deadline: float | None = None
    ) -> None:
        """Remove a stopped group. Fault STILL_RUNNING when it is not stopped."""
        await self._do("supervisor.removeProcessGroup", name, committing=committing, deadline=deadline)

    async def restart(self, *, committing: Committing = None, deadline: float | None = None) -> None:
        """Restart supervisord; answers at once. With broken files it never comes back: `reread` first."""
        await self._do("supervisor.restart", committing=committing, deadline=deadline)

    async def shutdown(self, *, committing: Committing = None, deadline: float | None = None) -> None:
        """End supervisord and all it runs; nothing here can start it again."""
        await self._do("supervisor.shutdown", committing=committing, deadline=deadline)

    async def clear_main_log(self, *, committing: Committing = None, deadline: float | None = None) -> None:
        """Empty supervisord's own log."""
        await self._do("supervisor.clearLog", committing=committing, deadline=deadline)

    # --- several at once --------------------------------------------------------------------------------------------

    async def multicall(
        self, calls: Sequence[Call], *, committing: Committing = None, deadline: float | None = None
    ) -> tuple[object, ...]:
        """Run `calls` one after another in one request; one value or `Fault` for each, in order."""
        if not calls:
            return ()
        methods = [call.method for call in calls]
        params: list[Param] = [{"methodName": call.method, "params": list(call.params)} for call in calls]
        if READING_METHODS.issuperset(methods):
            body = encode_call("system.multicall", (params,))
            with self._redacted():
                answer = await self._wire.read(body, deadline or self.timeout)
                value: object = self._trusting(decode_answer, answer)
        else:
            if self.read_only:
                refuse_changes(methods)
            value = await self._change("system.multicall", (params,), committing, deadline)
        results = answers.multicall_results(value, len(calls))
        for result in results:
            if isinstance(result, Fault):
                result.strike(self._redact)
        return results

    # --- connections ------------------------------------------------------------------------------------------------

    def close_idle(self, seconds: float = 30.0) -> bool:
        """Close the kept connection when nothing has used it for `seconds`; whether it was closed."""
        return self._wire.close_idle(seconds)

    async def close(self) -> None:
        """Close the kept connection; the next call opens another."""
        self._wire.close()

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _ask(self, method: str, *params: Param) -> object:
        refuse_changes((method,))
        with self._redacted():
            body = await self._wire.read(encode_call(method, params), self.timeout)
            return self._trusting(decode_answer, body)

    def _trusting(self, decode: Callable[Sent, Meant], *answer: Sent.args, **more: Sent.kwargs) -> Meant:
        """What an answer means; who sends one that means nothing is not believed to end it where it says: a new connection.

        To be called before anything is awaited, so that no other read is under way on the connection yet.
        """
        try:
            return decode(*answer, **more)
        except BadAnswer:
            self._wire.close()
            raise

    async def _do(
        self, method: str, *params: Param, committing: Committing, deadline: float | None
    ) -> object:
        if self.read_only:
            refuse_changes((method,))
        return await self._change(method, params, committing, deadline)

    async def _many(
        self, method: str, *params: Param, committing: Committing, deadline: float | None
    ) -> tuple[CallResult, ...]:
        value = await self._do(method, *params, committing=committing, deadline=deadline)
        return answers.results_from_list(self.host, value)

    async def _change(
        self, method: str, params: Sequence[Param], committing: Committing, deadline: float | None
    ) -> object:
        body = encode_call(method, params)
        with self._redacted():
            return decode_answer(await self._wire.act(body, deadline or self.timeout, committing))

    async def _stream(self, target: str) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(self._wire.stream(self.endpoint.prefix + target, self.timeout)) as pieces:
                async for piece in pieces:
                    yield piece
        except HttpStatusError as error:
            if error.status in (404, 410):
                raise Fault(FaultCode.NO_FILE, "NO_FILE: this process has no such log") from None
            error.strike(self._redact)
            raise
        except WireError as error:
            error.strike(self._redact)
            raise

    @contextmanager
    def _redacted(self) -> Iterator[None]:
        try:
            yield
        except WireError as error:
            error.strike(self._redact)
            raise


__all__ = [
    "Call",
    "CallResult",
    "Channel",
    "LogPiece",
    "LogTail",
    "ProcessesAnswer",
    "ProgramConfig",
    "Reread",
    "StatusAnswer",
    "Supervisor",
]
