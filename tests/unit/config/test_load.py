"""What a good hosts.yaml comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tui.config.load import find, load, settings_for, usual_places
from tui.config.remarks import badges
from tui.config.schema import HostSettings, Settings
from tui.config.secrets import CommandPassword, EnvPassword, FilePassword, InlinePassword, NoPassword, Secret
from tui.errors import ConfigError
from tui.model.endpoint import Endpoint
from tui.model.plan import Verb
from tui.model.policy import Guardrail, Tier

Write = Callable[..., Path]
FINGERPRINT = "ab" * 32


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_hosts(text: str, mode: int = 0o600) -> Path:
        path = tmp_path / "hosts.yaml"
        path.write_text(text)
        path.chmod(mode)
        return path

    return write_hosts


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, no variable, no user configuration, no supervisord of this machine."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.delenv("SUPERVISOR_TUI_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr("tui.config.load.SYSTEM_CONFIG", tmp_path / "etc" / "hosts.yaml")
    monkeypatch.setattr("tui.config.discover.SEARCH_PATH", (Path("supervisord.conf"),))
    return place


def one(settings: Settings) -> HostSettings:
    (host,) = settings.hosts.values()
    return host


def test_the_four_keys_of_the_old_form_work_as_they_are(write: Write) -> None:
    path = write(
        "hosts:\n  pyweb1:\n    host: 127.0.0.1\n    port: 8000\n    user: admin\n    passwd: admin\n"
    )
    settings = load(path)
    assert one(settings) == HostSettings(
        name="pyweb1",
        endpoint=Endpoint("http", host="127.0.0.1", port=8000),
        user="admin",
        password=InlinePassword(Secret("admin")),
    )
    assert settings.source == path
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:8001", Endpoint("http", host="127.0.0.1", port=8001)),
        ("HTTP://web.example", Endpoint("http", host="web.example", port=80)),
        ("http://web:9001/RPC2", Endpoint("http", host="web", port=9001)),
        ("http://web:9001/a/b/RPC2/", Endpoint("http", host="web", port=9001, prefix="/a/b")),
        ("http://web/super%20visor/", Endpoint("http", host="web", port=80, prefix="/super%20visor")),
        (
            "https://edge.example/supervisor",
            Endpoint("https", host="edge.example", port=443, prefix="/supervisor"),
        ),
        ("http://[::1]:9001", Endpoint("http", host="::1", port=9001)),
        ("http://[fe80::1%eth0]", Endpoint("http", host="fe80::1%eth0", port=80)),
        ("unix:///var/run/supervisor.sock", Endpoint("unix", socket=Path("/var/run/supervisor.sock"))),
    ],
)
def test_a_bare_url_will_do(write: Write, url: str, endpoint: Endpoint) -> None:
    assert one(load(write(f"hosts:\n  web: '{url}'\n"))).endpoint == endpoint


def test_an_ipv6_address_is_shown_in_brackets(write: Write) -> None:
    assert one(load(write("hosts: {a: {host: '::1', port: 9001}}"))).endpoint.url == "http://[::1]:9001"
    assert one(load(write("hosts: {a: {host: '[::1]'}}"))).endpoint.url == "http://[::1]:9001"


def test_a_range_stands_for_many_and_keeps_its_zeros(write: Write) -> None:
    settings = load(
        write(
            'hosts:\n  "web-[08:11].eu":\n    url: https://{name}:9001/{name}\n'
            "    folder: eu/web\n    tags: [web, prod]\n"
        )
    )
    assert list(settings.hosts) == ["web-08.eu", "web-09.eu", "web-10.eu", "web-11.eu"]
    assert settings.hosts["web-10.eu"].endpoint.url == "https://web-10.eu:9001/web-10.eu"
    assert settings.hosts["web-10.eu"].folder == ("eu", "web")
    assert settings.hosts["web-10.eu"].tags == {"web", "prod"}


def test_two_ranges_in_one_name_make_every_pair(write: Write) -> None:
    settings = load(write('hosts:\n  "r[1:2]-[9:10]": http://{name}\n'))
    assert list(settings.hosts) == ["r1-9", "r1-10", "r2-9", "r2-10"]


def test_ten_thousand_hosts_are_allowed(write: Write) -> None:
    settings = load(write('hosts:\n  "w[1:10000]": {host: "{name}", user: u, password_env: X}\n'))
    assert len(settings.hosts) == 10_000
    assert settings.hosts["w10000"].endpoint.host == "w10000"


def test_defaults_hold_for_each_host_that_does_not_say_otherwise(write: Write) -> None:
    settings = load(
        write(
            "defaults:\n  user: admin\n  password_env: PW\n  poll: 10s\n  timeout: 500ms\n  port: 7000\n"
            "  tags: [all]\n  folder: x\n  feed: on\n  read_only: yes\n  ca_file: /ca.pem\n"
            "hosts:\n"
            "  a: {host: a}\n"
            "  b: {url: 'https://b', user: bob, password_file: pw, poll: 1s, tags: [], folder: y/z, read_only: no, feed: off}\n"
        )
    )
    a, b = settings.hosts["a"], settings.hosts["b"]
    assert (a.user, a.password, a.poll, a.timeout) == ("admin", EnvPassword("PW"), 10.0, 0.5)
    assert (a.endpoint.port, a.tags, a.folder, a.read_only) == (7000, frozenset({"all"}), ("x",), True)
    assert a.endpoint.tls.ca_file is None
    assert (b.user, b.poll, b.timeout, b.tags, b.folder) == ("bob", 1.0, 0.5, frozenset(), ("y", "z"))
    assert b.password == FilePassword(settings.source.parent / "pw" if settings.source else Path())
    assert b.endpoint.tls.ca_file == Path("/ca.pem")
    assert not b.read_only
    assert (a.feed, b.feed) == ("on", "off")


def test_files_are_relative_to_the_configuration_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        "hosts:\n  edge:\n    url: https://edge\n    ca_file: ca.pem\n    client_cert: sub/me.pem\n"
        f"    client_key: /abs/me.key\n    fingerprint: 'sha256:{':'.join(['AB'] * 32)}'\n    tls_verify: true\n"
    )
    monkeypatch.chdir("/")
    tls = one(load(path)).endpoint.tls
    assert (tls.ca_file, tls.client_cert) == (path.parent / "ca.pem", path.parent / "sub/me.pem")
    assert tls.client_key == Path("/abs/me.key")
    assert tls.fingerprint == FINGERPRINT
    assert tls.verify


def test_a_tilde_is_home(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    host = one(load(write("hosts: {a: {host: a, user: u, password_file: ~/pw}}")))
    assert host.password == FilePassword(Path("/home/x/pw"))


def test_a_password_is_text_whatever_it_looks_like(write: Write) -> None:
    for written, password in [
        ("0123456", "0123456"),
        ("1e9", "1e9"),
        ("yes", "yes"),
        ("2024-01-01", "2024-01-01"),
        ("0x1F", "0x1F"),
        ("'null'", "null"),
        ("''", ""),
        ("' a b '", " a b "),
        ('"\\x07\\xe9"', "\x07é"),
    ]:
        host = one(load(write(f"hosts: {{a: {{host: a, user: 007, passwd: {written}}}}}")))
        assert host.user == "007"
        assert host.password == InlinePassword(Secret(password))


def test_a_command_is_taken_word_by_word(write: Write) -> None:
    host = one(load(write("hosts: {a: {host: a, user: u, password_command: [pass, show, '$HOME', 01]}}")))
    assert host.password == CommandPassword(("pass", "show", "$HOME", "01"))


def test_a_login_in_a_url_is_taken_out_of_it_with_a_warning(write: Write) -> None:
    settings = load(write("hosts: {a: 'http://ad%40min:s3cr3t%2Fcanary@127.0.0.1:9001/x'}"))
    host = one(settings)
    assert host.user == "ad@min"
    assert host.password == InlinePassword(Secret("s3cr3t/canary"))
    assert host.endpoint.url == "http://127.0.0.1:9001/x"
    assert ["in the URL of a" in warning for warning in settings.warnings] == [True]
    assert "s3cr3t" not in repr(settings)


def test_a_user_in_a_url_goes_with_a_password_from_elsewhere(write: Write) -> None:
    host = one(load(write("hosts: {a: {url: 'http://bob@127.0.0.1', password_env: PW}}")))
    assert (host.user, host.password) == ("bob", EnvPassword("PW"))


def test_how_many_logs_are_streamed_is_read(write: Write) -> None:
    assert load(write("hosts: {a: 'http://a'}\n")).logs.streams == 20
    assert load(write("hosts: {a: 'http://a'}\nlogs: {streams: 0}\n")).logs.streams == 0


def test_the_bounds_of_the_history_are_read(write: Write) -> None:
    usual = load(write("hosts: {a: 'http://a'}\n")).history
    assert (usual.enabled, usual.keep, usual.max_size) == (True, 30 * 86400.0, 100_000_000)
    told = load(write("hosts: {a: 'http://a'}\nhistory: {enabled: no, keep: 90m, max_size: 2 gb}\n")).history
    assert (told.enabled, told.keep, told.max_size) == (False, 5400.0, 2_000_000_000)


def test_guardrails_ui_and_journal_are_read(write: Write) -> None:
    settings = load(
        write(
            "hosts: {a: http://a}\n"
            "guardrails:\n"
            '  - match: "tag:prod"\n    deny: [shutdown, stop]\n    confirm: typed\n    max_bulk: 20\n'
            "  - {match: host:*, confirm: ask}\n"
            "ui: {theme: nord, keys: {restart: R, quit: 'ctrl+x'}, mouse: off}\n"
            "strict_permissions: true\n"
            "journal: {required: true}\n"
        )
    )
    assert settings.guardrails == (
        Guardrail("tag:prod", frozenset({Verb.DAEMON_SHUTDOWN, Verb.STOP}), Tier.TYPED, 20),
        Guardrail("host:*", confirm=Tier.ONE_LINE),
    )
    assert (settings.ui.theme, settings.ui.mouse) == ("nord", "off")
    assert settings.ui.keys == {"restart": "R", "quit": "ctrl+x"}
    assert settings.strict_permissions
    assert settings.journal_required


def test_a_password_over_plain_http_to_another_machine_is_said_once_for_all(write: Write) -> None:
    settings = load(
        write("defaults: {user: u, password_env: PW}\nhosts: {'w[1:5]': 'http://{name}', s: 'https://s'}\n")
    )
    assert settings.warnings == (
        "the password goes unencrypted over the network to w1, w2, w3 and 2 more: use https",
    )
    assert badges(settings.hosts["w1"]) == ("password over http",)
    assert badges(settings.hosts["s"]) == ()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "http://127.9.9.9", "http://[::1]", "http://localhost", "unix:///s"]
)
def test_a_password_that_stays_on_this_machine_is_no_matter(write: Write, url: str) -> None:
    assert load(write(f"hosts: {{a: {{url: '{url}', user: u, password_env: PW}}}}")).warnings == ()


def test_unverified_tls_is_a_warning_unless_a_fingerprint_is_pinned(write: Write) -> None:
    settings = load(write("hosts: {a: {url: 'https://a', tls_verify: false, read_only: true}}"))
    assert "anybody can pose as a" in settings.warnings[0]
    assert badges(one(settings)) == ("read-only", "TLS not verified")
    pinned = f"hosts: {{a: {{url: 'https://a', tls_verify: false, fingerprint: 'sha256:{FINGERPRINT}'}}}}"
    assert load(write(pinned)).warnings == ()


def test_a_user_without_a_password_is_a_warning(write: Write) -> None:
    settings = load(write("hosts: {a: {url: 'http://a', user: u}}"))
    assert one(settings).password == NoPassword()
    assert "no password for a" in settings.warnings[0]


# --- who may write and read the file -------------------------------------------------------------------------------

PLAIN = "hosts: {a: http://127.0.0.1}\n"
WITH_PASSWORD = "hosts: {a: {host: 127.0.0.1, user: u, passwd: p}}\n"


def test_a_file_that_everybody_can_write_is_refused(write: Write) -> None:
    path = write(PLAIN, 0o602)
    with pytest.raises(ConfigError, match="everybody can write") as caught:
        load(path)
    assert f"chmod o-w {path}" in str(caught.value)


def test_a_file_without_a_password_may_be_readable(write: Write) -> None:
    assert load(write(PLAIN, 0o644)).warnings == ()


@pytest.mark.parametrize("mode", [0o640, 0o604])
@pytest.mark.parametrize(
    "text",
    [WITH_PASSWORD, "hosts: {a: 'http://u:p@127.0.0.1'}", f"defaults: {{user: u, passwd: p}}\n{PLAIN}"],
)
def test_a_readable_file_with_a_password_is_a_warning_with_its_fix(
    write: Write, mode: int, text: str
) -> None:
    path = write(text, mode)
    assert any(f"chmod 600 {path}" in warning for warning in load(path).warnings)


def test_with_strict_permissions_a_readable_password_is_refused(write: Write) -> None:
    path = write(f"{WITH_PASSWORD}strict_permissions: true\n", 0o644)
    with pytest.raises(ConfigError, match="others can read it") as caught:
        load(path)
    assert f"chmod 600 {path}" in str(caught.value)
    path.chmod(0o600)
    load(path)


def test_a_file_of_another_user_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(PLAIN)
    monkeypatch.setattr("tui.config.permissions.os.geteuid", lambda: 4321)
    if path.stat().st_uid == 0:
        load(path)  # root's files are trusted
        monkeypatch.setattr("tui.config.permissions.trusted_owners", lambda: {4321})
    with pytest.raises(ConfigError, match="belongs to another user"):
        load(path)


def test_a_directory_or_a_pipe_is_refused(tmp_path: Path) -> None:
    import os

    with pytest.raises(ConfigError, match=r"not a regular file|cannot be read"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigError, match="not a regular file"):
        load(tmp_path / "pipe")


# --- the search ----------------------------------------------------------------------------------------------------


def test_the_places_are_tried_in_the_promised_order(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find(None) is None
    for place in reversed(usual_places()):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(PLAIN)
        assert find(None) == place
    named = elsewhere / "named.yaml"
    named.write_text(PLAIN)
    monkeypatch.setenv("SUPERVISOR_TUI_CONFIG", str(named))
    assert find(None) == named
    explicit = elsewhere / "explicit.yaml"
    explicit.write_text(PLAIN)
    assert find(explicit) == explicit


def test_a_named_file_that_is_not_there_is_an_error(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="there is no file") as caught:
        find(elsewhere / "nope.yaml")
    assert caught.value.place == "--config"
    monkeypatch.setenv("SUPERVISOR_TUI_CONFIG", "nope.yaml")
    with pytest.raises(ConfigError, match="there is no file") as caught:
        find(None)
    assert caught.value.place == "$SUPERVISOR_TUI_CONFIG"


def test_when_nothing_is_found_the_error_names_the_ways_on(elsewhere: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        settings_for(None, [], "")
    for way in ("supervisor-tui demo", "-s URL", "supervisor-tui config init"):
        assert way in caught.value.advice


def test_without_a_file_this_machines_supervisord_is_watched(elsewhere: Path) -> None:
    (elsewhere / "supervisord.conf").write_text("[supervisorctl]\nserverurl=unix:///run/s.sock\n")
    assert one(settings_for(None, [], "")).endpoint == Endpoint("unix", socket=Path("/run/s.sock"))


def test_a_file_comes_before_discovery(elsewhere: Path) -> None:
    (elsewhere / "supervisord.conf").write_text("[supervisorctl]\nserverurl=unix:///run/s.sock\n")
    (elsewhere / "hosts.yaml").write_text(PLAIN)
    assert list(settings_for(None, [], "").hosts) == ["a"]


def test_urls_need_no_file() -> None:
    settings = settings_for(
        None, ["http://web:9001", "http://web:9002/x", "unix:///run/super.sock", "http://[::1]"], "u"
    )
    assert [(host.name, host.endpoint.url, host.user) for host in settings.hosts.values()] == [
        ("web", "http://web:9001", "u"),
        ("web-9002", "http://web:9002/x", "u"),
        ("super", "unix:///run/super.sock", "u"),
        ("1", "http://[::1]:80", "u"),
    ]
    again = settings_for(None, ["unix:///a/s.sock", "unix:///b/s.sock", "unix:///c/s.sock"], "")
    assert list(again.hosts) == ["s", "s-2", "s-3"]


def test_a_password_on_the_command_line_is_refused_without_showing_it() -> None:
    for url in ["http://admin:s3cr3t-canary@web:9001", "http://admin@web:9001"]:
        with pytest.raises(ConfigError, match="this URL holds a login") as caught:
            settings_for(None, [url], "")
        assert "s3cr3t" not in str(caught.value)
        assert caught.value.place == "-s"


def test_options_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot both be given"):
        settings_for(tmp_path / "x", ["http://a"], "")
    with pytest.raises(ConfigError, match="a user goes with a URL"):
        settings_for(None, [], "u")
    with pytest.raises(ConfigError, match="this is no URL"):
        settings_for(None, ["web:9001"], "")
