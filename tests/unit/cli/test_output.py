"""The tables for people."""

from __future__ import annotations

from tests.unit.model.fleets import host, picture, process
from tui.cli.output import status_table


def test_one_endless_name_does_not_make_every_row_endless() -> None:
    processes = [process(title) for title in ("x" * 20_000, *(f"worker-{number}" for number in range(50)))]
    fleet = picture(host("web-01", *processes))
    table = status_table(fleet, {"web-01": processes}, 0.0)
    assert max(map(len, table.splitlines())) < 300
