"""getAllProcessInfo decoded by difference to the answer before: an unchanged process costs a hash of its bytes.

Who comes in: `Supervisor.status` with the body of an answer. What leaves: a `StatusAnswer`, or what the codec raises.
The rule: the fast way accepts a body only when every byte of it is accounted for (head, rows, tail, as Python's
`xmlrpc.client.dumps` writes them, which is what supervisord uses); for all others the strict codec decides. Both give
the same, which a property test shows.

Of an answer only a 64-bit hash and the lengths of each row are kept, where its bytes would be most of our memory. That a
changed row passes for unchanged has a chance of 2**-64, and only that host's own row would be out of date.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import is_
from typing import NamedTuple

from tui.model.process import Process, ProcessKey, disambiguate
from tui.rpc.answers import StatusAnswer, as_list, processes_from_list
from tui.rpc.codec import MAX_BODY, Body, decode_answer
from tui.rpc.rows import HEAD, PLAIN, SUPERVISOR_4, TAIL, Layout, layout_of, process_of

_STREAK = 3
"""After so many changed rows in a row the next is not tried for an unchanged one first: supervisord was restarted."""


class _Shape(NamedTuple):
    """Bytes of a row before, between and behind the values of `now` and `description`, which age; and of `now`."""

    first: int
    second: int
    third: int
    now: int


@lru_cache(maxsize=4096)
def _shape(first: int, second: int, third: int, now: int) -> _Shape:
    """One object for all rows of the same lengths."""
    return _Shape(first, second, third, now)


class _Rows:
    """The rows of one answer: what they meant, and how to know them again."""

    __slots__ = ("hashes", "processes", "shapes")

    def __init__(self, processes: Sequence[Process] = ()) -> None:
        self.processes = processes
        self.shapes: list[_Shape] = []
        self.hashes = array("q")

    def share(self, told: tuple[Process, ...]) -> None:
        """The rows are complete: keep what leaves instead of a list of our own when it is the same objects."""
        if len(told) == len(self.processes) and all(map(is_, told, self.processes)):
            self.processes = told


class StatusDecoder:
    """Remembers one host's last answer. Feed it nothing but that host's answers, in order."""

    __slots__ = ("_answered", "_host", "_known", "_processes", "_rows", "fields")

    def __init__(self, host: str) -> None:
        self._host = host
        self.fields = SUPERVISOR_4
        """The order in which this host sends the members of a row, as far as it is known."""
        self._rows = _Rows()
        self._processes: tuple[Process, ...] = ()
        self._answered = False
        self._known = False
        """Whether `_rows` are those of the last answer."""

    def decode(self, body: Body, latency: float = 0.0) -> StatusAnswer:
        """The rows and the server's time; the same tuple as before when nothing but time passed."""
        reading = self._decode_fast(body)
        if reading is None:
            processes, now = self._decode_strict(body)
            self._rows, self._known = _Rows(), False
        else:
            now = int(reading.now)
            if not reading.changed and self._known:
                return StatusAnswer(self._processes, now, False, latency)
            processes = self._told_apart(reading)
            self._rows, self._known = reading.rows, True
        changed = not self._answered or processes != self._processes
        if changed:
            self._processes = processes
        self._answered = True
        self._rows.share(self._processes)
        return StatusAnswer(self._processes, now, changed, latency)

    def _told_apart(self, reading: _Reading) -> tuple[Process, ...]:
        """The rows made unambiguous; nothing is to be done when the same processes as before needed nothing."""
        rows = reading.processes
        if reading.same_keys and self._rows.processes is self._processes:
            return tuple(rows)
        return disambiguate(rows)

    def _decode_strict(self, body: Body) -> tuple[tuple[Process, ...], int]:
        value = decode_answer(body)
        rows = as_list(value, "the process list")
        if rows and isinstance(rows[0], dict):
            self._learn(rows[0])
        return processes_from_list(self._host, rows)

    def _learn(self, struct: Mapping[str, object]) -> None:
        """Expect the order of this row from now on; what is neither number nor text keeps the host on the strict way."""
        if all(type(value) in (int, str) for value in struct.values()):
            self.fields = tuple((name, type(value) is int) for name, value in struct.items())

    def _decode_fast(self, body: Body) -> _Reading | None:
        """None when the strict codec must decide."""
        layout = layout_of(self.fields)
        if layout is None or len(body) > MAX_BODY or not body.startswith(HEAD):
            return None
        reading = _Reading(self._host, bytes(body), layout, self._rows)
        return reading if reading.read() else None


class _Reading:
    """One way through a body, beside the rows of the answer before."""

    def __init__(self, host: str, body: bytes, layout: Layout, previous: _Rows) -> None:
        self.processes: list[Process] = []
        self.rows = _Rows(self.processes)
        """Not all of them when nothing changed."""
        self.changed = False
        """Whether any row is another one than before."""
        self.same_keys = True
        """Whether it is about the processes of the answer before, in that order."""
        self.now = b"0"
        self._host = host
        self._body = body
        self._layout = layout
        self._previous = previous
        self._expected = 0
        """The row of the answer before that should come now."""
        self._position = len(HEAD)
        self._hash = 0
        """What the bytes here gave when they were taken for the expected row."""
        self._streak = 0
        """Changed rows since the last that said what it said."""
        self._places: dict[ProcessKey, int] | None = None

    def read(self) -> bool:
        """Go through it; False when the strict codec must decide."""
        most, body = self._layout.most, self._body
        skip = self._skip_unchanged if self._layout.rest is not None else self._skip_in_any_order
        while not (body.startswith(TAIL, self._position) if self._streak >= _STREAK else skip()):
            if not self._read_changed() or len(self.processes) > most:
                return False
        if len(self._body) != self._position + len(TAIL):
            return False
        if self._expected != len(self._previous.processes):
            self.changed, self.same_keys = True, False
        return True

    def _skip_unchanged(self) -> bool:
        """Take over the rows from here on that say what they said; True when the tail follows them.

        A row says what it said when all its bytes but the two ageing values are the same, `now` is a number as long as
        before, and the description is plain.
        """
        assert self._layout.rest is not None
        body, position, now, rest = self._body, self._position, self.now, self._layout.rest.match
        shapes, hashes = self._previous.shapes, self._previous.hashes
        begin = place = self._expected
        end = len(shapes)
        while place < end:
            first, second, _, now_length = shapes[place]
            now_at = position + first
            now_end = now_at + now_length
            description_at = now_end + second
            self._hash = hash((body[position:now_at], body[now_end:description_at]))
            if self._hash != hashes[place]:
                break
            row_now = body[now_at:now_end]
            if row_now != now and not row_now.isdigit():
                break
            match = rest(body, description_at)
            if match is None:
                break
            now, position = row_now, match.end()
            place += 1
        return self._skipped(begin, place, position, now)

    def _skip_in_any_order(self) -> bool:
        """As `_skip_unchanged`, for a server on Python 2: the ageing values may stand anywhere."""
        body, position, now, now_first = self._body, self._position, self.now, self._layout.now_first
        shapes, hashes = self._previous.shapes, self._previous.hashes
        begin = place = self._expected
        while place < len(shapes):
            shape = shapes[place]
            one = position + shape.first
            one_end = one + shape.now if now_first else _end_of_plain(body, one)
            two = one_end + shape.second
            two_end = _end_of_plain(body, two) if now_first else two + shape.now
            end = two_end + shape.third
            row_now = body[one:one_end] if now_first else body[two:two_end]
            known = hashes[place] == hash((body[position:one], body[one_end:two], body[two_end:end]))
            if not known or not row_now.isdigit():
                break
            now, position = row_now, end
            place += 1
        return self._skipped(begin, place, position, now)

    def _skipped(self, begin: int, place: int, position: int, now: bytes) -> bool:
        """These rows of the answer before stand here, too; whether the tail follows."""
        self._position, self.now, self._expected = position, now, place
        ended = self._body.startswith(TAIL, position)
        if place > begin:
            self._streak = 0
        if place > begin and (self.changed or not ended or place < len(self._previous.shapes)):
            self._take_over(begin, place)
        return ended

    def _take_over(self, begin: int, end: int) -> None:
        rows, previous = self.rows, self._previous
        self.processes += previous.processes[begin:end]
        rows.shapes += previous.shapes[begin:end]
        rows.hashes += previous.hashes[begin:end]

    def _read_changed(self) -> bool:
        """Read the row at the current place with the pattern; False when the strict codec must decide."""
        row = self._layout.read(self._body, self._position)
        if row is None:
            return False
        place, before = self._expected, self._previous
        known = before.processes[place] if place < len(before.shapes) else None
        process = process_of(self._host, self._layout, row, known)
        if process is None:
            return False
        self.changed = True
        tried = None
        if known is not None and (process.key is known.key or process.key == known.key):
            self._expected = place + 1
            tried = before.shapes[place] if self._streak < _STREAK else None
        else:
            known = self._find(process.key)
            self.same_keys = False
        if known is not None and known.pid == process.pid and known == process:
            process = known
        self._streak = 0 if process is known else self._streak + 1
        self._keep(row[0], process, tried)
        return True

    def _keep(self, match: re.Match[bytes], process: Process, tried: _Shape | None) -> None:
        """Append a row; `tried` is the shape as which it was tried, and `_hash` what its bytes gave then."""
        layout, body, rows, begin, end = self._layout, self._body, self.rows, self._position, match.end()
        one, one_end = match.span(layout.now)
        two, two_end = match.span(layout.description)
        self._position, self.now = end, body[one:one_end]
        now_length = one_end - one
        if not layout.now_first:
            one, one_end, two, two_end = two, two_end, one, one_end
        shape = _shape(one - begin, two - one_end, end - two_end, now_length)
        if layout.rest is None:
            known_by = hash((body[begin:one], body[one_end:two], body[two_end:end]))
        elif shape is tried:
            known_by = self._hash
        else:
            known_by = hash((body[begin:one], body[one_end:two]))
        self.processes.append(process)
        rows.shapes.append(shape)
        rows.hashes.append(known_by)

    def _find(self, key: ProcessKey) -> Process | None:
        """The row of this process in the answer before; what follows it there is expected next."""
        if self._places is None:
            known = self._previous.processes
            self._places = {process.key: place for place, process in enumerate(known)}
        place = self._places.get(key)
        if place is None:
            return None
        self._expected = place + 1
        return self._previous.processes[place]


def _end_of_plain(body: bytes, position: int) -> int:
    match = PLAIN.match(body, position)
    return position if match is None else match.end()
