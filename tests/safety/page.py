"""Write the table of docs/safety.md from what a run showed: `python -m tests.safety.page ROWS PAGE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.marked_part import write_part
from tests.safety.showing import Shown


def main(rows: str, page: str) -> None:
    """Put the table of the file `rows` into the file `page`."""
    shown = (Shown(**json.loads(line)) for line in Path(rows).read_text().splitlines())
    write_part(Path(page), "torture", markdown(shown))


def markdown(shown: Iterable[Shown]) -> Iterator[str]:
    """The lines of the table, each promise once, by name; of two rows of a name the later."""
    yield "| promised | what was done | seen |"
    yield "|---|---|---|"
    rows = [row for _, row in sorted({row.name: row for row in shown}.items())]
    for promise in dict.fromkeys(row.promised for row in rows):
        kept = [row for row in rows if row.promised == promise]
        for number, row in enumerate(kept):
            yield f"| {promise if number == 0 else ''} | {row.name} | {row.seen} |"


if __name__ == "__main__":
    main(*sys.argv[1:])
