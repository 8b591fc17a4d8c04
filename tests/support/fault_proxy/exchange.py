"""One request and its answer, passed on as a fault has it. The last byte of a request always travels alone.

Who comes in: a connection of the proxy, with both sides. What leaves: whether the connection may carry another request.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.fault_proxy.faults import End, Fault
from tests.support.fault_proxy.sides import Side

_METHOD = re.compile(rb"<methodName>([^<]*)</methodName>")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(slots=True)
class Exchange:
    """What was seen of one request and its answer; may still be under way."""

    connection: int
    """Number of the client's connection, from 1."""
    request: bytes
    """All of it, whether it was passed on or not."""
    fault: Fault
    began: float = field(default_factory=time.monotonic)
    whole: bool = False
    """Whether its last byte was passed on: then supervisord runs it."""
    answered: int = 0
    """Bytes of the answer that were passed on."""
    head: bytes = b""
    """The answer's headers, as far as they were passed on a byte at a time."""

    @property
    def method(self) -> str:
        """The called method, or the path of a GET."""
        found = _METHOD.search(self.request)
        return found[1].decode() if found else self.request.split(b" ")[1].decode()


@dataclass(slots=True)
class Passing:
    """One connection's two sides, and what the proxy wants to be asked while something passes."""

    number: int
    client: Side
    server: Side
    fault: Callable[[bytes], Fault]
    """What is to be done to this request."""
    begun: Callable[[Exchange], None]
    before_last_byte: Callable[[bytes], None]
    flowing: asyncio.Event
    """Nothing passes while this is not set."""

    async def run(self) -> None:
        """Exchanges until either side ends, or a fault does; then both are closed."""
        while await self._one():
            pass

    async def _one(self) -> bool:
        request = await self._most_of_a_request()
        if request is None:
            await self._leave(End.FIN)
            return False
        start, total = request
        fault = self.fault(start)
        exchange = Exchange(self.number, start, fault)
        self.begun(exchange)
        if not await self._pass_request(exchange, start, total):
            return False
        if not await self._pass_answer(exchange):
            await self._leave(fault.end if fault.cut_answer is not None else End.FIN)
            return False
        return True

    async def _most_of_a_request(self) -> tuple[bytes, int] | None:
        """A request but for its last byte, which is left where it is, and its length; None when none came."""
        came = self.client.came
        while True:
            head, separator, _ = bytes(came).partition(b"\r\n\r\n")
            if separator:
                total = len(head) + 4 + (_length(head) or 0)
                if len(came) >= total - 1:
                    return self.client.take(total - 1 if _length(head) else total), total
            if not await self.client.more():
                return None

    async def _pass_request(self, exchange: Exchange, start: bytes, total: int) -> bool:
        cut = exchange.fault.cut_request
        cut = cut + total if cut is not None and cut < 0 else cut
        await self.flowing.wait()
        await self.server.send(start if cut is None else start[:cut])
        if cut is not None and cut < total:
            await self._leave(exchange.fault.end)
            return False
        while len(exchange.request) < total:
            exchange.request += self.client.take(total - len(exchange.request))
            if len(exchange.request) < total and not await self.client.more():
                await self._leave(End.FIN)
                return False
        self.before_last_byte(exchange.request)
        await self.flowing.wait()
        exchange.whole = True
        await self.server.send(exchange.request[len(start) :])
        if cut is not None:
            await self._leave(exchange.fault.end)
        return cut is None

    async def _pass_answer(self, exchange: Exchange) -> bool:
        """Whether the connection may go on."""
        fault = exchange.fault
        if fault.cut_answer == 0:
            return False
        if fault.delay or fault.jitter:
            await asyncio.sleep(fault.delay + fault.jitter * random.random())
        rest: int | None = None
        head = b""
        to_the_end = _CLOSE.search(exchange.request.partition(b"\r\n\r\n")[0]) is not None
        held = b""
        while rest is None or rest > 0:
            if not self.server.came and not await self._hear_server():
                break
            data = self.server.take(1 << 16 if rest is None else rest)
            if rest is not None:
                rest -= len(data)
            elif not to_the_end:
                head += data
                rest = _rest_of(head)
            if fault.rewrites:
                held += data
            elif not await self._pass_on(exchange, data):
                return False
        if held and not await self._pass_on(exchange, fault.rewritten(held)):
            return False
        return rest == 0

    async def _pass_on(self, exchange: Exchange, data: bytes) -> bool:
        """Send a part of the answer to the client as the fault has it; False when it ends here."""
        fault = exchange.fault
        cut = None if fault.cut_answer is None else fault.cut_answer - exchange.answered
        data = data if cut is None else data[:cut]
        while data:
            step, pause = fault.piece or len(data), fault.pause
            dripping = fault.drip and not exchange.head.endswith(b"\r\n\r\n")
            if dripping:
                step, pause = 1, fault.drip
                exchange.head += data[:1]
            await self.flowing.wait()
            await self.client.send(data[:step])
            exchange.answered += len(data[:step])
            data = data[step:]
            if fault.piece or dripping:
                await asyncio.sleep(pause)
                if self.client.gone.is_set():
                    return False
        return fault.cut_answer is None or exchange.answered < fault.cut_answer

    async def _hear_server(self) -> bool:
        """Wait for bytes of supervisord; False when it has closed or the client has left."""
        left = asyncio.ensure_future(self.client.gone.wait())
        more = asyncio.ensure_future(self.server.more())
        await asyncio.wait((left, more), return_when=asyncio.FIRST_COMPLETED)
        left.cancel()
        if not more.done():
            more.cancel()
            return False
        return more.result()

    async def _leave(self, end: End) -> None:
        """End both sides like this; returns when nothing is left to do for this connection."""
        match end:
            case End.FIN:
                self.client.close()
                self.server.close()
            case End.RST:
                self.client.reset()
                self.server.reset()
            case End.HALF_CLOSE:
                self.client.half_close()
                self.server.half_close()
                await asyncio.gather(self.client.gone.wait(), self.server.gone.wait())
            case End.HALF_OPEN:
                self.server.reset()
                await asyncio.Event().wait()
            case End.SILENCE:
                await asyncio.Event().wait()


def _length(head: bytes) -> int | None:
    found = _LENGTH.search(head)
    return int(found[1]) if found else None


def _rest_of(begun: bytes) -> int | None:
    """How many bytes of an answer are still to come after `begun`; None when that is not known (yet)."""
    head, separator, body = begun.partition(b"\r\n\r\n")
    length = _length(head) if separator else None
    return None if length is None else max(0, length - len(body))
