"""What is looked for in log lines: a text, `/a pattern/`, or what looks like trouble. Pure; raw lines come in.

A text without capital letters is found in any case, one with a capital letter only as it stands. Colours inside a line
do not count: `ERROR: x` is found whatever part of it is red.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

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
    """One thing to look for."""

    text: str
    """As typed, without a leading `!`."""
    pattern: re.Pattern[str]
    """What to highlight."""
    matches: Callable[[str], bool]
    """Whether a raw line is one of those looked for."""

    @staticmethod
    def parse(text: str, *, may_invert: bool = False) -> LogSearch:
        """A text, or `/a pattern/`; `may_invert`: with a `!` before it, every line without it.

        Raises `re.error` when a pattern does not compile.
        """
        inverted = may_invert and len(text) > 1 and text[0] == "!"
        wanted = text[1:] if inverted else text
        is_pattern = len(wanted) > 2 and wanted[0] == wanted[-1] == "/"
        exact = any(map(str.isupper, _without_escapes(wanted) if is_pattern else wanted))
        flags = re.NOFLAG if exact else re.IGNORECASE
        pattern = re.compile(wanted[1:-1] if is_pattern else re.escape(wanted), flags)
        if is_pattern:
            matches = _matcher(lambda line, search=pattern.search: search(line) is not None)  # type: ignore[misc]
        elif exact:
            matches = _matcher(lambda line: wanted in line)
        else:
            lower = wanted.lower()
            matches = _matcher(lambda line: lower in line.lower())
        return LogSearch(text, pattern, (lambda line: not matches(line)) if inverted else matches)


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


def _without_escapes(pattern: str) -> str:
    r"""`\S` and `\W` are not capital letters of what is looked for."""
    return re.sub(r"\\.", "", pattern)
