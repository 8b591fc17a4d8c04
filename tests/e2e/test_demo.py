"""The demo fleet: it comes up whole, shows what it should, and nothing of it outlives the demo, however that ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.supervisord import wait_until
from tests.support.terminal import run_in_terminal
from tui.config.crash import crash_line, write_crash_file
from tui.config.load import load
from tui.config.passwords import fetch_passwords
from tui.demo import fleet as fleet_module
from tui.demo import run as run_module
from tui.demo.fleet import DemoFleet
from tui.engine.engine import Engine
from tui.model.process import Process
from tui.model.states import ProcessState

pytestmark = [pytest.mark.e2e]

GONE_SECONDS = 30.0


def processes_of(directory: str) -> list[int]:
    """Every process that was started in this directory's fleet: all of them inherit its path in their environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment, words = (entry / "environ").read_bytes(), (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if directory.encode() in environment + words and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def nothing_is_left(directory: str) -> bool:
    return not processes_of(directory) and not Path(directory).exists()


def wait_until_nothing_is_left(directory: str) -> None:
    try:
        wait_until(lambda: nothing_is_left(directory), seconds=GONE_SECONDS)
    except AssertionError:
        commands = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in processes_of(directory)]
        raise AssertionError(f"left: {commands}, {list(Path(directory).rglob('*'))[:20]}") from None


@pytest.fixture
def waiting_demo(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`demo --no-ui` that is up, and the directory of its fleet."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "tui", "demo", "--no-ui"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert demo.stdout is not None
    hosts_file = ""
    for line in demo.stdout:
        hosts_file = hosts_file or line.removeprefix("hosts file: ").strip() * line.startswith("hosts file: ")
        if line.startswith("try:"):
            break
    directory = str(Path(hosts_file).parent.parent)
    try:
        yield demo, directory
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()
        wait_until_nothing_is_left(directory)


def test_without_a_terminal_a_tour_shows_a_crash_and_restarts_and_leaves_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="d-") as place:  # short, so that unix sockets fit
        tour = subprocess.run(
            [sys.executable, "-m", "tui", "demo"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": place},
            timeout=90,
            check=False,
        )
        assert nothing_is_left(f"{place}/supervisor-tui-demo-")
        assert list(Path(place).iterdir()) == []

    said = tour.stdout
    assert tour.returncode == 0, said
    assert re.search(r"pyweb4 +search-indexer +FATAL", said)
    assert "pyweb3/mailer RUNNING → EXITED, exit status -1" in said
    assert re.search(r"DONE +pyweb1/chatty:chatty +RUNNING, pid \d+ → \d+", said)
    assert len(re.findall(r"DONE +pyweb\d/pool:worker-0\d", said)) == 12
    assert "fleet down" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_demo_in_order(
    waiting_demo: tuple[subprocess.Popen[str], str], number: signal.Signals
) -> None:
    demo, directory = waiting_demo
    assert len(processes_of(directory)) > 20

    demo.send_signal(number)

    assert demo.wait(GONE_SECONDS) == 0
    assert nothing_is_left(directory)


def test_nothing_is_left_when_the_demo_is_killed(waiting_demo: tuple[subprocess.Popen[str], str]) -> None:
    demo, directory = waiting_demo

    demo.kill()

    wait_until_nothing_is_left(directory)


def test_nothing_is_left_when_the_keeper_is_killed(waiting_demo: tuple[subprocess.Popen[str], str]) -> None:
    demo, directory = waiting_demo
    (keeper,) = map(int, Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split())

    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not processes_of(directory), seconds=GONE_SECONDS, what="the supervisords to end")
    demo.terminate()

    assert demo.wait(GONE_SECONDS) == 0
    assert nothing_is_left(directory)


@pytest.mark.terminal
def test_the_screen_opens_on_the_fleet_and_its_end_is_the_fleets(tmp_path: Path) -> None:
    with run_in_terminal("demo", home=tmp_path) as terminal:
        terminal.wait_for(r"pyweb4", seconds=60)
        children = Path(f"/proc/{terminal.child.pid}/task/{terminal.child.pid}/children").read_text().split()
        (keeper,) = (int(pid) for pid in children if "keeper" in Path(f"/proc/{pid}/cmdline").read_text())
        wait_until(lambda: daemons_below(keeper), what="supervisords")
        directory = os.fspath(Path(os.readlink(f"/proc/{daemons_below(keeper)[0]}/cwd")).parent)
        assert Path(directory, "demo", "hosts.yaml").exists()
        terminal.press("q")
        wait_until(lambda: bool(terminal.text) and not terminal.child.isalive(), seconds=GONE_SECONDS)

    assert nothing_is_left(directory)
    assert not (tmp_path / "state").exists(), "the demo keeps its journal to itself"


def daemons_below(keeper: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()]


def test_the_fleet_shows_every_state_and_its_sites_answer() -> None:
    with DemoFleet() as fleet:
        assert stat.S_IMODE(fleet.directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(fleet.hosts_file.stat().st_mode) == 0o600
        settings = load(fleet.hosts_file)
        assert [settings.hosts[name].endpoint.scheme for name in fleet.names] == [
            "http",
            "http",
            "unix",
            "unix",
        ]
        passwords = fetch_passwords(settings.hosts.values())
        with Engine(settings, passwords=passwords) as engine:

            def process(host: str, group: str, name: str) -> Process:
                return next(
                    row for row in engine.picture.hosts[host].processes if row.key[1:] == (group, name)
                )

            def settled() -> bool:
                return (
                    engine.wait_answered(1)
                    and all(
                        process("pyweb4", name, name).state is state
                        for name, state in (
                            ("migrate", ProcessState.EXITED),
                            ("nightly-import", ProcessState.EXITED),
                            ("search-indexer", ProcessState.FATAL),
                            ("thumbnailer", ProcessState.FATAL),
                            ("debug-shell", ProcessState.STOPPED),
                            ("crash-listener", ProcessState.RUNNING),
                        )
                    )
                    and process("pyweb1", "blog", "web").state is ProcessState.RUNNING
                )

            wait_until(settled, seconds=30, what="every program to reach its state")
            assert process("pyweb4", "migrate", "migrate").exitstatus == 0
            assert process("pyweb4", "nightly-import", "nightly-import").exitstatus == 3

            wait_until(lambda: "blog on pyweb1" in page(fleet.site_urls["pyweb1"]), what="the site's page")
            assert "hello from raw_env" in page(fleet.site_urls["pyweb1"] + "environment")
            flaps = process("pyweb2", "flapping", "flapping").pid
            wait_until(
                lambda: process("pyweb2", "flapping", "flapping").pid != flaps, seconds=30, what="a flap"
            )
    assert nothing_is_left(str(fleet.directory))


def page(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def test_a_port_that_is_taken_meanwhile_is_given_up_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        ports = iter([taken])
        really_free = fleet_module.free_port
        monkeypatch.setattr(fleet_module, "free_port", lambda: next(ports, None) or really_free())
        with DemoFleet() as fleet:
            assert fleet.hosts["pyweb1"].port != taken
            assert all(fleet_module.answers(host) for host in fleet.hosts.values())


def test_more_hosts_are_lighter_ones() -> None:
    with DemoFleet(8) as fleet:
        assert list(load(fleet.hosts_file).hosts) == [f"pyweb{number}" for number in range(1, 9)]
        files = {name: len(list((fleet.directory / name / "conf.d").iterdir())) for name in fleet.names}
    assert min(files[name] for name in fleet.names[:4]) > max(files[name] for name in fleet.names[4:])


def test_a_crash_file_of_the_screen_does_not_go_with_the_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(run_module, "_has_screen", lambda: True)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    def crash(_hosts_file: Path) -> int:
        error = RuntimeError("no such widget")
        capsys.readouterr()
        sys.stderr.write(crash_line(error, write_crash_file(error, str), str))
        return 1

    assert run_module.run_demo(crash, 1, no_ui=False) == 1

    (kept,) = tmp_path.rglob("crash-*.txt")
    assert "no such widget" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert f"kept: {kept}" in capsys.readouterr().err
