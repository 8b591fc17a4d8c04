"""What a main log tells of changes, whatever pieces it comes in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.watching.main_log import MAX_LINE, MainLogReader, News

STAMP = b"2026-11-25 02:00:00,123 "


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"INFO spawned: 'api' with pid 42", "api"),
        (
            b"INFO success: api entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
            "api",
        ),
        (b"INFO exited: api (exit status 0; expected)", "api"),
        (b"WARN exited: api (terminated by SIGKILL; not expected)", "api"),
        (b"INFO stopped: api (exit status 0)", "api"),
        (b"WARN stopped: api (terminated by SIGKILL)", "api"),
        (b"INFO gave up: api entered FATAL state, too many start retries too quickly", "api"),
        (b"INFO waiting for api to stop", "api"),
        (b"WARN killing 'api' (42) with SIGKILL", "api"),
        ("INFO exited: größe (exit status 3; not expected)".encode(), "größe"),
        (b"INFO exited: a'b(c) (exit status 3; not expected)", "a'b(c)"),
    ],
)
def test_each_change_of_a_process_names_it(line: bytes, name: str) -> None:
    assert MainLogReader().feed(STAMP + line + b"\n") == News(frozenset({name}))


@pytest.mark.parametrize(
    "line",
    [
        b"INFO spawnerr: can't find command '/nowhere'",
        b"INFO waiting for api, queue to die",
        b"WARN received SIGHUP indicating restart request",
        b"INFO supervisord started with pid 1",
    ],
)
def test_what_no_name_tells_asks_for_a_whole_read(line: bytes) -> None:
    assert MainLogReader().feed(STAMP + line + b"\n").whole


def test_a_truncated_log_asks_for_a_whole_read() -> None:
    assert MainLogReader().feed(b"==> File truncated <==\n").whole


@pytest.mark.parametrize(
    "line",
    [
        b"INFO RPC interface 'supervisor' initialized",
        b"CRIT Server 'inet_http_server' running without any HTTP authentication checking",
        b"DEBG 'api' stdout output:",
        b"INFO reaped unknown pid 7 (exit status 0)",
        b"spawned: 'api' with pid 42",
        b"DEBG exited: api (said a child)",
    ],
)
def test_other_lines_are_no_news(line: bytes) -> None:
    assert MainLogReader().feed(STAMP + line + b"\n") == News(frozenset())


def test_a_line_without_an_end_keeps_no_more_than_a_line() -> None:
    reader = MainLogReader()
    for _ in range(100):
        assert not reader.feed(b"x" * 1000).names
    assert len(reader._rest) <= MAX_LINE
    assert not reader.feed(b"\n").names
    assert reader.feed(STAMP + b"INFO stopped: api (exit status 0)\n").names == {"api"}


@given(st.lists(st.integers(min_value=0, max_value=400), max_size=12))
def test_the_news_are_the_same_however_the_log_is_cut(cuts: list[int]) -> None:
    log = b"".join(
        STAMP + line + b"\n"
        for line in (
            b"INFO spawned: 'a' with pid 1",
            b"noise",
            b"INFO gave up: b entered FATAL state",
            b"INFO stopped: c (x)",
        )
    )
    reader, begin = MainLogReader(), 0
    names: set[str] = set()
    for cut in [*sorted(cut for cut in cuts if cut <= len(log)), len(log)]:
        names |= reader.feed(log[begin:cut]).names
        begin = cut
    assert names == {"a", "b", "c"}
