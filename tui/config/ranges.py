"""Names that stand for many: `web-[01:20].eu` is web-01.eu, web-02.eu … web-20.eu."""

from __future__ import annotations

import itertools
import re
from math import prod

MAX_HOSTS = 10_000

_RANGE = re.compile(r"\[([0-9]{1,9}):([0-9]{1,9})\]", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,252}")


def expand(pattern: str) -> tuple[str, ...]:
    """The names that `pattern` stands for, itself when it holds no range.

    A lower bound with leading zeros sets the width of all. Raises ValueError with a sentence.
    """
    pieces = _RANGE.split(pattern)
    choices: list[list[str]] = []
    texts, bounds = pieces[::3], list(zip(pieces[1::3], pieces[2::3], strict=True))
    if any("[" in text or "]" in text for text in texts):
        raise ValueError("a range is two numbers in brackets, such as [01:20]")
    if prod((_size(low, high) for low, high in bounds), start=1) > MAX_HOSTS:
        raise ValueError(f"this range stands for more than {MAX_HOSTS} hosts")
    for index, text in enumerate(texts):
        choices.append([text])
        if index < len(bounds):
            choices.append(_numbers(*bounds[index]))
    names = tuple("".join(parts) for parts in itertools.product(*choices))
    if not _NAME.fullmatch(names[0]) or not _NAME.fullmatch(names[-1]):
        raise ValueError("a host's name is made of letters, digits and . _ - and does not begin with -")
    return names


def _size(low: str, high: str) -> int:
    if int(low) > int(high):
        raise ValueError(f"the range [{low}:{high}] is empty: its first number is larger than its last")
    if low.startswith("0") and len(low) > 1 and len(low) != len(high):
        raise ValueError(f"the numbers of [{low}:{high}] differ in width")
    return int(high) - int(low) + 1


def _numbers(low: str, high: str) -> list[str]:
    width = len(low) if low.startswith("0") else 0
    return [f"{number:0{width}d}" for number in range(int(low), int(high) + 1)]
