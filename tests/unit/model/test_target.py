"""Addresses: what they select, and what an error suggests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.model.fleets import host, picture, process, unhurried
from tui.errors import NoMatchError, SupervisorTuiError, UsageError
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.model.states import HostState
from tui.model.target import Target, resolve, resolve_hosts, resolve_wholes

FLEET = picture(
    host("web-01", process("api:api-1"), process("api:api-2"), process("celery"), process("odd:a\x1b")),
    host("web-02", process("api:api-1"), process("celery")),
    host("[::1]", process("celery")),
    host("empty"),
    HostSnapshot("db-1", HostState.REFUSED, problem="connection refused", advice="is it running?"),
)


def addresses(*targets: str) -> list[str]:
    keys = resolve([Target.parse(target) for target in targets], FLEET)
    return [f"{key.host}/{key.address}" for key in keys]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("celery", ["web-01/celery:celery", "web-02/celery:celery", "[::1]/celery:celery"]),
        ("web-01/celery", ["web-01/celery:celery"]),
        ("[::1]/celery", ["[::1]/celery:celery"]),
        ("web-*/api:api-1", ["web-01/api:api-1", "web-02/api:api-1"]),
        ("web-01/api:*", ["web-01/api:api-1", "web-01/api:api-2"]),
        ("web-01/api:", ["web-01/api:api-1", "web-01/api:api-2"]),
        ("api:*-2", ["web-01/api:api-2"]),
        ("web-02/", ["web-02/api:api-1", "web-02/celery:celery"]),
        ("web-02/*", ["web-02/api:api-1", "web-02/celery:celery"]),
        ("web-02/*:c*", ["web-02/celery:celery"]),
        ("a*:api-[12]", ["web-01/api:api-1", "web-01/api:api-2", "web-02/api:api-1"]),
        ("odd:a␛", ["web-01/odd:a\x1b"]),
        ("odd:a\x1b", ["web-01/odd:a\x1b"]),
    ],
)
def test_a_target_selects(target: str, expected: list[str]) -> None:
    assert addresses(target) == expected


def test_a_name_without_a_colon_means_group_equal_to_name_and_never_the_group() -> None:
    with pytest.raises(NoMatchError) as caught:
        addresses("api")
    assert "api:*" in caught.value.advice


def test_targets_add_up_each_process_once_in_order_of_mention() -> None:
    assert addresses("web-02/celery", "web-02/") == ["web-02/celery:celery", "web-02/api:api-1"]


@pytest.mark.parametrize(
    ("target", "problem", "advice"),
    [
        ("celry", "'celry' matches no process", "celery"),
        ("web-01/ap1:api-1", "matches no process", "api:api-1"),
        ("wbe-01/celery", "no host is called 'wbe-01'", "web-01"),
        ("zzz-*/", "no host is called 'zzz-*'", "nearest"),
        ("web-01", "matches no process", "'web-01/' means everything"),
        ("db-1/", "could not be read (connection refused)", "is it running?"),
        ("empty/x", "matches nothing", "no processes"),
        ("x\x1b[2J", "x␛[2J", ""),
    ],
)
def test_a_target_that_matches_nothing_names_the_nearest(target: str, problem: str, advice: str) -> None:
    with pytest.raises(NoMatchError) as caught:
        addresses(target)
    assert problem in caught.value.problem
    assert advice in caught.value.advice


@pytest.mark.parametrize("target", ["", "  ", "/celery", "web-01/:x", ":x", "x" * 2000])
def test_a_target_without_a_needed_part_is_a_usage_error(target: str) -> None:
    with pytest.raises(UsageError):
        Target.parse(target)


def test_host_patterns_give_hosts_once_and_in_order() -> None:
    assert resolve_hosts(["web-02/", "web-*"], FLEET) == ("web-02", "web-01")
    assert resolve_hosts(["[::1]"], FLEET) == ("[::1]",)
    with pytest.raises(NoMatchError):
        resolve_hosts(["web-3"], FLEET)


def test_wholes_keep_hosts_and_groups_whole() -> None:
    targets = [Target.parse(text) for text in ("db-1/", "web-01/api:*", "celery")]
    assert resolve_wholes(targets, FLEET) == (
        ProcessKey("db-1"),
        ProcessKey("web-01", "api"),
        ProcessKey("web-01", "celery", "celery"),
        ProcessKey("web-02", "celery", "celery"),
        ProcessKey("[::1]", "celery", "celery"),
    )


def test_a_target_knows_which_hosts_it_covers() -> None:
    assert Target.parse("celery").covers_host("anything")
    assert Target.parse("web-*/celery").covers_host("web-01")
    assert Target.parse("[::1]/").covers_host("[::1]")
    assert not Target.parse("web-01/").covers_host("web-02")


def outcome(text: str) -> tuple[ProcessKey, ...] | SupervisorTuiError:
    try:
        return resolve([Target.parse(text)], FLEET)
    except (NoMatchError, UsageError) as error:
        return error


@unhurried
@given(st.one_of(st.text(max_size=20), st.text("web-01/api:*?[]!celry", max_size=20)))
def test_any_text_selects_existing_processes_or_says_why_not(text: str) -> None:
    found = outcome(text)
    if isinstance(found, SupervisorTuiError):
        assert found.problem
    else:
        assert found
        assert all(FLEET.process(key) is not None for key in found)
