"""getAllProcessInfo decoded by difference to the answer before: an unchanged process costs a comparison of its bytes.

Who comes in: `Supervisor.status` with the body of an answer. What leaves: a `StatusAnswer`, or what the codec raises.
The rule: the fast way accepts a body only when every byte of it is accounted for (head, rows, tail, as Python's
`xmlrpc.client.dumps` writes them, which is what supervisord uses); for all others the strict codec decides. Both give
the same, which a property test shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from tui.model.process import Process, ProcessKey, disambiguate
from tui.rpc.answers import StatusAnswer, as_list, processes_from_list
from tui.rpc.codec import MAX_BODY, Body, decode_answer
from tui.rpc.rows import HEAD, PLAIN, SUPERVISOR_4, TAIL, Layout, layout_of, read_process


class _Row(NamedTuple):
    """The bytes of a row around the values of `now` and `description`, which age, and what they meant."""

    first: bytes
    second: bytes
    third: bytes
    first_length: int
    second_length: int
    now_length: int
    process: Process


def _skip_in_any_order(body: Body, position: int, row: _Row, now_first: bool) -> tuple[Body, int] | None:
    """`now` and the end of the row at `position` if it says what `row` said, for servers on Python 2."""
    if not body.startswith(row.first, position):
        return None
    position += row.first_length
    if not now_first:
        position = _end_of_plain(body, position)
    else:
        now = body[position : position + row.now_length]
        position += row.now_length
    if not body.startswith(row.second, position):
        return None
    position += row.second_length
    if now_first:
        position = _end_of_plain(body, position)
    else:
        now = body[position : position + row.now_length]
        position += row.now_length
    if not now.isdigit() or not body.startswith(row.third, position):
        return None
    return now, position + len(row.third)


def _end_of_plain(body: Body, position: int) -> int:
    match = PLAIN.match(body, position)
    assert match is not None  # it also matches nothing
    return match.end()


class StatusDecoder:
    """Remembers one host's last answer. Feed it nothing but that host's answers, in order."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.fields = SUPERVISOR_4
        """The order in which this host sends the members of a row, as far as it is known."""
        self._rows: list[_Row] = []
        self._processes: tuple[Process, ...] = ()
        self._answered = False

    def decode(self, body: Body, latency: float = 0.0) -> StatusAnswer:
        """The rows and the server's time; the same tuple as before when nothing but time passed."""
        fast = self._decode_fast(body)
        if fast is None:
            processes, now = self._decode_strict(body)
            self._rows = []
        else:
            rows, now = fast
            if rows is self._rows and self._answered:
                return StatusAnswer(self._processes, now, False, latency)
            self._rows = rows
            processes = disambiguate([row.process for row in rows])
        changed = not self._answered or processes != self._processes
        if changed:
            self._processes = processes
        self._answered = True
        return StatusAnswer(self._processes, now, changed, latency)

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

    def _decode_fast(self, body: Body) -> tuple[list[_Row], int] | None:
        """The rows, the same list when all are unchanged, and the time; None when the strict codec must decide."""
        layout = layout_of(self.fields)
        if layout is None or len(body) > MAX_BODY or not body.startswith(HEAD):
            return None
        return _Reading(self._host, body, layout, self._rows).rows()


class _Reading:
    """One way through a body, beside the rows of the answer before."""

    def __init__(self, host: str, body: Body, layout: Layout, previous: list[_Row]) -> None:
        self._host = host
        self._body = body
        self._layout = layout
        self._previous = previous
        self._expected = 0
        """The row of the answer before that should come now."""
        self._position = len(HEAD)
        self._now: Body = b"0"
        self._rows: list[_Row] = []
        self._places: dict[ProcessKey, int] | None = None

    def rows(self) -> tuple[list[_Row], int] | None:
        """As `StatusDecoder._decode_fast`."""
        changed = False
        while not self._skip_unchanged():
            changed = True
            row = self._changed_row()
            if row is None or len(self._rows) >= self._layout.most:
                return None
            self._rows.append(row)
        if len(self._body) != self._position + len(TAIL):
            return None
        if not changed and len(self._rows) == len(self._previous):
            return self._previous, int(self._now)
        return self._rows, int(self._now)

    def _skip_unchanged(self) -> bool:
        """Take over the rows from here on that say what they said; True when the tail follows them.

        A row says what it said when all its bytes but the two ageing values are the same, `now` is a number as long as
        before, and the description is plain.
        """
        body, position, now, previous = self._body, self._position, self._now, self._previous
        rest = self._layout.rest.match if self._layout.rest is not None else None
        begin = place = self._expected
        for place in range(begin, len(previous) + 1):
            if place == len(previous):
                break
            if rest is None:
                skipped = _skip_in_any_order(body, position, previous[place], self._layout.now_first)
                if skipped is None:
                    break
                now, position = skipped
                continue
            first, second, _, first_length, second_length, now_length, _ = previous[place]
            if not body.startswith(first, position):
                break
            now_at = position + first_length
            now_end = now_at + now_length
            row_now = body[now_at:now_end]
            if (row_now != now and not row_now.isdigit()) or not body.startswith(second, now_end):
                break
            match = rest(body, now_end + second_length)
            if match is None:
                break
            now, position = row_now, match.end()
        self._rows += previous[begin:place]
        self._position, self._now, self._expected = position, now, place
        return body.startswith(TAIL, position)

    def _changed_row(self) -> _Row | None:
        """Read the row at the current place with the pattern; None when the strict codec must decide."""
        match = self._layout.row.match(self._body, self._position)
        before = self._rows[-1].process if self._rows else None
        process = read_process(self._host, match, before) if match else None
        if match is None or process is None:
            return None
        known = self._find(process.key)
        if known is not None and known.process == process:
            process = known.process
        self._now = match["now"]
        self._position = match.end()
        return self._row(match, process)

    def _row(self, match: re.Match[bytes], process: Process) -> _Row:
        one, two = match.span("now"), match.span("description")
        if not self._layout.now_first:
            one, two = two, one
        third = bytes(self._body[two[1] : match.end()])
        if self._rows and self._rows[-1].third == third:
            third = self._rows[-1].third
        first = bytes(self._body[match.start() : one[0]])
        second = bytes(self._body[one[1] : two[0]])
        return _Row(first, second, third, len(first), len(second), len(match["now"]), process)

    def _find(self, key: ProcessKey) -> _Row | None:
        """The row of this process in the answer before; what follows it there is expected next."""
        place: int | None = self._expected
        if self._expected >= len(self._previous) or self._previous[self._expected].process.key != key:
            if self._places is None:
                self._places = {row.process.key: place for place, row in enumerate(self._previous)}
            place = self._places.get(key)
        if place is None:
            return None
        self._expected = place + 1
        return self._previous[place]
