"""One process as supervisord writes it: a row of bytes that one anchored pattern reads, without an XML parser.

Who comes in: `status` and `named` with the bytes of an answer. What leaves: a `Process`, or None where only the strict
codec can tell. The rule: what is accepted here is exactly what Python's `xmlrpc.client.dumps` writes, which supervisord
uses; a row with anything else in it is left to the strict codec.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from tui.model.process import Process, ProcessKey, make_process, process_from_wire
from tui.model.states import ProcessState
from tui.rpc.answers import MAX_PROCESSES
from tui.rpc.codec import MAX_VALUES

HEAD = b"<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><array><data>\n"
"""What comes before the rows of an array."""
TAIL = b"</data></array></value>\n</param>\n</params>\n</methodResponse>\n"

_READ = (
    "name",
    "group",
    "start",
    "stop",
    "state",
    "spawnerr",
    "exitstatus",
    "stdout_logfile",
    "stderr_logfile",
    "pid",
)
"""What a process is made of, in the order in which a row's values are taken here."""
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

_PLAIN = "[ -%'-;=?-~]"
"""Characters that are valid whatever surrounds them: ASCII without controls and markup. Such text needs no cleaning."""
PLAIN = re.compile(f"{_PLAIN}*".encode())
_AFTER_DESCRIPTION = rb"</string></value>\n</member>\n</struct></value>\n"


Read = tuple[re.Match[bytes], tuple[bytes, ...]]
"""A row that was read, and its values in the order of the fields."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a row of these fields, and which of the ageing values comes first.

    The patterns find the values and step over the markup between them; a row counts as read when the values written into
    the template give its very bytes. That is a third of the time of a pattern that spells the markup out.
    """

    template: bytes
    plain: re.Pattern[bytes]
    """Rows in which every text is plain and no number but the exit status is below zero: nearly all."""
    any: re.Pattern[bytes]
    pick: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
    """From all values of a row those of the fields in `_READ`, in that order."""
    now: int
    description: int
    """The groups of the ageing values."""
    rest: re.Pattern[bytes] | None
    """A plain description and all that follows it, when it is the last member, as on Python 3."""
    most: int
    """Rows that an answer may hold."""

    @property
    def now_first(self) -> bool:
        """Which of the ageing values comes first."""
        return self.now < self.description

    def read(self, body: bytes, position: int) -> Read | None:
        """The row at this place."""
        match = self.plain.match(body, position) or self.any.match(body, position)
        if match is None:
            return None
        values = match.groups()
        return (match, values) if body.startswith(self.template % values, position) else None


@lru_cache(maxsize=64)
def layout_of(fields: Fields) -> Layout | None:
    """None for rows that only the strict codec can read."""
    names = [name for name, _ in fields]
    numbers = {name for name, number in fields if number}
    if _INTS - numbers or _TEXTS - (set(names) - numbers) or len(set(names)) != len(names):
        return None
    if not all(re.fullmatch(r"[a-z_]{1,40}", name) for name in names):
        return None
    pieces = _markup(fields)
    rest = re.compile(PLAIN.pattern + _AFTER_DESCRIPTION) if names[-1] == "description" else None
    return Layout(
        template=b"%b".join(pieces),
        plain=_pattern(fields, pieces, _PLAIN, "[0-9]{1,18}"),
        any=_pattern(fields, pieces, "[^<]", "-?[0-9]{1,18}"),
        pick=itemgetter(*map(names.index, _READ)),
        now=names.index("now") + 1,
        description=names.index("description") + 1,
        rest=rest,
        most=min(MAX_PROCESSES, MAX_VALUES // (len(fields) + 1) - 1),
    )


def _markup(fields: Fields) -> list[bytes]:
    """What stands before, between and behind the values."""
    pieces = ["<value><struct>\n"]
    for name, number in fields:
        kind = "int" if number else "string"
        pieces[-1] += f"<member>\n<name>{name}</name>\n<value><{kind}>"
        pieces.append(f"</{kind}></value>\n</member>\n")
    pieces[-1] += "</struct></value>\n"
    return [piece.encode() for piece in pieces]


def _pattern(fields: Fields, markup: list[bytes], text: str, number: str) -> re.Pattern[bytes]:
    row = f".{{{len(markup[0])}}}"
    for (name, is_number), after in zip(fields, markup[1:], strict=True):
        value = number if is_number else f"{text}*+"
        if name in ("name", "group"):
            value = f"{text}++"
        if name in ("start", "stop", "now"):  # a longer one is no time: `answers.server_time`
            value = "[0-9]{1,10}"
        if name == "exitstatus":
            value = "-?[0-9]{1,18}"
        row += f"({value}).{{{len(after)}}}"
    return re.compile(row.encode(), re.DOTALL)


def process_of(host: str, layout: Layout, row: Read, known: Process | None = None) -> Process | None:
    """The process of a row that `layout` read, None when only the strict codec can tell.

    `known` is what this row may have said before: its key is kept when the names are the same.
    """
    match, values = row
    if match.re is not layout.plain:
        return _process_of_any(host, layout, row)
    raw_name, raw_group, start, stop, state, spawnerr, exitstatus, stdout, stderr, pid = layout.pick(values)
    name, group = _SHARED[raw_name], _SHARED[raw_group]
    if known is not None and known.key.name == name and known.key.group == group:
        key = known.key
    else:
        key = ProcessKey(host, group, name)
    return make_process(
        key,
        group,
        name,
        _STATES.get(state) or ProcessState.of(int(state)),
        int(pid),
        int(start),
        int(stop) if stop != b"0" else 0,
        int(exitstatus) if exitstatus != b"0" else 0,
        _SHARED[spawnerr],
        stdout + b"\n" + stderr,
    )


def _process_of_any(host: str, layout: Layout, row: Read) -> Process | None:
    match, values = row
    if not _is_valid_text(match.group()):
        return None
    name, group, start, stop, state, spawnerr, exitstatus, stdout, stderr, pid = layout.pick(values)
    return process_from_wire(
        host,
        _SHARED[group],
        _SHARED[name],
        state=int(state),
        pid=int(pid),
        start=max(0, int(start)),
        stop=max(0, int(stop)),
        exitstatus=int(exitstatus),
        spawnerr=_text(spawnerr),
        stdout_logfile=_text(stdout),
        stderr_logfile=_text(stderr),
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


class _Shared(dict[bytes, str]):
    """One text object for all rows that say the same: a fleet has many rows and few names. Bounded."""

    def __missing__(self, raw: bytes) -> str:
        text = _text(raw)
        if len(raw) <= _SHARED_BYTES:
            if len(self) >= _SHARED_TEXTS:
                self.clear()
            self[raw] = text
        return text


_SHARED_TEXTS = 4096
_SHARED_BYTES = 100
_SHARED = _Shared()
_STATES: Mapping[bytes, ProcessState] = {b"%d" % state: state for state in ProcessState if state}
