"""The filter language: what each term selects, and where an error points."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.model.fleets import NOW, OFFSET, host, process, processes, snapshots, unhurried
from tui.errors import QueryError
from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.query import FIELDS, Query
from tui.model.query_terms import STATE_WORDS
from tui.model.states import HostState

WEB = host(
    "web-01.eu",
    process("api:Gunicorn-03"),
    process("celery", "FATAL", exitstatus=1),
    tags=["prod", "Web"],
)


def selected(query: str, row: Process | None, of: HostSnapshot = WEB, now: float = NOW) -> bool:
    return Query.parse(query).matches(of, row, now)


GUNICORN, CELERY = WEB.processes


@pytest.mark.parametrize(
    "query",
    [
        "",
        "guni",
        "GUNI eu",
        "api",
        "gunicorn*",
        "~gn3",
        "~WB1",
        "/^guni.*\\d+$/",
        "/api:guni/",
        "/A\\/B|corn/",
        '"api:guni"',
        "celery|guni",
        "!celery",
        "!!guni",
        "host:web-*",
        "host:WEB-01.EU",
        "host:db*|web*",
        "group:api",
        "name:gunicorn-0?",
        "tag:prod",
        "tag:w*",
        "tag:x|prod",
        "state:running",
        "state:RUN",
        "state:good",
        "state:fatal|running",
        "!state:bad",
        "state:up|degraded",
        "pid:100",
        "pid>99",
        "pid:1|100",
        "uptime<5m",
        "uptime>=59s",
        "since<1m30s",
        "!exit:0",
        "  guni   tag:prod  ",
    ],
)
def test_these_select_a_running_process(query: str) -> None:
    assert selected(query, GUNICORN)


@pytest.mark.parametrize(
    "query",
    [
        "nope",
        "guni nope",
        "!guni",
        "~3ng",
        "/^corn/",
        "gunicorn",  # with a star it would be the whole name; this one is a substring: see below
        "host:web",
        "group:ap",
        "name:gunicorn",
        "tag:pro",
        '"guni*"',
        'name:"gunicorn*"',
        "state:bad",
        "state:down",
        "state:timeout",
        "pid:1",
        "pid<100",
        "exit:0",
        "uptime>5m",
        "uptime<59s",
        "since>2m",
    ],
)
def test_these_do_not_select_it(query: str) -> None:
    if query == "gunicorn":
        assert selected(query, GUNICORN)
    else:
        assert not selected(query, GUNICORN)


@pytest.mark.parametrize(
    "query", ["state:bad", "state:fat", "state:down", "exit:1", "exit>0", "exit>=1", "exit=1", "!pid>0"]
)
def test_these_select_a_fatal_process(query: str) -> None:
    assert selected(query, CELERY)


@pytest.mark.parametrize(
    ("state", "fields", "query", "expected"),
    [
        ("EXITED", {}, "state:resting", True),
        ("EXITED", {}, "state:bad", False),
        ("EXITED", {"exitstatus": 2}, "state:bad", True),
        ("EXITED", {"exitstatus": 2}, "state:resting", False),
        ("EXITED", {"exitstatus": 2}, "state:exited", True),
        ("EXITED", {"exitstatus": -1}, "exit:-1", True),
        ("STOPPED", {}, "state:stopped", True),
        ("STOPPED", {}, "state:down", True),
        ("STARTING", {}, "state:busy", True),
        ("STARTING", {}, "state:st", True),
        ("STOPPED", {"start": 0}, "since<999d", False),
        ("BACKOFF", {}, "state:bad state:down", True),
    ],
)
def test_states_are_judged_as_the_screen_shows_them(
    state: str, fields: dict[str, int], query: str, expected: bool
) -> None:
    assert selected(query, process("a", state, host="web-01", **fields)) is expected


@pytest.mark.parametrize(
    ("state", "query", "expected"),
    [
        (HostState.TIMEOUT, "state:bad", True),
        (HostState.TIMEOUT, "state:unreachable", True),
        (HostState.TIMEOUT, "state:timeout", True),
        (HostState.TIMEOUT, "state:down", True),
        (HostState.TIMEOUT, "state:fatal", False),
        (HostState.PENDING, "state:bad", False),
        (HostState.PENDING, "state:busy", True),
        (HostState.UP, "state:good", True),
        (HostState.UP, "state:answering", True),
        (HostState.TIMEOUT, "web-01", True),
        (HostState.TIMEOUT, "group:web-01", False),
        (HostState.TIMEOUT, "name:*", False),
        (HostState.TIMEOUT, "since<5s", True),
        (HostState.TIMEOUT, "uptime<5s", False),
        (HostState.TIMEOUT, "pid>0", False),
    ],
)
def test_the_row_of_a_host_itself_is_selected_by_the_host(
    state: HostState, query: str, expected: bool
) -> None:
    assert selected(query, None, host("web-01", state=state)) is expected


def test_a_host_state_also_selects_the_rows_that_are_on_that_host() -> None:
    lost = host("web-01", process("celery"), state=HostState.TIMEOUT)
    assert selected("state:unreachable", lost.processes[0], lost)
    assert not selected("state:bad", lost.processes[0], lost)
    assert not selected("state:down", lost.processes[0], lost)


def test_time_is_the_servers_whatever_our_clock_says() -> None:
    young = process("a", "RUNNING", start=int(OFFSET + NOW) - 10)
    query = Query.parse("uptime<1m")
    assert query.depends_on_time
    assert query.matches(WEB, young, NOW)
    assert not query.matches(WEB, young, NOW + 60)
    assert not Query.parse("state:bad guni").depends_on_time


@pytest.mark.parametrize(
    ("query", "position", "words"),
    [
        ("guni stat:bad", 5, "no field 'stat'"),
        ("state:bsd", 6, "no state 'bsd'"),
        ("state:bad|runing", 10, "no state 'runing'"),
        ("state:", 6, "missing after 'state:'"),
        ("state:bad|", 10, "missing after '|'"),
        ("a||b", 2, "missing after '|'"),
        ("|a", 0, "missing before '|'"),
        ("!", 0, "nothing follows '!'"),
        ("a ! b", 2, "nothing follows '!'"),
        ("~", 1, "missing after '~'"),
        ('"abc', 0, "no end"),
        ('a "', 2, "no end"),
        ('name:""', 5, "nothing between"),
        ('"a"b', 3, "space is missing"),
        ("/abc", 0, "no end"),
        ("//", 0, "empty"),
        ("/a/b", 3, "space is missing"),
        ("/a(b/", 2, "cannot be used"),
        ("x /[z-a]/", 4, "cannot be used"),
        ("/(a+)+$/", 5, "repeats something"),
        ("/(a|aa)*b/", 7, "repeats something"),
        ("/a*b*c*d*e*/", 10, "more than 4 repeats"),
        ("pid:x", 4, "whole number"),
        ("pid:1|x", 6, "whole number"),
        ("exit>1|2", 7, "one number"),
        ("uptime:5m", 6, "is compared"),
        ("uptime<5", 7, "number and a unit"),
        ("since<1m|2m", 9, "one duration"),
        ("host>web", 4, "cannot be compared"),
        ("state=bad", 5, "cannot be compared"),
        ("a" * 3000, 2000, "longer than"),
    ],
)
def test_an_error_points_at_the_character_and_says_what_is_wrong(
    query: str, position: int, words: str
) -> None:
    with pytest.raises(QueryError) as caught:
        Query.parse(query)
    assert caught.value.position == position
    assert words in caught.value.problem
    assert caught.value.query == query


@pytest.mark.parametrize(
    ("query", "advice"),
    [
        ("stat:bad", "state:"),
        ("state:fatl", "fatal"),
        ("celery:beat", '"celery:…"'),
        ("uptime:5m", "uptime<5m"),
    ],
)
def test_an_error_says_what_to_write_instead(query: str, advice: str) -> None:
    with pytest.raises(QueryError) as caught:
        Query.parse(query)
    assert advice in caught.value.advice


def test_a_pattern_that_may_run_for_ever_is_refused_or_bounded() -> None:
    evil = process("a" * 5000 + "!")
    for query in (
        "/a*a*a*a*b/",
        "/a*a*a*b/",
        "/(a?){1}b/",
        "/.*.*.*x/",
        "a*a*a*a*a*a*a*a*b",
        "~" + "a" * 1000,
    ):
        began = time.process_time()
        selected(query, evil)
        assert time.process_time() - began < 5


words = st.sampled_from(
    [
        *FIELDS,
        *STATE_WORDS,
        "web",
        "5m",
        "1",
        "-1",
        ":",
        "<",
        ">=",
        "|",
        "!",
        '"',
        "/",
        "~",
        " ",
        "*",
        "(",
        "\\",
        "[",
        "{9}",
    ]
)
texts = st.one_of(st.text(max_size=40), st.lists(words, max_size=12).map("".join))


def parsed(text: str) -> Query | QueryError:
    try:
        return Query.parse(text)
    except QueryError as error:
        return error


@unhurried
@given(texts, snapshots)
@example("/[[a]/", host())
@example("/(?i)a(?i)b/", host())
@example("/a{99999999999}/", host())
@example("/(?P<a>.)(?(a)b|c)/", host())
def test_any_text_is_a_query_or_a_query_error_that_points_into_it(text: str, snapshot: HostSnapshot) -> None:
    query = parsed(text)
    if isinstance(query, QueryError):
        assert 0 <= query.position <= len(text)
        assert query.problem
        return
    again = Query.parse(str(query))
    assert again == query
    assert hash(again) == hash(query)
    for row in (None, *snapshot.processes):
        assert query.matches(snapshot, row, NOW) == again.matches(snapshot, row, NOW)


terms = st.sampled_from(
    ["web", "api", "state:bad", "tag:prod", "~a1", "exit>0", "uptime<5m", "name:api*", "host:web-1", "/1$/"]
)


@unhurried
@given(terms, terms, snapshots, processes)
def test_space_is_and_and_an_exclamation_mark_is_not(
    one: str, other: str, snapshot: HostSnapshot, row: Process
) -> None:
    first, second = (Query.parse(term).matches(snapshot, row, NOW) for term in (one, other))
    assert Query.parse(f"{one} {other}").matches(snapshot, row, NOW) == (first and second)
    assert Query.parse(f"!{one} !{other}").matches(snapshot, row, NOW) == (not first and not second)


@unhurried
@given(st.sets(st.sampled_from(STATE_WORDS), min_size=1), snapshots)
def test_a_bar_is_or(chosen: set[str], snapshot: HostSnapshot) -> None:
    together = Query.parse("state:" + "|".join(chosen))
    for row in (None, *snapshot.processes):
        alone = [Query.parse(f"state:{word}").matches(snapshot, row, NOW) for word in chosen]
        assert together.matches(snapshot, row, NOW) == any(alone)


@dataclass
class Line:
    process: Process | None


@unhurried
@given(
    st.lists(st.one_of(terms, st.sampled_from(STATE_WORDS).map("state:{}".format)), max_size=3),
    st.sampled_from(["", "!"]),
    snapshots,
)
def test_selecting_many_rows_gives_those_that_match_one_by_one(
    chosen: list[str], sign: str, snapshot: HostSnapshot
) -> None:
    query = Query.parse(" ".join(sign + term for term in chosen))
    lines = [Line(process) for process in (None, *snapshot.processes)]
    expected = [line for line in lines if query.matches(snapshot, line.process, NOW)]
    assert query.select(snapshot, lines, NOW) == expected


def test_the_empty_filter_is_false_and_selects_everything() -> None:
    assert Query.parse("  ") == Query.ALL
    assert not Query.ALL
    assert Query.parse("x")
    assert Query.ALL.matches(WEB, None, NOW)
