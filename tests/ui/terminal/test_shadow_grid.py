"""The grid sends less and shows the same: checked against a terminal that is sent everything."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ui.terminal.twin_screens import TwinScreens
from tui.ui.terminal.shadow_grid import SYNC_END, SYNC_START, ShadowGrid

WIDTH, HEIGHT = 24, 6
LINE = "\x1b[2;3H\x1b[1;38;2;9;9;9;48;2;1;1;1mweb-01\x1b[0m\x1b[48;2;1;1;1m   \x1b[0m\x1b[31mFATAL\x1b[0m\x1b[1;1H"

# Two cells each and set on even columns only: what becomes of the other half of a wide character that is written over
# is every terminal's own choice, and pyte's is none.
pairs = st.sampled_from(["ab", "aa", "  ", "  ", "世", "é-", "● ", "──", "9a", "✗e\u0301", "🦊"])
looks = st.sampled_from(
    [
        "",
        "1",
        "1;31",
        "38;2;1;2;3",
        "38;2;1;2;3;48;2;9;9;9",
        "48;5;17",
        "7",
        "4;32",
        "2;3",
        "9;100",
        "0;1",
        "22;39",
        "24;27",
    ]
)


@st.composite
def runs(draw: st.DrawFn) -> str:
    """A move and a few runs of text that end on the line."""
    row, column = draw(st.integers(1, HEIGHT)), draw(st.integers(0, WIDTH // 2 - 1)) * 2
    written = [f"\x1b[{row};{column + 1}H"]
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.lists(pairs, min_size=1, max_size=6))[: (WIDTH - column) // 2]
        column += 2 * len(text)
        if text:
            written.append(f"\x1b[{draw(looks)}m{''.join(text)}\x1b[0m")
    return "".join(written)


frames = st.lists(runs(), min_size=1, max_size=8).map(lambda parts: "".join(parts) + "\x1b[1;1H")
updates = frames.map(lambda frame: (SYNC_START, frame, SYNC_END))
asides = st.sampled_from(["\x07", "\x1b[?25h", "\x1b[?1003l", "\x1b]52;c;YWJj\x07"])
strange = st.sampled_from(
    [
        "plain text",
        "\x1b[2J",
        "\x1b[K",
        "\x1b[3;3H\x1b[1J",
        "\x1b[2C",
        "\x1b[4;5Hhalf\x1b[Bway\x1b[0m",
        "\x1b[6;1Hlast\n",
        "\x1b[3;1Ha\nb\x1b[0m",
        "\x1b[1;21Htoo long for it\x1b[0m",
        "\x1b[4m",
        "\x1b[58;5;1mcurly\x1b[0m",
        "\x1b7\x1b[5;5H\x1b[1mx\x1b8y",
        "\x1b[2;2H\ttab",
        "\x1b[3L",
        "\x1b[2;1H\x1b[2P",
        "\x1b[0m\x1b[1;1H",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(frames, updates, frames, updates, asides, strange), min_size=1, max_size=14))
def test_whatever_is_written_both_terminals_show_the_same(writes: list[str | tuple[str, ...]]) -> None:
    twins = TwinScreens(WIDTH, HEIGHT)
    for write in writes:
        for data in (write,) if isinstance(write, str) else write:
            twins.write(data)
        assert twins.difference() == "", writes


def test_what_is_shown_already_sends_not_a_byte() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    assert grid.feed(LINE)
    assert grid.feed(LINE) == ""
    assert [grid.feed(data) for data in (SYNC_START, LINE, SYNC_END)] == ["", "", ""]


def test_a_changed_word_sends_the_word_and_the_way_to_it() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed(LINE)
    assert grid.feed(LINE.replace("FATAL", "FETAL")) == "\x1b[2;13HE\x1b[H"


def test_only_the_attributes_that_change_are_sent() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed("\x1b[1;1H\x1b[1;31;44ma\x1b[0m\x1b[1;32;44mb\x1b[0m")
    sent = grid.feed("\x1b[2;1H\x1b[1;32;44mc\x1b[0m\x1b[32;44md\x1b[0m")
    assert sent == "\x1b[2Hc\x1b[22md"


def test_blanks_that_look_the_same_are_not_sent_again() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed("\x1b[1;1H\x1b[31;44m    \x1b[0m")
    assert grid.feed("\x1b[1;1H\x1b[1;32;44m    \x1b[0m\x1b[1;5H") == ""
    assert grid.feed("\x1b[1;1H\x1b[4;32;44m    \x1b[0m\x1b[1;5H") != ""


def test_after_a_character_outside_ascii_the_next_place_is_absolute() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    assert "●\x1b[6Gup" in grid.feed("\x1b[3;5H●up\x1b[1;1H")


def test_half_of_a_wide_character_that_is_written_over_becomes_a_blank() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed("\x1b[1;1H世界!\x1b[1;1H")
    assert grid.feed("\x1b[1;2Hab\x1b[1;1H") == " ab \r"


def test_a_mark_at_the_beginning_of_a_run_belongs_to_the_cell_before() -> None:
    twins = TwinScreens(WIDTH, HEIGHT)
    twins.write("\x1b[1;1He\x1b[0m\x1b[1;1H")
    twins.write("\x1b[1;1He\x1b[0m\u0301\x1b[0m\x1b[1;1H")
    assert twins.difference() == ""
    assert twins.thrifty.buffer[0][0].data == "é"


def test_what_is_not_understood_goes_out_as_it_came_and_the_next_frame_whole() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed(LINE)
    link = "\x1b]8;;http://x\x1b\\\x1b[1mlink\x1b[0m\x1b]8;;\x1b\\\x1b[0m\x1b[1;1H"
    assert grid.feed(link) == f"\x1b[m{link}"
    assert "web-01" in grid.feed(LINE)
    assert grid.feed(LINE) == ""


@pytest.mark.parametrize("leave", ["\x1b[?1049l", "\x1b[?1049h"])
def test_the_other_screen_is_reached_in_plain_and_coming_back_shows_everything(leave: str) -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed(LINE)
    assert grid.feed(leave) == f"\x1b[m{leave}"
    assert "web-01" in grid.repaint()
    assert grid.feed(LINE) == ""


def test_another_size_is_painted_anew() -> None:
    grid = ShadowGrid(WIDTH, HEIGHT)
    grid.feed(LINE)
    grid.resize(WIDTH, HEIGHT + 1)
    assert "web-01" in grid.feed(LINE)


def test_a_terminal_that_synchronises_gets_large_frames_in_one_and_small_ones_bare() -> None:
    grid = ShadowGrid(200, 60)
    large = "".join(f"\x1b[{y};1H\x1b[1m{'x' * 100}\x1b[0m" for y in range(1, 40)) + "\x1b[1;1H"
    assert [grid.feed(SYNC_START), grid.feed(large)] == ["", ""]
    sent = grid.feed(SYNC_END)
    assert sent.startswith(SYNC_START)
    assert sent.endswith(SYNC_END)
    for data in (SYNC_START, large.replace("\x1b[5;1H\x1b[1mx", "\x1b[5;1H\x1b[1my")):
        grid.feed(data)
    assert grid.feed(SYNC_END) == "\x1b[5Hy\x1b[H"
