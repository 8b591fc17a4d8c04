"""Which changes are worth an alert, and the one sentence for all of them."""

from __future__ import annotations

import itertools

import pytest

from tui.model.alerts import Alert, alert_of
from tui.model.fleet import Transition
from tui.model.process import ProcessKey

CELERY = ProcessKey("web-01", "celery", "celery")
API = ProcessKey("web-02", "api", "api-1")
HOST = ProcessKey("db-01")


def went(key: ProcessKey, *states: str, exitstatus: int = 0, ours: bool = False) -> list[Transition]:
    """From the first of these states to the next, and so on."""
    pairs = itertools.pairwise(states)
    return [Transition(n, 0.0, key, old, new, 0, exitstatus, ours) for n, (old, new) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("transitions", "alert"),
    [
        (went(CELERY, "RUNNING", "BACKOFF", "FATAL"), Alert("web-01 celery FATAL", True)),
        (went(API, "RUNNING", "EXITED", exitstatus=3), Alert("web-02 api:api-1 EXITED", True)),
        (went(HOST, "UP", "TIMEOUT"), Alert("db-01 TIMEOUT", True)),
        (went(HOST, "REFUSED", "UP"), Alert("db-01 is back", False)),
        (
            [*went(HOST, "TIMEOUT", "DEGRADED"), *went(CELERY, "STARTING", "FATAL")],
            Alert("web-01 celery FATAL; db-01 is back", True),
        ),
    ],
    ids=lambda value: value.text if isinstance(value, Alert) else "",
)
def test_a_change_for_the_worse_and_a_hosts_return_are_told(
    transitions: list[Transition], alert: Alert
) -> None:
    assert alert_of(transitions) == alert


@pytest.mark.parametrize(
    "transitions",
    [
        [],
        went(CELERY, "RUNNING", "FATAL", ours=True),
        went(CELERY, "RUNNING", "FATAL", "STARTING", "RUNNING"),
        went(CELERY, "RUNNING", "EXITED"),
        went(CELERY, "RUNNING", "STOPPED"),
        went(CELERY, "", "FATAL"),
        went(CELERY, "FATAL", ""),
        went(HOST, "UP", "TIMEOUT", "UP"),
        went(HOST, "PENDING", "REFUSED"),
        went(HOST, "REFUSED", "TIMEOUT"),
        went(HOST, "PENDING", "UP"),
    ],
    ids=[
        "nothing",
        "our own doing",
        "mended before it could be told",
        "ended as it should",
        "stopped by somebody",
        "seen for the first time",
        "gone",
        "a host that was away for a moment",
        "a host that never answered",
        "another cause",
        "a first answer",
    ],
)
def test_what_is_no_news_is_not_told(transitions: list[Transition]) -> None:
    assert alert_of(transitions) is None


def test_many_are_counted_and_the_first_are_named() -> None:
    keys = [ProcessKey(f"web-{number:02}", "api", "api") for number in range(12)]
    alert = alert_of([one for key in keys for one in went(key, "RUNNING", "FATAL")])
    assert alert == Alert("12 failed: web-00 api FATAL, web-01 api FATAL, web-02 api FATAL, …", True)


def test_a_name_that_is_hostile_is_cleaned() -> None:
    alert = alert_of(went(ProcessKey("h", "a\x1b]0;x\x07", "a\x1b]0;x\x07"), "RUNNING", "FATAL"))
    assert alert is not None
    assert alert.text.isprintable()
