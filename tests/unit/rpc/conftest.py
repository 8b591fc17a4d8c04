"""Fixtures of the wire's tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """A directory whose path leaves room for a unix socket (107 bytes in all)."""
    with tempfile.TemporaryDirectory(prefix="stui-") as directory:
        yield Path(directory)
