import pytest

from tests.ui.widgets.stage import asked_to_repaint, host, lines_of, picture, process, shown, staged, until
from tui.model.host import HostSnapshot
from tui.model.states import HostState, ProcessState
from tui.ui.theme import ASCII
from tui.ui.widgets.filter_input import FilterInput
from tui.ui.widgets.help_table import HelpTable
from tui.ui.widgets.key_footer import KeyFooter
from tui.ui.widgets.menu import Choice, Menu
from tui.ui.widgets.summary_line import SummaryLine, sparkline
from tui.ui.widgets.ticker import Ticker


def small_fleet() -> tuple[HostSnapshot, ...]:
    return (
        host("web-01", [process(), process(name="celery", state=ProcessState.FATAL)]),
        host("web-02", [process("web-02"), process("web-02", name="x", state=ProcessState.STARTING)]),
        host("db-01", state=HostState.REFUSED, problem="connection refused", read_at=None),
        host("db-02", state=HostState.PENDING, read_at=None),
    )


async def test_the_summary_counts_hosts_and_processes_and_says_who_has_not_answered() -> None:
    line = SummaryLine()
    async with staged(line, size=(160, 3)):
        line.set_picture(picture(*small_fleet()), "prod-eu", read_only=False, poll=2.0)
        (text,) = lines_of(line)
        assert text.startswith(" prod-eu   4 hosts  ● 1 up  ▲ 1 degraded  ↯ 1 unreachable")
        assert all(part in text for part in ("4 procs", "● 2", "◐ 1", "✗ 1", "READ-WRITE", "2s"))
        assert "3 of 4 hosts answered" in text


async def test_a_narrow_summary_keeps_what_is_wrong() -> None:
    line = SummaryLine()
    async with staged(line, size=(80, 3)):
        line.set_picture(picture(*small_fleet()), "a-rather-long-name-for-a-fleet", read_only=True, poll=2.0)
        (text,) = lines_of(line)
        assert "↯ 1" in text
        assert "✗ 1" in text
        assert "READ-ONLY" in text


def test_a_sparkline_shows_the_least_event() -> None:
    assert sparkline([0, 1, 100, 50], "▁▂▃▄▅▆▇█") == "▁▂█▅"
    assert sparkline([0, 0], "▁▂▃▄▅▆▇█") == "▁▁"


async def test_the_same_picture_again_sends_nothing() -> None:
    line = SummaryLine()
    async with staged(line, size=(160, 3)) as (_, pilot):
        line.set_picture(picture(*small_fleet()), "prod", read_only=False, poll=2.0)
        await shown(pilot)
        assert (
            asked_to_repaint(
                line,
                lambda: line.set_picture(
                    picture(*small_fleet(), number=2), "prod", read_only=False, poll=2.0
                ),
            )
            == []
        )


async def test_the_ticker_prefers_news_to_the_row_under_the_cursor() -> None:
    ticker = Ticker()
    async with staged(ticker, size=(80, 3)):
        ticker.set_under("web-01 api:gunicorn")
        assert lines_of(ticker) == [" web-01 api:gunicorn"]
        ticker.say("nothing is marked", "warning")
        assert lines_of(ticker) == [" nothing is marked"]
        ticker.hush()
        assert lines_of(ticker) == [" web-01 api:gunicorn"]


async def test_the_footer_shows_whole_keys_only() -> None:
    footer = KeyFooter()
    async with staged(footer, size=(24, 3)):
        footer.set_keys([("?", "help"), ("/", "filter"), ("", ""), ("S", "start")])
        assert lines_of(footer) == [" ? help  / filter  │"]


async def test_a_menu_takes_letters_and_refuses_what_cannot_be_done() -> None:
    choices = [
        Choice("reread", "r", "reread", "what changed in its files"),
        Choice("shutdown", "x", "shutdown", "read-only", enabled=False),
    ]
    async with staged(Menu("web-01", choices)) as (app, pilot):
        await pilot.press("x")
        await pilot.press("r")
        await until(lambda: bool(app.messages(Menu.Chosen)))
        assert [message.id for message in app.heard if isinstance(message, Menu.Chosen)] == ["reread"]


async def test_escape_leaves_a_menu() -> None:
    async with staged(Menu("web-01", [Choice("a", "a", "one")])) as (app, pilot):
        await pilot.press("escape")
        await until(lambda: bool(app.messages(Menu.Dismissed)))


async def test_a_filter_is_heard_at_every_key_that_parses() -> None:
    field = FilterInput()
    async with staged(field) as (app, pilot):
        field.edit("")
        await pilot.press("w", "e", "b")
        await until(lambda: len(app.messages(FilterInput.Changed)) >= 3)
        heard = [message.query.text for message in app.heard if isinstance(message, FilterInput.Changed)]
        assert heard[-1] == "web"
        await pilot.press("enter")
        await until(lambda: bool(app.messages(FilterInput.Submitted)))


async def test_a_filter_that_does_not_parse_points_at_its_character() -> None:
    field = FilterInput()
    async with staged(field, size=(100, 5)) as (app, pilot):
        field.edit("state:nonsense")
        await until(lambda: any("^" in line for line in lines_of(field.query_one("_Pointer"))))
        await pilot.press("enter")
        await pilot.pause()
        assert not app.messages(FilterInput.Submitted)
        await pilot.press("escape")
        await until(lambda: bool(app.messages(FilterInput.Cancelled)))


@pytest.mark.parametrize(("width", "columns"), [(60, 1), (100, 2), (200, 3)])
async def test_help_uses_as_many_columns_as_fit(width: int, columns: int) -> None:
    sections = [(f"section-{n}", [("j", "down"), ("k", "up")]) for n in range(3)]
    table = HelpTable(sections)
    async with staged(table, size=(width, 30)):
        assert sum(f"section-{n}" in lines_of(table)[0] for n in range(3)) == columns


async def test_the_ascii_set_is_ascii() -> None:
    line = SummaryLine()
    async with staged(line, size=(160, 3), glyphs=ASCII):
        line.set_picture(picture(*small_fleet()), "prod", read_only=False, poll=2.0)
        assert lines_of(line)[0].isascii()
