"""What survived a full search for garbage is not searched again."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tui.ui import pauses


@pytest.fixture
def _collector_as_it_was() -> Iterator[None]:
    before = gc.get_freeze_count()
    yield
    if pauses._set_aside in gc.callbacks:
        gc.callbacks.remove(pauses._set_aside)
    if not before:
        gc.unfreeze()


@pytest.mark.usefixtures("_collector_as_it_was")
def test_many_survivors_are_set_aside_and_few_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses.keep_pauses_short()
    pauses.keep_pauses_short()
    assert gc.callbacks.count(pauses._set_aside) == 1
    before = gc.get_freeze_count()
    monkeypatch.setattr(pauses, "MANY", 10**9)
    gc.collect()
    assert gc.get_freeze_count() == before
    kept = [[number] for number in range(1000)]
    monkeypatch.setattr(pauses, "MANY", 500)
    gc.collect(1)
    assert gc.get_freeze_count() == before
    gc.collect()
    assert gc.get_freeze_count() >= before + len(kept)
