"""A configuration that changes while the screen is open: it is told of once, and `:reload` takes it over or says why not."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.snapshots.still_fleet import still_fleet
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.ui.screens.cockpit import PROGRAMS, Cockpit, cockpit
from tests.ui.screens.counted import counted
from tui.config.load import load
from tui.config.passwords import fetch_passwords
from tui.config.rereading import Rereading
from tui.config.watched_file import FileIdentity, FileWatch, ReadFile
from tui.model.process import ProcessKey
from tui.model.states import HostState, ProcessState
from tui.ui.app import SupervisorTuiApp
from tui.ui.widgets.ticker import Severity

STUBBORN = """
[program:stubborn]
command=sh -c 'trap "" TERM; touch %(here)s/ready; while :; do sleep 0.1; done'
stopwaitsecs=4
startsecs=0
"""
CHANGED = "hosts.yaml changed: `:reload` takes it over"


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS) as one:
        yield one


def write(place: Path, hosts: Mapping[str, str], rest: str = "") -> Path:
    """The file, put in its place as editors do."""
    path, new = place / "hosts.yaml", place / "hosts.yaml.new"
    lines = "".join(f"  {name}: {{{keys}}}\n" for name, keys in hosts.items())
    new.write_text(f"defaults: {{poll: 200ms}}\nhosts:\n{lines}{rest}")
    new.chmod(0o600)
    new.replace(path)
    return path


def at(daemon: RealSupervisord, more: str = "") -> str:
    return f"host: 127.0.0.1, port: {daemon.port}{more}"


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def screen_over(
    path: Path, daemon: RealSupervisord, *, read_only: bool = False
) -> AsyncIterator[Cockpit]:
    """The screen, opened with this file."""
    settings = load(path)
    passwords = fetch_passwords(settings.hosts.values())
    rereading = Rereading(settings, passwords)
    async with cockpit(
        path.parent / "state", {"web": daemon}, settings=settings, read_only=read_only, rereading=rereading
    ) as cock:
        yield cock


async def reload(cock: Cockpit) -> None:
    await cock.press("colon")
    await cock.press(*"reload the")
    await cock.until(lambda: "Reload the configuration" in cock.text())
    await cock.press("enter")


async def test_a_change_is_told_once_and_a_change_back_takes_it_back(
    tmp_path: Path, daemon: RealSupervisord, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon) as cock:
        told: list[str] = []
        say = cock.fleet.say

        def heard(text: str, severity: Severity = "note") -> None:
            told.append(text)
            say(text, severity)

        monkeypatch.setattr(cock.fleet, "say", heard)
        text = path.read_text()
        write(tmp_path, {"web": at(daemon), "new": at(daemon)})
        await cock.told(CHANGED)
        await cock.until(lambda: " :reload " in cock.text())
        path.write_text(text)
        await cock.until(lambda: " :reload " not in cock.text())
        assert CHANGED not in cock.ticker
        assert told.count(CHANGED) == 1


async def test_a_good_file_is_taken_over_and_what_stayed_keeps_its_place(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon), "old": at(daemon)})
    async with screen_over(path, daemon) as cock:
        await cock.press("slash", *"name:celery", "enter")
        await cock.go_to("web", "celery")
        await cock.press("space")
        await cock.go_to("web", "celery")
        poller = cock.engine._watch.get("web")
        write(tmp_path, {"new": at(daemon, ", tags: [prod]"), "web": at(daemon)})
        await cock.told(CHANGED)
        await reload(cock)
        await cock.told("reloaded: 1 added, 1 removed")
        await cock.until(lambda: cock.engine.picture.hosts["new"].fresh)
        await cock.until(lambda: cock.shown == ["celery", "celery"])
        assert " :reload " not in cock.text()
        assert [row.key.host for row in cock.fleet.table.view.rows] == ["new", "web"]
        assert cock.fleet.table.cursor_key == ProcessKey("web", "celery", "celery")
        assert cock.fleet.table.marks == {ProcessKey("web", "celery", "celery")}
        assert cock.engine._watch.get("web") is poller
        tree = {node.host for node in cock.fleet.tree_pane._shown if node.host}
        assert tree == {"new", "web"}
        assert cock.app.session.settings is cock.engine.settings
        write(tmp_path, {"web": at(daemon)})
        await cock.told(CHANGED)


async def test_a_view_of_a_host_that_went_shows_everything_again(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon), "old": at(daemon)})
    async with screen_over(path, daemon) as cock:
        await cock.press("colon", *"old", "enter")
        await cock.until(lambda: {row.key.host for row in cock.fleet.table.view.rows} == {"old"})
        write(tmp_path, {"web": at(daemon)})
        await reload(cock)
        await cock.told("reloaded: 1 removed")
        await cock.until(lambda: {row.key.host for row in cock.fleet.table.view.rows} == {"web"})


async def test_a_bad_file_changes_nothing_and_says_where_it_is_bad(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon) as cock:
        before, picture = cock.engine.settings, cock.engine.picture
        write(tmp_path, {"web": at(daemon, ", pol: 2s")})
        await reload(cock)
        await cock.told("not reloaded: hosts.yaml:3:39: ")
        assert "did you mean poll" in cock.ticker
        assert cock.engine.settings is before
        assert list(cock.engine.picture.hosts) == list(picture.hosts)
        assert " :reload " in cock.text()
        write(tmp_path, {"web": at(daemon, ", poll: 300ms")})
        await cock.told(CHANGED)
        await reload(cock)
        await cock.told("reloaded: 1 changed")


async def test_the_notice_that_was_still_to_come_is_not_told_over_why_a_file_was_not_taken(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon) as cock:
        cock.app._news.wait(float("inf"))  # something else was said just now
        write(tmp_path, {"web": at(daemon, ", pol: 2s")})
        await cock.until(lambda: " :reload " in cock.text())
        await reload(cock)
        await cock.told("not reloaded: hosts.yaml:3:39: ")
        cock.app._news.wait(float("-inf"))
        cock.app._news.tell(cock.engine.notices, 0.0)
        assert "not reloaded" in cock.ticker


async def test_keys_that_clash_are_a_bad_file_and_others_wait_for_a_restart(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon) as cock:
        write(tmp_path, {"web": at(daemon, ", poll: 1s")}, "ui: {keys: {start: R}}\n")
        await reload(cock)
        await cock.told("R would be both start and restart")
        assert cock.engine.settings.hosts["web"].poll == 0.2
        write(tmp_path, {"web": at(daemon)}, "ui: {keys: {start: F}, theme: nord}\nalerts: {bell: false}\n")
        await reload(cock)
        await cock.told("reloaded: no host changed; needs a restart: keys, alerts")
        assert cock.app.theme == "nord"


async def test_a_file_that_others_can_write_by_now_is_refused(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon) as cock:
        before = cock.engine.settings
        write(tmp_path, {"web": at(daemon), "new": at(daemon)})
        path.chmod(0o666)
        await reload(cock)
        await cock.told("everybody can write this file")
        assert cock.engine.settings is before


async def test_a_reload_is_refused_while_a_job_runs_on_what_would_change(tmp_path: Path) -> None:
    with running_supervisord(STUBBORN) as daemon:
        wait_until((daemon.directory / "ready").exists, what="the program to ignore TERM")
        path = write(tmp_path, {"web": at(daemon)})
        async with screen_over(path, daemon) as cock:
            await cock.go_to("web", "stubborn")
            await cock.press("X")
            await cock.say_yes()
            await cock.until(lambda: cock.state("web", "stubborn") is ProcessState.STOPPING)
            write(tmp_path, {"other": at(daemon)})
            await reload(cock)
            await cock.told("job 1 is running on web — reload when it has ended")
            assert list(cock.engine.picture.hosts) == ["web"]
            await cock.until(lambda: cock.engine.jobs[0].finished)
            await reload(cock)
            await cock.told("reloaded: 1 added, 1 removed")


async def test_a_stricter_rule_holds_for_the_next_key_and_for_the_question_that_was_open(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon) as cock:
        await cock.go_to("web", "celery")
        pid = cock.pid("web", "celery")
        await cock.press("R")
        await cock.until(lambda: cock.fleet.confirm.asking)
        write(tmp_path, {"web": at(daemon)}, "guardrails: [{match: 'name:celery', deny: [restart]}]\n")
        cock.fleet.post_message(cock.fleet.ReloadWanted())
        await cock.until(lambda: bool(cock.engine.settings.guardrails))
        await cock.say_yes(lambda: cock.fleet.confirm.asking)
        await cock.told("a guardrail forbids restart")
        await cock.press("escape", "R")
        await cock.told("a guardrail forbids restart")
        assert not cock.fleet.asking
        write(tmp_path, {"web": at(daemon, ", read_only: true")})
        await reload(cock)
        await cock.told("reloaded: 1 changed, guardrails changed")
        await cock.press("X")
        await cock.told("read-only by configuration")
        assert cock.pid("web", "celery") == pid
        assert cock.engine.jobs == ()


async def test_a_read_only_screen_stays_so(tmp_path: Path, daemon: RealSupervisord) -> None:
    path = write(tmp_path, {"web": at(daemon)})
    async with screen_over(path, daemon, read_only=True) as cock:
        write(tmp_path, {"web": at(daemon, ", poll: 300ms")})
        await reload(cock)
        await cock.told("reloaded: 1 changed")
        await cock.go_to("web", "celery")
        await cock.press("X")
        await cock.told("this session is read-only")


async def test_the_screen_lives_while_a_password_is_waited_for_and_never_shows_it(tmp_path: Path) -> None:
    password = "canary-s3cr3t"
    go = tmp_path / "go"
    with running_supervisord(PROGRAMS, user="ops", password="another-password") as daemon:
        path = write(tmp_path, {"web": at(daemon)})
        async with screen_over(path, daemon) as cock:
            await cock.until(lambda: cock.engine.picture.hosts["web"].state is HostState.AUTH)
            script = f"while [ ! -e {go} ]; do sleep 0.05; done; echo {password}"
            command = f", user: ops, password_command: [sh, -c, '{script}']"
            write(tmp_path, {"web": at(daemon, command)})
            await reload(cock)
            await cock.told("reading hosts.yaml again … 2s")
            await cock.press("question_mark")
            await cock.until(lambda: "Keys of the fleet screen" in cock.text())
            await cock.press("escape")
            assert cock.engine.redact(password) == password
            go.touch()
            await cock.told("reloaded: 1 changed")
            assert cock.engine.redact(f"sent {password}") == "sent ***"
            assert password not in cock.text()


async def test_leaving_ends_the_program_that_is_asked_for_a_password(
    tmp_path: Path, daemon: RealSupervisord
) -> None:
    path, started = write(tmp_path, {"web": at(daemon)}), tmp_path / "started"
    async with screen_over(path, daemon) as cock:
        script = f"echo $$ > {started}.new; mv {started}.new {started}; exec sleep 300"
        write(tmp_path, {"web": at(daemon, f", user: u, password_command: [sh, -c, '{script}']")})
        await reload(cock)
        await cock.until(started.exists)
        await cock.press("q")
    assert not runs(int(started.read_text()))


async def test_a_screen_without_a_file_says_so(tmp_path: Path, daemon: RealSupervisord) -> None:
    async with cockpit(tmp_path, {"web": daemon}) as cock:
        await reload(cock)
        await cock.told("no file describes")


async def test_looking_at_the_file_sends_nothing_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text("hosts: {a: http://a:9001}\n")
    async with counted(tmp_path, still_fleet()) as (app, pilot):
        status = os.stat(path)
        app._reloading._watch = FileWatch(path, ReadFile(FileIdentity.of(status), b""))
        app.sent = []
        for _ in range(5):
            SupervisorTuiApp._tick(app)
            await pilot.pause()
        assert app.sent == []
