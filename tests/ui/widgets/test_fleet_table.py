import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.events import MouseScrollDown

from tests.ui.widgets.stage import (
    NOW,
    asked_to_repaint,
    cost,
    host,
    lines_of,
    picture,
    process,
    shown,
    staged,
    until,
)
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.model.query import Query
from tui.model.states import HostState, ProcessState
from tui.model.view import Column, Scope, Sort
from tui.ui.theme import ASCII
from tui.ui.widgets.fleet_table import FleetTable


def web(number: int, count: int = 8, **more: object) -> HostSnapshot:
    name = f"web-{number:02d}"
    return host(name, [process(name, "api", f"worker-{n:02d}", age=1000 + n) for n in range(count)], **more)  # type: ignore[arg-type]


def fleet(hosts: int = 10) -> FleetPicture:
    return picture(*(web(number) for number in range(hosts)))


def with_process(
    before: FleetPicture, name: str, index: int, *, at: float = NOW, **changes: object
) -> FleetPicture:
    """The same fleet with one process changed."""
    old = before.hosts[name]
    rows = list(old.processes)
    rows[index] = replace(rows[index], **changes)  # type: ignore[arg-type]
    new = replace(old, processes=tuple(rows), read_at=at)
    hosts = [new if one.host == name else one for one in before.hosts.values()]
    return picture(*hosts, number=before.number + 1)


def line_with(table: FleetTable, text: str) -> str:
    return next(line for line in lines_of(table) if text in line)


async def test_a_row_tells_who_how_and_how_long() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 12)):
        table.set_picture(
            picture(host("web-01", [process(state=ProcessState.FATAL, exitstatus=3, age=120)])), NOW
        )
        head, row = lines_of(table)[:2]
        assert head.split() == ["HOST", "▲", "GROUP", "PROGRAM", "STATE", "PID", "UPTIME", "EXIT", "SINCE"]
        assert row.split() == [">", "web-01", "api", "gunicorn", "✗", "FATAL", "-", "-", "3", "2m"]


@pytest.mark.parametrize(
    ("state", "exitstatus", "glyph"),
    [
        (ProcessState.RUNNING, 0, "●"),
        (ProcessState.STARTING, 0, "◐"),
        (ProcessState.STOPPING, 0, "◐"),
        (ProcessState.BACKOFF, 1, "▲"),
        (ProcessState.STOPPED, 0, "○"),
        (ProcessState.EXITED, 0, "○"),
        (ProcessState.EXITED, 3, "✗"),
        (ProcessState.FATAL, 1, "✗"),
        (ProcessState.UNKNOWN, 0, "?"),
    ],
)
async def test_a_state_is_a_glyph_and_a_word(state: ProcessState, exitstatus: int, glyph: str) -> None:
    table = FleetTable()
    async with staged(table):
        table.set_picture(picture(host("web-01", [process(state=state, exitstatus=exitstatus)])), NOW)
        assert f"{glyph} {state.name}" in lines_of(table)[1]


async def test_an_unreachable_host_has_a_row_with_its_cause() -> None:
    table = FleetTable()
    async with staged(table):
        gone = host("db-01", state=HostState.REFUSED, problem="connection refused", read_at=None)
        table.set_picture(picture(web(1), gone), NOW)
        row = line_with(table, "db-01")
        assert "↯ UNREACHABLE" in row
        assert "connection refused" in row


async def test_a_cause_that_would_be_cut_after_its_address_is_told_in_a_word() -> None:
    table = FleetTable()
    async with staged(table, size=(100, 12)):
        problem = "unix:///run/supervisor/supervisor.sock is connected, but does not answer"
        table.set_picture(picture(host("db-01", state=HostState.TIMEOUT, problem=problem)), NOW)
        assert "not answering" in line_with(table, "db-01")


async def test_a_process_that_flaps_wears_a_sign_behind_its_state() -> None:
    table = FleetTable()
    async with staged(table):
        before = web(1, count=2)
        table.set_picture(picture(before), NOW)
        repainted = asked_to_repaint(table, lambda: table.set_flapping(frozenset({before.processes[1].key})))
        assert "● RUNNING ↻" in line_with(table, "worker-01")
        assert "↻" not in line_with(table, "worker-00")
        assert sum(region.height for region in repainted) == 1


async def test_recent_restarts_stand_behind_the_columns_where_there_is_room() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 12)):
        before = web(1, count=2)
        table.set_picture(picture(before), NOW)
        assert "RESTARTS" not in lines_of(table)[0]
        counts = {before.processes[1].key: (0, 0, 1, 2, 4, 300, 0, 1)}
        table.set_restarts(lambda key: counts.get(key, ()))
        table.tick(NOW)
        assert lines_of(table)[0].endswith("RESTARTS 2h")
        assert line_with(table, "worker-01").endswith("▁▂▃█ ▁")
        assert line_with(table, "worker-00").endswith(line_with(table, "worker-01").split()[-3])
        table.set_restarts(None)
        table.tick(NOW)
        assert "RESTARTS" not in lines_of(table)[0]


async def test_recent_restarts_take_the_place_of_the_tags() -> None:
    table = FleetTable()
    async with staged(table, size=(90, 12)):
        table.set_picture(picture(replace(web(1), tags=frozenset({"prod"}))), NOW)
        assert "TAGS" in lines_of(table)[0]
        table.set_restarts(lambda key: (9,) * 8)
        table.tick(NOW)
        assert lines_of(table)[0].split()[-2:] == ["RESTARTS", "2h"]
        assert "TAGS" not in lines_of(table)[0]


async def test_a_narrow_table_has_no_restarts() -> None:
    table = FleetTable()
    async with staged(table, size=(80, 12)):
        before = web(1, count=2)
        table.set_restarts(lambda key: (9,) * 8)
        table.set_picture(picture(before), NOW)
        assert "RESTARTS" not in lines_of(table)[0]
        assert "█" not in line_with(table, "worker-01")


async def test_rows_of_a_host_that_is_gone_stay_dimmed_with_their_age() -> None:
    table = FleetTable()
    async with staged(table):
        before = web(1)
        table.set_picture(picture(before), NOW)
        gone = replace(before, state=HostState.TIMEOUT, problem="timed out", read_at=NOW)
        table.set_picture(picture(gone, number=2), NOW + 125)
        row = line_with(table, "worker-01")
        assert row.endswith("2m old")
        assert "● RUNNING" in row
        y = lines_of(table).index(row)
        styles = {
            str(segment.style.color)
            for segment in table.render_line(y)
            if segment.style and segment.text.strip(" >")
        }
        assert styles == {str(table.palette.stale.color)}


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (200, "HOST GROUP PROGRAM STATE PID UPTIME EXIT SINCE TAGS"),
        (120, "HOST GROUP PROGRAM STATE PID UPTIME EXIT SINCE TAGS"),
        (80, "HOST GROUP PROGRAM STATE PID UPTIME EXIT SINCE"),
        (76, "HOST GROUP PROGRAM STATE UPTIME EXIT SINCE"),
        (69, "HOST GROUP PROGRAM STATE UPTIME SINCE"),
        (65, "HOST PROGRAM STATE UPTIME SINCE"),
        (60, "HOST PROGRAM STATE SINCE"),
        (30, "HOST PROGRAM STATE SINCE"),
    ],
)
async def test_columns_go_in_order_as_it_gets_narrow(width: int, columns: str) -> None:
    table = FleetTable()
    async with staged(table, size=(width, 10)):
        rows = [process("web-0001.eu", "celery", "worker-01")]
        table.set_picture(picture(host("web-0001.eu", rows, tags=("prod", "web"))), NOW)
        names = [column for column, _, _ in table._columns(width - 1).columns]
        assert " ".join("PROGRAM" if name is Column.NAME else name.name for name in names) == columns
        assert all(len(line) <= width for line in lines_of(table))


async def test_room_that_a_group_leaves_is_given_to_what_was_left_out_before() -> None:
    table = FleetTable()
    async with staged(table, size=(66, 10)):
        table.set_picture(
            picture(host("web-01", [process("web-01", "nightly-import", "nightly-import")])), NOW
        )
        assert lines_of(table)[0].split() == ["HOST", "▲", "PROGRAM", "STATE", "UPTIME", "EXIT", "SINCE"]


async def test_without_its_column_the_group_is_told_in_the_program() -> None:
    table = FleetTable()
    async with staged(table, size=(60, 10)):
        table.set_picture(picture(host("web-01", [process("web-01", "api", "gunicorn")])), NOW)
        assert "api:gunicorn" in lines_of(table)[1]


async def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(fleet(), NOW)
        key = ProcessKey("web-03", "api", "worker-02")
        assert table.select(key)
        table.set_sort(Sort(Column.HOST, reverse=True))
        assert table.cursor_key == key
        table.set_sort(Sort(Column.STATE))
        assert table.cursor_key == key
        assert table.cursor_row is not None
        assert table.cursor_row.key == key
        assert any(
            line.startswith(">") and "web-03" in line and "worker-02" in line for line in lines_of(table)
        )


async def test_the_cursor_stays_on_its_row_and_its_line_when_rows_come_and_go_above() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        before = fleet()
        table.set_picture(before, NOW)
        table.select(ProcessKey("web-05", "api", "worker-02"))
        line = next(y for y, text in enumerate(lines_of(table)) if text.startswith(">"))
        more = picture(web(0, count=30), *(before.hosts[f"web-{n:02d}"] for n in range(1, 10)), number=2)
        table.set_picture(more, NOW)
        assert table.cursor_key == ProcessKey("web-05", "api", "worker-02")
        assert lines_of(table)[line].startswith(">")


async def test_a_row_that_is_gone_leaves_the_cursor_at_its_place() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)) as (app, _):
        table.set_picture(picture(web(1), web(2)), NOW)
        table.select(ProcessKey("web-02", "api", "worker-07"))
        table.set_picture(picture(web(1), web(2, count=3), number=2), NOW)
        assert table.cursor_key == ProcessKey("web-02", "api", "worker-02")
        await until(lambda: bool(app.messages(FleetTable.CursorMoved)))


async def test_marks_are_identities_and_survive_sort_filter_and_update() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(fleet(), NOW)
        table.toggle_mark()
        table.toggle_mark()
        marked = table.marks
        assert marked == {ProcessKey("web-00", "api", "worker-00"), ProcessKey("web-00", "api", "worker-01")}
        table.set_sort(Sort(Column.HOST, reverse=True))
        table.set_query(Query.parse("web-05"))
        table.set_picture(with_process(fleet(), "web-05", 0, pid=9), NOW)
        assert table.marks == marked
        table.set_query(Query.ALL)
        table.set_sort(Sort())
        table.home()
        assert [line[:2].strip(" >") for line in lines_of(table)[1:4]] == ["+", "+", ""]


async def test_a_range_all_and_none_can_be_marked() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)) as (app, pilot):
        table.set_picture(picture(web(1), web(2)), NOW)
        table.toggle_mark()
        table.move_to(4)
        table.mark_range()
        assert len(table.marks) == 5
        table.mark_all()
        assert len(table.marks) == 16
        table.clear_marks()
        assert not table.marks
        await pilot.pause()
        assert [message.count for message in app.heard if isinstance(message, FleetTable.MarksChanged)] == [
            1,
            5,
            16,
            0,
        ]


async def test_the_mark_of_a_removed_process_is_forgotten() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(picture(web(1), web(2)), NOW)
        table.select(ProcessKey("web-02", "api", "worker-07"))
        table.toggle_mark()
        table.set_picture(picture(web(1), web(2, count=3), number=2), NOW)
        assert not table.marks


async def test_the_mark_of_a_removed_process_is_forgotten_also_when_no_row_moves() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(picture(web(1), web(2)), NOW)
        table.mark_all()
        table.set_query(Query.parse("web-01"))
        table.set_picture(picture(web(1), web(2, count=3), number=2), NOW)
        assert table.mark_count == len(table.marks) == 11


async def test_marks_of_the_removed_stay_while_the_rows_are_held() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(picture(web(1), web(2)), NOW)
        table.mark_all()
        table.hold = True
        table.set_picture(picture(web(1), web(2, count=3), number=2), NOW)
        assert table.mark_count == 16
        table.hold = False
        table.set_picture(picture(web(1), web(2, count=3), number=3), NOW)
        assert table.mark_count == 11


async def test_problems_are_walked_round_the_end() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        sick = with_process(fleet(4), "web-01", 3, state=ProcessState.FATAL)
        sick = with_process(sick, "web-03", 1, state=ProcessState.BACKOFF)
        table.set_picture(sick, NOW)
        assert table.next_problem()
        assert table.cursor_key == ProcessKey("web-01", "api", "worker-03")
        assert table.next_problem()
        assert table.cursor_key == ProcessKey("web-03", "api", "worker-01")
        assert table.next_problem()
        assert table.cursor_key == ProcessKey("web-01", "api", "worker-03")
        assert table.previous_problem()
        assert table.cursor_key == ProcessKey("web-03", "api", "worker-01")
        table.set_picture(fleet(4), NOW)
        assert not table.next_problem()


async def test_running_over_an_edge_jumps_half_a_page() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 21)):
        table.set_picture(fleet(), NOW)
        for _ in range(19):
            table.cursor_down()
        assert lines_of(table)[20].startswith(">")
        table.cursor_down()
        assert table.position == 20
        line = next(y for y, text in enumerate(lines_of(table)) if text.startswith(">"))
        assert 9 <= line <= 12
        table.end()
        assert table.position == 79
        table.home()
        assert table.position == 0


async def test_held_rows_change_in_place_and_never_move() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(fleet(2), NOW)
        table.set_sort(Sort(Column.STATE))
        order = [row.key for row in table.view.rows]
        table.hold = True
        table.set_picture(with_process(fleet(2), "web-01", 7, state=ProcessState.FATAL), NOW)
        assert [row.key for row in table.view.rows] == order
        assert "✗ FATAL" in "".join(lines_of(table))
        table.hold = False
        assert [row.key for row in table.view.rows] != order


async def test_a_held_row_that_is_gone_says_so() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(picture(web(1)), NOW)
        table.hold = True
        table.set_picture(picture(web(1, count=7), number=2), NOW)
        assert line_with(table, "worker-07").endswith("gone")


async def test_an_operation_in_flight_wears_a_star() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)):
        table.set_picture(fleet(1), NOW)
        table.set_in_flight([ProcessKey("web-00", "api", "worker-02")])
        assert [line.endswith("*") for line in lines_of(table)[1:5]] == [False, False, True, False]


async def test_whatever_happens_the_screen_shows_what_a_fresh_paint_would() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 21)):
        table.set_picture(fleet(20), NOW)
        chance = random.Random(7)
        serial = iter(range(2, 1000))

        def change() -> None:
            number = next(serial)
            before = table._picture
            assert before is not None
            state = chance.choice(list(ProcessState))
            name = f"web-{chance.randrange(20):02d}"
            table.set_picture(
                with_process(before, name, chance.randrange(8), state=state, pid=number), NOW + number
            )

        acts: list[Callable[[], object]] = [
            change,
            lambda: table.tick(NOW + chance.randrange(10_000)),
            lambda: table.set_query(
                Query.parse(chance.choice(["", "web-1", "state:bad", "worker-03", "no-such"]))
            ),
            lambda: table.set_sort(Sort(chance.choice(list(Column)), chance.random() < 0.5)),
            lambda: setattr(table, "hold", not table.hold),
            lambda: table.half_page(chance.choice([-1, 1])),
            lambda: table.set_in_flight([row.key for row in table.view.rows[:2]]),
        ]
        names = (
            "cursor_down cursor_up page_down page_up home end toggle_mark mark_range mark_all clear_marks "
            "next_problem previous_problem next_match"
        )
        acts.extend(getattr(table, name) for name in names.split(" "))
        for _ in range(400):
            act = chance.choice(acts)
            act()
            shown_now = [table.render_line(y) for y in range(21)]
            table._painted.clear()
            assert shown_now == [table.render_line(y) for y in range(21)], act


# What it costs.


async def test_a_tick_that_changes_no_text_sends_nothing() -> None:
    table = FleetTable()
    async with staged(table, size=(200, 60)) as (_, pilot):
        table.set_picture(fleet(20), NOW)
        await shown(pilot)
        assert asked_to_repaint(table, lambda: table.tick(NOW + 1)) == []
        assert asked_to_repaint(table, lambda: table.set_picture(fleet(20), NOW + 2)) == []


async def test_a_changed_row_repaints_a_part_of_its_line() -> None:
    table = FleetTable()
    async with staged(table, size=(200, 60)) as (_, pilot):
        table.set_picture(fleet(20), NOW)
        await shown(pilot)
        sick = with_process(fleet(20), "web-02", 3, state=ProcessState.FATAL, pid=0)
        (region,) = asked_to_repaint(table, lambda: table.set_picture(sick, NOW))
        assert (region.y, region.height) == (20, 1)
        assert region.width < 50


async def test_one_changed_row_costs_at_most_500_bytes() -> None:
    table = FleetTable()
    async with staged(table, size=(200, 60)) as (app, pilot):
        table.set_picture(fleet(20), NOW)
        sick = with_process(fleet(20), "web-02", 3, state=ProcessState.FATAL, pid=0)
        assert await cost(app, pilot, lambda: table.set_picture(sick, NOW)) <= 500


async def test_a_cursor_step_costs_at_most_1_kilobyte_and_2_at_the_edge_on_average() -> None:
    table = FleetTable()
    async with staged(table, size=(200, 60)) as (app, pilot):
        table.set_picture(fleet(30), NOW)
        table.focus()
        assert await cost(app, pilot, table.cursor_down) <= 1024
        steps = [await cost(app, pilot, table.cursor_down) for _ in range(120)]
        assert sum(steps) / len(steps) <= 2048


async def test_a_page_a_sort_and_a_filter_cost_at_most_25_kilobytes() -> None:
    table = FleetTable()
    async with staged(table, size=(200, 60)) as (app, pilot):
        table.set_picture(fleet(50), NOW)
        assert await cost(app, pilot, table.page_down) <= 25_000
        assert await cost(app, pilot, lambda: table.set_sort(Sort(Column.NAME))) <= 25_000
        assert await cost(app, pilot, lambda: table.set_query(Query.parse("web-3"))) <= 25_000


async def test_focus_repaints_the_cursor_lines_only() -> None:
    table, other = FleetTable(), FleetTable()
    async with staged(table, other, size=(200, 60)) as (app, pilot):
        table.set_picture(fleet(20), NOW)
        other.set_picture(fleet(20), NOW)
        table.focus()
        assert await cost(app, pilot, other.focus) <= 2_000


# Mouse.


async def test_a_click_selects_a_second_opens_and_a_heading_sorts() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)) as (app, pilot):
        table.set_picture(fleet(1), NOW)
        await pilot.click(table, offset=(10, 3))
        assert table.cursor_key == ProcessKey("web-00", "api", "worker-02")
        await pilot.click(table, offset=(10, 3), times=2)
        await until(lambda: bool(app.messages(FleetTable.Opened)))
        x = next(start for column, start, _ in table._columns(119).columns if column is Column.NAME)
        await pilot.click(table, offset=(x, 0))
        assert table.view.sort == Sort(Column.NAME)
        await pilot.click(table, offset=(x, 0))
        assert table.view.sort == Sort(Column.NAME, reverse=True)
        assert "PROGRAM ▼" in lines_of(table)[0]
        assert table.cursor_key == ProcessKey("web-00", "api", "worker-02")


async def test_the_wheel_scrolls_and_the_cursor_stays_in_view() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 20)) as (_app, pilot):
        table.set_picture(fleet(), NOW)
        for _ in range(4):
            await pilot._post_mouse_events([MouseScrollDown], table, offset=(5, 5))
        assert "worker" in lines_of(table)[1]
        assert table.position == 12


# Nothing to show.


async def test_before_any_answer_it_says_how_many_answered() -> None:
    table = FleetTable()
    async with staged(table, size=(100, 20)):
        assert "Looking for hosts" in "\n".join(lines_of(table))
        waiting = [host(f"web-{n}", state=HostState.PENDING, read_at=None) for n in range(3)]
        table.set_picture(picture(*waiting), NOW)
        assert "PENDING" in "\n".join(lines_of(table))


async def test_a_filter_that_matches_nothing_says_how_to_clear_it() -> None:
    table = FleetTable()
    async with staged(table, size=(100, 20)):
        table.set_picture(fleet(2), NOW)
        table.set_query(Query.parse("nothing-like-it"))
        text = "\n".join(lines_of(table))
        assert "Nothing matches  nothing-like-it" in text
        assert "16 rows are hidden by this filter: esc clears it" in text
        assert table.cursor_key is None
        table.set_query(Query.ALL)
        assert table.cursor_key is not None


async def test_the_problems_view_of_a_healthy_fleet_is_good_news() -> None:
    table = FleetTable()
    async with staged(table, size=(100, 20)):
        table.set_picture(fleet(2), NOW)
        table.set_query(Query.parse("state:bad"))
        assert "No problems" in "\n".join(lines_of(table))


async def test_scope_shows_a_part() -> None:
    table = FleetTable()
    async with staged(table, size=(100, 20)):
        table.set_picture(picture(web(1, folder=("eu",)), web(2, folder=("us",))), NOW)
        table.set_scope(Scope(folder=("eu",)))
        assert {row.key.host for row in table.view.rows} == {"web-01"}


# Hostile and odd names.


async def test_markup_in_names_is_text_and_control_characters_never_arrive() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 10)) as (app, pilot):
        raw = "[@click=app.quit]x[/]\x1b]0;evil\x07"
        shown = "[@click=app.quit]x[/]␛]0;evil␇"
        table.set_picture(picture(host("web-01", [process(name=raw, shown_name=shown)])), NOW)
        await pilot.pause()
        app.count_bytes()
        app.refresh()
        table.refresh()
        await pilot.pause()
        sent = "".join(app.sent)
        assert "[@click=app.quit]x[/]" in sent
        assert "\x07" not in sent
        assert "\x1b]0" not in sent


async def test_wide_names_keep_the_columns_straight() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 10)):
        rows = [process(name="日本語サービス"), process(name="plain")]
        table.set_picture(picture(host("web-01", rows)), NOW)
        wide, plain = (table.render_line(y) for y in (1, 2))
        assert wide.cell_length == plain.cell_length == 120
        assert wide.crop(0, 200).text.split("● RUNNING")[0] != plain.text.split("● RUNNING")[0]


async def test_in_ascii_everything_is_ascii() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 30), glyphs=ASCII):
        table.set_picture(with_process(fleet(3), "web-01", 1, state=ProcessState.FATAL), NOW)
        table.toggle_mark()
        assert all(line.isascii() for line in lines_of(table))


async def test_another_theme_repaints_everything() -> None:
    table = FleetTable()
    async with staged(table, size=(120, 10)) as (app, pilot):
        table.set_picture(fleet(1), NOW)
        before = table.render_line(1)
        app.theme = "clear-light"
        await pilot.pause()
        assert table.render_line(1).text == before.text
        assert table.render_line(1) != before
