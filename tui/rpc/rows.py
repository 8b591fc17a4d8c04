"""One process as supervisord writes it: a row of bytes that one anchored pattern reads, without an XML parser.

Who comes in: `status` and `named` with the bytes of an answer. What leaves: a `Process`, or None where only the strict
codec can tell. The rule: what is accepted here is exactly what Python's `xmlrpc.client.dumps` writes, which supervisord
uses; a row with anything else in it is left to the strict codec.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tui.model.process import Process, process_from_wire
from tui.rpc.answers import MAX_PROCESSES
from tui.rpc.codec import MAX_VALUES

HEAD = b"<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n"
"""What comes before the rows of an array."""
TAIL = b"</data></array></value>\n</param>\n</params>\n</methodResponse>\n"

_INTS = frozenset({"start", "stop", "now", "state", "exitstatus", "pid"})
_TEXTS = frozenset({"name", "group", "spawnerr", "stdout_logfile", "stderr_logfile", "description"})

Fields = tuple[tuple[str, bool], ...]
"""The members of a row in the order this server sends them; True for a number, False for text."""

SUPERVISOR_4: Fields = (
    ("name", False),
    ("group", False),
    ("start", True),
    ("stop", True),
    ("now", True),
    ("state", True),
    ("statename", False),
    ("spawnerr", False),
    ("exitstatus", True),
    ("logfile", False),
    ("stdout_logfile", False),
    ("stderr_logfile", False),
    ("pid", True),
    ("description", False),
)
"""supervisor/rpcinterface.py:getProcessInfo on Python 3; a server on Python 2 has another order, learned from it."""

PLAIN = re.compile(rb"[ -%'-;=?-~]*")
"""Text that is valid whatever surrounds it: ASCII without controls and markup."""
_AFTER_DESCRIPTION = rb"</string></value>\n</member>\n</struct></value>\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a row of these fields: one anchored pattern, and which of the ageing values comes first."""

    row: re.Pattern[bytes]
    now_first: bool
    rest: re.Pattern[bytes] | None
    """A plain description and all that follows it, when it is the last member, as on Python 3."""
    most: int
    """Rows that an answer may hold."""


@lru_cache(maxsize=64)
def layout_of(fields: Fields) -> Layout | None:
    """None for rows that only the strict codec can read."""
    names = [name for name, _ in fields]
    numbers = {name for name, number in fields if number}
    if _INTS - numbers or _TEXTS - (set(names) - numbers) or len(set(names)) != len(names):
        return None
    if not all(re.fullmatch(r"[a-z_]{1,40}", name) for name in names):
        return None
    row = "<value><struct>\n"
    for name, number in fields:
        kind, value = ("int", r"-?[0-9]{1,18}") if number else ("string", r"[^<]*")
        row += (
            f"<member>\n<name>{name}</name>\n<value><{kind}>(?P<{name}>{value})</{kind}></value>\n</member>\n"
        )
    row += "</struct></value>\n"
    now_first = names.index("now") < names.index("description")
    rest = re.compile(PLAIN.pattern + _AFTER_DESCRIPTION) if names[-1] == "description" else None
    most = min(MAX_PROCESSES, MAX_VALUES // (len(fields) + 1) - 1)
    return Layout(re.compile(row.encode()), now_first, rest, most)


def read_process(host: str, match: re.Match[bytes], before: Process | None = None) -> Process | None:
    """The process of a row that fits the pattern, None when only the strict codec can tell.

    `before` is the one of the row before it: both share the text of their group.
    """
    if not _is_valid_text(match.group()):
        return None
    group, name = _text(match["group"]), _text(match["name"])
    if not group or not name:
        return None
    if before is not None and before.key.group == group:
        group = before.key.group
    return process_from_wire(
        host,
        group,
        name,
        state=int(match["state"]),
        pid=int(match["pid"]),
        start=max(0, int(match["start"])),
        stop=max(0, int(match["stop"])),
        exitstatus=int(match["exitstatus"]),
        spawnerr=_text(match["spawnerr"]),
        stdout_logfile=_text(match["stdout_logfile"]),
        stderr_logfile=_text(match["stderr_logfile"]),
    )


_OTHER_ENTITY = re.compile(rb"&(?!amp;|lt;|gt;)")


def _is_valid_text(row: bytes) -> bool:
    """Whether the values of a row that fits the pattern are what XML allows, in UTF-8, with no entity but the three."""
    if b"]]>" in row or (b"&" in row and _OTHER_ENTITY.search(row)):
        return False
    if not row.isascii():
        try:
            row.decode()
        except UnicodeDecodeError:
            return False
    return True


def _text(raw: bytes) -> str:
    if b"&" in raw:
        raw = raw.replace(b"&lt;", b"<").replace(b"&gt;", b">").replace(b"&amp;", b"&")
    return raw.decode()
