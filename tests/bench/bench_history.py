"""What a question costs a history of a million transitions, opening the file included, and what a row costs.

Against it: the same transitions as the JSON lines that `watch` prints, read through from the first to the last, which is
what a question costs without an index. Wall clock, the median of a few, with a warm page cache on both sides.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.figures import AtMost, Figure, Size, TimesLess, run
from tui.engine.history.figures import records
from tui.engine.history.file import open_to_write, writing
from tui.engine.history.layout import CODES, FILE_NAME, first_id
from tui.engine.history.reading import Past, reading
from tui.engine.history.writing import Writer
from tui.model.fleet import Transition
from tui.model.past import PastFilter, transition_document
from tui.model.process import ProcessKey
from tui.model.query import Query

ROWS = 1_000_000
PROCESSES = 10_000
BEGAN = 1_700_000_000
SPAN = 30 * 86400
PAGE = 200
LIMIT = AtMost(200)
CYCLE = ("RUNNING", "EXITED", "STARTING")


def key_of(number: int) -> ProcessKey:
    """Ten processes a host."""
    return ProcessKey(
        f"web-{number // 10:04}.eu.example.net", f"group_{number % 3}", f"worker_{number % 10:02}"
    )


def transition(number: int, rows: int) -> Transition:
    """The `number`-th of so many: processes take turns, each goes round its states."""
    turn, process = divmod(number, PROCESSES)
    old, new = CYCLE[turn % 3], CYCLE[(turn + 1) % 3]
    when = BEGAN + number * SPAN / rows
    return Transition(
        number, when, key_of(process), old, new, 1000 + turn, 0, False, int(when), int(when) - 1
    )


def fill(directory: Path, rows: int) -> None:
    """The file, as the recorder would have left it."""
    connection = open_to_write(directory)
    with writing(connection):
        connection.executemany(
            "INSERT INTO process VALUES (?, ?, ?, ?, ?, 1, 0, 0, 0, 0)",
            ((number + 1, *key_of(number), BEGAN * 1000) for number in range(PROCESSES)),
        )
        connection.executemany(
            "INSERT INTO transition VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                (
                    first_id(int(row.time * 1000)) + number % 4096,
                    number % PROCESSES + 1,
                    CODES[row.old],
                    CODES[row.new],
                    row.pid,
                    row.exitstatus,
                    row.start,
                    row.stop,
                )
                for number, row in ((number, transition(number, rows)) for number in range(rows))
            ),
        )
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def write_lines(path: Path, rows: int) -> None:
    """The same as `watch` prints it."""
    with path.open("w") as out:
        out.writelines(
            json.dumps(transition_document(transition(number, rows))) + "\n" for number in range(rows)
        )


def read_through(path: Path) -> list[dict[str, object]]:
    """One process's changes, by looking at every line."""
    name, host = key_of(7).name, key_of(7).host
    with path.open() as lines:
        return [row for row in map(json.loads, lines) if row["host"] == host and row["name"] == name]


def milliseconds(ask: Callable[[], object], times: int) -> float:
    """The median."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e3


def questions(rows: int) -> Iterator[tuple[str, Callable[[Past], object]]]:
    """What a screen and the command ask."""
    end = BEGAN + SPAN
    middle = BEGAN + SPAN / 2
    yield f"the newest {PAGE}", lambda past: past.newest_first(PAGE)
    yield "one process's newest", lambda past: past.newest_first(PAGE, processes=past.numbers_of(key_of(7)))
    yield (
        "an hour in the middle, whole",
        lambda past: past.newest_first(rows, since=middle, until=middle + 3600),
    )
    yield "a page in the middle", lambda past: past.newest_first(PAGE, before=first_id(int(middle * 1000)))
    yield (
        "restarts and availability of one process",
        lambda past: records(past, BEGAN, end, past.numbers_of(key_of(7))),
    )

    def named(past: Past) -> object:
        accept = PastFilter(Query.parse("web-0500 state:exited"), {}, end)
        numbers = [number for key, number in past.processes().items() if accept.may_select(key)]
        return past.newest_first(PAGE, processes=numbers, accept=accept)

    yield "filter 'web-0500 state:exited', newest", named

    def never_became(past: Past) -> object:
        accept = PastFilter(Query.parse("state:fatal"), {}, end)
        return past.newest_first(PAGE, ends=accept.ends, accept=accept) == []

    yield "filter 'state:fatal' that finds nothing", never_became

    def seldom_became(past: Past) -> object:
        accept = PastFilter(Query.parse("exit:9"), {}, end)
        return past.newest_first(PAGE, ends=accept.ends, accept=accept) == []

    yield "filter 'exit:9' that finds nothing", seldom_became


def measure(size: Size) -> Iterator[Figure]:
    """All of it on one file."""
    rows, times = {Size.FULL: (ROWS, 9), Size.QUICK: (ROWS // 5, 3), Size.SMOKE: (ROWS // 50, 1)}[size]
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        fill(directory, rows)
        lines = directory / "watch.jsonl"
        write_lines(lines, rows)
        through = milliseconds(lambda: read_through(lines), 1)

        for what, question in questions(rows):

            def ask(question: Callable[[Past], object] = question) -> None:
                with reading(directory) as past:
                    assert past is not None
                    assert question(past)

            yield Figure(
                f"{what} of {rows:,} transitions",
                milliseconds(ask, times),
                "ms",
                LIMIT,
                "JSON lines read through",
                through,
            )
        taken = (directory / FILE_NAME).stat().st_size
        yield Figure(
            f"file of {rows:,} transitions",
            taken / 1e6,
            "MB",
            TimesLess(2),
            "JSON lines",
            lines.stat().st_size / 1e6,
        )
    yield written()


def written() -> Figure:
    """What the recorder's thread spends on a row, in batches as large as it makes them."""
    with tempfile.TemporaryDirectory() as name:
        connection = open_to_write(Path(name))
        writer = Writer(connection)
        rows = [transition(number, ROWS) for number in range(20_000)]
        began = time.thread_time()
        for first in range(0, len(rows), 2000):
            writer.write(rows[first : first + 2000])
        taken = time.thread_time() - began
        connection.close()
    return Figure("writing one transition", taken / len(rows) * 1e6, "µs CPU", AtMost(100))


if __name__ == "__main__":
    run(measure)
