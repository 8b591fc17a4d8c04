"""Exit codes and small parsing of the command line, without a fleet."""

from __future__ import annotations

import pytest

from tui.cli.exit_codes import ExitCode, code_for_outcomes, worst
from tui.cli.invocation import host_filter
from tui.cli.output import iso
from tui.model.outcome import Outcome
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind

KEY = ProcessKey("h", "g", "n")


def ended(*kinds: OutcomeKind) -> list[Outcome]:
    return [Outcome(KEY, kind) for kind in kinds]


@pytest.mark.parametrize(
    ("kinds", "unreadable", "code"),
    [
        ((OutcomeKind.DONE, OutcomeKind.SKIPPED), False, ExitCode.OK),
        ((OutcomeKind.DONE, OutcomeKind.FAILED), False, ExitCode.FAILED),
        ((OutcomeKind.NOT_EXECUTED,), False, ExitCode.FAILED),
        ((OutcomeKind.FAILED, OutcomeKind.UNKNOWN), False, ExitCode.NOT_RUNNING),
        ((OutcomeKind.FAILED, OutcomeKind.UNKNOWN), True, ExitCode.UNREADABLE),
    ],
)
def test_the_highest_code_that_applies_wins(
    kinds: tuple[OutcomeKind, ...], unreadable: bool, code: ExitCode
) -> None:
    assert code_for_outcomes(ended(*kinds), unreadable) is code


def test_nothing_at_all_is_ok() -> None:
    assert worst([]) is ExitCode.OK


def test_only_hosts_that_a_target_can_mean_are_polled() -> None:
    wanted = host_filter(("web-*/api", "db-1/"))
    assert [wanted(host) for host in ("web-1", "db-1", "db-2")] == [True, True, False]


def test_a_target_without_a_host_means_every_host() -> None:
    assert host_filter(("celery",))("anything")


def test_times_are_utc_and_never_is_null() -> None:
    assert iso(1700000000) == "2023-11-14T22:13:20Z"
    assert iso(0) is None
