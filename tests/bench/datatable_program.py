"""The obvious Textual program over the same fleet: a DataTable of every row, brought up to date cell by cell.

`bench_bytes` counts what it sends. `python -m tests.bench.datatable_program ROWS` runs it in a terminal while its rows
change, for `bench_keys`; it is asked nothing over a network, so that all that it does is paint.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from tui.model.fleet import FleetPicture
from tui.text import compact_duration

HEADINGS = ("HOST", "GROUP", "PROGRAM", "STATE", "PID", "UPTIME", "EXIT", "SINCE")
CHURN_PERIOD = 0.1
CHURN_SHARE = 0.02 / 2
"""Of all rows, so many change in a second: 2 % in each 2 s, as in the other benches."""


class DataTableProgram(App[None]):
    """A table and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.table: DataTable[str] = DataTable(cursor_type="row")
        self._cells: dict[str, tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        for heading in HEADINGS:
            self.table.add_column(heading, key=heading)

    def show(self, rows: Iterator[tuple[str, tuple[str, ...]]]) -> None:
        """Bring the table to these rows; a cell that is as it was is left alone."""
        for key, cells in rows:
            known = self._cells.get(key)
            if known is None:
                self.table.add_row(*cells, key=key)
            elif known != cells:
                for heading, cell, old in zip(HEADINGS, cells, known, strict=True):
                    if cell != old:
                        self.table.update_cell(key, heading, cell)
            self._cells[key] = cells


def rows_of(picture: FleetPicture, monotonic: float) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each row of a fleet with its cells, as the fleet table has them."""
    for host in picture.hosts.values():
        now = host.now(monotonic)
        for process in host.processes:
            since = process.since()
            yield (
                f"{host.host}/{process.key.address}",
                (
                    host.host,
                    process.shown_group,
                    process.shown_name,
                    process.state.name,
                    str(process.pid or "-"),
                    compact_duration(process.uptime(now)),
                    str(process.exit_code or "-"),
                    compact_duration(now - since if since else None),
                ),
            )


class Churning(DataTableProgram):
    """Rows that change by themselves."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self._rows = rows
        self._turn = 0

    def on_ready(self) -> None:
        self.show(self._row(number, 0) for number in range(self._rows))
        self.set_interval(CHURN_PERIOD, self._churn)

    def _row(self, number: int, turn: int) -> tuple[str, tuple[str, ...]]:
        host, process = divmod(number, 50)
        name = f"worker_{process:02}"
        cells = (f"web-{host:04}", "workers", name, "RUNNING", str(1000 + number + turn), "3h", "-", "3h")
        return f"{host}/{name}", cells

    def _churn(self) -> None:
        self._turn += 1
        changed = max(1, int(self._rows * CHURN_SHARE * CHURN_PERIOD))
        first = self._turn * 7919
        self.show(self._row((first + n * 104_729) % self._rows, self._turn) for n in range(changed))


if __name__ == "__main__":
    Churning(int(sys.argv[1])).run()
