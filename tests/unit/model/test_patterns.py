"""Patterns that a user typed, on lines that anybody wrote: none may run for ever."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tui.model.patterns import MOST_CHARACTERS, TypedPattern

ENDLESS = r"(a|aa)+$"
"""On `TRAP` it tries more ways than a life has seconds."""
TRAP = "a" * 60 + "b"


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """CPU of this thread: a busy machine is no failure."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < seconds


def test_a_pattern_that_would_run_for_ever_gives_up_soon_and_is_not_tried_again() -> None:
    pattern = TypedPattern(ENDLESS)
    with within(0.3):
        assert pattern.found("aaaa") is True
        assert pattern.found(TRAP) is None
    assert pattern.gave_up
    with within(0.1):
        assert {pattern.found(TRAP) for _ in range(1_000)} == {None}
        assert pattern.found("aaaa") is None
        assert pattern.spans(TRAP) == []


def test_a_highlight_that_would_take_for_ever_gives_up_too() -> None:
    pattern = TypedPattern(ENDLESS)
    with within(0.3):
        assert pattern.spans(TRAP) == []
    assert pattern.gave_up


def test_a_pattern_that_is_slow_on_every_line_gives_up_after_some_of_them() -> None:
    pattern = TypedPattern(r"\s+$")
    line = " " * 2_000 + "x"
    with within(0.6):
        tried = next(n for n in range(10_000) if pattern.found(line) is None)
    assert tried > 0
    assert pattern.gave_up


def test_a_usual_pattern_never_gives_up_on_a_flood_of_usual_lines() -> None:
    pattern = TypedPattern(r"5\d\d \d+ms", re.IGNORECASE)
    line = "2026-11-25 12:00:00 INFO request GET /api/v1/things 200 12ms user=alice trace=00000000deadbeef"
    assert not any(pattern.found(line) for _ in range(50_000))
    assert not pattern.gave_up


def test_a_line_that_is_all_matches_is_highlighted_as_far_as_anybody_looks() -> None:
    pattern = TypedPattern("e")
    for _ in range(60):
        assert pattern.spans("e" * 16_384)[:2] == [(0, 1), (1, 2)]
    assert not pattern.gave_up


def test_one_pause_of_the_machine_is_not_taken_for_a_slow_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    class Paused:
        """The library's pattern, paused at every other call."""

        calls = 0

        def search(self, text: str, /, *, timeout: float) -> re.Match[str] | None:
            self.calls += 1
            if self.calls % 2:
                raise TimeoutError
            return re.search("e", text)

    pattern = TypedPattern("e")
    monkeypatch.setattr(pattern, "_compiled", Paused())
    assert pattern.found("e") is True
    assert not pattern.gave_up
    for _ in range(20):
        pattern.found("e")
    assert pattern.gave_up, "pauses that do not end are the pattern's"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("{e}", "{e}", True),
        ("{e}", "e", False),
        ("a{e}", "a", False),
        ("(?:foo){e<=3}", "fo", False),
        ("(?:foo){e<=3}", "foo{e<=3}", True),
        (r"\{id\}", "{id}", True),
        ("[{]e}", "{e}", True),
        ("{}", "{}", True),
        ("^a{,}$", "aaa", True),
        (r"[\]{e}]b", "}b", True),
        ("a{,2}b", "aab", True),
        ("^a{,2}b", "aaab", False),
        ("^a{2}$", "aa", True),
        ("^a{1,}$", "aaa", True),
        (r"\N{LEFT CURLY BRACKET}", "{", True),
        ("a++b", "aaab", True),
        ("(?P<x>a)(?P=x)", "aa", True),
    ],
)
def test_a_pattern_means_what_it_means_to_re(pattern: str, text: str, found: bool) -> None:
    assert (re.search(pattern, text) is not None) is found
    assert TypedPattern(pattern).found(text) is found


@pytest.mark.parametrize(
    ("pattern", "position", "words"),
    [
        ("a(", 1, "unterminated"),
        ("ab[z-a]", 3, "bad character range"),
        ("x**", 2, "multiple repeat"),
        (r"ab\p{Lu}", 2, "bad escape"),
        ("{e}(", 3, "unterminated"),
        ("a(?R)", 2, "unknown extension"),
        ("xa{1000000000}", 2, "repeats too much"),
        ("(a{1000}){1000}", 9, "repeats too much"),
        ("(((a{1000}){1000}){1000})", 11, "repeats too much"),
        ("a{9000}b{9000}", 8, "repeats too much"),
        ("(ab|(c{200})){100}", 13, "repeats too much"),
        ("a{99999999999999999999}", 0, "too large"),
        ("a" * (MOST_CHARACTERS + 1), MOST_CHARACTERS, "longer than"),
        ("(" * 480 + ")" * 480, 0, "too large"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_at_once_with_the_place(
    pattern: str, position: int, words: str
) -> None:
    with within(0.5), pytest.raises(re.error) as caught:
        TypedPattern(pattern)
    assert caught.value.pos == position
    assert words in caught.value.msg


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}",
        "[0-9a-f]{64} [0-9a-f]{64} [0-9a-f]{64} [0-9a-f]{64}",
        "a{1,1000000000}",
    ],
)
def test_repeats_that_people_write_are_accepted(pattern: str) -> None:
    with within(0.5):
        TypedPattern(pattern)


def test_no_warning_about_a_pattern_reaches_the_terminal() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        TypedPattern("[[a]")
    assert not told
