"""What is documented is what is read: the sample, the file of `config init`, the table of keys."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tui.config.keys import SECTIONS, schema_rows
from tui.config.load import load
from tui.config.nodes import Mapping, Node, Sequence
from tui.config.parsing import parse
from tui.config.sample import example_text

SAMPLE = Path(__file__).parents[3] / "sample_hosts.yaml"


def keys_of(node: Node, path: str = "") -> set[str]:
    """The paths of all keys below `node`, as `schema_rows` spells them."""
    if isinstance(node, Sequence):
        return {key for item in node.items for key in keys_of(item, f"{path.removesuffix('.')}[].")}
    if not isinstance(node, Mapping) or path == "ui.keys.":
        return set()
    found = set()
    for key, value in node.pairs:
        name = f"{path}{'NAME' if path == 'hosts.' else key.text}"
        found |= {name} | keys_of(value, f"{name}.")
    return found


def test_the_sample_loads(tmp_path: Path) -> None:
    copy = tmp_path / "hosts.yaml"
    shutil.copy(SAMPLE, copy)
    copy.chmod(0o600)
    settings = load(copy)
    assert settings.warnings == ()
    assert len(settings.hosts) == 25
    assert settings.hosts["edge"].read_only
    assert settings.guardrails


def test_every_key_of_the_schema_is_in_the_sample_and_no_other() -> None:
    """A key of a host may be shown where it stands for all hosts."""
    shown = keys_of(parse(SAMPLE.read_bytes(), "sample"))
    known = {row.name for row in schema_rows()}
    assert shown - known == {"hosts.NAME"}
    shown |= {key.replace("defaults.", "hosts.NAME.") for key in shown}
    assert {name for name in known if not name.startswith("defaults.")} - shown == set()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001", "unix:///run/supervisor.sock"])
def test_the_file_of_config_init_loads_as_it_is(tmp_path: Path, url: str) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text(example_text(url))
    path.chmod(0o600)
    settings = load(path)
    assert [host.endpoint.url for host in settings.hosts.values()] == [url]
    assert settings.warnings == ()


def test_the_file_of_config_init_names_every_key() -> None:
    words = set(re.findall("[a-z_]+(?=:)", example_text()))
    assert {key.name for keys in SECTIONS.values() for key in keys} - words == {"passwd"}


def test_the_file_of_config_init_still_loads_when_its_comments_become_keys(tmp_path: Path) -> None:
    """All comments of a rule, the screen and the journal are taken off at once; a host's are alternatives."""
    lines = example_text().splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("# guardrails:"))
    live = [line.removeprefix("# ") if re.match("# ( |[a-z_]+:)", line) else line for line in lines[start:]]
    path = tmp_path / "hosts.yaml"
    path.write_text("\n".join([*lines[:start], *live]) + "\n")
    path.chmod(0o600)
    settings = load(path)
    assert settings.guardrails[0].max_bulk == 20
    assert settings.ui.keys == {"restart": "R"}


def test_every_row_of_the_schema_says_something() -> None:
    names = [row.name for row in schema_rows()]
    assert len(names) == len(set(names))
    for row in schema_rows():
        assert row.type
        assert row.meaning.endswith(".")
