"""Following logs of real supervisords: history, live lines, and everything that can come in between."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.test_watch import host, wait_for_state, watching
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.engine.engine import Engine
from tui.engine.logs import source as log_source
from tui.engine.logs import stream as log_stream
from tui.engine.logs.budget import StreamBudget
from tui.engine.logs.following import LogFollow, LogLine
from tui.model.endpoint import Endpoint
from tui.model.process import ProcessKey
from tui.model.states import HostState
from tui.rpc.client import Channel

pytestmark = pytest.mark.e2e

KEY = ProcessKey("web", "cat", "cat")
CAT = (
    "[program:cat]\ncommand=cat\nstartsecs=0\nautorestart=true\nstdout_logfile={log}\nstderr_logfile={err}\n"
)


class Collector:
    """What a follower was given, so far."""

    def __init__(self) -> None:
        self.all: list[LogLine] = []

    def __call__(self, lines: Sequence[LogLine]) -> None:
        self.all.extend(lines)

    def texts(self, key: ProcessKey = KEY, channel: Channel = "stdout") -> list[str]:
        """Only the log's own lines."""
        return [
            line.text
            for line in self.all
            if line.kind == "line" and (line.key, line.channel) == (key, channel)
        ]

    def remarks(self) -> list[str]:
        return [line.text for line in self.all if line.kind != "line"]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        try:
            wait_until(condition, seconds=20, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {[(e.kind, e.text) for e in self.all][-12:]}") from None

    def wait_for(self, text: str) -> None:
        self.wait(lambda: text in self.texts(), f"the line {text!r}")


class Scene:
    """One daemon whose program repeats what it is sent, an engine that watches it, and its log file on the disk."""

    def __init__(self, daemon: RealSupervisord, engine: Engine, log: Path) -> None:
        self.daemon, self.engine, self.log = daemon, engine, log
        self.collector = Collector()
        self.follow: LogFollow | None = None

    def begin(self, history: int = 64 * 1024, channels: frozenset[Channel] = frozenset({"stdout"})) -> None:
        assert self.engine.wait_answered(10)
        self.follow = self.engine.follow_logs([KEY], channels, self.collector, history)

    def write(self, data: bytes) -> None:
        """As the program would: at the end of the file that supervisord has at this path."""
        with self.log.open("ab") as file:
            file.write(data)


@contextlib.contextmanager
def stage(past: bytes = b"", options: str = "", unix: bool = False, streams: int = 20) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stui-")))
        log = directory / "cat.log"
        log.write_bytes(past)
        programs = CAT.format(log=log, err=directory / "cat.err") + options
        daemon = stack.enter_context(running_supervisord(programs, unix=unix))
        engine = stack.enter_context(watching(host("web", daemon.endpoint, timeout=2.0), streams=streams))
        scene = Scene(daemon, engine, log)
        yield scene
        if scene.follow is not None:
            scene.follow.close()


@pytest.fixture(params=["stream", "size"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to follow: by stream, and by size when no stream is free."""
    if request.param == "size":
        without_streams(monkeypatch)
    return str(request.param)


def without_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_source, "PROBE_SECONDS", 0.1)
    monkeypatch.setattr(StreamBudget, "has", lambda self, *, needed=False: False)


@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
def test_the_past_comes_first_and_then_what_is_written_each_line_once(way: str, unix: bool) -> None:
    past = [f"past {number}" for number in range(200)]
    with stage("".join(f"{line}\n" for line in past).encode(), unix=unix) as scene:
        scene.begin()
        scene.collector.wait_for("past 199")
        live = [f"live {number}" for number in range(50)]
        for line in live:
            scene.write(f"{line}\n".encode())
        scene.collector.wait_for("live 49")
        assert scene.collector.texts() == past + live
        assert scene.collector.remarks() == []


def test_lines_written_while_a_follower_begins_are_neither_lost_nor_doubled(way: str) -> None:
    with stage() as scene:
        proxy = (
            scene.daemon.proxy
        )  # supervisord itself has to write: its stream is not made for other writers

        def write() -> None:
            for start in range(0, 3000, 50):
                proxy.supervisor.sendProcessStdin("cat", "".join(f"{start + n}\n" for n in range(50)))

        writer = threading.Thread(target=write)
        writer.start()
        scene.begin()
        writer.join()
        scene.collector.wait_for("2999")
        assert scene.collector.texts() == [str(number) for number in range(3000)]


def test_equal_lines_are_all_shown(way: str) -> None:
    with stage(b"tick\n" * 300) as scene:
        scene.begin()
        scene.collector.wait(lambda: len(scene.collector.texts()) == 300, "the past")
        for count in range(301, 306):
            scene.write(b"tick\n")
            scene.collector.wait(lambda count=count: len(scene.collector.texts()) == count, "one more")  # type: ignore[misc]


def test_only_whole_lines_of_the_asked_history_are_shown(way: str) -> None:
    past = "".join(f"line {number:04}\n" for number in range(1000)).encode()
    with stage(past) as scene:
        scene.begin(history=1005)
        scene.collector.wait_for("line 0999")
        assert scene.collector.texts() == [f"line {number:04}" for number in range(900, 1000)]


def test_without_history_only_new_lines_are_shown(way: str) -> None:
    with stage(b"old\n" * 1000) as scene:
        scene.begin(history=0)
        number = 0

        def shown() -> bool:
            nonlocal number
            number += 1
            scene.write(f"new {number}\n".encode())
            return bool(scene.collector.texts())

        scene.collector.wait(shown, "a new line")
        assert scene.collector.texts()[0].startswith("new")
        assert "old" not in scene.collector.texts()


def test_colours_wide_characters_and_bytes_that_are_not_utf8_come_through() -> None:
    with stage("\x1b[32mgrün\x1b[0m 漢字\n".encode()) as scene:
        scene.begin()
        scene.collector.wait_for("\x1b[32mgrün\x1b[0m 漢字")
        scene.write(b"caf\xe9\n\xff\xfe\nlast\n")
        scene.collector.wait_for("last")
        assert scene.collector.texts()[1:] == ["caf�", "��", "last"]


def test_a_past_that_is_not_utf8_does_not_hinder_following() -> None:
    with stage(b"caf\xe9 \xff\n" * 30) as scene:
        scene.begin()
        scene.collector.wait(lambda: bool(scene.collector.all), "anything")
        scene.write(b"after it\n")
        scene.collector.wait_for("after it")


def test_an_unfinished_line_waits_for_its_end() -> None:
    with stage(b"begun ") as scene:
        scene.begin()
        scene.write("hälf".encode()[:2])
        scene.write("hälf".encode()[2:])
        scene.write(b" and ended\n")
        scene.collector.wait_for("begun hälf and ended")
        assert len(scene.collector.texts()) == 1


def test_a_log_that_is_cleared_goes_on_after_a_remark(way: str) -> None:
    with stage(b"before\n" * 100) as scene:
        scene.begin()
        scene.collector.wait_for("before")
        scene.daemon.proxy.supervisor.clearProcessLogs("cat")
        scene.daemon.proxy.supervisor.sendProcessStdin("cat", "after the clearing\n")
        scene.collector.wait_for("after the clearing")
        if way == "size":
            assert any("rotated, cut short or cleared" in remark for remark in scene.collector.remarks())


def test_a_rotated_log_goes_on() -> None:
    with stage(options="stdout_logfile_maxbytes=2KB\nstdout_logfile_backups=1\n") as scene:
        scene.begin()
        proxy = scene.daemon.proxy
        for number in range(60):
            proxy.supervisor.sendProcessStdin("cat", f"line {number} {'x' * 100}\n")
        proxy.supervisor.sendProcessStdin("cat", "the end\n")
        scene.collector.wait(
            lambda: any("the end" in text for text in scene.collector.texts()), "the end of the log"
        )


def test_a_truncated_log_is_a_gap() -> None:
    with stage(b"before\n" * 100) as scene:
        scene.begin()
        scene.collector.wait_for("before")
        scene.write(b"live\n")
        scene.collector.wait_for("live")
        os.truncate(scene.log, 0)
        scene.collector.wait(lambda: bool(scene.collector.remarks()), "a remark")
        assert scene.collector.all[-1].kind == "gap"
        scene.write(b"after\n")
        scene.collector.wait_for("after")


def test_a_daemon_that_goes_and_comes_back_leaves_a_gap_and_no_line_twice(way: str) -> None:
    with stage(b"".join(b"before %d\n" % number for number in range(100))) as scene:
        scene.begin()
        scene.write(b"the last before\n")
        scene.collector.wait_for("the last before")
        scene.daemon.stop()
        wait_for_state(scene.engine, "web", HostState.REFUSED)
        scene.write(b"written meanwhile\n")
        scene.daemon.start()
        scene.engine.poll_now()
        scene.collector.wait_for("written meanwhile")
        scene.write(b"live again\n")
        scene.collector.wait_for("live again")
        texts = scene.collector.texts()
        assert texts[-3:] == ["the last before", "written meanwhile", "live again"]
        assert len(texts) == len(set(texts))
        assert any(line.kind == "gap" and "broke off" in line.text for line in scene.collector.all)
        assert "connected again, nothing is missing" in scene.collector.remarks()


def test_lines_that_repeat_are_all_shown_also_over_a_broken_connection(way: str) -> None:
    with stage(b"tick\n" * 2000) as scene:
        scene.begin()
        scene.collector.wait(lambda: len(scene.collector.texts()) == 2000, "the past")
        scene.daemon.stop()
        wait_for_state(scene.engine, "web", HostState.REFUSED)
        scene.write(b"tick\n" * 3)
        scene.daemon.start()
        scene.engine.poll_now()
        scene.collector.wait(lambda: len(scene.collector.texts()) >= 2003, "what came meanwhile")
        scene.write(b"last\n")
        scene.collector.wait_for("last")
        assert len(scene.collector.texts()) == 2004


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
    ids=["not found", "bad gateway", "held back"],
)
def test_a_proxy_that_lets_no_stream_through_does_not_hinder_following(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_stream, "SILENCE", 0.5)
    loud = '[program:cat]\ncommand=sh -c "echo past; exec cat"\nstartsecs=0\n'
    with (
        running_supervisord(loud) as daemon,
        proxy_without_streams(daemon.port, answer) as port,
        watching(host("web", Endpoint("http", host="127.0.0.1", port=port))) as engine,
    ):
        assert engine.wait_answered(10)
        collector = Collector()
        engine.follow_logs([KEY], frozenset({"stdout"}), collector)
        collector.wait_for("past")
        for number in range(3):
            daemon.proxy.supervisor.sendProcessStdin("cat", f"live {number}\n")
        collector.wait_for("live 2")
        assert collector.texts() == ["past", "live 0", "live 1", "live 2"]
        assert {line.kind for line in collector.all} == {"line"}


@pytest.mark.parametrize("answer", [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b""])
def test_a_log_that_is_still_empty_is_followed_where_no_stream_passes(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_source, "SIZE_SECONDS", 0.5)
    asked = threading.Event()
    with (
        running_supervisord("[program:cat]\ncommand=cat\nstartsecs=0\n") as daemon,
        proxy_without_streams(daemon.port, answer, asked) as port,
        watching(host("web", Endpoint("http", host="127.0.0.1", port=port))) as engine,
    ):
        assert engine.wait_answered(10)
        collector = Collector()
        engine.follow_logs([KEY], frozenset({"stdout"}), collector)
        assert asked.wait(10)
        for number in range(3):
            daemon.proxy.supervisor.sendProcessStdin("cat", f"live {number}\n")
        collector.wait_for("live 2")
        assert collector.texts() == ["live 0", "live 1", "live 2"]
        assert {line.kind for line in collector.all} == {"line"}


@contextlib.contextmanager
def proxy_without_streams(
    upstream: int, answer: bytes, asked: threading.Event | None = None
) -> Iterator[int]:
    """Passes everything on but log streams, which get `answer`, or nothing ever; the port it listens on.

    `asked` is set when somebody wants a stream.
    """

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = self.request.recv(65536)
            if b"/logtail/" in head.split(b"\r\n")[0]:
                if asked is not None:
                    asked.set()
                if answer:
                    self.request.sendall(answer)
                else:
                    self.request.recv(1)
                return
            with socket.create_connection(("127.0.0.1", upstream)) as server:
                server.sendall(head)
                ends = [self.request, server]
                while True:
                    for end in select.select(ends, [], [])[0]:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[1 - ends.index(end)].sendall(data)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()


def test_output_and_errors_are_merged_each_with_its_source() -> None:
    loud = '[program:cat]\ncommand=sh -c "echo out; echo err >&2; exec cat"\nstartsecs=0\n'
    with running_supervisord(loud) as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        collector = Collector()
        engine.follow_logs([KEY], frozenset({"stdout", "stderr"}), collector)
        collector.wait(
            lambda: collector.texts() == ["out"] and collector.texts(channel="stderr") == ["err"], "both"
        )


def test_a_log_that_is_not_kept_is_said_in_words() -> None:
    silent = "[program:cat]\ncommand=cat\nstartsecs=0\nstdout_logfile=NONE\nredirect_stderr=true\n"
    with running_supervisord(silent) as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        collector = Collector()
        engine.follow_logs([KEY], frozenset({"stdout", "stderr"}), collector)
        collector.wait(lambda: len(collector.all) == 2, "two remarks")
        assert {line.kind for line in collector.all} == {"note"}
        assert all("is kept" in remark for remark in collector.remarks())


def test_a_hosts_key_follows_the_log_of_its_supervisord(way: str) -> None:
    with running_supervisord() as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        collector = Collector()
        key = ProcessKey("web")
        engine.follow_logs([key], frozenset({"stdout"}), collector)

        def says(word: str) -> Callable[[], bool]:
            return lambda: any(word in text for text in collector.texts(key))

        collector.wait(says("spawned: 'sleeper'"), "its past")
        daemon.proxy.supervisor.stopProcess("sleeper")
        collector.wait(says("stopped: sleeper"), "what is written now")
        texts = collector.texts(key)
        assert len(texts) == len(set(texts))


def test_a_process_that_is_removed_is_a_remark() -> None:
    with stage(b"something\n") as scene:
        scene.begin()
        scene.collector.wait_for("something")
        scene.daemon.proxy.supervisor.stopProcess("cat")
        scene.daemon.proxy.supervisor.removeProcessGroup("cat")
        scene.collector.wait(
            lambda: any("no longer there" in remark for remark in scene.collector.remarks()), "a remark"
        )


def test_more_logs_than_streams_are_all_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = "[program:pool]\ncommand=cat\nprocess_name=%(program_name)s-%(process_num)02d\nnumprocs=25\nstartsecs=0\n"
    monkeypatch.setattr(log_source, "PROBE_SECONDS", 0.2)
    with running_supervisord(pool) as daemon, watching(host("web", daemon.endpoint)) as engine:
        assert engine.wait_answered(10)
        collector = Collector()
        keys = [process.key for process in engine.picture.hosts["web"].processes]
        assert len(keys) == 25
        follow = engine.follow_logs([ProcessKey("web", "pool")], frozenset({"stdout"}), collector)
        for key in keys:
            daemon.proxy.supervisor.sendProcessStdin(key.address, f"I am {key.name}\n")
        collector.wait(lambda: all(collector.texts(key) for key in keys), "a line of each")
        assert all(collector.texts(key) == [f"I am {key.name}"] for key in keys)
        assert _sockets(daemon) <= 1 + 2 + 20 + 1
        follow.close()
        wait_until(lambda: _sockets(daemon) <= 4, seconds=10, what="the streams to be let go")


def _sockets(daemon: RealSupervisord) -> int:
    count = 0
    for each in Path(f"/proc/{daemon.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            count += os.readlink(each).startswith("socket:")
    return count


def test_nothing_comes_after_closing() -> None:
    with stage(b"past\n") as scene:
        scene.begin()
        scene.collector.wait_for("past")
        assert scene.follow is not None
        scene.follow.close()
        scene.engine.ask("web", lambda supervisor: supervisor.state()).result(10)
        scene.write(b"later\n")
        scene.daemon.proxy.supervisor.getState()
        assert scene.collector.texts() == ["past"]


def test_a_receiver_that_fails_is_told_of_and_left_alone() -> None:
    calls = []

    def broken(lines: Sequence[LogLine]) -> None:
        calls.append(lines)
        raise ZeroDivisionError

    with stage(b"past\n") as scene:
        assert scene.engine.wait_answered(10)
        scene.engine.follow_logs([KEY], frozenset({"stdout"}), broken)
        wait_until(lambda: bool(scene.engine.notices), what="a notice")
        scene.write(b"more\n")
        assert len(calls) == 1
