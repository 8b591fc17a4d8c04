"""Processes asked for by name decode exactly as the strict parse says."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rpc.test_status import row
from tests.unit.rpc.wire_strategies import names, process_structs
from tui.errors import BadAnswer, Fault, WireError
from tui.model.process import ProcessKey
from tui.rpc import named
from tui.rpc.codec import encode_call
from tui.rpc.rows import SUPERVISOR_4

BAD_NAME = {"faultCode": 10, "faultString": "BAD_NAME: g:n"}
SHUTDOWN = {"faultCode": 6, "faultString": "SHUTDOWN_STATE"}
Structs = Sequence[dict[str, object]]


def answer(items: Structs) -> bytes:
    """The answer to a multicall as supervisord writes it."""
    return xmlrpc.client.dumps((list(items),), methodresponse=True).encode()


def keys_of(items: Structs) -> list[ProcessKey]:
    return [
        ProcessKey("host", str(item.get("group", "g")), str(item.get("name", f"n{place}")))
        for place, item in enumerate(items)
    ]


def strictly(body: bytes, keys: Sequence[ProcessKey]) -> named.Named | str:
    try:
        return named._decode_strict(body, keys)
    except WireError as error:
        return str(error)


def decoded(body: bytes, keys: Sequence[ProcessKey]) -> named.Named | str:
    try:
        return named.decode(body, keys, SUPERVISOR_4)
    except WireError as error:
        return str(error)


@given(
    st.lists(st.one_of(process_structs(), st.sampled_from([BAD_NAME, SHUTDOWN])), min_size=1, max_size=8),
    st.integers(-1, 1),
)
@settings(max_examples=200, deadline=None)
def test_an_answer_decodes_as_the_strict_parse_does(items: Structs, more: int) -> None:
    keys = [*keys_of(items), ProcessKey("host", "g", "more")][: len(items) + more]
    body = answer(items)
    assert decoded(body, keys) == strictly(body, keys)


@given(st.lists(process_structs(), min_size=1, max_size=3), st.data())
@settings(max_examples=200, deadline=None)
def test_a_mutated_answer_decodes_as_the_strict_parse_does_or_is_refused(
    items: Structs, data: st.DataObject
) -> None:
    mutated = bytearray(answer(items))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        cut = data.draw(st.integers(0, 30))
        odd = st.sampled_from([b"<", b"]]>", b"&#27;", b"&amp;", b"</struct>", b"\xff", b"\x1b", b"9" * 20])
        mutated[place : place + cut] = data.draw(st.one_of(st.binary(max_size=4), odd))
    keys, body = keys_of(items), bytes(mutated)
    strict = strictly(body, keys)
    if not isinstance(strict, str) and any(
        process is not None and process.key != key for process, key in zip(strict[0], keys, strict=True)
    ):
        strict = "it answered about another process than was asked for — see what listens at this address"
    assert decoded(body, keys) == strict


def test_what_supervisord_usually_sends_takes_the_fast_way() -> None:
    items = [row(), row("grün"), row("x", spawnerr="can't find <that> & \x1b[31m more")]
    assert named._decode_fast(answer(items), keys_of(items), SUPERVISOR_4) is not None


def test_a_name_that_is_not_known_is_none_and_the_others_are_there() -> None:
    items = [row("a", now=7), BAD_NAME, row("b", now=8)]
    processes, now = named.decode(answer(items), keys_of(items), SUPERVISOR_4)
    assert [process and process.key.name for process in processes] == ["a", None, "b"]
    assert now == 8
    assert named.decode(answer([BAD_NAME]), keys_of([BAD_NAME]), SUPERVISOR_4) == ((None,), 0)


def test_any_other_fault_is_raised() -> None:
    items = [row(), SHUTDOWN]
    with pytest.raises(Fault, match="SHUTDOWN"):
        named.decode(answer(items), keys_of(items), SUPERVISOR_4)


def test_a_process_that_nobody_asked_for_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer, match="another process"):
        named.decode(answer([row("web")]), [ProcessKey("host", "site", "db")], SUPERVISOR_4)


@given(st.lists(st.tuples(names, names), min_size=1, max_size=3))
def test_the_call_is_the_one_that_the_codec_makes(named_so: list[tuple[str, str]]) -> None:
    keys = [ProcessKey("host", group, name) for group, name in named_so]
    calls = [{"methodName": "supervisor.getProcessInfo", "params": [key.address]} for key in keys]
    assert named.call_for(keys) == encode_call("system.multicall", (calls,))
