"""Every mistake in `bad/` is refused at its place, in words, and without the password that stands in the file.

A file's first line says what to expect: `# expect: line:column part of the message`.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from tui.config.load import load
from tui.errors import ConfigError

CORPUS = sorted((Path(__file__).parent / "bad").glob("*.yaml"))
CANARY = "s3cr3t-canary"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_at_its_place_without_its_secret(path: Path, tmp_path: Path) -> None:
    content = path.read_bytes()
    first_line = content.split(b"\n", 1)[0].decode()
    expected_place, expected_words = first_line.removeprefix("# expect: ").split(" ", 1)
    copy = tmp_path / "hosts.yaml"
    copy.write_bytes(content)
    copy.chmod(0o600)

    with pytest.raises(ConfigError) as caught:
        load(copy)

    assert caught.value.place == f"{copy}:{expected_place}"
    assert expected_words in str(caught.value)
    everything = "".join(traceback.format_exception(caught.value))
    assert CANARY not in everything.replace(content.decode(errors="replace"), "")
    assert CANARY not in repr(caught.value)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(CORPUS) >= 65
    assert sum(CANARY in path.read_bytes().decode(errors="replace") for path in CORPUS) >= 30
