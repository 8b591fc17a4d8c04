"""What can be done to one request and its answer: values, and how they change bytes that are all there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class End(StrEnum):
    """How both connections end where a fault cuts."""

    FIN = "fin"
    """Both are closed."""
    RST = "rst"
    """Both are reset (on a unix socket this is the same as closed)."""
    HALF_CLOSE = "half-close"
    """Nothing more is sent to either; what they send is still taken."""
    SILENCE = "silence"
    """Both stay open, and nothing passes any more, the end of either of them included."""
    HALF_OPEN = "half-open"
    """supervisord's is reset, the client's stays open and silent: a machine that lost its power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done to the requests that hold `marker`, and to their answers. Nothing, unless it is said here."""

    marker: bytes = b""
    """Only requests with these bytes; empty: all."""
    cut_request: int | None = None
    """So many bytes of the request are passed on, then everything ends; the whole length or more: and no answer.

    Negative: all but so many.
    """
    cut_answer: int | None = None
    """So many bytes of the answer are passed on, then everything ends; 0: as soon as the request has gone."""
    end: End = End.FIN
    delay: float = 0.0
    """Seconds before the first byte of the answer is passed on,"""
    jitter: float = 0.0
    """and up to so many more."""
    piece: int = 0
    """The answer is passed on in pieces of so many bytes,"""
    pause: float = 0.0
    """with so many seconds in between."""
    drip: float = 0.0
    """The answer's headers are passed on a byte at a time, with so many seconds in between."""
    corrupt: int | None = None
    """The byte of the answer at this offset comes with every bit turned; negative: from the end."""
    duplicate: bool = False
    """The answer comes twice."""
    status: int = 0
    """The answer has this status instead of its own."""
    location: str = ""
    """The answer has this address to go to."""

    @property
    def rewrites(self) -> bool:
        """Whether the answer has to be there as a whole before any of it is passed on."""
        return self.corrupt is not None or self.duplicate or bool(self.status) or bool(self.location)

    def rewritten(self, answer: bytes) -> bytes:
        """The answer as it is to be passed on."""
        if self.status:
            line, end, rest = answer.partition(b"\r\n")
            answer = line.split(b" ")[0] + b" %d Injected" % self.status + end + rest
        if self.location:
            line, end, rest = answer.partition(b"\r\n")
            answer = line + b"\r\nLocation: " + self.location.encode() + end + rest
        if self.corrupt is not None:
            changed = bytearray(answer)
            changed[self.corrupt] ^= 0xFF
            answer = bytes(changed)
        return answer * 2 if self.duplicate else answer


NOTHING = Fault()
