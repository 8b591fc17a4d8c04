"""Write the table of docs/performance.md from a run of the benchmarks: `python -m tests.bench.page ROWS PAGE`.

Reads the lines that `python -m tests.bench --rows` wrote. Only what stands between the two marks is replaced, so that
the page's prose is written by hand and its figures never are.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import HEADINGS, Figure, from_json

BEGIN, END = "<!-- figures: begin (written by make bench) -->", "<!-- figures: end -->"
PAGE = f"# How fast it is, and what it costs\n\n{BEGIN}\n{END}\n"


def main(rows: str, page: str) -> None:
    """Put the table of the file `rows` into the file `page`, which is made when it is missing."""
    figures = [from_json(json.loads(line)) for line in Path(rows).read_text().splitlines()]
    path = Path(page)
    text = path.read_text() if path.exists() else PAGE
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(markdown(figures))
    path.write_text(f"{before}{BEGIN}\n\n{machine()}\n\n{lines}\n\n{END}{after}")


def machine() -> str:
    """One line: where and when the figures were taken."""
    versions = f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    today = datetime.now(tz=UTC).date().isoformat()
    return f"Measured by `make bench` on {today}: {processor()}, {os.cpu_count()} cores, {versions}."


def processor() -> str:
    """The processor's model as the kernel names it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


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
