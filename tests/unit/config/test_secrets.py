"""Passwords come from where they should, are refused when they are not safe there, and never show."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import sys
import time
import traceback
from pathlib import Path

import pytest

from tui.config.parsing import parse
from tui.config.passwords import fetch_passwords
from tui.config.schema import HostSettings
from tui.config.secrets import (
    CommandPassword,
    EnvPassword,
    FilePassword,
    InlinePassword,
    NoPassword,
    PasswordSource,
    Secret,
)
from tui.errors import ConfigError
from tui.model.endpoint import Endpoint

CANARY = "s3cr3t-canary"


def python(code: str) -> CommandPassword:
    return CommandPassword((sys.executable, "-S", "-c", code))


def host(name: str, password: PasswordSource) -> HostSettings:
    return HostSettings(name=name, endpoint=Endpoint("http", host=name, port=1), user="u", password=password)


# --- Secret ----------------------------------------------------------------------------------------------------------


def test_a_secret_shows_as_stars_however_it_is_printed() -> None:
    secret = Secret(CANARY)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>20}",
        f"{secret:>20}",
        "{} {!r}".format(secret, secret),  # noqa: UP032
        str([secret]),
    ]
    assert not any(CANARY in text for text in shown)
    assert CANARY not in repr(dataclasses.replace(host("a", InlinePassword(secret))))
    assert secret.reveal() == CANARY


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(CANARY), protocol)


def test_a_secret_cannot_be_copied_into_a_dictionary() -> None:
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(CANARY))
    with pytest.raises(TypeError):
        dataclasses.asdict(InlinePassword(Secret(CANARY)))
    with pytest.raises(TypeError):
        vars(Secret(CANARY))


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


# --- where they come from --------------------------------------------------------------------------------------------


def test_an_environment_variable_gives_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", CANARY)
    assert EnvPassword("PW").fetch() == Secret(CANARY)
    monkeypatch.delenv("PW")
    with pytest.raises(ConfigError, match="the environment variable PW is not set"):
        EnvPassword("PW").fetch()


@pytest.mark.parametrize("content", [CANARY, f"{CANARY}\n", f"{CANARY}\r\n", f"{CANARY}\nsecond line\n"])
def test_a_file_gives_its_first_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pw"
    path.write_bytes(content.encode())
    path.chmod(0o600)
    assert FilePassword(path).fetch() == Secret(CANARY)


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
def test_a_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "pw"
    path.write_text(CANARY)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="is open to others") as caught:
        FilePassword(path).fetch()
    assert caught.value.advice == f"chmod 600 {path}"
    assert CANARY not in str(caught.value)


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pw"
    path.write_text(CANARY)
    path.chmod(0o600)
    owner = path.stat().st_uid
    monkeypatch.setattr("tui.config.secrets.os.geteuid", lambda: owner + 1)
    with pytest.raises(ConfigError, match="belongs to another user"):
        FilePassword(path).fetch()


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text(CANARY)
    real.chmod(0o600)
    (tmp_path / "link").symlink_to(real)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, words in [
        ("link", "is a symbolic link"),
        ("pipe", "is not a regular file"),
        (".", "is not a regular file"),
        ("nothing", "cannot be read: No such file"),
    ]:
        with pytest.raises(ConfigError, match=words):
            FilePassword(tmp_path / name).fetch()


def test_a_file_that_is_empty_too_large_or_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pw"
    for content, words in [
        (b"", "an empty first line"),
        (b"\n" + CANARY.encode(), "an empty first line"),
        (b"x" * 4097, "more than 4096 bytes"),
        (CANARY.encode() + b"\xff", "not UTF-8"),
    ]:
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(ConfigError, match=words) as caught:
            FilePassword(path).fetch()
        assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_a_command_gives_its_first_line() -> None:
    assert python(f"print('{CANARY}'); print('and more')").fetch() == Secret(CANARY)


def test_no_shell_sees_a_command() -> None:
    assert CommandPassword(("/bin/echo", "$HOME;", "`id`", "*")).fetch() == Secret("$HOME; `id` *")


def test_a_command_has_no_input_no_terminal_and_its_own_session() -> None:
    code = "import os,sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    secret = python(code).fetch()
    assert secret.reveal() == "'' True"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (CommandPassword(("/no/such/program", CANARY)), r"\(program\) cannot be started: No such file"),
        (CommandPassword(("/", CANARY)), "cannot be started"),
        (CommandPassword(("/bin/echo", f"{CANARY}\0")), "cannot be started"),
        (python(f"import sys; sys.exit('{CANARY}')"), "ended with status 1"),
        (python(f"import os; print('{CANARY}', flush=True); os.kill(os.getpid(), 9)"), "ended with signal 9"),
        (python("pass"), "an empty first line"),
        (python(f"print('{CANARY}' * 1000)"), "more than 4096 bytes"),
        (python(f"import sys; sys.stdout.buffer.write(b'{CANARY}' + bytes([255]))"), "not UTF-8"),
    ],
)
def test_a_command_that_fails_says_how_and_nothing_else(command: CommandPassword, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        command.fetch()
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(command)


def test_a_command_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tui.config.secrets.COMMAND_SECONDS", 0.5)
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); os.close(1); time.sleep(100)"
    for command in [python("import time; time.sleep(100)"), python(code)]:
        with pytest.raises(ConfigError, match="did not end within"):
            command.fetch()
    if note.exists():
        assert not Path(f"/proc/{note.read_text()}").exists()


def test_a_command_that_prints_for_ever_is_cut_off() -> None:
    with pytest.raises(ConfigError, match="more than 4096 bytes"):
        CommandPassword(("/bin/sh", "-c", "while :; do echo x; done")).fetch()


def test_an_agent_that_keeps_the_pipe_open_is_not_waited_for() -> None:
    begun = time.monotonic()
    secret = CommandPassword(("/bin/sh", "-c", f"sleep 20 & echo {CANARY}")).fetch()
    assert secret == Secret(CANARY)
    assert time.monotonic() - begun < 15


def test_passwords_of_a_fleet_are_fetched_once_a_source(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = CommandPassword(("/bin/sh", "-c", f"echo run >> {log}; echo {CANARY}"))
    fetched = fetch_passwords([host("a", command), host("b", command), host("c", NoPassword())])
    assert fetched == {"a": Secret(CANARY), "b": Secret(CANARY)}
    assert log.read_text() == "run\n"


def test_a_password_that_cannot_be_had_names_the_host_and_the_source() -> None:
    with pytest.raises(ConfigError) as caught:
        fetch_passwords([host("web-1", EnvPassword("NO_SUCH_VARIABLE"))])
    assert str(caught.value).startswith("host web-1: the environment variable NO_SUCH_VARIABLE is not set")


def test_one_missing_password_need_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", CANARY)
    problems: list[ConfigError] = []
    hosts = [
        host("a", EnvPassword("NOT_SET")),
        host("b", EnvPassword("PW")),
        host("c", EnvPassword("NOT_SET")),
    ]
    assert fetch_passwords(hosts, problems.append) == {"b": Secret(CANARY)}
    assert [problem.place for problem in problems] == ["host a"]


# --- the environment -------------------------------------------------------------------------------------------------


def test_a_variable_is_forgotten_before_any_command_could_inherit_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PW", CANARY)
    inherits = CommandPassword(("/bin/sh", "-c", "echo ${PW:-nothing}"))
    fetched = fetch_passwords([host("a", inherits), host("b", EnvPassword("PW"))])
    assert fetched == {"a": Secret("nothing"), "b": Secret(CANARY)}
    assert "PW" not in os.environ


def test_a_variable_that_is_no_text_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PW", "s3cr3t\udcff")
    with pytest.raises(ConfigError, match="PW holds bytes that are not UTF-8"):
        EnvPassword("PW").fetch()


def test_a_text_of_a_configuration_neither_prints_nor_pickles() -> None:
    read = parse(f"passwd: {CANARY}".encode(), "f")
    assert CANARY not in repr(read)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(read)
