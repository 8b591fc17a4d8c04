"""What is looked for in log lines: a text, `/a pattern/`, or what looks like trouble. Pure; raw lines come in.

A text without capital letters is found in any case, one with a capital letter only as it stands. Colours inside a line
do not count: `ERROR: x` is found whatever part of it is red.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tui.model.patterns import TypedPattern

SEARCHED_CHARACTERS = 16_384
"""Of one line; a megabyte on one line is data, not text."""

_SGR = re.compile(r"\x1b\[[0-9:;]{0,80}m")
_WORDS = (
    "error",
    "fatal",
    "crit",
    "panic",
    "traceback",
    "exception",
    "emerg",
    "alert",
    "fail",
    "abort",
    "segfault",
    "killed",
    "refused",
    "denied",
    "severe",
)
_TROUBLE = re.compile(
    r"\b(?i:errors?|exceptions?|fatal|crit(?:ical)?|panic(?:ked)?|traceback|emerg(?:ency)?|alert|fail(?:ed|ure|ures|ing)?|"
    r"abort(?:ed|ing)?|segfault|killed|refused|denied|severe)\b|[a-z](?:Error|Exception)\b"
)
_NO_TROUBLE = re.compile(
    r"\b(?:0|no|without|zero) (?:errors?|failures?|exceptions?|failed)\b"
    r"|\b(?:errors?|failures?|failed|exceptions?)\s?[=:]\s?0\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LogSearch:
    """One thing to look for, or to let through."""

    text: str
    """As typed."""
    matches: Callable[[str], bool]
    """Whether a raw line is one of those looked for."""
    spans: Callable[[str], list[tuple[int, int]]]
    """What to highlight in a clean line."""
    pattern: TypedPattern | None
    """None: a text, which takes no time that could be felt."""

    @staticmethod
    def parse(text: str, *, filtering: bool = False) -> LogSearch:
        """A text, or `/a pattern/`; `filtering`: with a `!` before it, every line without it.

        A pattern that takes too long gives up: a search then counts no further line, and a filter lets all further ones
        through, because it must not hide what it did not look at. Raises `re.error` when a pattern cannot be used.
        """
        inverted = filtering and len(text) > 1 and text[0] == "!"
        wanted = text[1:] if inverted else text
        is_pattern = len(wanted) > 2 and wanted[0] == wanted[-1] == "/"
        exact = any(map(str.isupper, _without_escapes(wanted) if is_pattern else wanted))
        flags = re.NOFLAG if exact else re.IGNORECASE
        if is_pattern:
            try:
                pattern = TypedPattern(wanted[1:-1], flags)
            except re.error as error:
                raise re.error(error.msg, text, (error.pos or 0) + 1 + inverted) from error
            matches = _matcher(_decided(pattern.found, inverted=inverted, undecided=filtering))
            return LogSearch(text, matches, pattern.spans, pattern)
        if exact:
            found = _matcher(lambda line: wanted in line)
        else:
            lower = wanted.lower()
            found = _matcher(lambda line: lower in line.lower())
        finditer = re.compile(re.escape(wanted), flags).finditer
        return LogSearch(
            text,
            (lambda line: not found(line)) if inverted else found,
            lambda line: [match.span() for match in finditer(line)],
            None,
        )

    @property
    def gave_up(self) -> bool:
        """Whether the pattern took too long on these lines, and is not tried any more."""
        return self.pattern is not None and self.pattern.gave_up


def looks_like_trouble(line: str) -> bool:
    """Whether a raw line speaks of an error, a failure, a refusal; "0 errors" does not."""
    text = plain(line)
    lower = text.lower()
    if not any(word in lower for word in _WORDS):
        return False
    return _TROUBLE.search(_NO_TROUBLE.sub("", text)) is not None


def plain(line: str) -> str:
    """As much of a raw line as is searched, without its colours."""
    if len(line) > SEARCHED_CHARACTERS:
        line = line[:SEARCHED_CHARACTERS]
    return _SGR.sub("", line) if "\x1b" in line else line


def _matcher(found: Callable[[str], bool]) -> Callable[[str], bool]:
    def matches(line: str) -> bool:
        if "\x1b" in line or len(line) > SEARCHED_CHARACTERS:
            line = plain(line)
        return found(line)

    return matches


def _decided(
    found: Callable[[str], bool | None], *, inverted: bool, undecided: bool
) -> Callable[[str], bool]:
    def matches(line: str) -> bool:
        answer = found(line)
        return undecided if answer is None else answer is not inverted

    return matches


def _without_escapes(pattern: str) -> str:
    r"""`\S` and `\W` are not capital letters of what is looked for."""
    return re.sub(r"\\.", "", pattern)
