"""What a benchmark says: one `Figure` per row, each beside a baseline of the same run, and whether it reached its target.

Every `bench_*` module here has one function that yields figures, and ends with these two lines:

    if __name__ == "__main__":
        run(measure)

    def measure(size: Size) -> Iterator[Figure]:
        yield Figure("decode a status of 50, unchanged", 61.0, "µs CPU", TimesLess(40), "xmlrpc.client.loads", 2900.0)
        yield Figure("steady, 1,000 hosts x 50", 7.4, "% of a core", AtMost(10))

`size` says how long to measure (`Size`). `run` prints the table, and with `--rows FILE` also appends the figures to FILE
as JSON lines, from which `tests.bench.page` writes docs/performance.md.

The one rule: a figure without a target is shown, never judged; a target that was missed is printed as missed and fails
nothing. What must hold on any machine is asserted by a test, with a wide margin.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Protocol


class Size(Enum):
    """How much is measured."""

    FULL = "full"
    """For the page."""
    QUICK = "quick"
    """All benches within two minutes: figures to look at while one works."""
    SMOKE = "smoke"
    """A few seconds of CPU: shows that the bench runs, and its figures mean nothing."""


class Target(Protocol):
    """What a figure is to reach."""

    def met(self, figure: Figure) -> bool:
        """Whether `figure` reaches it."""


@dataclass(frozen=True, slots=True)
class TimesLess:
    """Ours is at least so many times less than the baseline (less time, less CPU, fewer bytes)."""

    times: float

    def met(self, figure: Figure) -> bool:
        """Whether the baseline is that much greater."""
        return figure.baseline is not None and figure.baseline >= self.times * figure.ours

    def __str__(self) -> str:
        return f"≥ {spoken(self.times)}x less"


@dataclass(frozen=True, slots=True)
class TimesAtMost:
    """Ours is at most so many times the baseline, where the baseline is a floor nobody goes below."""

    times: float

    def met(self, figure: Figure) -> bool:
        """Whether ours stays below that multiple."""
        return figure.baseline is not None and figure.ours <= self.times * figure.baseline

    def __str__(self) -> str:
        return f"≤ {spoken(self.times)}x"


@dataclass(frozen=True, slots=True)
class AtMost:
    """Ours is at most so much, in the figure's own unit."""

    limit: float

    def met(self, figure: Figure) -> bool:
        """Whether ours stays below the limit."""
        return figure.ours <= self.limit

    def __str__(self) -> str:
        return f"≤ {spoken(self.limit)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured row."""

    name: str
    """What was measured, with its size: a phrase that can stand alone in the table."""
    ours: float
    unit: str
    """Of `ours` and `baseline` alike: ms, µs CPU, % of a core, bytes, MB."""
    target: Target | None = None
    against: str = ""
    """What the baseline is; empty when there is none."""
    baseline: float | None = None
    note: str = ""
    """A sentence on how it was measured, or on what the limit is when the target is missed."""

    @property
    def times_less(self) -> float | None:
        """The baseline as a multiple of ours; None without one, infinite when ours is nothing."""
        if self.baseline is None:
            return None
        return self.baseline / self.ours if self.ours else float("inf")

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None when there is none."""
        return None if self.target is None else self.target.met(self)

    def row(self) -> tuple[str, ...]:
        """Its cells, under `HEADINGS`."""
        verdict = {True: "yes", False: "MISSED", None: ""}[self.met]
        baseline = "" if self.baseline is None else f"{spoken(self.baseline)} {self.unit}"
        times = "" if self.times_less is None else f"{spoken(self.times_less)}x"
        target = "" if self.target is None else str(self.target)
        return (self.name, f"{spoken(self.ours)} {self.unit}", self.against, baseline, times, target, verdict)


HEADINGS = ("what", "ours", "against", "theirs", "less by", "target", "met")


def spoken(number: float) -> str:
    """Three digits of a number, and all digits before the point."""
    if number == 0 or abs(number) == float("inf"):
        return f"{number:.0f}"
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def run(measure: Callable[[Size], Iterable[Figure]], arguments: Sequence[str] | None = None) -> None:
    """Be the program of one bench: measure, print, and append to `--rows`."""
    parser = argparse.ArgumentParser()
    add_size(parser)
    parser.add_argument("--rows", type=Path, help="append the figures to this file, a JSON object a line")
    options = parser.parse_args(arguments)
    figures = list(measure(options.size))
    for line in table(figures):
        print(line)
    if options.rows is not None:
        with options.rows.open("a") as out:
            out.writelines(json.dumps(to_json(figure)) + "\n" for figure in figures)


def add_size(parser: argparse.ArgumentParser) -> None:
    """The options that say how much is measured."""
    sizes = parser.add_mutually_exclusive_group()
    for size, words in ((Size.QUICK, "a reduced run"), (Size.SMOKE, "only show that it runs")):
        sizes.add_argument(
            f"--{size.value}", dest="size", action="store_const", const=size, default=Size.FULL, help=words
        )


def table(figures: Iterable[Figure]) -> Iterator[str]:
    """Lines of a table for a terminal, a note under its row."""
    figures = list(figures)
    rows = [HEADINGS, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    notes = ["", *(figure.note for figure in figures)]
    for row, note in zip(rows, notes, strict=True):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if note:
            yield f"    {note}"


_TARGETS: dict[str, Callable[[float], Target]] = {
    "times_less": TimesLess,
    "times_at_most": TimesAtMost,
    "at_most": AtMost,
}


def to_json(figure: Figure) -> dict[str, Any]:
    """A figure as plain JSON values."""
    kind, number = None, None
    match figure.target:
        case TimesLess(times):
            kind, number = "times_less", times
        case TimesAtMost(times):
            kind, number = "times_at_most", times
        case AtMost(limit):
            kind, number = "at_most", limit
    return {
        "name": figure.name,
        "ours": figure.ours,
        "unit": figure.unit,
        "target": None if kind is None else [kind, number],
        "against": figure.against,
        "baseline": figure.baseline,
        "note": figure.note,
    }


def from_json(row: dict[str, Any]) -> Figure:
    """The figure that `to_json` wrote."""
    target = None if row["target"] is None else _TARGETS[row["target"][0]](row["target"][1])
    return Figure(row["name"], row["ours"], row["unit"], target, row["against"], row["baseline"], row["note"])
