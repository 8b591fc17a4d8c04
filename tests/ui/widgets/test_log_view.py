import re
from dataclasses import dataclass

import pytest

from tests.ui.widgets.stage import asked_to_repaint, lines_of, shown, staged, until
from tui.model.process import ProcessKey
from tui.ui.widgets.log_line import source_style
from tui.ui.widgets.log_memory import MOST_LINES, SLACK
from tui.ui.widgets.log_view import LogView

ONE = ProcessKey("web-01", "api", "gunicorn")
OTHER = ProcessKey("web-02", "api", "gunicorn")


@dataclass(frozen=True, slots=True)
class Line:
    """What the engine hands over."""

    text: str
    key: ProcessKey = ONE
    channel: str = "stdout"
    arrived: float = 1_700_000_000.0
    kind: str = "line"


def numbered(count: int, start: int = 0) -> list[Line]:
    return [Line(f"line {number}") for number in range(start, start + count)]


async def test_following_shows_the_newest_lines() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        assert lines_of(view)[0] == " No output yet."
        view.add_lines(numbered(100))
        assert lines_of(view) == [f"line {number}" for number in range(95, 100)]
        view.add_lines(numbered(2, 100))
        await until(lambda: lines_of(view)[-1] == "line 101")


async def test_scrolling_up_leaves_following_and_new_lines_move_nothing() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)) as (app, pilot):
        view.add_lines(numbered(100))
        view.scroll_rows(-10)
        before = lines_of(view)
        view.add_lines(numbered(50, 100))
        assert lines_of(view) == before == [f"line {number}" for number in range(85, 90)]
        assert not view.follow
        view.end()
        assert view.follow
        assert lines_of(view)[-1] == "line 149"
        await pilot.pause()
        assert [message.follow for message in app.heard if isinstance(message, LogView.FollowChanged)] == [
            False,
            True,
        ]


async def test_scrolling_down_to_the_end_follows_again() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(numbered(100))
        view.scroll_rows(-3)
        view.scroll_rows(10)
        assert view.follow
        assert lines_of(view)[-1] == "line 99"


async def test_the_bound_drops_the_oldest_lines_and_keeps_the_place() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(numbered(MOST_LINES))
        view.scroll_rows(-100)
        before = lines_of(view)
        view.add_lines(numbered(10_000, MOST_LINES))
        assert view.line_count <= MOST_LINES + SLACK
        assert lines_of(view) == before
        view.home()
        view.add_lines(numbered(20_000, MOST_LINES + 10_000))
        assert lines_of(view)[0].startswith("line ")


async def test_long_lines_wrap_or_are_looked_at_sideways() -> None:
    view = LogView()
    async with staged(view, size=(20, 6)):
        view.add_lines([Line("abcdefghij" * 4), Line("next")])
        assert lines_of(view)[:2] == ["abcdefghijabcdefghij", "next"]
        view.sideways(1)
        assert lines_of(view)[0] == "ijabcdefghijabcdefgh"
        view.wrap = True
        assert lines_of(view)[:3] == ["abcdefghijabcdefghij", "abcdefghijabcdefghij", "next"]


async def test_scrolling_goes_row_by_row_through_a_wrapped_line() -> None:
    view = LogView()
    async with staged(view, size=(10, 3)):
        view.wrap = True
        view.add_lines([Line("".join(f"row {n:05d} " for n in range(20)))])
        assert lines_of(view) == ["row 00017", "row 00018", "row 00019"]
        view.scroll_rows(-5)
        assert lines_of(view)[0] == "row 00012"


async def test_search_highlights_goes_to_the_nearest_and_walks() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)) as (app, pilot):
        view.add_lines(numbered(100))
        assert view.search("line 1") == 11
        assert any("line 19" in line for line in lines_of(view))
        assert not view.next_match()
        assert view.previous_match()
        assert any("line 18" in line for line in lines_of(view))
        y = next(y for y, line in enumerate(lines_of(view)) if line == "line 18")
        found = [segment.text for segment in view.render_line(y) if segment.style == view.palette.danger]
        assert found == ["line 1"]
        assert view.search("/e 4[25]$/") == 2
        with pytest.raises(re.error):
            view.search("/(/")
        assert view.search("nothing like it") == 0
        await pilot.pause()
        assert [message.count for message in app.heard if isinstance(message, LogView.Searched)] == [11, 2, 0]


async def test_several_sources_are_named_each_in_its_own_lasting_colour() -> None:
    view = LogView()
    async with staged(view, size=(60, 5)):
        view.add_lines([Line("one")])
        assert lines_of(view)[0] == "one"
        view.add_lines([Line("two", key=OTHER)])
        await until(lambda: lines_of(view)[0].startswith("web-01 gunicorn"))
        assert lines_of(view)[1].startswith("web-02 gunicorn")
        assert source_style(ONE, view.palette) == source_style(ProcessKey(*ONE), view.palette)


async def test_times_stand_before_the_lines() -> None:
    view = LogView()
    async with staged(view, size=(60, 5)):
        view.add_lines([Line("one")])
        view.times = True
        assert re.fullmatch(r"\d\d:\d\d:\d\d one", lines_of(view)[0])


async def test_colours_of_the_log_are_kept_and_everything_else_is_made_harmless() -> None:
    view = LogView()
    async with staged(view, size=(80, 5)):
        view.add_lines([Line("\x1b[31mred\x1b[0m \x1b]52;c;ZXZpbA==\x07 [bold]x[/] \x9b2J \u202egpj")])
        text = lines_of(view)[0]
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text)
        assert "\u202e" not in text
        assert "[bold]x[/]" in text
        styles = {segment.text: segment.style for segment in view.render_line(0)}
        assert styles["red"] is not None
        assert styles["red"].color is not None
        assert styles["red"].color.number == 1


@pytest.mark.timeout(30)
@pytest.mark.parametrize("wrap", [False, True])
async def test_a_megabyte_on_one_line_does_not_freeze(wrap: bool) -> None:
    view = LogView()
    async with staged(view, size=(80, 5)):
        view.wrap = wrap
        view.add_lines([Line("\x1b[32mx\x1b[0m" * 100_000), Line("after")])
        view.search("x")
        assert "after" in lines_of(view)


async def test_lines_that_go_by_off_screen_cost_no_bytes() -> None:
    view = LogView()
    async with staged(view, size=(80, 20)) as (_, pilot):
        view.add_lines(numbered(100))
        view.scroll_rows(-50)
        await shown(pilot)
        assert asked_to_repaint(view, lambda: view.add_lines(numbered(50, 100))) == []


async def test_a_line_at_the_top_stays_there_when_older_lines_come_above_it() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)) as (app, pilot):
        view.add_lines(numbered(100, 100))
        view.home()
        await pilot.pause()
        assert len(app.messages(LogView.OlderWanted)) == 1
        view.page_up()
        await pilot.pause()
        assert len(app.messages(LogView.OlderWanted)) == 1, "one wish at a time"
        view.add_older(numbered(100), more=True)
        assert lines_of(view)[0] == "line 100"
        view.page_up()
        assert lines_of(view)[0] == "line 96"
        view.home()
        await pilot.pause()
        assert lines_of(view)[0] == "line 0"
        assert len(app.messages(LogView.OlderWanted)) == 2
        view.add_older([], more=False)
        view.page_up()
        await pilot.pause()
        assert len(app.messages(LogView.OlderWanted)) == 2, "there is nothing before"


async def test_older_lines_do_not_move_a_view_that_follows() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(numbered(100, 100))
        view.add_older(numbered(100), more=True)
        assert view.follow
        assert lines_of(view)[-1] == "line 199"


async def test_reading_far_back_lets_the_newest_lines_go_and_the_end_asks_for_them_again() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)) as (app, pilot):
        view.add_lines(numbered(1_000, 300_000))
        view.home()
        view.add_older(numbered(MOST_LINES + SLACK, 300_000 - MOST_LINES - SLACK), more=True)
        assert view.line_count == MOST_LINES
        assert view.memory.left_out == 1_000 + SLACK
        view.add_lines(numbered(10, 301_000))
        assert view.memory.left_out == 1_010 + SLACK
        view.scroll_rows(2 * MOST_LINES)
        assert lines_of(view)[-1] == f"line {299_999 - SLACK}"
        assert not view.follow, "the end that is here is not the end of the log"
        view.end()
        await pilot.pause()
        assert len(app.messages(LogView.NewestWanted)) == 1


async def test_a_filter_leaves_only_what_matches_and_remarks_and_keeps_the_place() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines([*numbered(100), Line("it broke off", kind="gap")])
        assert view.set_filter("/7$/") == 11
        assert lines_of(view)[:2] == ["line 67", "line 77"]
        view.add_lines([Line("line 107"), Line("line 108")])
        await until(lambda: lines_of(view)[-1] == "line 107")
        view.add_older([Line("line -7"), Line("line -8")], more=False)
        view.home()
        assert lines_of(view)[:2] == ["line -7", "line 7"]
        view.scroll_rows(2)
        assert lines_of(view)[0] == "line 17"
        view.set_filter("")
        assert lines_of(view)[0] == "line 17"
        assert view.line_count == 105
        view.set_filter("!line")
        assert lines_of(view)[0] == "── it broke off ──"
        view.set_filter("nothing like it")
        assert lines_of(view)[0] == "── it broke off ──"
        with pytest.raises(re.error):
            view.set_filter("/(/")


async def test_a_filter_that_hides_everything_says_so() -> None:
    view = LogView()
    async with staged(view, size=(60, 5)):
        view.add_lines(numbered(100))
        view.set_filter("nothing like it")
        assert lines_of(view)[0] == " None of 100 lines passes the filter."
        view.add_lines([Line("nothing like it")])
        await until(lambda: lines_of(view)[0] == "nothing like it")


async def test_the_bound_counts_hidden_lines_too() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(numbered(1_000))
        view.set_filter("/00$/")
        for start in range(1_000, MOST_LINES + 10_000, 50_000):
            view.add_lines(numbered(50_000, start))
        assert MOST_LINES <= view.memory.kept <= MOST_LINES + SLACK
        shown = [line.text for line in view.memory.lines]
        assert shown == [line.text for line in view.memory._all if line.text.endswith("00")]


async def test_the_bound_counts_characters_too() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        for _ in range(30):
            view.add_lines([Line("x" * 10_000_000), Line("after")])
        assert view.memory.kept < 30
        await until(lambda: lines_of(view)[-1] == "after")


async def test_the_next_and_the_last_line_that_look_like_trouble_are_found() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines(
            [*numbered(50), Line("\x1b[31mERROR\x1b[0m one"), *numbered(50), Line("Traceback (…):")]
        )
        assert view.previous_trouble()
        assert view.previous_trouble()
        assert any("ERROR one" in line for line in lines_of(view))
        assert not view.follow
        assert not view.previous_trouble()
        assert view.next_trouble()
        assert any("Traceback" in line for line in lines_of(view))
        assert not view.next_trouble()


async def test_output_and_errors_in_one_view_are_told_apart_by_a_sign() -> None:
    view = LogView()
    async with staged(view, size=(40, 5)):
        view.add_lines([Line("out"), Line("err", channel="stderr")])
        assert lines_of(view)[:2] == ["  out", "! err"]


async def test_lines_from_before_one_looked_have_no_time() -> None:
    view = LogView()
    async with staged(view, size=(60, 5)):
        view.add_lines([Line("old", arrived=0.0), Line("new")])
        view.times = True
        assert lines_of(view)[0] == "         old"
        assert re.fullmatch(r"\d\d:\d\d:\d\d new", lines_of(view)[1])


async def test_a_flood_of_lines_is_painted_as_often_as_a_terminal_can_take() -> None:
    view = LogView()
    async with staged(view, size=(200, 60)):
        view.add_lines(numbered(100))
        seen = {lines_of(view)[-1]}
        for start in range(100, 20_100, 100):
            view.add_lines(numbered(100, start))
            seen.add(lines_of(view)[-1])
        await until(lambda: lines_of(view)[-1] == "line 20099")
        assert len(seen) < 20


async def test_what_is_copied_and_saved_is_clean_and_names_its_source_when_there_are_several() -> None:
    view = LogView()
    async with staged(view, size=(10, 3)):
        view.add_lines([*numbered(10), Line("\x1b[31mred\x1b[0m\x07 and a line longer than the screen")])
        assert view.visible_text().splitlines() == [
            "line 8",
            "line 9",
            "red\u2407 and a line longer than the screen",
        ]
        view.add_lines([Line("other", key=OTHER, channel="stderr")])
        assert view.text()().splitlines()[-1] == "web-02 gunicorn (stderr) | other"
        assert view.text()().splitlines()[0] == "web-01 gunicorn | line 0"
