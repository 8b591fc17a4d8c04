"""Files made to hurt the reader are refused quickly, whatever they would unfold to."""

from __future__ import annotations

import pytest

from tui.config.nodes import Mapping, Scalar
from tui.config.parsing import parse
from tui.config.permissions import MAX_BYTES
from tui.errors import ConfigError

BOMBS = {
    "more than a mebibyte": (b"#" * (MAX_BYTES + 1), "larger than 1024 KiB"),
    "ten thousand brackets": (b"[" * 10_000, "nested more than 8 levels"),
    "ten thousand braces": (b"{a: " * 10_000, "nested more than 8 levels"),
    "ten thousand dashes": (b"- " * 10_000, "nested more than 8 levels"),
    "ten thousand questions": (b"? " * 10_000, "a key must be one word"),
    "half a million values": (b"[" + b"a," * 500_000, "holds more than 200000 values"),
    "aliases in levels": (b"a: &a [x]\nb: &b [" + b"*a," * 9 + b"]\n", "anchors are not supported"),
    "merges in levels": (
        b"".join(b"k%d: &k%d {<<: [*k%d, *k%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 12)),
        "anchors are not supported",
    ),
    "half a million lines in quotes": (b'"' + b"a\n" * 500_000, "not valid YAML"),
    "UTF-16": ("hosts: {}\n".encode("utf-16"), "not UTF-8"),
    "UTF-32": ("hosts: {}\n".encode("utf-32-le"), "a NUL character"),
    "nothing but NUL": (b"\0" * 100, "a NUL character"),
    "a lone surrogate": (b"hosts: \xed\xa0\x80\n", "not UTF-8"),
    "an overlong form": (b"hosts: \xc0\xaf\n", "not UTF-8"),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.timeout(20)
def test_a_bomb_is_refused(name: str) -> None:
    content, words = BOMBS[name]
    with pytest.raises(ConfigError, match=words) as caught:
        parse(content, "hosts.yaml")
    assert caught.value.place.startswith("hosts.yaml:")


def test_a_byte_order_mark_at_the_start_is_fine() -> None:
    node = parse(b"\xef\xbb\xbfa: b\n", "f")
    assert isinstance(node, Mapping)
    assert node.pairs[0][0].text == "a"


def test_columns_count_characters_not_bytes() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a: {é: 1, ü: *x}\n".encode(), "f")
    assert caught.value.place == "f:1:14"


def test_a_scalar_keeps_the_text_that_was_written() -> None:
    node = parse(b"[0123, 1e3, yes, 2024-01-01, 0o17, 'null', null]", "f")
    assert not isinstance(node, Scalar | Mapping)
    texts = [item.text for item in node.items if isinstance(item, Scalar)]
    assert texts == ["0123", "1e3", "yes", "2024-01-01", "0o17", "null", "null"]
    assert [item.empty for item in node.items if isinstance(item, Scalar)] == [False] * 6 + [True]


def test_with_the_pure_python_parser_the_same_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.setattr("tui.config.parsing._Loader", yaml.SafeLoader)
    for content, words in [
        (b"[" * 10_000, "nested more than 8"),
        (b"a: *x", "aliases"),
        (b"a: &x b", "anchors"),
        (b"a: !x b", "tags"),
        (b"a:\n\tb: 1", "a tab stands"),
        (b"a: !s3cr3t-canary!x y", "not valid YAML"),
        (b"a: @s3cr3t-canary", "a value cannot begin with @"),
    ]:
        with pytest.raises(ConfigError, match=words) as caught:
            parse(content, "f")
        assert "s3cr3t" not in str(caught.value)
    node = parse(b"a: 0123", "f")
    assert isinstance(node, Mapping)
    assert node.pairs[0][1].text == "0123"  # type: ignore[union-attr]
    assert node.pairs[0][1].plain  # type: ignore[union-attr]
