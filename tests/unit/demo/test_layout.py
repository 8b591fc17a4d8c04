"""What the demo writes is what every reader of it accepts."""

from __future__ import annotations

import configparser
import stat
from pathlib import Path

import pytest

from tui.config.load import load
from tui.demo import fleet
from tui.demo.fleet import require_demo_extra
from tui.demo.layout import POOL_SIZE, DemoHost, write_host, write_hosts_file
from tui.demo.run import run_demo
from tui.errors import UsageError

NAMES = [f"pyweb{number}" for number in range(1, 9)]


def hosts_in(place: Path) -> list[DemoHost]:
    return [
        DemoHost(name, place / name, port=9000 + number if number % 2 else 0, password='p"\\ #:', site_port=0)
        for number, name in enumerate(NAMES)
    ]


def test_the_hosts_file_loads_with_folders_tags_and_the_password_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    write_hosts_file(path, hosts_in(tmp_path))

    settings = load(path)

    assert list(settings.hosts) == NAMES
    assert settings.warnings == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert settings.hosts["pyweb1"].folder == ("eu", "web")
    assert "prod" in settings.hosts["pyweb1"].tags
    secret = settings.hosts["pyweb2"].password.fetch()
    assert secret is not None
    assert secret.reveal() == 'p"\\ #:'


def test_every_host_has_a_main_file_that_includes_its_programs(tmp_path: Path) -> None:
    for host in hosts_in(tmp_path):
        write_host(host)
        main = configparser.RawConfigParser()
        main.read(host.home / "supervisord.conf")
        assert main["include"]["files"] == "conf.d/*.conf"
        assert main["supervisord"]["identifier"] == host.name
        assert list((host.home / "conf.d").glob("*.conf"))


def test_sites_are_groups_whose_workers_are_stopped_with_them(tmp_path: Path) -> None:
    host = hosts_in(tmp_path)[0]
    write_host(host)
    site = configparser.RawConfigParser()
    site.read(host.home / "conf.d" / "blog.conf")

    assert site["group:blog"]["programs"] == "blog-web,blog-queue"
    assert site["program:blog-web"]["stopasgroup"] == site["program:blog-web"]["killasgroup"] == "true"
    assert POOL_SIZE >= 4


def test_a_missing_extra_is_said_with_the_command_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "NEEDED", ("supervisor", "no_such_package_here"))

    with pytest.raises(UsageError, match="no_such_package_here") as refused:
        run_demo(lambda hosts_file: 0, 4, no_ui=True)

    assert "pip install" in refused.value.advice
    assert refused.value.exit_code == 2
    with pytest.raises(UsageError):
        require_demo_extra()
