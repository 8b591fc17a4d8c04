"""A configuration read a second time: the same checks, the secrets of variables that are gone, and nothing told too late."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.config.differences import Differences, differences, needing_restart
from tui.config.load import load
from tui.config.passwords import fetch_passwords
from tui.config.redactor import Redactor
from tui.config.rereading import Rereading
from tui.config.schema import HostSettings, Settings, UiSettings
from tui.config.secrets import Secret
from tui.errors import ConfigError
from tui.model.endpoint import Endpoint
from tui.model.policy import Guardrail

Write = Callable[[str], Path]
A = HostSettings("a", Endpoint("http", host="127.0.0.1", port=1))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_hosts(text: str) -> Path:
        path = tmp_path / "hosts.yaml"
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write_hosts


def begun(path: Path, redactor: Redactor | None = None) -> Rereading:
    settings = load(path)
    passwords = fetch_passwords(settings.hosts.values())
    return Rereading(settings, passwords, [] if redactor is None else [redactor])


def test_what_was_written_is_read(write: Write) -> None:
    rereading = begun(write("hosts: {a: http://a:9001}\n"))
    write("hosts: {a: http://a:9001, b: http://b:9001}\n")
    assert list(rereading.read().settings.hosts) == ["a", "b"]


def test_an_error_has_its_place(write: Write) -> None:
    rereading = begun(write("hosts: {a: http://a:9001}\n"))
    path = write("hosts:\n  a: {url: http://a:9001, pol: 2s}\n")
    with pytest.raises(ConfigError, match="did you mean poll") as caught:
        rereading.read()
    assert caught.value.place.startswith(f"{path}:2:")


def test_a_file_that_others_can_write_by_now_is_refused(write: Write) -> None:
    path = write("hosts: {a: http://a:9001}\n")
    rereading = begun(path)
    path.chmod(0o666)
    with pytest.raises(ConfigError, match="everybody can write this file"):
        rereading.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a stranger's link")
def test_a_link_that_a_stranger_has_put_in_its_place_is_refused(write: Write, tmp_path: Path) -> None:
    path = write("hosts: {a: http://a:9001}\n")
    rereading = begun(path)
    other = path.rename(tmp_path / "other.yaml")
    path.symlink_to(other)
    os.lchown(path, 12345, 12345)
    with pytest.raises(ConfigError, match="another user has made"):
        rereading.read()


def test_a_variable_that_is_gone_gives_what_it_gave(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELOAD_PASSWORD", "from-the-variable")
    rereading = begun(write("hosts: {a: {url: http://a:9001, user: u, password_env: RELOAD_PASSWORD}}\n"))
    assert "RELOAD_PASSWORD" not in os.environ
    write("hosts: {b: {url: http://b:9001, user: u, password_env: RELOAD_PASSWORD}}\n")
    reread = rereading.read()
    assert reread.passwords == {"b": Secret("from-the-variable")}
    assert reread.settings.warnings == load(reread.settings.source or Path()).warnings


def test_a_new_variable_is_read_and_forgotten(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    rereading = begun(write("hosts: {a: http://127.0.0.1:9001}\n"))
    monkeypatch.setenv("RELOAD_PASSWORD", "another-one")
    write("hosts: {a: {url: http://a:9001, user: u, password_env: RELOAD_PASSWORD}}\n")
    assert rereading.read().passwords == {"a": Secret("another-one")}
    assert "RELOAD_PASSWORD" not in os.environ


def test_a_password_file_is_read_again(write: Write, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("old-password\n")
    file.chmod(0o600)
    rereading = begun(write(f"hosts: {{a: {{url: http://a:9001, user: u, password_file: {file}}}}}\n"))
    file.write_text("new-password\n")
    assert rereading.read().passwords == {"a": Secret("new-password")}


def test_a_source_that_gives_nothing_this_time_leaves_what_it_gave_and_says_so(
    write: Write, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("old-password\n")
    file.chmod(0o600)
    rereading = begun(write(f"hosts: {{a: {{url: http://a:9001, user: u, password_file: {file}}}}}\n"))
    file.unlink()
    reread = rereading.read()
    assert reread.passwords == {"a": Secret("old-password")}
    assert any("the one read before is used" in warning for warning in reread.settings.warnings)


def test_every_redactor_knows_a_new_password_before_anybody_gets_it(write: Write) -> None:
    redactor = Redactor()
    rereading = begun(write("hosts: {a: http://a:9001}\n"), redactor)
    assert redactor("canary-s3cr3t") == "canary-s3cr3t"
    write("hosts: {a: {url: http://a:9001, user: u, password_command: [echo, canary-s3cr3t]}}\n")
    rereading.read()
    assert redactor("it was canary-s3cr3t") == "it was ***"


def test_a_program_that_gives_no_password_is_ended_when_nobody_waits(write: Write, tmp_path: Path) -> None:
    rereading = begun(write("hosts: {a: http://a:9001}\n"))
    script = f"echo $$ > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; exec sleep 300"
    write(f"hosts: {{a: {{url: http://a:9001, user: u, password_command: [sh, -c, '{script}']}}}}\n")
    reader = threading.Thread(target=rereading.read, daemon=True)
    reader.start()
    deadline = time.monotonic() + 10
    while not (tmp_path / "pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pid = int((tmp_path / "pid").read_text())
    rereading.give_up()
    reader.join(5)
    assert not reader.is_alive()
    assert not Path(f"/proc/{pid}").exists()


def test_hosts_of_the_command_line_have_no_file_to_read() -> None:
    with pytest.raises(ConfigError, match="there is no file to read again"):
        Rereading(Settings({"a": A}), {}).read()


def test_what_was_discovered_is_read_again(tmp_path: Path) -> None:
    from tui.config.discover import discover

    conf = tmp_path / "supervisord.conf"
    conf.write_text("[supervisorctl]\nserverurl=http://127.0.0.1:9001\n")
    conf.chmod(0o600)
    settings = discover((conf,))
    assert settings is not None
    conf.write_text("[supervisorctl]\nserverurl=http://127.0.0.1:9002\n")
    (host,) = Rereading(settings, {}).read().settings.hosts.values()
    assert host.endpoint.port == 9002


def test_a_mistake_of_ours_is_told_without_its_words(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    rereading = begun(write("hosts: {a: http://a:9001}\n"))

    def broken(_path: Path) -> Settings:
        raise ValueError("-".join(("canary", "s3cr3t")))

    monkeypatch.setattr("tui.config.load.load", broken)
    with pytest.raises(ConfigError) as caught:
        rereading.read()
    assert "canary-s3cr3t" not in str(caught.value)
    (crash,) = (tmp_path / "state").rglob("crash-*.txt")
    assert "canary-s3cr3t" not in crash.read_text()


def test_a_host_is_changed_by_whatever_is_different_and_moved_by_its_address_or_login() -> None:
    from dataclasses import replace

    b, c, d = (replace(A, name=name) for name in "bcd")
    old = Settings({"a": A, "b": b, "c": c, "gone": replace(A, name="gone")})
    new = Settings(
        {
            "d": d,
            "c": c,
            "b": replace(b, tags=frozenset({"prod"})),
            "a": replace(A, endpoint=Endpoint("http", host="127.0.0.1", port=2)),
        }
    )
    found = differences(old, {}, new, {"c": Secret("x")})
    assert found == Differences(
        added=("d",), removed=("gone",), changed=("c", "b", "a"), moved=frozenset({"a", "c"})
    )
    assert found.words == "1 added, 1 removed, 3 changed"
    assert differences(old, {}, old, {}).words == "no host changed"


def test_guardrails_that_differ_are_told_and_sections_that_wait_for_a_restart_are_named() -> None:
    old = Settings({"a": A})
    new = Settings({"a": A}, guardrails=(Guardrail("tag:prod"),), ui=UiSettings(keys={"start": "F"}))
    assert differences(old, {}, new, {}).words == "guardrails changed"
    assert needing_restart(old, new) == ("keys",)
