from dataclasses import dataclass, replace

import pytest

from tests.ui.widgets.stage import EPOCH, NOW, host, lines_of, process, staged
from tui.model.fleet import Transition
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey
from tui.model.states import HostState, ProcessState
from tui.model.view import Row
from tui.ui.widgets.detail_pane import DetailPane, exit_words
from tui.ui.widgets.lines import wrap_words


@dataclass(frozen=True)
class Config:
    """What the wire tells of a program."""

    autostart: bool | None = True
    startsecs: int | None = 5
    stopwaitsecs: int | None = 10
    startretries: int | None = 3
    command: str | None = "/usr/bin/gunicorn -c conf.py app:app"
    directory: str | None = "/srv/app"
    uid: str | None = "www-data"
    stopsignal: int | None = 15
    exitcodes: tuple[int, ...] | None = (0, 2)


def row(one: Process, **more: object) -> Row:
    snapshot: HostSnapshot = host(one.key.host, [one], **more)  # type: ignore[arg-type]
    return Row(one.key, snapshot, one)


async def test_it_tells_all_that_is_known_of_a_process() -> None:
    pane = DetailPane()
    async with staged(pane, size=(62, 30)):
        sick = process(state=ProcessState.FATAL, exitstatus=1, spawnerr="Exited too quickly", age=125)
        changes = [Transition(1, float(EPOCH), sick.key, "BACKOFF", "FATAL")]
        pane.show(
            row(sick),
            changes,
            Config(),
            ["\x1b[31mboom\x1b[0m \x1b]0;x\x07"],
            past="3 restarts; 99.98% up in 12 days",
            monotonic=NOW,
        )
        text = "\n".join(lines_of(pane))
        for part in (
            "web-01  api:gunicorn",
            "✗ FATAL",
            "2 minutes",
            "exit code 1",
            "Exited too quickly",
            "/var/log/supervisor/gunicorn-stdout.log",
            "/usr/bin/gunicorn -c conf.py app:app",
            "autostart  yes",
            "counts as up after 5s, 3 retries",
            "directory  /srv/app",
            "user       www-data",
            "told by SIGTERM, killed when not gone after 10s",
            "0, 2 are expected",
            "history    3 restarts; 99.98% up in 12 days",
            "BACKOFF→FATAL",
            "boom",
        ):
            assert part in text
        assert "\x1b" not in text
        assert "\x07" not in text


async def test_a_stale_row_says_since_when_and_why() -> None:
    pane = DetailPane()
    async with staged(pane, size=(62, 30)):
        pane.show(row(process(), state=HostState.TIMEOUT, problem="timed out after 5 s"), monotonic=NOW + 130)
        text = "\n".join(lines_of(pane))
        assert "read 2 minutes ago" in text
        assert "timed out after 5 s" in text


async def test_a_host_tells_its_cause_advice_and_address() -> None:
    pane = DetailPane()
    async with staged(pane, size=(62, 30)):
        gone = host("db-01", state=HostState.AUTH, problem="wrong user or password", read_at=None)
        pane.show(Row(ProcessKey("db-01"), gone, None))
        text = "\n".join(lines_of(pane))
        assert "AUTH: wrong user or password" in text
        assert "http://db-01:9001" in text
        assert "not before you ask" in text


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(0.9, "agrees with ours"), (41.0, "41 seconds ahead of ours"), (-7200.0, "2 hours behind ours")],
)
async def test_a_host_tells_its_pid_its_clock_and_its_last_error(ahead: float, words: str) -> None:
    pane = DetailPane()
    async with staged(pane, size=(80, 30)):
        back = replace(host("db-01"), last_problem="connection refused", last_problem_at=NOW - 300)
        wall = back.now(NOW) - ahead
        pane.show(Row(ProcessKey("db-01"), back, None), daemon_pid=4711, wall=wall, monotonic=NOW)
        text = "\n".join(lines_of(pane))
        assert "pid        4711" in text
        assert f"clock      {words}" in text
        assert "last error connection refused, until 5 minutes ago" in text


async def test_nothing_selected_is_a_sentence() -> None:
    pane = DetailPane()
    async with staged(pane, size=(62, 30)):
        pane.show(None)
        assert "Nothing is selected" in lines_of(pane)[0]


@pytest.mark.parametrize(
    ("state", "exitstatus", "words"),
    [
        (ProcessState.EXITED, 0, "exit code 0"),
        (ProcessState.EXITED, 3, "exit code 3"),
        (ProcessState.EXITED, -1, "killed by a signal"),
        (ProcessState.FATAL, 137, "exit code 137 (a shell's word for SIGKILL)"),
        (ProcessState.EXITED, 255, "exit code 255"),
        (ProcessState.RUNNING, 0, ""),
    ],
)
def test_an_exit_is_told_in_words(state: ProcessState, exitstatus: int, words: str) -> None:
    assert exit_words(process(state=state, exitstatus=exitstatus)) == words


def test_words_wrap_at_spaces_and_long_ones_are_cut() -> None:
    assert wrap_words("one two three", 7) == ["one two", "three"]
    assert wrap_words("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert wrap_words("", 4) == [""]
    assert wrap_words("日本語", 4) == ["日本", "語"]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("letter", ["x", "字", "e\u0301"])
async def test_an_error_of_megabytes_is_shown_as_far_as_anybody_reads(letter: str) -> None:
    pane = DetailPane()
    async with staged(pane, size=(62, 30)):
        pane.show(row(process(state=ProcessState.FATAL, spawnerr=letter * 2_000_000)), monotonic=NOW)
        assert "FATAL" in "\n".join(lines_of(pane))
        assert len(pane._page) < 200
