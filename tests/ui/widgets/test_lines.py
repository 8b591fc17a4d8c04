import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style
from textual.app import App, ComposeResult

from tui.text import cell_width
from tui.ui.widgets.lines import cut_runs, differences, make_strip, wrap_runs, wrap_words
from tui.ui.widgets.ticker import Ticker

PLAIN = Style()
RED = Style(color="red")


def test_a_strip_is_exactly_as_wide_as_asked() -> None:
    assert make_strip([("abc", PLAIN)], 5).text == "abc  "
    assert make_strip([("abcdefg", PLAIN)], 5).text == "abcde"
    assert make_strip([("日本語", PLAIN)], 5).cell_length == 5


def test_neighbours_of_one_style_become_one_segment() -> None:
    strip = make_strip([("a", RED), ("b", RED), ("c", PLAIN)], 3)
    assert [segment.text for segment in strip] == ["ab", "c"]


def test_equal_lines_have_no_differences() -> None:
    assert differences(make_strip([("abc", RED)], 9), make_strip([("a", RED), ("bc", RED)], 9)) == []


def test_only_the_cells_that_differ_are_named() -> None:
    old = make_strip([("x" * 50, PLAIN)], 50)
    new = make_strip([("x" * 10 + "yy" + "x" * 38, PLAIN)], 50)
    assert differences(old, new) == [(10, 12)]


def test_differences_far_apart_are_sent_apart_and_near_ones_together() -> None:
    old = make_strip([("x" * 60, PLAIN)], 60)
    assert differences(old, make_strip([("y" + "x" * 58 + "y", PLAIN)], 60)) == [(0, 1), (59, 60)]
    assert differences(old, make_strip([("yxxxy" + "x" * 55, PLAIN)], 60)) == [(0, 5)]


def test_a_difference_never_cuts_a_wide_character_in_two() -> None:
    old = make_strip([("ab日cd", PLAIN)], 8)
    new = make_strip([("abc日d", PLAIN)], 8)
    (start, end), *rest = differences(old, new)
    assert not rest
    assert (start, end) == (2, 5)


def test_a_change_of_style_alone_is_a_difference() -> None:
    assert differences(make_strip([("abc", PLAIN)], 3), make_strip([("abc", RED)], 3)) == [(0, 3)]


def test_a_window_on_runs_shows_what_is_in_it() -> None:
    runs = [("hello ", PLAIN), ("world", RED)]
    assert cut_runs(runs, 4, 4) == (("o ", PLAIN), ("wo", RED))
    assert cut_runs([("日本", PLAIN)], 1, 3) == (("本", PLAIN),)


def test_wrapped_rows_keep_every_character_and_fit() -> None:
    text = "The quick 日本語 brown fox " * 10
    rows = wrap_runs([("12:00 ", PLAIN)], [(text, RED)], 30)
    assert "".join(part for row in rows for part, style in row if style == RED) == text
    assert all(make_strip(row, 200).text.rstrip().__len__() <= 30 for row in rows)


async def test_what_is_told_to_a_hidden_line_is_what_it_shows_when_it_comes_back() -> None:
    ticker = Ticker()

    class Stage(App[None]):
        def compose(self) -> ComposeResult:
            yield ticker

    async with Stage().run_test(size=(40, 5)) as pilot:
        ticker.set_under("the row before")
        await pilot.pause()
        assert "the row before" in ticker.render_line(0).text
        ticker.display = False
        await pilot.pause()
        ticker.set_under("the row now")
        ticker.display = True
        await pilot.pause()
        assert "the row now" in ticker.render_line(0).text


@pytest.mark.parametrize("width", [-3, 0, 1])
def test_words_are_wrapped_however_little_room_there_is(width: int) -> None:
    assert wrap_words("ab  c", width) == ["a", "b", "c"]


@given(st.text("ab日 e\u0301", max_size=40), st.integers(1, 9))
def test_wrapping_loses_nothing_but_spaces_and_keeps_to_its_width(text: str, width: int) -> None:
    lines = wrap_words(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_width(line) <= max(width, 2) for line in lines)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("letter", ["x", "字"])
def test_a_word_of_a_hundred_thousand_letters_is_wrapped_at_once(letter: str) -> None:
    assert len(wrap_words(letter * 100_000, 50)) == 100_000 * cell_width(letter) // 50
