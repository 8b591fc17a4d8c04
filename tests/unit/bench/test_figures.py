"""What a figure says of its target, and that none is lost on the way to the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import page
from tests.bench.figures import AtMost, Figure, TimesAtMost, TimesLess, from_json, table, to_json

FIGURES = [
    Figure("decode", 10.0, "µs CPU", TimesLess(40), "xmlrpc.client.loads", 400.0),
    Figure("decode, new", 100.0, "µs CPU", TimesLess(12), "xmlrpc.client.loads", 400.0, "a sentence"),
    Figure("steady", 7.4, "% of a core", AtMost(10)),
    Figure("rows", 1.3, "s", TimesAtMost(1.25), "bare Textual", 1.0),
    Figure("peer", 3.0, "s", None, "supervisorctl", 26.0),
    Figure("nothing changed", 0.0, "bytes", AtMost(0), "DataTable", 24_004.0),
]


def test_a_target_is_met_or_missed_or_there_is_none() -> None:
    assert [figure.met for figure in FIGURES] == [True, False, True, False, None, True]


def test_a_figure_survives_being_written_as_json() -> None:
    assert [from_json(json.loads(json.dumps(to_json(figure)))) for figure in FIGURES] == FIGURES


def test_the_table_says_which_targets_were_missed() -> None:
    lines = list(table(FIGURES))
    assert [line.split()[0] for line in lines if line.endswith("MISSED")] == ["decode,", "rows"]
    assert "    a sentence" in lines
    assert any("infx" in line and "24,004 bytes" in line for line in lines)


@pytest.mark.parametrize(
    "prose", ["", "# By hand\n\n<!-- begin: written by make bench -->old<!-- end -->\n\nAfter.\n"]
)
def test_the_page_keeps_its_prose_and_gets_every_figure(tmp_path: Path, prose: str) -> None:
    rows, written = tmp_path / "rows", tmp_path / "performance.md"
    rows.write_text("".join(json.dumps(to_json(figure)) + "\n" for figure in FIGURES))
    if prose:
        written.write_text(prose)
    page.main(str(rows), str(written))
    text = written.read_text()
    assert all(f"| {figure.name}" in text for figure in FIGURES)
    assert "old" not in text
    assert "1. a sentence" in text
    if prose:
        assert text.startswith("# By hand")
        assert text.endswith("After.\n")
