"""Bytes of a log to lines, and where two stretches of one log meet. Pure: no I/O, no clock.

Lines keep their colours and whatever else is in them: who shows them cleans them (`text.log_spans`).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Literal

from tui.model.process import ProcessKey
from tui.rpc.client import Channel

LINE_LIMIT = 64 * 1024
"""Characters of a line that are kept."""
CUT_MARK = " … (the rest of this line is left out)"
STREAM_HISTORY = 1024
"""With so many bytes of the past a `/logtail` stream begins (supervisor/http.py:tail_f_producer)."""
SURE_MATCH = 16
"""Two stretches that share fewer bytes than this, where more could be shared, meet by chance."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of one log, or a remark of ours about it."""

    key: ProcessKey
    """A host's key: the log of its supervisord."""
    channel: Channel
    text: str
    """Raw, for a 'line': not cleaned."""
    arrived: float
    """Our wall clock, epoch seconds; 0: it was there before anybody looked."""
    kind: Literal["line", "gap", "note", "mark"] = "line"
    """A 'gap': lines may be missing here. A 'note': something to know about this log. A 'mark': the reader drew it."""


class LineAssembler:
    """Puts lines together across the edges of pieces; bytes that are not UTF-8 become U+FFFD."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._skipping = False

    def skip_to_next_line(self) -> None:
        """What comes first begins somewhere in a line: leave that line out."""
        self._skipping = True

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        *whole, rest = (self._rest + self._decoder.decode(data)).split("\n")
        lines = []
        for line in whole:
            if self._skipping:
                self._skipping = False
            else:
                lines.append(self._bounded(line.removesuffix("\r")))
        self._rest = "" if self._skipping else rest
        if len(self._rest) > self._limit:
            lines.append(self._bounded(self._rest))
            self._rest, self._skipping = "", True
        return lines

    def flush(self) -> list[str]:
        """The line that was never ended, if there is one; begin afresh."""
        rest = self._rest + self._decoder.decode(b"", True)
        self._decoder.reset()
        self._rest, self._skipping = "", False
        return [self._bounded(rest)] if rest else []

    def _bounded(self, line: str) -> str:
        return line if len(line) <= self._limit else line[: self._limit] + CUT_MARK


def known_at_start(known: bytes, piece: bytes, reach: int = STREAM_HISTORY) -> int | None:
    """How many bytes of a stretch that begins with `piece` are the end of `known`; None when the two do not meet.

    `reach` is how far before the end of `known` the stretch can begin. The answer may be more than `piece` is long. Of
    several places where they would meet the earliest counts: a log is appended to, and rarely in the moment between.
    """
    if not known or not piece:
        return 0
    for start in range(max(0, len(known) - reach), len(known)):
        shared = min(len(known) - start, len(piece))
        if shared < SURE_MATCH and shared < min(len(known), len(piece)):
            break
        if known.startswith(piece[:shared], start):
            return len(known) - start
    return None


def known_within(known: bytes, piece: bytes) -> int | None:
    """How many bytes of `piece`, a later and long look at the same log, were there when `known` was its end.

    None when the end of `known` is not in it: the log grew by more than `piece`, or is another file by now.
    """
    if not known:
        return 0
    end = known[-STREAM_HISTORY:]
    found = piece.rfind(end)
    if found >= 0:
        return found + len(end)
    if len(piece) < len(known):  # it may begin behind the beginning of what we know
        return known_at_start(known, piece, len(piece))
    return None
