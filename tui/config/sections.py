"""Typed reading of one mapping: known keys only, each value as the schema types it, each error at its place.

Who comes in: nodes. Who leaves: str, int, bool, seconds, lists of words. The rule: a value is shown in an error only if
its key is not a secret one, and then only cleaned and cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NoReturn, TypeVar

from tui.config.keys import SECRET_KEYS, Key
from tui.config.nodes import Mapping, Node, Place, Scalar, Sequence
from tui.text import clean, compact_duration, nearest, parse_duration

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_SIZE = re.compile("([0-9]{1,9}) ?([kKmMgG][bB])")
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9}
_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})
_T = TypeVar("_T")


def pairs(node: Node, what: str) -> Iterator[tuple[Scalar, Node]]:
    """The pairs of a mapping whose keys are the user's own; refuses anything else and keys given twice."""
    if not isinstance(node, Mapping):
        node.place.fail(f"{what} must be a mapping", "one `name: value` a line, indented")
    seen: dict[str, Place] = {}
    for key, value in node.pairs:
        if key.text in seen:
            key.place.fail(
                f"{_shown(key.text)} is there twice", f"the first is in line {seen[key.text].line}"
            )
        seen[key.text] = key.place
        yield key, value


class Section:
    """A mapping whose keys the schema knows."""

    def __init__(self, node: Node, keys: Iterable[Key], what: str) -> None:
        self.place = node.place
        self.what = what
        self._known = {key.name: key for key in keys}
        self._values: dict[str, Node] = {}
        self._places: dict[str, Place] = {}
        for key, value in pairs(node, what):
            self._refuse_unknown(key)
            if isinstance(value, Scalar) and value.empty:
                value.place.fail(f"{key.text} has no value", self._how_to_say_nothing(key.text))
            self._values[key.text] = value
            self._places[key.text] = key.place

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def node(self, key: str) -> Node | None:
        """The value as it was written."""
        return self._values.get(key)

    def key_place(self, key: str) -> Place:
        """Where the key itself stands."""
        return self._places[key]

    def text(self, key: str, default: str = "") -> str:
        """Any text, without characters that no terminal should see."""
        node = self._values.get(key)
        if node is None:
            return default
        value = self._scalar(key, node).text
        if clean(value) != value:
            node.place.fail(f"{key} holds a control character or an invisible one")
        return value

    def integer(self, key: str, low: int, high: int, default: int) -> int:
        """A whole decimal number within the bounds."""
        node = self._values.get(key)
        if node is None:
            return default
        text = self._scalar(key, node).text
        if not re.fullmatch("0|[1-9][0-9]{0,17}", text, re.ASCII) or not low <= int(text) <= high:
            bounds = f"from {low} to {high}" if high < 10**9 else f"of {low} or more"
            self.refuse(key, f"must be a whole number {bounds}")
        return int(text)

    def boolean(self, key: str, default: bool) -> bool:
        """true or false, in YAML's usual spellings."""
        node = self._values.get(key)
        if node is None:
            return default
        scalar = self._scalar(key, node)
        word = scalar.text.lower()
        if not scalar.plain or word not in _TRUE | _FALSE:
            self.refuse(key, "must be true or false")
        return word in _TRUE

    def duration(self, key: str, bounds: tuple[float, float], default: float) -> float:
        """Seconds within the bounds."""
        node = self._values.get(key)
        if node is None:
            return default
        try:
            seconds = parse_duration(self._scalar(key, node).text)
        except ValueError:
            self.refuse(key, "must be a duration such as 500ms, 2s or 1m")
        if not bounds[0] <= seconds <= bounds[1]:
            self.refuse(key, f"must be from {bounds[0]:g}s to {_long_duration(bounds[1])}")
        return seconds

    def size(self, key: str, bounds: tuple[int, int], default: int) -> int:
        """Bytes within the bounds, written with a decimal unit."""
        node = self._values.get(key)
        if node is None:
            return default
        found = _SIZE.fullmatch(self._scalar(key, node).text)
        if found is None:
            self.refuse(key, "must be a size such as 50MB or 2GB")
        size = int(found[1]) * _UNITS[found[2].upper()]
        if not bounds[0] <= size <= bounds[1]:
            self.refuse(key, f"must be from {bounds[0] // 10**6}MB to {bounds[1] // 10**9}GB")
        return size

    def choice(self, key: str, choices: dict[str, _T], default: _T) -> _T:
        """One of a few words, as what it stands for."""
        node = self._values.get(key)
        if node is None:
            return default
        word = self._scalar(key, node).text
        if word not in choices:
            self.refuse(key, f"must be one of {', '.join(choices)}", _did_you_mean(word, choices))
        return choices[word]

    def words(self, key: str) -> tuple[Scalar, ...] | None:
        """A list of words, each with its place; None when the key is absent."""
        node = self._values.get(key)
        if node is None:
            return None
        if not isinstance(node, Sequence):
            node.place.fail(f"{key} must be a list of words", f"{key}: [one, two]")
        for item in node.items:
            if not isinstance(item, Scalar) or item.empty:
                item.place.fail(f"{key} must be a list of words, and this is none")
        return tuple(item for item in node.items if isinstance(item, Scalar))

    def refuse(self, key: str, problem: str, advice: str = "") -> NoReturn:
        """Raise a ConfigError about this key's value, showing the value unless it may be secret."""
        node = self._values[key]
        got = f", not {_shown(node.text)}" if isinstance(node, Scalar) and key not in SECRET_KEYS else ""
        node.place.fail(f"{key} {problem}{got}", advice)

    def secret_text(self, key: str) -> str:
        """A text that is never shown, taken exactly as it is."""
        node = self._values[key]
        return self._scalar(key, node).text

    def _scalar(self, key: str, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            kind = "a list" if isinstance(node, Sequence) else "a mapping"
            node.place.fail(f"{key} must be a single value ({self._known[key].type}), not {kind}")
        return node

    def _how_to_say_nothing(self, key: str) -> str:
        if self._known[key].type.startswith(("mapping", "list")):
            return "put something below it, or leave the key out"
        return "leave the key out, or write '' for an empty text"

    def _refuse_unknown(self, key: Scalar) -> None:
        if key.text in self._known:
            return
        # A word that is no plausible key may be a password that slipped: `{passwd s3cret}` makes one key of both.
        if not _WORD.fullmatch(key.text):
            key.place.fail(f"this is no key of {self.what}", "is a space missing after a colon?")
        advice = _did_you_mean(key.text, self._known) or f"known here: {', '.join(self._known)}"
        key.place.fail(f"{self.what} has no key {key.text!r}", advice)


def _long_duration(seconds: float) -> str:
    """In days where seconds would be a long number."""
    return compact_duration(seconds) if seconds > 86400 else f"{seconds:g}s"


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known, 1)
    return f"did you mean {near[0]}?" if near else ""


def _shown(text: str) -> str:
    return repr(clean(text, 40))
