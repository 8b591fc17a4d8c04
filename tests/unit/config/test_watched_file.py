"""When a configuration file counts as changed: by identity, once it is still, and only when it says something else."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from tui.config.watched_file import STILL_SECONDS, FileIdentity, FileWatch, ReadFile


def watch_of(path: Path) -> FileWatch:
    return FileWatch(path, ReadFile(FileIdentity.of(os.stat(path)), sha256(path.read_bytes()).digest()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.yaml"
    path.write_text("hosts: {a: http://a:9001}\n")
    path.chmod(0o600)
    return path


def replace(path: Path, text: str) -> None:
    """As editors and configuration management do."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)


def test_a_file_that_nobody_touched_is_no_news_and_is_not_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = watch_of(path)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    assert not any(watch.look(float(second)) for second in range(100))
    assert not watch.changed


def test_a_change_is_news_once_after_it_has_been_still(path: Path) -> None:
    watch = watch_of(path)
    path.write_text("hosts: {b: http://b:9001}\n# longer\n")
    assert not watch.look(10.0)
    assert not watch.look(10.0 + STILL_SECONDS / 2)
    assert watch.look(10.0 + STILL_SECONDS)
    assert watch.changed
    assert not watch.look(50.0)


def test_a_file_that_is_still_being_written_is_waited_for(path: Path) -> None:
    watch = watch_of(path)
    for second in range(5):
        path.write_text("x" * (second + 1))
        assert not watch.look(float(second))
    assert watch.look(4 + STILL_SECONDS)


def test_a_file_put_in_its_place_by_a_rename_is_seen(path: Path) -> None:
    watch = watch_of(path)
    before = os.stat(path)
    replace(path, "hosts: {b: http://b:9001}\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert os.stat(path).st_size == before.st_size
    watch.look(0.0)
    assert watch.look(STILL_SECONDS)


def test_a_link_that_points_elsewhere_is_seen(path: Path, tmp_path: Path) -> None:
    link, other = tmp_path / "link.yaml", tmp_path / "other.yaml"
    other.write_text("hosts: {b: http://b:9001}\n")
    other.chmod(0o600)
    link.symlink_to(path)
    watch = watch_of(link)
    link.unlink()
    link.symlink_to(other)
    watch.look(0.0)
    assert watch.look(STILL_SECONDS)


def test_what_a_link_points_to_is_seen_when_it_changes(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    watch = watch_of(link)
    assert not watch.look(0.0)
    assert not watch.look(STILL_SECONDS)
    replace(path, "hosts: {b: http://b:9001}\n")
    watch.look(10.0)
    assert watch.look(10.0 + STILL_SECONDS)


def test_the_same_words_again_are_no_change(path: Path) -> None:
    watch = watch_of(path)
    replace(path, path.read_text())
    watch.look(0.0)
    assert not watch.look(STILL_SECONDS)
    assert not watch.changed


@pytest.mark.parametrize("by_rename", [True, False])
def test_a_change_back_takes_it_back(path: Path, by_rename: bool) -> None:
    watch = watch_of(path)
    text, kept = path.read_text(), path.with_suffix(".kept")
    os.rename(path, kept)
    replace(path, "hosts: {b: http://b:9001}\n")
    watch.look(0.0)
    assert watch.look(STILL_SECONDS)
    if by_rename:
        os.rename(kept, path)
    else:
        replace(path, text)
    watch.look(10.0)
    watch.look(10.0 + STILL_SECONDS)
    assert not watch.changed


def test_a_file_that_is_gone_has_changed(path: Path) -> None:
    watch = watch_of(path)
    path.unlink()
    watch.look(0.0)
    assert watch.look(STILL_SECONDS)
    assert watch.changed
    assert watch.gone


def test_after_a_reload_that_failed_the_next_change_is_news_again(path: Path) -> None:
    watch = watch_of(path)
    replace(path, "hosts: [\n")
    watch.look(0.0)
    assert watch.look(STILL_SECONDS)
    watch.tell_again()
    assert watch.changed
    assert not watch.look(10.0)
    replace(path, "hosts: {b: http://b:9001}\n")
    watch.look(20.0)
    assert watch.look(20.0 + STILL_SECONDS)
