"""Write the table of docs/performance.md from a run of the benchmarks: `python -m tests.bench.page ROWS PAGE`.

Reads the lines that `python -m tests.bench --rows` wrote.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.bench.figures import HEADINGS, Figure, from_json
from tests.marked_part import write_part


def main(rows: str, page: str) -> None:
    """Put the table of the file `rows` into the file `page`."""
    figures = [from_json(json.loads(line)) for line in Path(rows).read_text().splitlines()]
    write_part(Path(page), "bench", markdown(figures))


def markdown(figures: Iterable[Figure]) -> Iterator[str]:
    """The lines of the table, and the notes below it."""
    figures = list(figures)
    yield f"| {' | '.join(HEADINGS)} |"
    yield "|" + "---|" * len(HEADINGS)
    notes = []
    for figure in figures:
        name, *cells = figure.row()
        if figure.note:
            notes.append(figure.note)
            name += f" [{len(notes)}]"
        yield f"| {' | '.join([name, *cells])} |"
    if notes:
        yield ""
    yield from (f"{number}. {note}" for number, note in enumerate(notes, 1))


if __name__ == "__main__":
    main(*sys.argv[1:])
