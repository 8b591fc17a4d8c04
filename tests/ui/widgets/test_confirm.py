import pytest
from textual import events
from textual.pilot import Pilot

from tests.ui.widgets.stage import Stage, lines_of, staged, until
from tui.ui.widgets.answering import QUIET_BEFORE
from tui.ui.widgets.confirm_bar import ConfirmBar
from tui.ui.widgets.confirm_panel import ConfirmPanel


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_quietly(self) -> None:
        self.now += QUIET_BEFORE + 0.01


@pytest.fixture
def clock() -> Clock:
    return Clock()


def answers(app: Stage) -> list[tuple[bool, bool]]:
    kinds = (ConfirmBar.Answered, ConfirmPanel.Answered)
    return [(message.yes, message.view) for message in app.heard if isinstance(message, kinds)]


async def type_in(pilot: Pilot[None], clock: Clock, *keys: str) -> None:
    for key in keys:
        clock.pass_quietly()
        await pilot.press(key)


async def test_the_bar_asks_in_one_line(clock: Clock) -> None:
    bar = ConfirmBar("Restart web-0044 celery", clock=clock)
    async with staged(bar, size=(80, 3)):
        assert lines_of(bar) == [" Restart web-0044 celery?  [y]es  [N]o  [v]iew"]


async def test_a_long_question_leaves_room_for_the_keys(clock: Clock) -> None:
    bar = ConfirmBar("Restart " + "x" * 300, clock=clock)
    async with staged(bar, size=(80, 3)):
        (line,) = lines_of(bar)
        assert line.endswith("[y]es  [N]o  [v]iew")
        assert "…" in line


async def test_a_y_after_a_pause_confirms(clock: Clock) -> None:
    async with staged(ConfirmBar("Stop it", clock=clock)) as (app, pilot):
        await type_in(pilot, clock, "y")
        await until(lambda: answers(app) == [(True, False)])


@pytest.mark.parametrize("key", ["n", "N", "enter", "escape"])
async def test_the_default_is_no(clock: Clock, key: str) -> None:
    async with staged(ConfirmBar("Stop it", clock=clock)) as (app, pilot):
        await pilot.press(key)
        await until(lambda: answers(app) == [(False, False)])


async def test_v_asks_for_more(clock: Clock) -> None:
    async with staged(ConfirmBar("Stop it", clock=clock)) as (app, pilot):
        await pilot.press("v")
        await until(lambda: answers(app) == [(False, True)])


async def test_a_key_that_was_pressed_before_the_question_could_be_read_does_not_confirm(
    clock: Clock,
) -> None:
    bar = ConfirmBar("Stop it", clock=clock)
    async with staged(bar) as (app, pilot):
        await pilot.press("y")
        await pilot.pause(0.1)
        assert answers(app) == []
        assert "too soon" in lines_of(bar)[0]


async def test_a_held_key_does_not_confirm(clock: Clock) -> None:
    async with staged(ConfirmBar("Stop it", clock=clock)) as (app, pilot):
        for _ in range(8):
            clock.now += 0.03
            await pilot.press("y")
        await pilot.pause(0.1)
        assert answers(app) == []


async def test_pasted_text_does_not_confirm(clock: Clock) -> None:
    bar = ConfirmBar("Stop it", clock=clock)
    async with staged(bar) as (app, pilot):
        clock.pass_quietly()
        bar.post_message(events.Paste("y\n"))
        await pilot.pause(0.1)
        assert answers(app) == []


async def test_text_pasted_as_keys_does_not_confirm(clock: Clock) -> None:
    bar = ConfirmBar("Stop it", clock=clock)
    async with staged(bar) as (app, pilot):
        clock.pass_quietly()
        for character in "y x":
            bar.post_message(events.Key(character, character))
        await pilot.pause(0.1)
        assert answers(app) == []


async def test_tier_two_goes_with_y_and_not_with_enter(clock: Clock) -> None:
    async with staged(ConfirmPanel("Restart 12 on 3 hosts", ["web-01  4"], clock=clock)) as (app, pilot):
        await type_in(pilot, clock, "y")
        await until(lambda: answers(app) == [(True, False)])
    async with staged(ConfirmPanel("Restart 12 on 3 hosts", ["web-01  4"], clock=clock)) as (app, pilot):
        await type_in(pilot, clock, "enter")
        await until(lambda: answers(app) == [(False, False)])


async def test_tier_three_wants_exactly_what_it_names(clock: Clock) -> None:
    panel = ConfirmPanel("Stop 312 on 40 hosts", ["…"], typed="312", clock=clock)
    async with staged(panel) as (app, pilot):
        await type_in(pilot, clock, "3", "1", "enter")
        assert answers(app) == []
        assert any("that is not 312" in line for line in lines_of(panel))
        await type_in(pilot, clock, "2", "enter")
        await until(lambda: answers(app) == [(True, False)])


async def test_tier_three_takes_no_y_and_no_empty_enter(clock: Clock) -> None:
    async with staged(ConfirmPanel("Stop all", [], typed="312", clock=clock)) as (app, pilot):
        await type_in(pilot, clock, "y", "backspace", "enter")
        await until(lambda: answers(app) == [(False, False)])


async def test_tier_three_ignores_paste(clock: Clock) -> None:
    panel = ConfirmPanel("Stop all", [], typed="312", clock=clock)
    async with staged(panel) as (app, pilot):
        panel.post_message(events.Paste("312"))
        await type_in(pilot, clock, "enter")
        await until(lambda: answers(app) == [(False, False)])


async def test_a_long_plan_scrolls_and_says_how_much_is_hidden(clock: Clock) -> None:
    panel = ConfirmPanel("Restart 100", [f"host-{n}" for n in range(100)], clock=clock)
    async with staged(panel, size=(80, 20)) as (_, pilot):
        assert any("more lines" in line for line in lines_of(panel))
        assert any("[y]" in line for line in lines_of(panel))
        for _ in range(12):
            await pilot.press("pagedown")
        assert any("host-99" in line for line in lines_of(panel))
