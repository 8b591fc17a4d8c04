"""Who a process is, and how it is shown."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model.fleets import process, unhurried
from tui.model.process import Process, ProcessKey, disambiguate, make_process, process_from_wire
from tui.model.states import Health


def test_every_text_from_the_wire_is_cleaned_and_the_raw_name_is_kept() -> None:
    row = process_from_wire(
        "web-01", "g\x1b", "n\x07", state=200, spawnerr="no \x1b[2J", stdout_logfile="/a\nb"
    )
    assert row.key == ProcessKey("web-01", "g\x1b", "n\x07")
    assert (row.shown_group, row.shown_name, row.spawnerr, row.stdout_logfile) == (
        "g␛",
        "n␇",
        "no ␛[2J",
        "/a␊b",
    )


@pytest.mark.parametrize("title", ["api:we\x1bird", "api:\u202egnp", "api:*"])
def test_a_name_that_would_reach_another_process_is_not_addressable(title: str) -> None:
    assert not process(title).addressable


def test_plain_and_non_ascii_names_are_addressable() -> None:
    assert process("api:web-01").addressable
    assert process("日本:naïve").addressable


def test_two_names_that_look_alike_get_a_suffix_and_the_honest_one_keeps_its_own() -> None:
    rows = (
        process("g:a␛"),
        process("g:a\x1b"),
        process("g:a\x1b\x00"),
        process("h:a\u200b"),
        process("h:a\u200c"),
    )
    shown = [(row.shown_group, row.shown_name) for row in disambiguate(rows)]
    assert shown == [("g", "a␛"), ("g", "a␛~2"), ("g", "a␛␀"), ("h", "a\ufffd"), ("h", "a\ufffd~2")]


def test_disambiguating_plain_names_gives_the_same_rows() -> None:
    rows = (process("api:a"), process("celery"))
    assert disambiguate(rows) is rows


def test_of_two_rows_with_one_identity_the_last_counts() -> None:
    assert disambiguate([process("a", "RUNNING"), process("a", "FATAL")]) == (process("a", "FATAL"),)


@unhurried
@given(st.lists(st.text("a*\x1b\u200b\u200c␛~2", min_size=1, max_size=4), max_size=8))
def test_after_disambiguating_no_two_rows_look_alike(names: list[str]) -> None:
    rows = disambiguate([process_from_wire("h", "g", name, state=20) for name in names])
    shown = [row.shown_name for row in rows]
    assert len(set(shown)) == len(shown) == len(set(names))
    assert disambiguate(rows) == rows
    assert all(row.shown_name == row.key.name for row in rows if row.addressable)


def test_an_exit_status_is_known_only_after_a_run() -> None:
    assert process("a", "RUNNING").exit_code is None
    assert process("a", "STOPPED", start=0).exit_code is None
    assert process("a", "EXITED", exitstatus=3).exit_code == 3
    assert process("a", "FATAL", exitstatus=1).exit_code == 1
    assert process("a", "FATAL", exitstatus=0).exit_code is None


def test_an_expected_exit_rests_and_an_unexpected_one_is_bad() -> None:
    assert process("a", "EXITED").health is Health.RESTING
    assert process("a", "EXITED", exitstatus=3).health is Health.BAD
    assert process("a", "EXITED", spawnerr="Bad exit code 0").health is Health.BAD


def test_a_process_made_the_quick_way_is_as_any_other() -> None:
    usual = process("api:web", stdout_logfile="/a", stderr_logfile="/b", spawnerr="no", stop=4, exitstatus=3)
    quick = make_process(*(getattr(usual, field.name) for field in fields(usual)))
    assert type(quick) is Process
    assert quick == usual
    assert hash(quick) == hash(usual)
    assert replace(quick, pid=1) == replace(usual, pid=1)
    with pytest.raises(FrozenInstanceError):
        quick.pid = 5  # type: ignore[misc]
