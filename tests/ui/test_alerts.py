"""When the terminal is told, what it is told, and when it is left in peace."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.supervisord import running_supervisord
from tests.support.terminal import run_in_terminal
from tests.ui.screens.cockpit import PROGRAMS, cockpit, host_settings
from tests.ui.widgets.stage import host, picture, process
from tui.config.schema import AlertSettings, Settings
from tui.model.fleet import FleetPicture, Transition
from tui.model.process import ProcessKey
from tui.model.states import ProcessState
from tui.model.timeline import Timeline
from tui.ui.alerts import GATHER, LONG_JOB, Alerts, Mute
from tui.ui.terminal.attention import POP_TITLE, PUSH_TITLE, kind_of, notification, title
from tui.ui.terminal.shadow_grid import ShadowGrid

FINE = picture(host("web-01", [process()]))
BROKEN = picture(host("web-01", [process(state=ProcessState.FATAL)]))
TOLD = "\x1b]777;notify;prod;h p0 FATAL\x07"


class Watched:
    """Alerts on a clock that stands still, over a timeline that a test writes."""

    def __init__(self, fleet: FleetPicture = FINE, **settings: object) -> None:
        self.sent: list[str] = []
        self.mute = Mute()
        self.timeline = Timeline()
        self.now = 100.0
        self.fleet = fleet
        chosen = AlertSettings(**{"title": False, "desktop": "osc777", **settings})  # type: ignore[arg-type]
        self.alerts = Alerts(chosen, "prod", self.mute, self.sent.append, {})
        self._serial = 0

    def fails(self, name: str = "p0") -> None:
        self._serial += 1
        key = ProcessKey("h", name, name)
        self.timeline.add([Transition(self._serial, 0.0, key, "RUNNING", "FATAL")])
        self.alerts.take(self.timeline, self.now)

    def after(self, seconds: float) -> list[str]:
        self.now += seconds
        self.sent.clear()
        self.alerts.tick(self.fleet.counts, self.now)
        return list(self.sent)


@pytest.fixture
def watched() -> Watched:
    one = Watched()
    one.alerts.take(one.timeline, one.now)
    return one


def test_a_failure_rings_and_is_shown_once(watched: Watched) -> None:
    watched.fails()
    assert watched.after(0) == []
    assert watched.after(GATHER) == ["\x07", TOLD]
    assert watched.after(60) == []


def test_what_comes_close_together_is_told_together(watched: Watched) -> None:
    for number in range(5):
        watched.fails(f"p{number}")
        watched.now += 0.1
    _bell, text = watched.after(GATHER)
    assert "5 failed: h p0 FATAL" in text


def test_alerts_keep_the_distance_of_the_settings_and_lose_nothing(watched: Watched) -> None:
    watched.fails("p0")
    watched.after(GATHER)
    watched.fails("p1")
    assert watched.after(GATHER) == []
    watched.fails("p2")
    assert watched.after(5) == []
    assert any("2 failed: h p1 FATAL, h p2 FATAL" in text for text in watched.after(10))


def test_nothing_rings_while_muted_and_what_was_missed_is_not_made_up_for(watched: Watched) -> None:
    watched.mute.until = watched.now + 30
    watched.fails()
    assert watched.after(GATHER) == []
    assert watched.after(60) == []
    watched.fails("p1")
    assert watched.after(GATHER)[0] == "\x07"


def test_what_happened_before_the_screen_opened_is_no_news() -> None:
    one = Watched()
    one.fails()
    assert one.after(60) == []


def test_each_way_of_telling_can_be_off() -> None:
    for settings, sent in (
        ({"bell": False}, [TOLD]),
        ({"desktop": "off"}, ["\x07"]),
        ({"bell": False, "desktop": "off"}, []),
    ):
        one = Watched(**settings)
        one.alerts.take(one.timeline, one.now)
        one.fails()
        assert one.after(GATHER) == sent


def test_the_title_has_the_counts_and_is_sent_when_they_change() -> None:
    one = Watched(title=True)
    assert one.after(0) == [PUSH_TITLE + "\x1b]2;ok - prod\x07"]
    assert one.after(1) == []
    one.fleet = BROKEN
    assert one.after(1) == ["\x1b]2;1 bad - prod\x07"]
    one.sent.clear()
    one.alerts.close()
    one.alerts.close()
    assert one.sent == [POP_TITLE]


def test_the_end_of_a_long_job_is_told_and_rings_when_it_failed(watched: Watched) -> None:
    watched.alerts.job_ended("job 1: done", LONG_JOB - 1, bad=False, now=watched.now)
    assert watched.sent == []
    watched.alerts.job_ended("job 2: done", LONG_JOB, bad=False, now=watched.now)
    watched.alerts.job_ended("job 3: failed", LONG_JOB, bad=True, now=watched.now)
    assert watched.sent == [
        "\x1b]777;notify;prod;job 2: done\x07",
        "\x07",
        "\x1b]777;notify;prod;job 3: failed\x07",
    ]


async def test_a_program_of_the_settings_is_told_of_a_failure_and_prints_on_no_screen(tmp_path: Path) -> None:
    told, programs = tmp_path / "told", "[program:web]\ncommand=sleep 1000\nautorestart=false\nstartsecs=0\n"
    script = f"cat > {told}.new; mv {told}.new {told}; echo noise; echo noise >&2"
    alerts = AlertSettings(command=("sh", "-c", script), every=0.0)
    with running_supervisord(programs) as daemon:
        settings = Settings({"web": host_settings("web", daemon)}, alerts=alerts)
        async with cockpit(tmp_path, {"web": daemon}, settings=settings) as cock:
            await cock.until(lambda: cock.state("web", "web") is ProcessState.RUNNING)
            daemon.proxy.supervisor.signalProcess("web", "KILL")
            await cock.until(told.exists)
            assert '"EXITED"' in told.read_text()
            assert "noise" not in cock.text()


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "foot"}, "osc777"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7200"}, "osc777"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "osc9"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/t", "TERM_PROGRAM": "iTerm.app"}, ""),
    ],
)
def test_a_notification_is_sent_only_where_the_terminal_is_known_to_show_it(
    environment: dict[str, str], kind: str
) -> None:
    assert kind_of("auto", environment) == kind
    assert kind_of("off", environment) == ""
    assert kind_of("osc9", environment) == "osc9"


@pytest.mark.parametrize("hostile", ["a\x07b", "a\x1b\\b", "a\x9cb", "a;b", "x" * 5000, "\u202eabc"])
def test_no_text_can_end_its_sequence_or_be_another_field(hostile: str) -> None:
    for sequence in (
        title(hostile),
        notification("osc9", "prod", hostile),
        notification("osc777", hostile, hostile),
    ):
        inside = sequence.removeprefix("\x1b]").removesuffix("\x07")
        assert inside.isprintable()
        assert inside.count(";") <= 3
        assert len(inside) < 500


def test_what_is_told_leaves_the_picture_of_the_terminal_alone() -> None:
    grid = ShadowGrid(10, 2)
    grid.feed("\x1b[1;1Habc\x1b[0m")
    for data in (PUSH_TITLE + title("1 bad"), notification("osc9", "a", "b"), TOLD, "\x07", POP_TITLE):
        assert grid.feed(data) == data
    assert grid.feed("\x1b[1;1Habc\x1b[0m") == ""


async def test_m_mutes_for_half_an_hour_and_lets_it_ring_again(tmp_path: Path) -> None:
    with running_supervisord(PROGRAMS) as daemon:
        async with cockpit(tmp_path, {"web": daemon}) as cock:
            await cock.press("m")
            await cock.told("nothing rings for 30 minutes")
            assert "MUTED" in cock.text()
            await cock.press("m")
            await cock.told("failures ring again")
            assert "MUTED" not in cock.text()
            await cock.press("colon", *"mute 2h", "enter")
            await cock.told("nothing rings for 2 hours")
            cock.fleet.session.mute.until = 1.0
            await cock.until(lambda: "MUTED" not in cock.text())


def without_osc(raw: bytes | bytearray) -> bytes:
    """What is left when every sequence that ends with a bell is taken out."""
    return re.sub(rb"\x1b\][^\x07]*\x07", b"", raw)


@pytest.mark.terminal
@pytest.mark.e2e
def test_a_crash_rings_and_stands_in_the_title_which_is_given_back(tmp_path: Path) -> None:
    programs = "[program:web]\ncommand=sleep 1000\nautorestart=false\nstartsecs=0\n"
    with running_supervisord(programs) as daemon:
        hosts = tmp_path / "hosts.yaml"
        hosts.write_text(f"hosts:\n  web: http://127.0.0.1:{daemon.port}\nalerts: {{every: 0s}}\n")
        with run_in_terminal("-c", str(hosts), home=tmp_path) as terminal:
            terminal.wait_for("RUNNING")
            terminal.wait_for_bytes(b"\x1b]2;ok - web\x07")
            assert b"\x07" not in without_osc(terminal.raw)
            terminal.raw.clear()
            daemon.proxy.supervisor.signalProcess("web", "KILL")
            terminal.wait_for_bytes(b"\x1b]2;1 bad - web\x07")
            terminal.wait_until(lambda: b"\x07" in without_osc(terminal.raw), "a bell")
            terminal.press("q")
            terminal.wait_for_bytes(POP_TITLE.encode())
