"""One host of the fleet: a fake supervisord, its HTTP server, its door, and what is wrong with it.

A request comes in from a `Channel`; its reply goes out there. The order of the handlers is that of supervisor's
`http.py:make_http_servers`: first the one whose path begins the URI.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import traceback
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.support.fake_fleet.call_reader import CallReader, UnreadableCallError
from tests.support.fake_fleet.channel import Channel
from tests.support.fake_fleet.daemon import FakeSupervisord
from tests.support.fake_fleet.deferred import Deferred
from tests.support.fake_fleet.door import Door
from tests.support.fake_fleet.faults import Fault
from tests.support.fake_fleet.interface import SupervisorMethods
from tests.support.fake_fleet.log_file import Following, LogFile
from tests.support.fake_fleet.marshal import RpcFault, response
from tests.support.fake_fleet.request import Request, http_date
from tests.support.fake_fleet.states import Mood
from tests.support.fake_fleet.system_methods import Methods

TAIL_BYTES = 1024
DOWN_SECONDS = 0.1
"""How long nothing listens while a supervisord restarts."""


@dataclass(slots=True)
class Counts:
    """What the fleet was asked for, by method or path, and what it cost."""

    calls: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    bytes_out: int = 0
    crashes: int = 0


class Tasks:
    """Keeps hold of what runs in the background."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


class FakeHost:
    """One host. `latency` and `jitter`: seconds between the arrival of a request and its reading."""

    def __init__(self, daemon: FakeSupervisord, counts: Counts, reader: CallReader, tasks: Tasks) -> None:
        self.daemon = daemon
        self.counts = counts
        self.tasks = tasks
        self.latency = self.jitter = 0.0
        self.fault = Fault.NONE
        self.channels: set[Channel] = set()
        self.asked_for: Counter[str] = Counter()
        """Every method that it was ever asked for, also inside a multicall, and which is then not counted itself."""
        self.door = Door(lambda: Channel(self))
        self._reader = reader
        self._methods = SupervisorMethods(daemon)
        self._call = Methods(self._methods).call
        daemon.reborn = self._reborn

    async def set_fault(self, fault: Fault) -> None:
        """Let `fault` be what is wrong from now on."""
        self.fault = fault
        self._methods.says_shutdown = fault is Fault.SHUTTING_DOWN
        if fault in (Fault.REFUSED, Fault.BLACK_HOLE):
            self._drop_all()
            await self.door.shut(silently=fault is Fault.BLACK_HOLE)
        else:
            await self.door.open()

    def _drop_all(self) -> None:
        for channel in list(self.channels):
            channel.close()

    def _reborn(self, mood: Mood) -> None:
        self._drop_all()
        self.tasks.start(self._reopen(mood))

    async def _reopen(self, mood: Mood) -> None:
        await self.door.shut()
        if mood is Mood.RESTARTING:
            await asyncio.sleep(DOWN_SECONDS)
            await self.door.open()

    # --- requests -------------------------------------------------------------------------------------------------

    def asked(self, channel: Channel, request: Request) -> None:
        """A head has come; what goes wrong with it is a 500, a password without a colon included."""
        try:
            if self._allowed(channel, request):
                self._dispatch(channel, request)
        except Exception:
            channel.reply_error(request, 500)

    def _allowed(self, channel: Channel, request: Request) -> bool:
        settings = self.daemon.settings
        if not settings.user and self.fault is not Fault.UNAUTHORIZED:
            return True
        scheme, _, cookie = request.header("Authorization").partition(" ")
        if scheme.lower() == "basic" and self.fault is not Fault.UNAUTHORIZED:
            try:
                user, password = base64.decodebytes(cookie.encode()).decode().split(":", 1)
            except (binascii.Error, UnicodeDecodeError):
                channel.reply_error(request, 400)
                return False
            if user == settings.user and _matches(password, settings.password):
                return True
        channel.swallow()
        request.headers["Connection"] = "close"
        request.headers["WWW-Authenticate"] = 'Basic realm="default"'
        channel.reply_error(request, 401)
        return False

    def _dispatch(self, channel: Channel, request: Request) -> None:
        uri, command = request.uri, request.command
        if uri.startswith("/RPC2"):
            if command != "POST":
                channel.reply_error(request, 400)
            elif not request.header("Content-Length"):
                channel.reply_error(request, 411)
            else:
                channel.expect_body(request, int(request.header("Content-Length")))
        elif uri.startswith(("/logtail", "/mainlogtail")):
            if command != "GET":
                channel.reply_error(request, 400)
            else:
                self._tail(channel, request)
        else:
            channel.reply_error(request, 404 if command in ("GET", "HEAD") else 400)

    def _tail(self, channel: Channel, request: Request) -> None:
        is_main = request.uri.startswith("/mainlogtail")
        self.counts.calls["/mainlogtail" if is_main else "/logtail"] += 1
        log = self._main_log() if is_main else self._process_log(request.uri)
        if self.fault is Fault.ERROR_500:
            channel.reply_error(request, 500)
        elif log is None:
            channel.reply_error(request, 404)
        else:
            request.headers["Last-Modified"] = http_date(int(log.written))
            request.headers["Content-Type"] = "text/plain;charset=utf-8"
            if not is_main:
                request.headers["X-Accel-Buffering"] = "no"
            request.outgoing.append(Following(log, TAIL_BYTES))
            channel.reply(request)

    def _main_log(self) -> LogFile | None:
        return self.daemon.main_log if self.daemon.settings.logfile else None

    def _process_log(self, uri: str) -> LogFile | None:
        path = uri.partition("?")[0].partition(";")[0]
        path = (unquote(path) if "%" in path else path).lstrip("/")
        name, _, channel = path.split("/", 1)[1].partition("/")
        group_name, separator, process_name = name.partition(":")
        group = self.daemon.groups.get(group_name)
        process = None if group is None else group.processes.get(process_name if separator else name)
        if process is None or channel not in ("", "stdout", "stderr"):
            return None
        return process.log(channel or "stdout")

    def called(self, channel: Channel, request: Request, body: bytes) -> None:
        """A body has come. Raises UnicodeDecodeError, which costs the connection."""
        body.decode()
        try:
            method, params = self._reader.read(body)
        except UnreadableCallError:
            self.daemon.error(f"XML-RPC request data {body.decode()!r} is invalid: unmarshallable")
            channel.reply_error(request, 400)
            return
        if not method:
            self.daemon.error(f"XML-RPC request data {body.decode()!r} is invalid: no method name")
            channel.reply_error(request, 400)
            return
        self.counts.calls[method] += 1
        self.asked_for.update(_methods(method, params))
        if self.fault is Fault.ERROR_500:
            channel.reply_error(request, 500)
            return
        self._answer(channel, request, method, params, body)

    def _answer(
        self, channel: Channel, request: Request, method: str, params: tuple[Any, ...], body: bytes
    ) -> None:
        try:
            try:
                value = self._call(method, params)
            except RpcFault as fault:
                value = fault
            if isinstance(value, Deferred):
                channel.reply_later(request, value)
                return
            answer = response(value)
        except Exception:
            self.daemon.critical(
                f"Handling XML-RPC request with data {body.decode()!r} raised an unexpected exception: "
                f"{traceback.format_exc()}"
            )
            channel.reply_error(request, 500)
            return
        request.headers["Content-Type"] = "text/xml"
        request.headers["Content-Length"] = len(answer)
        request.outgoing.append(answer)
        channel.reply(request)


def _methods(method: str, params: tuple[Any, ...]) -> list[str]:
    if method != "system.multicall":
        return [method]
    return [str(call.get("methodName")) for call in params[0] if isinstance(call, dict)]


def _matches(password: str, stored: str) -> bool:
    if stored.startswith("{SHA}"):
        return stored[5:] == hashlib.sha1(password.encode()).hexdigest()
    return stored == password
