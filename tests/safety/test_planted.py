"""What somebody else puts where our files are is never read, written, or waited for; the user is told."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.safety.showing import show
from tui.config.crash import write_crash_file
from tui.config.discover import discover
from tui.config.load import load
from tui.config.log_file import FILE_NAME as LOG_NAME
from tui.config.log_file import PrivateLogFile
from tui.config.paths import cache_dir, state_dir, usable_state_dir
from tui.config.secrets import FilePassword
from tui.engine.journal import FILE_NAME as JOURNAL_NAME
from tui.engine.journal import Journal
from tui.engine.json_file import read_json, write_json
from tui.errors import ConfigError, RefusedError
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.ui.picture_file import Picture, read_picture, write_picture

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can plant what belongs to others")

STRANGER = 54321
KEY = ProcessKey("web-01", "api", "api")
GOOD = "hosts: {a: http://127.0.0.1:1}\n"
LOOK = ("1", "bold")
PICTURE = Picture("s", 1, LOOK, LOOK, (LOOK,), [[(0, "x")]])


@dataclass
class Plant:
    """A path of ours and what lies there now."""

    path: Path
    content: bytes
    victim: Path | None = None

    def untouched(self) -> bool:
        """Whether what was put there, or what it leads to, is as it was."""
        return self.victim is None or self.victim.read_bytes() == self.content


def _victim(path: Path, content: bytes) -> Path:
    victim = path.parent / "of-somebody"
    victim.write_bytes(content)
    victim.chmod(0o600)
    return victim


def symlink(path: Path, content: bytes) -> Plant:
    victim = _victim(path, content)
    path.symlink_to(victim)
    os.lchown(path, STRANGER, STRANGER)
    return Plant(path, content, victim)


def hard_link(path: Path, content: bytes) -> Plant:
    victim = _victim(path, content)
    os.link(victim, path)
    return Plant(path, content, victim)


def foreign_owner(path: Path, content: bytes) -> Plant:
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(path, STRANGER, STRANGER)
    return Plant(path, content, path)


def fifo(path: Path, content: bytes) -> Plant:
    os.mkfifo(path, 0o600)
    return Plant(path, content)


def device(path: Path, content: bytes) -> Plant:
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero: without an end
    return Plant(path, content)


def directory(path: Path, content: bytes) -> Plant:
    path.mkdir(0o700)
    return Plant(path, content)


def group_writable(path: Path, content: bytes) -> Plant:
    path.write_bytes(content)
    os.chown(path, 0, STRANGER)
    path.chmod(0o660)
    return Plant(path, content)


def world_writable(path: Path, content: bytes) -> Plant:
    path.write_bytes(content)
    path.chmod(0o606)
    return Plant(path, content)


PLANTS = (symlink, hard_link, foreign_owner, fifo, device, directory, group_writable, world_writable)
NOT_OURS = PLANTS[:6]
"""What no mode bits could mend."""
Planting = Callable[[Path, bytes], Plant]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    return tmp_path


@pytest.fixture
def state(home: Path) -> Path:
    return state_dir()


@contextlib.contextmanager
def group_writable_parent(path: Path) -> Iterator[None]:
    os.chown(path.parent, 0, STRANGER)
    path.parent.chmod(0o770)
    yield
    path.parent.chmod(0o700)


# --- what we read ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_configuration_is_refused(plant: Planting, tmp_path: Path) -> None:
    planted = plant(tmp_path / "hosts.yaml", GOOD.encode())
    with pytest.raises(ConfigError) as caught:
        load(planted.path)
    assert caught.value.place == str(planted.path)
    assert planted.untouched()
    _show("the configuration", len(PLANTS))


def test_a_link_of_ones_own_may_lead_to_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    path.symlink_to(_victim(path, GOOD.encode()))
    assert list(load(path).hosts) == ["a"]


def test_a_configuration_in_a_directory_that_a_group_can_write_is_a_warning_or_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hosts.yaml"
    for text, refused in ((GOOD, False), (f"{GOOD}strict_permissions: true\n", True)):
        path.write_text(text)
        path.chmod(0o600)
        with group_writable_parent(path):
            if refused:
                with pytest.raises(ConfigError, match="others can write"):
                    load(path)
            else:
                assert any(f"chmod go-w {tmp_path}" in warning for warning in load(path).warnings)


def test_a_sticky_directory_as_tmp_is_none_that_others_can_write(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text(GOOD)
    path.chmod(0o600)
    tmp_path.chmod(0o1777)
    assert load(path).warnings == ()


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_password_file_is_refused(plant: Planting, tmp_path: Path) -> None:
    planted = plant(tmp_path / "pw", b"s3cr3t-canary")
    with pytest.raises(ConfigError) as caught:
        FilePassword(planted.path).fetch()
    assert "s3cr3t" not in str(caught.value)
    assert planted.untouched()
    _show("a password file", len(PLANTS))


def test_a_password_file_where_a_group_can_exchange_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    path.write_text("s3cr3t-canary")
    path.chmod(0o600)
    with group_writable_parent(path), pytest.raises(ConfigError, match="directory that others can write"):
        FilePassword(path).fetch()


@pytest.mark.parametrize("plant", [foreign_owner, world_writable])
def test_a_strangers_supervisord_conf_gets_nothing_of_our_environment(
    plant: Planting, tmp_path: Path
) -> None:
    conf = b"[supervisorctl]\nserverurl=http://127.0.0.1:1/%(ENV_HOME)s\n"
    planted = plant(tmp_path / "supervisord.conf", conf)
    with pytest.raises(ConfigError, match=r"belongs to another user|everybody can write"):
        discover([planted.path])


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_picture_is_none(plant: Planting, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    assert write_picture(os.fsencode(whole), PICTURE)
    assert read_picture(os.fsencode(whole)) is not None
    planted = plant(tmp_path / "picture-x", whole.read_bytes())
    assert read_picture(os.fsencode(planted.path)) is None
    write_picture(os.fsencode(planted.path), PICTURE)
    assert plant is foreign_owner or planted.untouched()  # a file of a stranger gives way to our own
    _show("the last picture", len(PLANTS))


@pytest.mark.parametrize("plant", NOT_OURS)
def test_a_planted_memory_is_neither_read_nor_written_through(plant: Planting, state: Path) -> None:
    planted = plant(state / "remembered.json", b'{"hosts": {}}')
    with pytest.raises(OSError, match=r"."):
        read_json(planted.path)
    with contextlib.suppress(OSError):
        write_json(planted.path, {"hosts": {"x": []}})
    assert plant is foreign_owner or planted.untouched()
    _show("the memory of what was stopped, and of jobs", len(NOT_OURS))


# --- what we write ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plant", NOT_OURS)
def test_a_planted_journal_is_told_of_and_written_by_nobody(plant: Planting, state: Path) -> None:
    planted = plant(state / JOURNAL_NAME, b'{"kind": "intent"}\n')
    said: list[str] = []
    Journal(state, complain=said.append).intent(Verb.START, KEY)
    assert [sentence for sentence in said if "cannot be written" in sentence]
    with pytest.raises(RefusedError):
        Journal(state, required=True).intent(Verb.START, KEY)
    assert planted.untouched()
    _show("the journal", len(NOT_OURS))


@pytest.mark.parametrize("plant", [group_writable, world_writable])
def test_a_journal_that_was_opened_up_is_closed_again(plant: Planting, state: Path) -> None:
    planted = plant(state / JOURNAL_NAME, b"")
    Journal(state).intent(Verb.START, KEY)
    assert stat.S_IMODE(planted.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("plant", NOT_OURS)
def test_a_planted_log_is_written_by_nobody(plant: Planting, state: Path) -> None:
    planted = plant(state / LOG_NAME, b"before\n")
    PrivateLogFile(str).handle(logging.LogRecord("x", logging.ERROR, "", 0, "words", None, None))
    assert planted.untouched()
    _show("the log", len(NOT_OURS))


def test_what_we_leave_is_for_us_alone(home: Path) -> None:
    os.umask(0)
    try:
        state = state_dir()
        Journal(state).intent(Verb.START, KEY)
        write_json(state / "jobs.json", {})
        PrivateLogFile(str).handle(logging.LogRecord("x", logging.ERROR, "", 0, "words", None, None))
        assert write_crash_file(ValueError("x"), str) is not None
        assert write_picture(os.fsencode(cache_dir() / "picture-x"), PICTURE)
    finally:
        os.umask(0o022)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")}
    assert len(modes) == 6
    assert {mode for name, mode in modes.items() if name != "supervisor-tui"} == {0o600}
    assert modes["supervisor-tui"] == 0o700


def _stranger_link(path: Path) -> None:
    (path.parent / "elsewhere").mkdir(0o700)
    path.symlink_to(path.parent / "elsewhere")
    os.lchown(path, STRANGER, STRANGER)


def _stranger_directory(path: Path) -> None:
    path.mkdir(0o700)
    os.chown(path, STRANGER, STRANGER)


def _open_parent(path: Path, mode: int) -> None:
    os.chown(path.parent, 0, STRANGER)
    path.parent.chmod(mode)


PLACES: dict[str, Callable[[Path], object]] = {
    "a stranger's link": _stranger_link,
    "a stranger's directory": _stranger_directory,
    "a file": Path.touch,
    "a pipe": os.mkfifo,
    "a parent that a group can write": partial(_open_parent, mode=0o770),
    "a parent that everybody can write": partial(_open_parent, mode=0o707),
}


@pytest.mark.parametrize("what", PLACES)
def test_a_planted_directory_is_not_used_and_told_of(what: str, home: Path) -> None:
    ours = home / "supervisor-tui"
    PLACES[what](ours)
    said: list[str] = []
    assert usable_state_dir(said.append) is None
    assert len(said) == 1
    assert str(ours) in said[0]
    for make in (state_dir, cache_dir):
        with pytest.raises(ConfigError, match="cannot be used"):
            make()
    assert write_crash_file(ValueError("x"), str) is None
    Journal(ours).intent(Verb.START, KEY)
    assert not list(home.rglob("*.jsonl"))
    with pytest.raises(RefusedError):
        Journal(None, required=True).intent(Verb.START, KEY)
    home.chmod(0o700)
    _show("the state and cache directories", len(PLACES))


def _show(what: str, kinds: int) -> None:
    show(
        f"planted in the place of {what}: links, pipes, devices, files of others",
        "never read, written or waited for; told",
        f"{kinds} of {kinds} kinds",
    )
