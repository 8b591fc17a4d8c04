"""This machine's supervisord.conf is understood as supervisorctl understands it."""

from __future__ import annotations

from pathlib import Path

import pytest
from supervisor.options import ClientOptions

from tui.config.discover import SEARCH_PATH, discover
from tui.config.schema import HostSettings
from tui.config.secrets import InlinePassword, NoPassword, Secret
from tui.errors import ConfigError
from tui.model.endpoint import Endpoint


def discovered(path: Path, text: str) -> HostSettings:
    path.write_text(text)
    settings = discover([path])
    assert settings is not None
    assert settings.source == path
    return settings.hosts["local"]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "supervisord.conf"


def test_the_places_are_those_of_supervisorctl_but_the_two_beside_its_own_executable() -> None:
    assert [str(place) for place in SEARCH_PATH] == ClientOptions().searchpaths[2:]


@pytest.mark.parametrize(
    "text",
    [
        "[supervisorctl]\nserverurl=http://127.0.0.1:9001\nusername=admin\npassword=pw\n",
        "[supervisorctl]\nserverurl=http://web.example:9001/\n",
        "[supervisorctl]\nserverurl = unix:///run/s.sock ; a remark\nusername = u\npassword = p%%w\n",
        "[supervisorctl]\nserverurl=unix://%(here)s/s.sock\nusername=%(ENV_WHO)s\npassword=x\n",
        "[supervisorctl]\nprompt=none\n",
        "; nothing else\n[supervisorctl]\nSERVERURL=http://a:1\n[supervisorctl]\nserverurl=http://b:2\n",
    ],
)
def test_it_finds_what_supervisorctl_finds(conf: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHO", "somebody")
    host = discovered(conf, text)
    theirs = ClientOptions()
    section = theirs.read_config(str(conf))
    url = section.serverurl.rstrip("/")
    assert host.endpoint.url == url
    assert host.user == (section.username or "")
    assert host.password == (InlinePassword(Secret(section.password)) if section.password else NoPassword())


def test_the_first_file_that_is_there_counts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"[supervisorctl]\nserverurl=http://{name}:1\n")
    settings = discover([tmp_path / "none", tmp_path / "one", tmp_path / "two"])
    assert settings is not None
    assert settings.hosts["local"].endpoint.host == "one"
    assert discover([tmp_path / "none"]) is None


def test_without_serverurl_the_server_sections_tell(conf: Path) -> None:
    host = discovered(
        conf, "[unix_http_server]\nfile=%(here)s/s.sock\nusername=u\npassword=p\n[supervisord]\n"
    )
    assert host.endpoint == Endpoint("unix", socket=conf.parent / "s.sock")
    assert (host.user, host.password) == ("u", InlinePassword(Secret("p")))


@pytest.mark.parametrize(
    ("port", "url"),
    [
        ("9001", "http://127.0.0.1:9001"),
        ("*:9001", "http://127.0.0.1:9001"),
        (":9001", "http://127.0.0.1:9001"),
        ("0.0.0.0:9001", "http://127.0.0.1:9001"),
        ("10.0.0.5:9001", "http://10.0.0.5:9001"),
    ],
)
def test_a_port_to_listen_on_becomes_an_address_to_connect_to(conf: Path, port: str, url: str) -> None:
    assert discovered(conf, f"[inet_http_server]\nport={port}\n[supervisorctl]\n").endpoint.url == url


def test_included_files_are_read(conf: Path) -> None:
    (conf.parent / "conf.d").mkdir()
    (conf.parent / "conf.d" / "ctl.conf").write_text("[supervisorctl]\nserverurl=http://included:9001\n")
    host = discovered(conf, "[include]\nfiles = conf.d/*.conf no/such/*.conf\n[supervisord]\n")
    assert host.endpoint.host == "included"


def test_program_sections_with_any_percent_sign_do_not_matter(conf: Path) -> None:
    text = (
        "[program:x]\ncommand=date +%Y %(ENV_NO_SUCH)s %(process_num)02d %\n"
        "[supervisorctl]\nserverurl=http://a:1\npassword=100%\nusername=u\n"
    )
    assert discovered(conf, text).password == InlinePassword(Secret("100%"))


def test_a_hashed_password_is_not_sent(conf: Path) -> None:
    conf.write_text(
        "[inet_http_server]\nport=9001\nusername=u\npassword={SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d\n"
    )
    settings = discover([conf])
    assert settings is not None
    assert settings.hosts["local"].password == NoPassword()
    assert "as a hash only" in settings.warnings[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[supervisord]\n", "no [supervisorctl] and no server section"),
        ("[supervisorctl]\nserverurl=localhost:9001\n", "serverurl of [supervisorctl]: this is no URL"),
        (
            "[supervisorctl]\nserverurl=%(ENV_NO_SUCH_VARIABLE)s\n",
            "%(ENV_NO_SUCH_VARIABLE)s, which is not set",
        ),
        ("[inet_http_server]\nport=nine\n", "port of [inet_http_server]"),
        ("serverurl=s3cr3t-canary\n", "not in the form of supervisord.conf"),
        ("[supervisorctl]\ns3cr3t-canary\n", "not in the form of supervisord.conf"),
        ("[supervisorctl\n", "not in the form of supervisord.conf"),
    ],
)
def test_what_cannot_be_understood_is_an_error_with_the_file(conf: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        discovered(conf, text)
    assert caught.value.place.startswith(str(conf))
    assert words in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_file_in_another_encoding_is_still_read(conf: Path) -> None:
    conf.write_bytes(b"; caf\xe9\n[supervisorctl]\nserverurl=http://a:1\n")
    settings = discover([conf])
    assert settings is not None
    assert settings.hosts["local"].endpoint.url == "http://a:1"
