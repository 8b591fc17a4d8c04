"""The whole program on every bad file of the corpus: exit 2, the place, the words, no secret, and at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show

CORPUS = sorted((Path(__file__).parents[1] / "unit/config/bad").glob("*.yaml"))
CANARY = b"s3cr3t-canary"
TRIED = CORPUS if WHOLE else CORPUS[:: len(CORPUS) // 5]
SECONDS = 1.0
"""Of a processor: how long that takes is up to who else wants it."""
GROUPS = 4


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_bad_configuration_ends_the_program_with_its_place(group: int, tmp_path: Path) -> None:
    longest = 0.0
    for bad in TRIED[group::GROUPS]:
        longest = max(longest, _refused(bad, tmp_path))
    assert longest <= SECONDS
    show(
        f"bad configuration files, part {group + 1} of {GROUPS}",
        "exit 2 within 1 s with file:line:column, never a secret",
        f"{len(TRIED[group::GROUPS])} files, the longest {longest:.2f} s of a processor",
    )


def _refused(bad: Path, home: Path) -> float:
    """Run it on this file; the seconds of a processor that this took."""
    content = bad.read_bytes()
    place, words = content.split(b"\n", 1)[0].decode().removeprefix("# expect: ").split(" ", 1)
    hosts = home / "hosts.yaml"
    hosts.write_bytes(content)
    hosts.chmod(0o600)
    before = _children_seconds()
    ran = subprocess.run(
        [sys.executable, "-m", "tui", "-c", str(hosts), "status"],
        env={**os.environ, "XDG_STATE_HOME": str(home), "SUPERVISOR_TUI_LOG": "debug"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    took = _children_seconds() - before
    assert ran.returncode == 2, bad.name
    assert f"{hosts}:{place}: ".encode() in ran.stderr, bad.name
    assert words.encode() in ran.stderr, bad.name
    assert CANARY not in ran.stdout + ran.stderr, bad.name
    assert ran.stdout == b""
    assert ran.stderr.count(b"\n") == 1, bad.name
    return took


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(CORPUS) >= 80
