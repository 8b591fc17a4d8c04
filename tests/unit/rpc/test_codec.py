"""Calls and answers: exact for what supervisord sends, one kind of error for everything else."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
import xmlrpc.client

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rpc.wire_strategies import texts
from tui.errors import BadAnswer, Cause, Fault, UsageError
from tui.rpc.answers import Param
from tui.rpc.codec import MAX_BODY, MAX_DEPTH, MAX_VALUES, decode_answer, encode_call

values = st.recursive(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1),
        st.booleans(),
        texts,
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda children: st.one_of(st.lists(children, max_size=4), st.dictionaries(texts, children, max_size=4)),
    max_leaves=20,
)


def answer_with(inside: str) -> bytes:
    return (
        f"<methodResponse><params><param><value>{inside}</value></param></params></methodResponse>".encode()
    )


def dumped(value: object) -> bytes:
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True).encode()  # type: ignore[arg-type]


# --- answers --------------------------------------------------------------------------------------------------------


@given(values)
@settings(max_examples=200, deadline=None)
def test_what_supervisord_marshals_comes_back_exactly_with_control_characters(value: object) -> None:
    assert decode_answer(dumped(value)) == value


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_bad_answer_and_nothing_else(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        decode_answer(body)


_TAGS = ["methodResponse", "params", "param", "value", "array", "data", "struct", "member", "name", "fault"]
_TAGS += ["int", "i8", "string", "boolean", "double", "base64", "nil", "dateTime.iso8601", "evil"]


@given(
    st.lists(
        st.one_of(st.sampled_from([f"<{t}>" for t in _TAGS] + [f"</{t}>" for t in _TAGS]), texts), max_size=30
    )
)
@settings(max_examples=300, deadline=None)
def test_any_arrangement_of_tags_gives_a_value_a_fault_or_bad_answer(parts: list[str]) -> None:
    for body in (
        "".join(parts),
        "".join(
            ["<methodResponse><params><param><value>", *parts, "</value></param></params></methodResponse>"]
        ),
    ):
        with contextlib.suppress(BadAnswer, Fault):
            decode_answer(body.encode())


@given(values, st.data())
@settings(max_examples=200, deadline=None)
def test_a_mutated_answer_gives_a_value_a_fault_or_bad_answer(value: object, data: st.DataObject) -> None:
    body = bytearray(dumped(value))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body)))
        body[place : place + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    with contextlib.suppress(BadAnswer, Fault):
        decode_answer(bytes(body))


def test_raw_controls_survive_beside_text_that_already_is_private_use() -> None:
    text = "\ue01b \x1b[31m\r\n\x00\x0c \uf8ff \uffff"
    assert decode_answer(dumped(text)) == text


def test_white_space_of_a_server_that_ends_its_lines_with_cr_is_no_text() -> None:
    body = b'<?xml version="1.0"?>\r\n<methodResponse>\r\n<params>\r\n<param>\r\n<value><string>a</string></value>\r\n</param>\r\n</params>\r\n</methodResponse>\r\n'
    assert decode_answer(body) == "a"


@pytest.mark.parametrize(
    ("inside", "value"),
    [
        ("bare text", "bare text"),
        ("", ""),
        ("<string/>", ""),
        ("<i4> 7 </i4>", 7),
        ("<i8>-9223372036854775808</i8>", -(2**63)),
        ("<boolean>1</boolean>", True),
        ("<double>2.5e3</double>", 2500.0),
        ("<nil/>", None),
        ("<base64>aGk=</base64>", b"hi"),
        ("<dateTime.iso8601>20260101T00:00:00</dateTime.iso8601>", "20260101T00:00:00"),
        ("<array><data></data></array>", []),
        ("\n <array> <data> <value><int>1</int></value> </data> </array> ", [1]),
        ("<struct><member><name>a</name><value>b</value></member></struct>", {"a": "b"}),
        ("<string>&lt;&amp;&#65;<!-- no -->&gt;</string>", "<&A>"),
    ],
)
def test_every_type_and_shape_is_read(inside: str, value: object) -> None:
    assert decode_answer(answer_with(inside)) == value


def test_several_parameters_make_a_tuple_as_the_go_implementation_answers() -> None:
    body = (
        b"<methodResponse><params><param><value><array><data><value><string>a</string></value></data></array></value></param>"
        b"<param><value><int>3</int></value></param></params></methodResponse>"
    )
    assert decode_answer(body) == (["a"], 3)


@pytest.mark.parametrize(
    "inside",
    [
        "<int>9223372036854775808</int>",
        "<int>1_000</int>",
        "<int>٣</int>",
        "<int></int>",
        "<int>" + "9" * 5000 + "</int>",
        "<boolean>2</boolean>",
        "<double>nan</double>",
        "<double>1e</double>",
        "<base64>@@@</base64>",
        "<int>1</int><int>2</int>",
        "text<int>1</int>",
        "<int>1</int>text",
        "<evil>1</evil>",
        "<array><value>1</value></array>",
        "<struct><member><name>a</name></member></struct>",
        "<struct><member><value>a</value></member></struct>",
        "<struct><member><name>a</name><name>b</name><value>c</value></member></struct>",
        "<struct><member><name>a</name><value>b</value><value>c</value></member></struct>",
        "<struct>text</struct>",
        "&unknown;",
        "&#0;",
        "<nil>x</nil>",
    ],
)
def test_what_no_supervisord_sends_is_refused(inside: str) -> None:
    with pytest.raises(BadAnswer):
        decode_answer(answer_with(inside))


def test_two_values_in_a_parameter_and_two_bodies_are_refused() -> None:
    twice = b"<param><value>1</value><value>2</value></param>"
    with pytest.raises(BadAnswer):
        decode_answer(b"<methodResponse><params>" + twice + b"</params></methodResponse>")
    with pytest.raises(BadAnswer):
        decode_answer(b"<methodResponse><params></params><params></params></methodResponse>")


def test_a_fault_is_raised_with_its_code_and_cleaned_text() -> None:
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(10, "BAD_NAME: \x1b]52;c;x\x07")).encode()
    with pytest.raises(Fault) as caught:
        decode_answer(body)
    assert caught.value.code == 10
    assert caught.value.text == "BAD_NAME: ␛]52;c;x␇"


def test_fault_six_means_that_supervisord_is_going_down() -> None:
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(6, "SHUTDOWN_STATE")).encode()
    with pytest.raises(Fault) as caught:
        decode_answer(body)
    assert caught.value.cause is Cause.RESTARTING


@pytest.mark.parametrize(
    "fault",
    ["text", "<struct></struct>", "<struct><member><name>faultCode</name><value>x</value></member></struct>"],
)
def test_a_fault_without_a_code_is_a_bad_answer(fault: str) -> None:
    with pytest.raises(BadAnswer):
        decode_answer(f"<methodResponse><fault><value>{fault}</value></fault></methodResponse>".encode())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "web page"),
        (b"\n<HTML><body>", "web page"),
        (b"nonsense", "not XML-RPC"),
        (answer_with("<string>abc</string>")[:-30], "ends in the middle"),
        (answer_with("\xff").replace("\xff".encode(), b"\xff"), "not UTF-8"),
        (b"<!DOCTYPE methodResponse><methodResponse/>", "document type"),
        (b"\xef\xbb\xbf<x/>", "<x>"),
    ],
)
def test_the_problem_is_told_in_words(body: bytes, words: str) -> None:
    with pytest.raises(BadAnswer, match=words):
        decode_answer(body)


def test_an_entity_bomb_is_refused_at_its_declaration() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><methodResponse>&b;</methodResponse>'
    with pytest.raises(BadAnswer, match="document type"):
        decode_answer(bomb)


def test_another_encoding_in_the_declaration_changes_nothing() -> None:
    body = b"<?xml version='1.0' encoding='utf-16'?>" + answer_with("grün")
    assert decode_answer(body) == "grün"


def test_depth_values_and_size_are_limited() -> None:
    deep = "<array><data><value>" * MAX_DEPTH + "</value></data></array>" * MAX_DEPTH
    decode_answer(answer_with(deep))
    with pytest.raises(BadAnswer, match="deep"):
        decode_answer(answer_with(f"<array><data><value>{deep}</value></data></array>"))
    with pytest.raises(BadAnswer, match="values"):
        decode_answer(answer_with("<array><data>" + "<value/>" * MAX_VALUES + "</data></array>"))
    with pytest.raises(BadAnswer, match="MiB"):
        decode_answer(b" " * (MAX_BODY + 1))


def test_a_huge_comment_costs_no_more_than_its_bytes() -> None:
    body = answer_with("<!--" + "-x" * (MAX_BODY // 2 - 100) + "-->x")
    began = time.process_time()
    assert decode_answer(body) == "x"
    assert time.process_time() - began < 5


# --- calls ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.one_of(texts, st.integers(-(2**31), 2**31 - 1), st.booleans()), max_size=5))
@settings(max_examples=200, deadline=None)
def test_a_call_reads_back_as_what_was_meant(params: list[str | int | bool]) -> None:
    body = encode_call("supervisor.method", params)
    read, method = xmlrpc.client.loads(body)
    plain = [value.data.decode() if isinstance(value, xmlrpc.client.Binary) else value for value in read]
    assert method == "supervisor.method"
    assert plain == params


def test_a_multicall_reads_back_as_what_was_meant() -> None:
    calls: list[Param] = [
        {"methodName": "a.b", "params": ["x:<y>&", True, 3, 2.5]},
        {"methodName": "c.d", "params": []},
    ]
    read, _ = xmlrpc.client.loads(encode_call("system.multicall", [calls]))
    assert read == (calls,)


def test_a_carriage_return_is_sent_so_that_it_arrives() -> None:
    assert b"a&#13;&#13;\nb" in encode_call("m", ["a\r\r\nb"])


def test_text_that_xml_cannot_carry_goes_as_base64() -> None:
    assert b"<base64>G1szMW0=</base64>" in encode_call("m", ["\x1b[31m"])


@pytest.mark.parametrize("param", ["\ud800", 2**63, -(2**63) - 1])
def test_what_cannot_be_sent_is_refused_before_sending(param: str | int) -> None:
    with pytest.raises(UsageError):
        encode_call("m", [param])


def test_numbers_beyond_32_bits_are_sent_as_they_are() -> None:
    assert b"<int>4294967296</int>" in encode_call("m", [2**32])


@pytest.mark.parametrize("odd", ["<value a='1'/>", "<value " + "b" * 200 + "/>", "<" + "v" * 200 + "/>"])
def test_an_element_with_attributes_or_a_name_longer_than_any_is_refused_before_it_is_parsed(
    odd: str,
) -> None:
    """Expat keeps twenty times the bytes of what it reads there; XML-RPC has no attributes."""
    body = f"<?xml version='1.0'?><methodResponse><params><param>{odd}</param></params></methodResponse>"
    with pytest.raises(BadAnswer, match="attributes"):
        decode_answer(body.encode())


def test_a_colourful_log_with_an_emoji_is_not_copied_again_and_again() -> None:
    text = "\x1b[31m👍" + "x" * 8_000_000
    body = answer_with(f"<string>{text}</string>")
    tracemalloc.start()
    try:
        assert decode_answer(body) == text
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 7.5 * len(body)


def test_an_answer_of_little_but_control_characters_is_refused() -> None:
    with pytest.raises(BadAnswer, match="control characters"):
        decode_answer(answer_with("\x1b" * (MAX_BODY - 200)))
