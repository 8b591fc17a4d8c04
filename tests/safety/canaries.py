"""Passwords of awkward shapes, and whether one of them, in whatever form, stands in bytes that it must never reach.

The forms are made here, apart from those that the product strikes out: a form that it forgot is still looked for.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

USER = "admin"
PIECE = 48
"""Of a long password this much is a hit, wherever it was cut."""

CANARIES = {
    "spaces and quotes": "corr\"ct 'h o r s e' \\ st;aple",
    "percent signs": "100%41%zz%%s%(here)s+%2F",
    "not ASCII": "pässwörd–日本🔑é",
    "very short": "§¤",
    "very long": "".join(f"{n * n * 7919 % 65521:04x}" for n in range(1, 500)),
    "looks like base64": "c2VjcmV0+Y2FuYXJ5/w==",
    "looks like YAML and markup": "[b]{x: *y}&<!z>@# | [/b]",
}


def forms(password: str) -> set[bytes]:
    """Every form of it that counts as a hit."""
    raw = password.encode()
    texts = {
        password,
        quote(password),
        quote(password, safe=""),
        quote(password, safe="").lower(),
        quote_plus(password),
        quote(quote(password, safe=""), safe=""),
        "".join(f"%{byte:02X}" for byte in raw),
        json.dumps(password)[1:-1],
        repr(password)[1:-1],
        repr(raw)[2:-1],
        html.escape(password),
    }
    encoded = {text.encode() for text in texts}
    for before in (b"", f"{USER}:".encode(), b"nobody:", b"\0", b"\0\0"):
        whole = base64.b64encode(before + raw)
        first = -(-len(before) * 8 // 6)
        sure = whole[first : (len(before) + len(raw)) * 8 // 6]
        ways = (sure, sure.translate(_URL_SAFE), quote(sure, safe="").encode())
        encoded |= {way for way in ways if len(way) >= 5 or len(raw) < 5}
    return {piece for form in encoded for piece in _pieces(form)}


def _pieces(form: bytes) -> Iterator[bytes]:
    if len(form) < 1000:
        yield form
        return
    for start in range(0, len(form) - PIECE, PIECE // 2):
        yield form[start : start + PIECE]


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def hits(password: str, where: dict[str, bytes]) -> list[str]:
    """The names of what holds it."""
    looked_for = forms(password)
    return [name for name, content in where.items() if any(form in content for form in looked_for)]


def files_below(*directories: Path) -> dict[str, bytes]:
    """Every file there, by path."""
    found = (path for directory in directories for path in directory.rglob("*") if path.is_file())
    return {str(path): path.read_bytes() for path in found}
