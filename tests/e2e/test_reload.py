"""The hosts file edited while the screen is open, in a real terminal, over real supervisords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.terminal import run_in_terminal

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

WEB = "[program:web]\ncommand=sleep 1000\nstartsecs=0\n"
API = "[program:api]\ncommand=sleep 1000\nstartsecs=0\n"
OLD, NEW = "0ld-s3cr3t-canary", "n3w-s3cr3t-canary"


def edit(place: Path, text: str) -> Path:
    """As an editor saves."""
    path, new = place / "hosts.yaml", place / ".hosts.yaml.swp"
    new.write_text(text)
    new.chmod(0o600)
    new.replace(path)
    return path


def line(name: str, daemon: RealSupervisord, more: str = "") -> str:
    return f"  {name}: {{host: 127.0.0.1, port: {daemon.port}, poll: 300ms{more}}}\n"


def test_an_edited_file_is_told_of_taken_over_and_obeyed(tmp_path: Path) -> None:
    with (
        running_supervisord(WEB, user="ops", password=OLD) as web,
        running_supervisord(API, user="ops", password=NEW) as api,
    ):
        login = ", user: ops, password_env: WEB_PASSWORD"
        path = edit(tmp_path, "hosts:\n" + line("web-01", web, login))
        environment = {"WEB_PASSWORD": OLD}
        with run_in_terminal("-c", str(path), home=tmp_path, environment=environment) as terminal:
            terminal.wait_for(r"web +● RUNNING")

            edit(tmp_path, "hosts:\n" + line("web-01", web, login) + "  api-01: {hots: x}\n")
            terminal.wait_for("hosts.yaml changed: `:reload` takes it over")
            terminal.press(":")
            terminal.press("reload the conf")
            terminal.wait_for("Reload the configuration")
            terminal.press("enter")
            terminal.wait_for(r"not reloaded: hosts\.yaml:3:\d+: .*hots")

            secret = tmp_path / "password"
            secret.write_text(f"{NEW}\n")
            secret.chmod(0o600)
            edit(
                tmp_path,
                "hosts:\n"
                + line("web-01", web, login + ", read_only: true")
                + line("api-01", api, f", user: ops, password_file: {secret}"),
            )
            terminal.wait_for("hosts.yaml changed: `:reload` takes it over")
            terminal.press(":")
            terminal.press("reload the conf")
            terminal.wait_for("Reload the configuration")
            terminal.press("enter")
            terminal.wait_for("reloaded: 1 added, 1 changed")
            terminal.wait_for(r"api +● RUNNING")
            terminal.wait_for(r"web +● RUNNING")
            terminal.press("G", "X")
            terminal.wait_for("web-01 is read-only by configuration")
            terminal.press("g", "R")
            terminal.say_yes(r"Restart api-01 api\?")
            terminal.wait_for("job 1 .*done")
            terminal.press("q")
            wait_until(lambda: not terminal.child.isalive(), what="the screen to close")
            terminal.take()
            for password in (OLD, NEW):
                assert password.encode() not in terminal.raw
        info: Any = web.proxy.supervisor.getProcessInfo("web")
        assert info["statename"] == "RUNNING"
