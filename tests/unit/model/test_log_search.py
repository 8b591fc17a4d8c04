"""What is found in log lines."""

from __future__ import annotations

import re
import time

import pytest

from tui.model.log_search import LogSearch, looks_like_trouble


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("error", "an ERROR here", True),
        ("Error", "an ERROR here", False),
        ("ERROR", "an ERROR here", True),
        ("a.c", "abc", False),
        ("/a.c/", "ABC", True),
        ("/A.c/", "abc", False),
        (r"/\Sb\S/", "ABC", True),
        ("//", "a // b", True),
        ("error: x", "\x1b[31mERROR\x1b[0m: \x1b[1mx\x1b[0m", True),
        ("31m", "\x1b[31mred\x1b[0m", False),
        ("ß", "STRASSE", False),
    ],
)
def test_small_letters_find_any_case_and_capital_ones_only_themselves(
    text: str, line: str, found: bool
) -> None:
    assert LogSearch.parse(text).matches(line) is found


def test_an_exclamation_mark_turns_a_filter_round_and_is_plain_text_in_a_search() -> None:
    assert LogSearch.parse("!debug", filtering=True).matches("INFO all is well")
    assert not LogSearch.parse("!debug", filtering=True).matches("DEBUG noise")
    assert LogSearch.parse("!debug").matches("stop!debug")
    assert LogSearch.parse("!", filtering=True).matches("hey!")


@pytest.mark.parametrize(("text", "position"), [("/ab(/", 3), ("!/ab(/", 4), ("/a{1000000000}/", 2)])
def test_a_pattern_that_cannot_be_used_is_refused_and_the_place_is_that_in_what_was_typed(
    text: str, position: int
) -> None:
    with pytest.raises(re.error) as caught:
        LogSearch.parse(text, filtering=True)
    assert caught.value.pos == position
    assert text[position] in "({"


@pytest.mark.parametrize("text", ["/(a|aa)+$/", "!/(a|aa)+$/"])
def test_a_pattern_that_takes_too_long_hides_no_line_in_a_filter_and_counts_none_in_a_search(
    text: str,
) -> None:
    trap = "a" * 60 + "b"
    began = time.thread_time()
    for filtering in (True, False):
        search = LogSearch.parse(text if filtering else text.lstrip("!"), filtering=filtering)
        assert not search.gave_up
        assert [search.matches(line) for line in (trap, "aaa", "other")] == [filtering] * 3
        assert search.gave_up
        assert search.spans("aaa") == []
    assert time.thread_time() - began < 0.5


def test_what_is_highlighted_is_what_was_found() -> None:
    assert LogSearch.parse("e.").spans("e. E.") == [(0, 2), (3, 5)]
    assert LogSearch.parse("E.").spans("e. E.") == [(3, 5)]
    assert LogSearch.parse("/e./").spans("e. Ef") == [(0, 2), (3, 5)]
    assert LogSearch.parse("/x*/").spans("axx") == [(1, 3)]


def test_of_a_huge_line_only_the_beginning_is_searched() -> None:
    search = LogSearch.parse("needle")
    assert search.matches("needle" + "x" * 1_000_000)
    assert not search.matches("x" * 1_000_000 + "needle")


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-01 12:00:00 ERROR something broke",
        "\x1b[31mERROR\x1b[0m in red",
        "Traceback (most recent call last):",
        "ValueError: no such thing",
        "java.lang.NullPointerException",
        "[CRIT] worker gone",
        "connection refused",
        "2 errors, 0 failures",
        "level=fatal msg=bye",
        "Killed",
    ],
)
def test_these_lines_look_like_trouble(line: str) -> None:
    assert looks_like_trouble(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "GET /terror HTTP/1.1 200",
        "0 errors",
        "done, errors=0",
        "no failures today",
        "alerting is on",
        "INFO ok",
    ],
)
def test_these_do_not(line: str) -> None:
    assert not looks_like_trouble(line)
