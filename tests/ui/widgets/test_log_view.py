import re
from dataclasses import dataclass

import pytest

from tests.ui.widgets.stage import asked_to_repaint, lines_of, shown, staged
from tui.model.process import ProcessKey
from tui.ui.widgets.log_line import source_style
from tui.ui.widgets.log_view import MOST_LINES, LogView

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
        assert lines_of(view)[-1] == "line 101"


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
        assert view.line_count <= MOST_LINES + 2_000
        assert lines_of(view) == before
        view.home()
        view.add_lines(numbered(20_000, 60_000))
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
        assert view.search("LINE 1") == 11
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
        assert lines_of(view)[0].startswith("web-01 gunicorn")
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
