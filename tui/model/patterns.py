"""A pattern that a user typed, tried on lines that anybody wrote: it may take some time, and then gives up.

Who comes in: a regular expression as `re` writes it. Who leaves: whether a text holds it, and where. The rule: no text,
however it was made, makes a pattern run for ever, and a pattern that gave up is not tried again: it says so, and who
asked decides what becomes of lines that were not decided.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol, TypeVar

MOST_CHARACTERS = 1_000
"""Of a pattern; a longer one takes time before it has seen a line."""
MOST_REPEATED = 10_000
"""Pieces of a pattern when each `{n}` is written out, as the library does: a thousand million need all memory."""
TRY_SECONDS = 0.025
"""CPU that one try of a text may take; there is a second one, because a pause of the machine, or of Python for its
garbage, is counted as the pattern's time."""
PATIENCE = 0.1
"""Seconds that a pattern may take in all, above what each text is good for."""
TEXT_SECONDS, CHARACTER_SECONDS = 10e-6, 0.05e-6
"""What each text is good for: several times what a usual pattern takes, three seconds for 200,000 lines."""
SPANS_SECONDS, SPAN_SECONDS = 2e-3, 3e-6
"""The same for finding every place in one line, and for each that is found; there are only as many lines in view."""
MOST_SPANS = 4_000
"""In one text; more cells no terminal shows of a line."""

_TOKEN = re.compile(r"\\N\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?!\})(\d*),?\d*\}|.", re.DOTALL)


def checked(pattern: str, flags: int = 0, most: int = MOST_CHARACTERS) -> re.Pattern[str]:
    """What `re` makes of it, without a word to the terminal. Raises `re.error` with a position, also when it is too large."""
    if len(pattern) > most:
        raise re.error(f"it is longer than {most} characters", pattern, most)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(pattern, flags)
        except (OverflowError, RecursionError) as error:
            raise re.error("it is too large", pattern, 0) from error


T = TypeVar("T")


class _Compiled(Protocol):
    """What is used of the library's patterns; `timeout` is in seconds, and raises TimeoutError."""

    def search(self, text: str, /, *, timeout: float) -> re.Match[str] | None: ...
    def finditer(self, text: str, /, *, timeout: float) -> Iterator[re.Match[str]]: ...


class TypedPattern:
    """One regular expression and the patience that is left for it.

    The library `regex` takes a time limit, which `re` does not. It reads a pattern as `re` does, and knows named
    classes like `[[:alpha:]]` besides. Raises `re.error` with a position when the pattern cannot be used.
    """

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.gave_up = False
        """Whether it took too long: it finds nothing any more."""
        self._compiled = _compiled(pattern, flags)
        self._left = PATIENCE
        self._clock = time.perf_counter

    def found(self, text: str) -> bool | None:
        """Whether the text holds it; None: not decided, it gave up."""
        if self.gave_up:
            return None
        began = self._clock()
        try:
            answer: bool = self._compiled.search(text, timeout=TRY_SECONDS) is not None
        except TimeoutError:
            return self._tried_again(
                lambda: self._compiled.search(text, timeout=TRY_SECONDS) is not None, None
            )
        self._charge(self._clock() - began, TEXT_SECONDS + CHARACTER_SECONDS * len(text))
        return answer

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Every place in the text that is not empty; none when it gave up."""
        if self.gave_up:
            return []
        began = self._clock()
        try:
            places = self._places(text)
        except TimeoutError:
            return self._tried_again(lambda: self._places(text), [])
        self._charge(self._clock() - began, SPANS_SECONDS + SPAN_SECONDS * len(places))
        return places

    def _places(self, text: str) -> list[tuple[int, int]]:
        matches = islice(self._compiled.finditer(text, timeout=TRY_SECONDS), MOST_SPANS)
        return [match.span() for match in matches if match.end() > match.start()]

    def _tried_again(self, attempt: Callable[[], T], undecided: T) -> T:
        try:
            answer = attempt()
        except TimeoutError:
            self.gave_up = True
            return undecided
        self._charge(TRY_SECONDS, 0.0)
        return answer

    def _charge(self, took: float, good_for: float) -> None:
        self._left = min(PATIENCE, self._left + good_for - min(took, TRY_SECONDS))
        if self._left > 0:
            return
        if self._clock is time.thread_time:
            self.gave_up = True
        else:  # a busy machine makes any pattern look slow; the clock of our own work is dear, so it is asked only now
            self._clock, self._left = time.thread_time, PATIENCE


def _compiled(pattern: str, flags: int) -> _Compiled:
    checked(pattern)
    _refuse_many_repeats(pattern)
    import regex  # takes 10 ms, which only a pattern shall cost

    # A brace that is none of `re`'s repeats asks the library for approximate matches, of which nobody thought.
    literal = _TOKEN.sub(lambda token: r"\{" if token[0] == "{" else token[0], pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled: _Compiled = regex.compile(literal, flags | regex.V0)
            return compiled
        except regex.error as error:
            raise re.error(error.msg, pattern, min(error.pos or 0, len(pattern))) from error
        except (OverflowError, RecursionError, ValueError) as error:
            raise re.error("it is too large", pattern, 0) from error


def _refuse_many_repeats(pattern: str) -> None:
    """Of a pattern that `re` accepts; each `{n}` and `{n,m}` makes n of what stands before it."""
    sizes, last = [0], 0  # of the groups that are open, without their last piece; of that piece
    for token in _TOKEN.finditer(pattern):
        piece, count = token.group(0, 1)
        if piece == "(":
            sizes[-1] += last
            sizes.append(0)
            last = 0
        elif piece == ")" and len(sizes) > 1:
            last += sizes.pop()
        elif count is not None:
            last *= max(1, int(count or 1))
        elif piece not in "*+?|":
            sizes[-1] += last
            last = 1
        if sum(sizes) + last > MOST_REPEATED:
            raise re.error("it repeats too much", pattern, token.start())
