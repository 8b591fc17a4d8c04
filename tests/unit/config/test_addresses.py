"""Names, ranges and URLs: nothing that goes in makes them fail in another way than promised, or show a password."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.config.ranges import MAX_HOSTS, expand
from tui.config.urls import BadUrl, host_name, loopback, parse_url
from tui.model.endpoint import Endpoint

URL_TEXT = st.text(alphabet="htps:unix/@%?#[]{}.-aZ09 é\0", max_size=40)


@given(URL_TEXT)
@example("http://[")
@example("http://a@b@c:1/%zz")
@example("unix://")
def test_any_text_is_an_address_or_a_bad_url(text: str) -> None:
    with contextlib.suppress(BadUrl):
        endpoint = parse_url(text).endpoint
        assert endpoint.scheme == "unix" or (endpoint.host and 1 <= endpoint.port <= 65535)
        assert not any(char in endpoint.rpc_path for char in " \r\n\0?#")


@given(URL_TEXT, URL_TEXT)
def test_no_error_shows_a_password(before: str, after: str) -> None:
    try:
        parse_url(f"http://{before}:s3cr3t-canary{after}")
    except BadUrl as error:
        assert "s3cr3t" not in f"{error}{error.advice}"  # noqa: PT017 - there need not be an error


@given(st.text(alphabet="web-.[]:0123456789", max_size=24))
def test_any_name_expands_within_bounds_or_is_refused_in_words(pattern: str) -> None:
    try:
        names = expand(pattern)
    except ValueError as error:
        assert " " in str(error)  # noqa: PT017 - there need not be an error
    else:
        assert 1 <= len(names) <= MAX_HOSTS
        assert len(set(names)) == len(names) or pattern.count("[") > 1
        assert not any("[" in name or ":" in name for name in names)


@pytest.mark.parametrize(
    ("pattern", "first", "last", "count"),
    [
        ("web", "web", "web", 1),
        ("web-[1:3]", "web-1", "web-3", 3),
        ("web-[08:12]", "web-08", "web-12", 5),
        ("[0:9]", "0", "9", 10),
        ("[7:7]x", "7x", "7x", 1),
        ("r[1:2]n[01:50]", "r1n01", "r2n50", 100),
    ],
)
def test_ranges(pattern: str, first: str, last: str, count: int) -> None:
    names = expand(pattern)
    assert (names[0], names[-1], len(names)) == (first, last, count)


@pytest.mark.parametrize("text", ["::1", "[::1]", "fe80::1%eth0", "10.0.0.1", "web_1.example", "localhost"])
def test_hosts_to_connect_to(text: str) -> None:
    assert host_name(text) == text.strip("[]")


@pytest.mark.parametrize(
    "text", ["", "-x", "a b", "a/b", "a@b", "[web]", "::g", "fe80::1%", "fe80::1%a/b", "a\nb", "wéb", "a:1"]
)
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(BadUrl):
        host_name(text)


def test_only_this_machine_is_loopback() -> None:
    assert loopback(Endpoint("http", host="127.0.0.1", port=1))
    assert loopback(Endpoint("http", host="::1", port=1))
    assert not loopback(Endpoint("http", host="127.0.0.1.example", port=1))
    assert not loopback(Endpoint("http", host="10.0.0.1", port=1))
