"""What can be wrong with a host, and how a reply leaves it then.

`refused` and `black-hole` are a matter of its socket (`door.py`), `stall`, `unauthorized`, `error-500` and `shutting-down`
of what it does with a request; the rest spoil the bytes of a reply, here.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.support.fake_fleet.marshal import response

if TYPE_CHECKING:
    from tests.support.fake_fleet.channel import Channel

DRIP_SECONDS = 0.05
HUGE = 1 << 30
"""Bytes that a huge answer announces, and sends if somebody reads them."""
HEAD = b"HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
BOMB = (
    b"<?xml version='1.0'?>\n<!DOCTYPE bomb [\n<!ENTITY a0 \"boom\">\n"
    + b"".join(b'<!ENTITY a%d "%b">\n' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10))
    + b"]>\n<methodResponse>\n<params>\n<param>\n<value><string>&a9;</string></value>\n</param>\n</params>\n"
    b"</methodResponse>\n"
)
GARBAGE = random.Random(1).randbytes(700)


class Fault(StrEnum):
    """One thing that is wrong with a host."""

    NONE = "none"
    REFUSED = "refused"
    """Nothing listens on its port."""
    BLACK_HOLE = "black-hole"
    """Nobody answers a connect."""
    STALL = "stall"
    """It accepts, reads, and says nothing."""
    TRUNCATE = "truncate"
    """It closes halfway through a reply."""
    RESET = "reset"
    """It resets the connection halfway through a reply."""
    ERROR_500 = "error-500"
    UNAUTHORIZED = "unauthorized"
    GARBAGE = "garbage"
    """It replies with bytes that are no HTTP."""
    DTD_BOMB = "dtd-bomb"
    """Its answers are XML that grows a billionfold."""
    DRIP = "drip"
    """A byte of its reply at a time."""
    CLOSE = "close"
    """It closes after each reply, without having said so."""
    SHUTTING_DOWN = "shutting-down"
    """Fault 6 to every `supervisor.*` call."""
    HUGE = "huge"
    """An answer without end."""


def spoil(channel: Channel, reply: bytes) -> None:
    """Send `reply` as the host's fault has it."""
    half = reply[: len(reply) // 2]
    match channel.host.fault:
        case Fault.TRUNCATE:
            channel.write(half)
            channel.close()
        case Fault.RESET:
            _reset(channel, half)
        case Fault.GARBAGE:
            channel.write(GARBAGE)
            channel.close()
        case Fault.DTD_BOMB:
            channel.write(HEAD % len(BOMB) + BOMB)
        case Fault.DRIP:
            channel.host.tasks.start(_drip(channel, reply))
        case Fault.CLOSE:
            channel.write(reply)
            channel.close()
        case Fault.HUGE:
            channel.host.tasks.start(_flood(channel))
        case _:
            channel.write(reply)


def _reset(channel: Channel, half: bytes) -> None:
    channel.write(half)
    if channel.transport is not None:
        connection = channel.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        channel.transport.abort()


async def _drip(channel: Channel, reply: bytes) -> None:
    for number in reply:
        channel.write(bytes([number]))
        await asyncio.sleep(DRIP_SECONDS)
        if channel.transport is None:
            return


async def _flood(channel: Channel) -> None:
    """Rows, and rows, as fast as they are read."""
    channel.write(HEAD % HUGE)
    row = response([{"name": "x" * 500, "group": "y" * 500, "description": "z" * 500}] * 30)
    while channel.transport is not None:
        if channel.transport.get_write_buffer_size() > len(row):
            await asyncio.sleep(0.005)
            continue
        channel.write(row)
        await asyncio.sleep(0)  # or the loop would never hear that the reader has left
