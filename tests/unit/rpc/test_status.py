"""The differential decode says exactly what the strict parse says."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rpc.wire_strategies import process_structs, status_body
from tui.errors import BadAnswer, WireError
from tui.model.process import Process
from tui.rpc.answers import MAX_PROCESSES, MAX_TIME, processes_from_list
from tui.rpc.codec import decode_answer
from tui.rpc.rows import SUPERVISOR_4, layout_of
from tui.rpc.status import StatusDecoder, _Reading, _Rows

Rows = list[dict[str, object]]


def strictly(body: bytes) -> tuple[tuple[Process, ...], int] | str:
    """What the strict codec makes of a body; the problem's words when it is none."""
    try:
        return processes_from_list("host", decode_answer(body))
    except WireError as error:
        return str(error)


def by_difference(decoder: StatusDecoder, body: bytes) -> tuple[tuple[Process, ...], int] | str:
    try:
        answer = decoder.decode(body)
    except WireError as error:
        return str(error)
    return answer.processes, answer.now


def is_fast(body: bytes) -> bool:
    layout = layout_of(SUPERVISOR_4)
    assert layout is not None
    return _Reading("host", body, layout, _Rows()).read()


def row(name: str = "web", **changes: object) -> dict[str, object]:
    struct: dict[str, object] = {
        "name": name,
        "group": "site",
        "start": 1_700_000_000,
        "stop": 0,
        "now": 1_700_000_100,
        "state": 20,
        "statename": "RUNNING",
        "spawnerr": "",
        "exitstatus": 0,
        "logfile": f"/var/log/{name}.log",
        "stdout_logfile": f"/var/log/{name}.log",
        "stderr_logfile": "",
        "pid": 42,
        "description": "pid 42, uptime 0:01:40",
    }
    return struct | changes


@given(st.lists(st.lists(process_structs(), max_size=4), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_sequence_of_answers_decodes_as_the_strict_parse_does(answers: list[Rows]) -> None:
    decoder = StatusDecoder("host")
    for rows in answers:
        body = status_body(rows)
        assert by_difference(decoder, body) == strictly(body)


@given(st.lists(process_structs(), min_size=1, max_size=4), st.data())
@settings(max_examples=150, deadline=None)
def test_rows_that_change_come_go_and_age_decode_as_the_strict_parse_does(
    rows: Rows, data: st.DataObject
) -> None:
    decoder = StatusDecoder("host")
    for _ in range(4):
        body = status_body(rows)
        assert by_difference(decoder, body) == strictly(body)
        rows = data.draw(
            st.lists(st.one_of(st.sampled_from(rows or [row()]), process_structs()), max_size=5),
            label="next rows",
        )
        later = data.draw(st.integers(0, 2**31 - 1), label="now")
        rows = [{**struct, "now": later, "description": f"pid 1, uptime {later}"} for struct in rows]


@given(st.lists(process_structs(), min_size=1, max_size=3), st.data())
@settings(max_examples=300, deadline=None)
def test_a_mutated_body_decodes_as_the_strict_parse_does_or_is_refused_by_both(
    rows: Rows, data: st.DataObject
) -> None:
    body = status_body(rows)
    decoder = StatusDecoder("host")
    by_difference(decoder, body)
    for _ in range(3):
        mutated = bytearray(body)
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(mutated) - 1))
            cut = data.draw(st.integers(0, 30))
            piece = data.draw(
                st.one_of(
                    st.binary(max_size=4),
                    st.sampled_from(
                        [b"<", b"]]>", b"&#27;", b"&amp;", b"</struct>", b"\xff", b"\x1b", b"9" * 20]
                    ),
                )
            )
            mutated[place : place + cut] = piece
        assert by_difference(decoder, bytes(mutated)) == strictly(bytes(mutated))


def test_mutations_of_single_bytes_decode_as_the_strict_parse_does() -> None:
    body = status_body([row(), row("db", description="Nov 23 06:46 AM", state=0, pid=0)])
    decoder = StatusDecoder("host")
    chance = random.Random(4)
    for place in range(len(body)):
        if chance.random() < 0.5:
            decoder.decode(body)
        mutated = body[:place] + bytes([chance.choice(b"<>&09-x \r\x00\xff")]) + body[place + 1 :]
        assert by_difference(decoder, mutated) == strictly(mutated), mutated[place - 20 : place + 20]


def test_nothing_but_time_passing_gives_the_same_tuple_object() -> None:
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body([row(), row("db")]))
    later: dict[str, object] = {"now": 1_700_000_105, "description": "pid 42, uptime 0:01:45"}
    second = decoder.decode(status_body([row() | later, row("db") | later]))
    assert second.processes is first.processes
    assert (first.changed, second.changed) == (True, False)
    assert second.now == 1_700_000_105


def test_a_description_that_no_longer_fits_its_old_length_is_still_only_time() -> None:
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body([row(description="pid 42, uptime 23:59:59")]))
    second = decoder.decode(status_body([row(description="pid 42, uptime 1 day, 0:00:00")]))
    assert second.processes is first.processes


def test_only_the_changed_row_becomes_a_new_object() -> None:
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body([row("a"), row("b"), row("c")]))
    second = decoder.decode(status_body([row("a"), row("b", pid=7), row("c")]))
    assert second.changed
    assert second.processes[0] is first.processes[0]
    assert second.processes[1].pid == 7
    assert second.processes[2] is first.processes[2]


def test_rows_after_one_that_vanished_or_came_are_recognised() -> None:
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body([row("a"), row("b"), row("c"), row("d")]))
    fewer = decoder.decode(status_body([row("a"), row("c"), row("d")]))
    assert [
        one is other
        for one, other in zip(fewer.processes, first.processes[:1] + first.processes[2:], strict=True)
    ]
    assert all(process in first.processes for process in fewer.processes)
    assert fewer.processes[2] is first.processes[3]
    more = decoder.decode(status_body([row("0"), row("a"), row("c"), row("d")]))
    assert more.processes[3] is first.processes[3]


def test_the_member_order_of_another_server_is_learned_from_its_first_answer() -> None:
    order = sorted(row(), key=lambda name: name[::-1])
    rows = [{name: row(f"p{number}")[name] for name in order} for number in range(3)]
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body(rows))
    layout = layout_of(decoder.fields)
    assert layout is not None
    again = decoder.decode(status_body(rows))
    assert again.processes is first.processes
    for struct in rows:
        struct["now"], struct["description"] = 1_700_000_200, "pid 42, uptime 0:03:20"
    body = status_body(rows)
    assert _Reading("host", body, layout, decoder._rows).read()
    assert decoder.decode(body).processes is first.processes


@pytest.mark.parametrize("reverse", [False, True])
def test_every_member_order_decodes_as_the_strict_parse_does(reverse: bool) -> None:
    for turn in range(14):
        names = list(row())
        names = names[turn:] + names[:turn]
        names = names[::-1] if reverse else names
        decoder = StatusDecoder("host")
        for now in (1_700_000_100, 1_700_000_101, 1_700_000_102):
            rows = [
                {
                    name: row(f"p{n}", now=now, description=f"up {now}", pid=now if n == 2 else 1)[name]
                    for name in names
                }
                for n in range(4)
            ]
            body = status_body(rows)
            assert by_difference(decoder, body) == strictly(body)


def test_what_supervisord_usually_sends_takes_the_fast_way() -> None:
    assert is_fast(status_body([]))
    assert is_fast(status_body([row(), row("grün"), row("x", spawnerr="can't find <that> & \x1b[31m more")]))


@pytest.mark.parametrize(
    "edit",
    [
        (b"<?xml version='1.0'?>\n", b"<?xml version='1.0'?>\n<!DOCTYPE x>"),
        (b"</methodResponse>\n", b"</methodResponse>\n<x/>"),
        (b"<int>42</int>", b"<int>4_2</int>"),
        (b"<int>42</int>", b"<i4>42</i4>"),
        (b"<string>web</string>", b"<string>we&#98;</string>"),
        (b"<string>web</string>", b"<string>we]]>b</string>"),
        (b"<string>web</string>", b"<string></string>"),
        (b"<string>web</string>", b"<string>\xc3</string>"),
        (b"uptime 0:01:40", b"uptime ]]>"),
    ],
)
def test_what_it_never_sends_is_left_to_the_strict_parse(edit: tuple[bytes, bytes]) -> None:
    body = status_body([row()])
    strange = body.replace(*edit)
    assert strange != body
    assert not is_fast(strange)
    decoder = StatusDecoder("host")
    decoder.decode(body)
    assert by_difference(decoder, strange) == strictly(strange)


def test_odd_names_that_look_alike_are_told_apart() -> None:
    answer = StatusDecoder("host").decode(status_body([row("a\x07"), row("a\u2407"), row("plain")]))
    assert len({process.shown_name for process in answer.processes}) == 3
    assert [process.key.name for process in answer.processes] == ["a\x07", "a\u2407", "plain"]


def test_a_host_without_processes_is_an_answer() -> None:
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body([]))
    assert (first.processes, first.now, first.changed) == ((), 0, True)
    assert not decoder.decode(status_body([])).changed


def test_a_host_that_lost_its_last_oddly_written_process_has_none() -> None:
    decoder = StatusDecoder("host")
    odd = status_body([row()]).replace(b"<int>42</int>", b"<i4>42</i4>")
    assert len(decoder.decode(odd).processes) == 1
    answer = decoder.decode(status_body([]))
    assert (answer.processes, answer.changed) == ((), True)


def test_two_rows_of_one_identity_are_one_row_each_time() -> None:
    decoder = StatusDecoder("host")
    for pid in (1, 1, 2, 2, 3):
        body = status_body([row(pid=7), row(pid=7), row("b", pid=pid)])
        assert by_difference(decoder, body) == strictly(body)


def test_more_processes_than_the_limit_are_refused_in_words() -> None:
    tiny = "<value><struct/></value>" * (MAX_PROCESSES + 1)
    body = f"<methodResponse><params><param><value><array><data>{tiny}</data></array></value></param></params></methodResponse>"
    with pytest.raises(BadAnswer, match=f"lists {MAX_PROCESSES + 1} processes"):
        StatusDecoder("host").decode(body.encode())


def test_a_bad_answer_leaves_the_rows_before_it_untouched() -> None:
    decoder = StatusDecoder("host")
    first = decoder.decode(status_body([row()]))
    with pytest.raises(BadAnswer):
        decoder.decode(status_body([row()])[:-200])
    again = decoder.decode(status_body([row()]))
    assert again.processes is first.processes
    assert not again.changed


@pytest.mark.parametrize("field", ["start", "stop", "now"])
@pytest.mark.parametrize("number", [2**62, -(2**62), 10**10])
def test_a_time_that_no_calendar_knows_is_brought_within_one(field: str, number: int) -> None:
    """It ended `status --json` for every other host."""
    rows = [row(name) | {field: 1_234_567_890} for name in ("web", "other")]
    body = status_body(rows).replace(b"1234567890", b"%d" % number)
    answer = StatusDecoder("host").decode(body)
    times = [answer.now, *(time for process in answer.processes for time in (process.start, process.stop))]
    assert all(0 <= time <= MAX_TIME for time in times)
    assert strictly(body) == by_difference(StatusDecoder("host"), body)
