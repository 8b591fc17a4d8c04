"""Every bench still runs, and prints what it is there to measure; what it prints at this size means nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from math import isfinite
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHES
from tests.bench.figures import from_json, table

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_runs_and_prints_its_figures(tmp_path: Path, name: str) -> None:
    rows = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", f"tests.bench.{name}", "--smoke", "--rows", str(rows)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    figures = [from_json(json.loads(line)) for line in rows.read_text().splitlines()]
    assert figures
    assert ended.stdout.splitlines() == list(table(figures))
    assert all(figure.name and figure.unit and isfinite(figure.ours) for figure in figures)
