"""What a hosts.yaml consists of before it is typed: scalars, lists and mappings that know their place.

`parsing` makes them, `sections` types them: a scalar is its text, so that `0123` stays what was written until the schema
says what is wanted there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn, TypeAlias

from tui.errors import ConfigError


class Place(NamedTuple):
    """Where something stands; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def fail(self, problem: str, advice: str = "") -> NoReturn:
        """Raise a ConfigError about this place."""
        raise ConfigError(str(self), problem, advice)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `plain` when it was written without quotes: then `null` and `~` mean nothing at all."""

    place: Place
    text: str = field(repr=False)
    plain: bool

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return self.plain and self.text in ("", "~", "null", "Null", "NULL")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a text of a configuration may be a password, and cannot be pickled or copied")


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; equal keys are still both there."""

    place: Place
    pairs: list[tuple[Scalar, Node]] = field(default_factory=list)


Node: TypeAlias = Scalar | Sequence | Mapping
