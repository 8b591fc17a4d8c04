"""Every known secret and its usual disguises, struck out of text: of logs, errors, notices, the crash file, pictures.

Who comes in: whoever knows the passwords of a run, once; then text on its way to where it stays. The rules: a fleet of a
thousand passwords costs its start nothing (the disguises are made when text comes in first), and text costs what its
length is, however many secrets are known.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable
from typing import NoReturn
from urllib.parse import quote, quote_plus

from tui.config.secrets import Secret
from tui.text import clean

SHORT = 4
"""A form shorter than this is struck out only as a whole word: replacing every 'a' would hide the message itself."""
LONG = 32
"""Of a form longer than this its beginning is struck out too, for text that was cut in the middle of it."""
CUT = 6
"""So much of a form is enough where an ellipsis follows: the text was cut there."""
LEAST_CORE = 6
"""Characters of base64 that must be sure before they are looked for; fewer stand in ordinary words."""
STARS = "***"


class Redactor:
    """Strikes secrets out. Any thread may call it, and `add` to it: what was added is struck out of all that comes later."""

    def __init__(self) -> None:
        self.told = False
        """Whether whoever knows the secrets has told them: before that nothing can be said to hold none."""
        self._lock = threading.Lock()
        self._pending: dict[tuple[str, str], None] = {}
        """Not empty before all of it is known in every disguise."""
        self._words: set[str] = set()
        self._forms: dict[str, list[str]] = {}
        """By their first `SHORT` characters."""
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: Secret, user: str = "") -> None:
        """Know `secret` from now on, also as the `user:secret` of an Authorization header."""
        if secret.reveal():
            with self._lock:
                self._pending[secret.reveal(), user] = None

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Redactor knows secrets, and cannot be pickled or copied")

    def __call__(self, text: str) -> str:
        """`text` without any secret."""
        self._make_ready()
        if not self._forms and self._pattern is None:
            return text
        struck: list[str] = []
        end = 0
        for start, stop in self._found(text):
            if start > end or not struck:
                struck += [text[end:start], STARS]
            end = max(end, stop)
        rest = "".join((*struck, text[end:]))
        return self._pattern.sub(STARS, rest) if self._pattern else rest

    def _found(self, text: str) -> list[tuple[int, int]]:
        """Where forms stand, from left to right; they may overlap."""
        found = []
        for start in range(len(text) - SHORT + 1):
            forms = self._forms.get(text[start : start + SHORT])
            if forms:
                length = max(_common(text, start, form) for form in forms)
                if length:
                    found.append((start, start + length))
        return found

    def _make_ready(self) -> None:
        if not self._pending:
            return
        with self._lock:
            self._learn(self._pending)
            self._pending = {}

    def _learn(self, pending: Iterable[tuple[str, str]]) -> None:
        forms: set[str] = set()
        for value, user in pending:
            forms |= disguises(value, user)
        known = {form for starts in self._forms.values() for form in starts}
        for form in forms - known:
            if len(form) >= SHORT:
                self._forms.setdefault(form[:SHORT], []).append(form)
        self._words |= {form for form in forms if len(form) < SHORT}
        if self._words:
            words = "|".join(re.escape(word) for word in sorted(self._words, key=len, reverse=True))
            self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")


def _common(text: str, start: int, form: str) -> int:
    """How much of `form` stands at `start`: all of it, or a beginning that is long or was cut; else 0."""
    if text.startswith(form, start):
        return len(form)
    length = 0
    for expected, found in zip(form, text[start : start + len(form)], strict=False):
        if expected != found:
            break
        length += 1
    cut = length >= CUT and text.startswith("…", start + length)
    return length if length >= LONG or cut else 0


def disguises(value: str, user: str = "") -> set[str]:
    """`value` as it may stand in a text: plain, cleaned, escaped, percent-encoded, in base64 by itself or after `user:`."""
    percent = {quote(value), quote(value, safe=""), quote_plus(value), _every_byte(value)}
    lower = {re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in percent}
    escaped = {
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        repr(value.encode())[2:-1],
        value.replace("[", "\\["),
        _in_markup(value),
        _in_markup(value).replace('"', "&quot;").replace("'", "&#x27;"),
    }
    shown = {clean(form) for form in (value, *escaped)}
    encoded = _base64_forms(value, user)
    in_urls = {quote(form, safe="") for form in (*percent, *encoded)}
    return {value} | percent | lower | escaped | shown | encoded | in_urls


def _every_byte(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in value.encode())


def _in_markup(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _base64_forms(value: str, user: str) -> set[str]:
    raw = value.encode()
    forms = set()
    for whole in (raw, f"{user}:{value}".encode()):
        encoded = base64.b64encode(whole).decode()
        forms |= {encoded, encoded.rstrip("=")}
    # What is sure of it wherever it begins among the bytes that are encoded together, whoever the user is.
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        core = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        if len(core) >= LEAST_CORE:
            forms.add(core)
    return forms | {form.translate(_URL_SAFE) for form in forms}


_URL_SAFE = str.maketrans("+/", "-_")
