"""How a job goes through its targets: how many at a time, what must hold before the next, when to stop. And the words.

Who comes in: the words of the command line's options and of the screen's line. Who leaves: `Pace`, a part of a `Plan`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui.errors import UsageError
from tui.text import clean, duration_words, parse_duration

MAX_SETTLE = 3600.0
"""Seconds: whoever wants to wait longer wants a new job."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a job goes through its steps."""

    batch: int = 0
    """How many steps at a time; 0: all at once, still one at a time on each host."""
    percent: int = 0
    """The same as a part of all steps, at least one; `batch` is 0 then."""
    max_failed: int = 0
    """Stop beginning new steps after this many failures; 0: never."""
    wait: bool = True
    """Follow each process to its end state (RUNNING, STOPPED); False: an accepted request is enough."""
    canary: bool = False
    """Run the first step alone and go on only when it is DONE."""
    settle: float = 0.0
    """Seconds for which a started process must go on running before it counts as DONE."""

    def size(self, steps: int) -> int:
        """How many of so many steps are taken at a time; at least 1."""
        if self.percent:
            return max(1, self.percent * steps // 100)
        return self.batch or max(1, steps)

    def words(self) -> str:
        """For a question: '20% at a time, one at a time on each host, the first alone as a canary'."""
        size = f"{self.percent}%" if self.percent else f"{self.batch}"
        words = [f"{size} at a time" if self.batch or self.percent else "all at once"]
        words.append("one at a time on each host")
        if self.canary:
            words.append("the first alone as a canary")
        if self.settle:
            words.append(f"each must run for {duration_words(self.settle)}")
        if self.max_failed:
            words.append(f"no new ones after {self.max_failed} failed")
        if not self.wait:
            words.append("without waiting for the end state")
        return ", ".join(words)

    def line(self) -> str:
        """As `parse_pace` reads it: 'batch 20% canary settle 10s max-failed 1'."""
        words = []
        if self.batch or self.percent:
            words.append(f"batch {self.percent}%" if self.percent else f"batch {self.batch}")
        if self.canary:
            words.append("canary")
        if self.settle:
            words.append(f"settle {self.settle:g}s")
        if self.max_failed:
            words.append(f"max-failed {self.max_failed}")
        return " ".join(words)


ROLLING = Pace(percent=20, canary=True, settle=5.0, max_failed=1)
"""What is offered where somebody asks for batches and has said no more."""
PACE_WORDS = "batch N or P%, canary, settle 10s, max-failed N"


def parse_pace(text: str) -> Pace:
    """A line of the words that the command line has as options. Raises UsageError, which says what is meant."""
    pace = Pace()
    words = iter(text.replace("=", " ").split())
    for word in words:
        match word.lstrip("-"):
            case "canary":
                pace = replace(pace, canary=True)
            case "batch":
                pace = in_batches(pace, _value(word, words))
            case "settle":
                pace = replace(pace, settle=settle_seconds(_value(word, words)))
            case "max-failed":
                pace = replace(pace, max_failed=_count(word, _value(word, words)))
            case _:
                raise UsageError(f"{clean(word, 40)!r} is no word for a pace", f"the words are: {PACE_WORDS}")
    return pace


def in_batches(pace: Pace, text: str) -> Pace:
    """`N` or `P%` at a time; '' leaves it. Raises UsageError."""
    if not text:
        return pace
    percent = text.endswith("%")
    number = _natural(text.removesuffix("%"))
    if number < 1 or (percent and number > 100):
        raise UsageError(
            f"batch {clean(text, 40)!r} is neither a number nor a percentage",
            "for example batch 5 or batch 20%",
        )
    return replace(pace, batch=0, percent=number) if percent else replace(pace, batch=number, percent=0)


def settle_seconds(text: str) -> float:
    """A duration such as 10s or 1m; '' is none. Raises UsageError."""
    if not text:
        return 0.0
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_SETTLE:
        raise UsageError(
            f"settle {clean(text, 40)!r} is no duration up to {duration_words(MAX_SETTLE)}",
            "for example settle 10s",
        )
    return seconds


def _value(word: str, words: Iterator[str]) -> str:
    try:
        return next(words)
    except StopIteration:
        raise UsageError(f"{word!r} wants a value", f"the words are: {PACE_WORDS}") from None


def _count(word: str, text: str) -> int:
    number = _natural(text)
    if number < 0:
        raise UsageError(f"{word} {clean(text, 40)!r} is no number", f"for example {word} 2")
    return number


def _natural(text: str) -> int:
    """Plain ASCII digits; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else -1
