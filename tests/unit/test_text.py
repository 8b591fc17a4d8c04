"""What `tui.text` promises: nothing that leaves it can command, hide in or re-order a terminal."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tui.text import (
    LOG_LINE_CHARS,
    PLAIN,
    Style,
    cell_width,
    clean,
    clean_cell,
    compact_duration,
    duration_words,
    fit,
    log_spans,
    nearest,
    parse_duration,
)

unhurried = settings(deadline=None)

hostile = st.one_of(
    st.text(),
    st.text(
        alphabet="a\x00\t\n\x1b\x7f\x85\x9b\u200b\u200d\u202e\u2066\ufe0f\u034f\u3164\U000e0041é日̈🇩🇪👍🏽"
    ),
    st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "So", "Lo"])),
    st.lists(st.sampled_from(["\x1b[31m", "\x1b[0m", "\x1b]52;c;eA==\x07", "\x1b[2J", "x", "日"])).map(
        "".join
    ),
)

FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def is_safe(text: str) -> bool:
    return not any(
        unicodedata.category(char) in FORBIDDEN
        or 0xFE00 <= ord(char) <= 0xFE0F
        or 0xE0000 <= ord(char) <= 0xE0FFF
        for char in text
    )


@unhurried
@given(hostile)
@example("\u202egnp.exe")
def test_no_control_bidi_zero_width_or_tag_character_survives(text: str) -> None:
    assert is_safe(clean(text))
    assert is_safe(clean_cell(text))
    assert all(is_safe(piece) for piece, _ in log_spans(text))


@unhurried
@given(hostile)
@example("no\u00a0break")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) is once
    cell = clean_cell(text)
    assert clean_cell(cell) == cell


@unhurried
@given(hostile)
def test_cleaning_keeps_one_character_for_each(text: str) -> None:
    assert len(clean(text)) == len(text)


@pytest.mark.parametrize("text", ["", "gunicorn-03", "naïve 日本", "x" * 5000])
def test_text_that_is_safe_already_comes_back_as_the_same_object(text: str) -> None:
    assert clean(text) is text


def test_controls_are_shown_as_their_pictures_and_a_tab_as_a_space() -> None:
    assert clean("\x1b]52;c;eA==\x07\x7f\tok\n") == "␛]52;c;eA==␇␡ ok␊"


@pytest.mark.parametrize(
    "char", ["\x9b", "\u200b", "\u202e", "\u2028", "\ue000", "\ud800", "\ufe0f", "\u3164"]
)
def test_what_has_no_agreed_glyph_becomes_the_replacement_character(char: str) -> None:
    assert clean(f"a{char}b") == "a\ufffdb"


@unhurried
@given(hostile, st.integers(1, 30))
def test_a_limit_is_kept_in_cells(text: str, limit: int) -> None:
    assert cell_width(clean(text, limit)) <= limit
    assert cell_width(clean_cell(text, limit)) <= limit


def test_a_cell_drops_flags_joiners_and_piled_up_marks() -> None:
    assert clean_cell("👨\u200d👩 🇩🇪 ok\ufe0f 👍🏽") == "👨👩  ok 👍"
    assert clean_cell("e" + "\u0301" * 50) == "e\u0301\u0301"
    assert clean_cell("\u0301e") == "e"


def test_marks_that_pile_up_are_shown_for_what_they_are() -> None:
    assert clean("e" + "\u0301" * 7) == "e" + "\u0301" * 4 + "\ufffd" * 3
    assert log_spans("\x1b[1m" + "\u0301" * 5)[0][0] == "\u0301" * 4 + "\ufffd"
    assert clean("กำลังทำงาน") == "กำลังทำงาน"


def test_a_cell_that_is_fitted_holds_nothing_that_terminals_measure_differently() -> None:
    assert fit("🇩🇪e\u0301\u0301\u0301👍🏽", 6) == "e\u0301\u0301👍   "


@unhurried
@given(hostile.map(clean), st.integers(0, 40))
def test_fit_is_exactly_as_wide_as_asked(text: str, cells: int) -> None:
    assert cell_width(fit(text, cells)) == cells


def test_fit_cuts_with_an_ellipsis_and_never_through_a_wide_character() -> None:
    assert fit("gunicorn", 5) == "guni…"
    assert fit("日本語", 4) == "日… "
    assert fit("ok", 4) == "ok  "


def test_widths_agree_with_the_screen_library_for_every_character_that_can_be_shown() -> None:
    from rich.cells import get_character_cell_size

    shown = (clean(chr(code)) for code in range(0x110000))
    differing = [hex(ord(char)) for char in shown if cell_width(char) != get_character_cell_size(char)]
    assert differing == []


@pytest.mark.parametrize(
    ("seconds", "short", "words"),
    [
        (0, "0s", "0 seconds"),
        (1.9, "1s", "1 second"),
        (47, "40s", "47 seconds"),
        (725, "12m", "12 minutes"),
        (11_130, "3h05m", "3 hours 5 minutes"),
        (3 * 86400 + 4 * 3600, "3d04h", "3 days 4 hours"),
        (86400, "1d00h", "1 day"),
        (200 * 86400, "200d", "200 days"),
        (-5, "0s", "0 seconds"),
        (float("nan"), "-", "an unknown time"),
    ],
)
def test_durations_are_coarse_in_cells_and_plain_in_sentences(seconds: float, short: str, words: str) -> None:
    assert compact_duration(seconds) == short
    assert duration_words(seconds) == words


def test_an_unknown_duration_is_a_dash() -> None:
    assert compact_duration(None) == "-"


@given(st.floats(0, 99_999 * 86400))
@example(59.9)
@example(119.9)
@example(3599.9)
@example(86_399.9)
def test_a_short_duration_fits_six_cells_and_reads_back_to_about_itself(seconds: float) -> None:
    text = compact_duration(seconds)
    assert len(text) <= 6
    step = 10 if seconds < 60 else 60
    assert 0 <= seconds - parse_duration(text) < max(step, seconds / 8)


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("2s", 2), ("1.5m", 90), ("3h05m", 11_100), ("2d", 172_800)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-1s", "1 s", "5x", "1m1h", "1m1m", "1s!", "9" * 400 + "s", "۵s", "1s "]
)
def test_what_is_not_a_duration_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="number and a unit"):
        parse_duration(text)


def test_nearest_prefers_names_that_contain_the_word_and_forgives_typos() -> None:
    known = ["gunicorn", "celery", "celerybeat", "web-01"]
    assert nearest("celery", known)[:2] == ["celery", "celerybeat"]
    assert nearest("GUNICRON", known) == ["gunicorn"]
    assert nearest("zzz", known) == []
    assert nearest("", known) == []


def test_log_colours_of_every_kind_are_understood() -> None:
    line = "a\x1b[1;31mb\x1b[0mc\x1b[38;5;200md\x1b[48;2;1;2;3me\x1b[38:2::9:8:7mf\x1b[39;49mg\x1b[93mh\x1b[4:0;2;3;7mi"
    assert log_spans(line) == [
        ("a", PLAIN),
        ("b", Style(fg=1, bold=True)),
        ("c", PLAIN),
        ("d", Style(fg=200)),
        ("e", Style(fg=200, bg=(1, 2, 3))),
        ("f", Style(fg=(9, 8, 7), bg=(1, 2, 3))),
        ("g", PLAIN),
        ("h", Style(fg=11)),
        ("i", Style(fg=11, dim=True, italic=True, reverse=True)),
    ]


def test_other_escape_sequences_in_a_log_are_shown_and_conceal_is_ignored() -> None:
    assert log_spans("\x1b[8msecret\x1b[2J\x1b]0;title\x07\r\n") == [("secret␛[2J␛]0;title␇", PLAIN)]


@pytest.mark.parametrize(
    "piece", ["\x1b[31m", "\x1b[31ma\x1b[32mb", "\x1b[", "日\x07", "\x1b[1;", "a", "\x1b[38;2;m"]
)
def test_a_megabyte_of_anything_on_one_line_is_cut_and_costs_little(piece: str) -> None:
    began = time.process_time()
    spans = log_spans(piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 2
    assert sum(len(text) for text, _ in spans) <= LOG_LINE_CHARS + 1
    assert len(spans) <= 2001
