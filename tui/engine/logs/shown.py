"""What of one log is shown: bytes become lines, remarks stand among them, and the end is kept to find the place again.

Who comes in: bytes of the log, and what is to be said of it. Who leaves: `LogLine`s. The rule: no byte twice; where the place
is lost a 'gap' says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.engine.logs.growth import ROTATED
from tui.engine.logs.lines import STREAM_HISTORY, LineAssembler, LogLine, known_within
from tui.model.process import ProcessKey
from tui.rpc.client import Channel

KEPT = 4096
"""Bytes of the log's end that are kept, to find the place again."""
TRUNCATED = "==> File truncated <=="
"""What the stream itself says when the file became shorter (supervisor/http.py:tail_f_producer)."""


class ShownLog:
    """One log up to where it is shown. Belongs to the engine's loop."""

    def __init__(
        self,
        key: ProcessKey,
        channel: Channel,
        emit: Callable[[Sequence[LogLine]], None],
        wall: Callable[[], float],
    ) -> None:
        self._key = key
        self._channel: Channel = channel
        self._emit = emit
        self._wall = wall
        self._lines = LineAssembler()
        self._ignored = 0
        self._said = ""
        self.known = b""
        """The last bytes of the log that are shown; empty where they are not known."""
        self.end: int | None = None
        """Where in the file `known` ends, while nothing has come in between that makes it doubtful."""
        self.count = 0
        """Bytes from the first that is shown to the last."""

    def begin(self, raw: bytes, end: int | None, shown: bytes, *, cut: bool) -> bytes:
        """Begin with `shown`, the last bytes of `raw`, which ends at `end`; without its first line when it is `cut`.

        Returns the bytes that are shown then.
        """
        self.known, self.end = raw, end
        if cut:
            self._lines.skip_to_next_line()
        self._show(self._lines.feed(shown), arrived=0.0)
        whole = shown[shown.find(b"\n") + 1 :] if cut else shown
        self.count = len(whole)
        return whole

    def known_in(self, raw: bytes, end: int | None) -> int | None:
        """How many bytes of `raw`, which stands before `end` in the file, are shown; None: the two do not meet."""
        known = self._known_by_offset(raw, end)
        return known_within(self.known, raw) if known is None else known

    def _known_by_offset(self, raw: bytes, end: int | None) -> int | None:
        """The same by where they stand: lines that repeat say nothing about their place."""
        if self.end is None or end is None:
            return None
        known = self.end - (end - len(raw))
        meet = raw[max(0, known - STREAM_HISTORY) : max(0, known)]
        return known if meet and known <= len(raw) and self.known.endswith(meet) else None

    def feed(self, data: bytes) -> None:
        """Show what comes next."""
        if self._ignored:
            ignored = min(self._ignored, len(data))
            self._ignored -= ignored
            data = data[ignored:]
        if data:
            self.known = (self.known + data)[-KEPT:]
            self.count += len(data)
            if self.end is not None:
                self.end += len(data)
            self._show(self._lines.feed(data))

    def join(self, piece: bytes, known: int) -> None:
        """Go on with a piece, or stream, of whose bytes the first `known` are shown already."""
        self.known = self.known[-KEPT:]
        if known <= len(piece):
            self.feed(piece[known:])
        else:
            self._ignored = known - len(piece)

    def skip_to_next_line(self) -> None:
        """What comes next begins somewhere in a line: leave that line out."""
        self._lines.skip_to_next_line()

    def gap(self, text: str) -> None:
        """Lines may be missing here, and where `known` ends is not sure any more."""
        self._show(self._lines.flush())
        self.end = None
        self._emit([LogLine(self._key, self._channel, text, self._wall(), "gap")])

    def break_off(self, text: str) -> None:
        """A gap for as long as nothing can be read: the place is found again later."""
        end = self.end
        self.gap(text)
        self.end = end

    def forget_stream(self) -> None:
        """What was still to come of a stream, and is shown already, will not come any more."""
        self._ignored = 0

    def note(self, text: str) -> None:
        """Something to know about this log."""
        self._emit([LogLine(self._key, self._channel, text, self._wall(), "note")])

    def say(self, text: str) -> None:
        """A note, but not the same one again and again."""
        if text != self._said:
            self._said = text
            self.note(text)

    def say_anew(self) -> None:
        """What was said is past: it may be said again."""
        self._said = ""

    def _show(self, lines: Sequence[str], arrived: float | None = None) -> None:
        now = self._wall() if arrived is None else arrived
        self._emit([self._line(text, now) for text in lines])

    def _line(self, text: str, now: float) -> LogLine:
        if text == TRUNCATED:
            return LogLine(self._key, self._channel, ROTATED, now, "gap")
        return LogLine(self._key, self._channel, text, now)
