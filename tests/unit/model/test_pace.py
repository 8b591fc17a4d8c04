"""The pace of a job: what its words mean, and how many steps it takes at a time."""

from __future__ import annotations

import pytest

from tui.errors import UsageError
from tui.model.pace import ROLLING, Pace, in_batches, parse_pace, settle_seconds


@pytest.mark.parametrize(
    ("text", "size"), [("", 10), ("5", 5), ("20%", 2), ("1%", 1), ("100%", 10), ("50", 50)]
)
def test_a_batch_is_a_number_or_a_percentage_of_the_steps(text: str, size: int) -> None:
    assert in_batches(Pace(), text).size(10) == size


@pytest.mark.parametrize("text", ["0", "-1", "x", "150%", "%", "²", "1.5", "0%", "99999999"])
def test_a_batch_that_is_neither_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="batch"):
        in_batches(Pace(), text)


def test_a_pace_is_read_from_the_words_of_the_command_lines_options() -> None:
    wanted = Pace(percent=20, canary=True, settle=90, max_failed=2)
    assert parse_pace("batch 20% canary settle 1m30s max-failed 2") == wanted
    assert parse_pace("  --canary --batch=20% --max-failed=2 --settle=90s") == wanted
    assert parse_pace("") == Pace()


@pytest.mark.parametrize(
    "pace", [ROLLING, Pace(), Pace(batch=3), Pace(percent=10, settle=0.5), Pace(canary=True, max_failed=4)]
)
def test_a_pace_says_itself_in_the_words_it_is_read_from(pace: Pace) -> None:
    assert parse_pace(pace.line()) == pace


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("batsch 3", "'batsch' is no word"),
        ("batch", "'batch' wants a value"),
        ("settle 10", "settle '10' is no duration"),
        ("settle 2h", "settle '2h' is no duration up to 1 hour"),
        ("max-failed many", "max-failed 'many' is no number"),
        ("batch 3 4", "'4' is no word"),
        ("\x1b[31m", "is no word"),
    ],
)
def test_a_pace_that_makes_no_sense_says_which_word_and_what_there_is(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_pace(text)
    assert problem in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.advice


def test_no_settling_is_asked_for_by_saying_nothing() -> None:
    assert settle_seconds("") == 0.0


def test_the_question_says_the_whole_pace() -> None:
    pace = Pace(percent=20, canary=True, settle=10, max_failed=1)
    assert pace.words() == (
        "20% at a time, one at a time on each host, the first alone as a canary, "
        "each must run for 10 seconds, no new ones after 1 failed"
    )
