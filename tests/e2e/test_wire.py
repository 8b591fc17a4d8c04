"""Every call against real supervisords: the installed release and older ones."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.releases import OTHER_RELEASES, release_site
from tests.support.supervisord import RealSupervisord, running_supervisord
from tui.errors import BadAnswer, Cause, Fault, FaultCode, RefusedError, WireError
from tui.model.process import ProcessKey
from tui.model.states import ProcessState
from tui.rpc.answers import Call, LogTail
from tui.rpc.client import Supervisor

pytestmark = pytest.mark.e2e

PROGRAMS = r"""
[program:cat]
command=cat
startsecs=0
stopwaitsecs=2

[program:ignorer]
command=sh -c 'trap "" TERM; while :; do sleep 0.1; done'
startsecs=0
stopwaitsecs=1
autostart=false

[program:worker]
command=sleep 1000
process_name=%(program_name)s_%(process_num)d
numprocs=3
startsecs=0
stopwaitsecs=2

[program:missing]
command=/nonexistent/program
autostart=false
startretries=0

[program:printer]
command=printf 'a\033[31mred\033[0m\r\nb\000c\014gr\303\274n\n'
startsecs=0
stopwaitsecs=2
autorestart=false

[program:latin]
command=printf 'good line\nbad \374 line\nlast line\n'
startsecs=0
stopwaitsecs=2
autorestart=false

[program:edge]
command=printf '%%s' 'ööööööööööööööööööööööööööööööööööööööööööööööööööö'
startsecs=0
stopwaitsecs=2
autorestart=false

[program:off]
command=sleep 1000
stopwaitsecs=2
autostart=false
autorestart=false
"""
# A TERM that comes between supervisord's fork and exec is lost, so a program stopped at once takes all of stopwaitsecs.
RELEASES = (None, *OTHER_RELEASES)


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release or "installed")
def daemon(request: pytest.FixtureRequest) -> Iterator[RealSupervisord]:
    """One supervisord for the module; each test uses programs of its own or leaves them as they were."""
    release: str | None = request.param
    site = release_site(release) if release else None
    with running_supervisord(PROGRAMS, user="me", password="grün:1", site=site) as running:
        yield running


def login(user: str = "me", password: str = "grün:1") -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


@contextlib.asynccontextmanager
async def connected(daemon: RealSupervisord, *, read_only: bool = False) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(daemon.endpoint, "here", authorization=login, timeout=20, read_only=read_only)
    try:
        yield supervisor
    finally:
        await supervisor.close()


def key(name: str, group: str = "") -> ProcessKey:
    return ProcessKey("here", group or name, name)


async def until(
    supervisor: Supervisor, which: ProcessKey, *states: ProcessState, seconds: float = 20
) -> None:
    async with asyncio.timeout(seconds):
        while (await supervisor.process(which)).state not in states:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_it_says_who_it_is(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        version = await supervisor.version()
        assert version == (daemon.site.name if daemon.site else version)
        assert version.startswith("4.")
        assert await supervisor.identification() == "supervisor"
        assert await supervisor.pid() == daemon.pid
        assert await supervisor.state() == 1
        methods = await supervisor.methods()
        assert {"supervisor.getAllProcessInfo", "system.multicall"} <= methods


async def test_status_and_single_process_agree_with_each_other(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        answer = await supervisor.status()
        names = {process.key.name for process in answer.processes}
        assert {"cat", "worker_0", "worker_2", "off"} <= names
        assert answer.now > 1_700_000_000
        assert answer.latency > 0
        off = next(process for process in answer.processes if process.key.name == "off")
        assert off == await supervisor.process(off.key)
        worker = next(process for process in answer.processes if process.key.name == "worker_1")
        several = await supervisor.processes([off.key, key("nobody"), worker.key])
        assert several.processes[:2] == (off, None)
        assert several.processes[2] is not None
        assert several.processes[2].key == worker.key
        assert answer.now <= several.now < answer.now + 60
        assert (off.state, off.pid, off.start, off.exit_code) == (ProcessState.STOPPED, 0, 0, None)


async def test_an_unchanged_status_is_the_same_object_on_a_real_server(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await until(supervisor, key("printer"), ProcessState.EXITED)
        await until(supervisor, key("cat"), ProcessState.RUNNING)
        first = await supervisor.status()
        async with asyncio.timeout(20):
            while (second := await supervisor.status()).now < first.now + 2:
                assert second.processes is first.processes
                assert not second.changed
                await asyncio.sleep(0.1)


async def test_configuration_is_typed(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        configs = {config.name: config for config in await supervisor.config()}
    ignorer, worker = configs["ignorer"], configs["worker_1"]
    assert (ignorer.autostart, ignorer.stopwaitsecs, ignorer.startsecs) == (False, 1, 0)
    assert (worker.group, worker.autostart, worker.inuse, worker.stopsignal) == ("worker", True, True, 15)
    assert worker.exitcodes is not None
    assert worker.command == "sleep 1000"
    assert worker.extra["stdout_logfile_backups"] == "10"


async def test_start_stop_signal_and_restart_of_one_process(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await supervisor.start(key("off"), wait=True)
        before = await supervisor.process(key("off"))
        assert before.state is ProcessState.RUNNING
        commits: list[str] = []
        assert await supervisor.stop_then_start(key("off"), committing=lambda: commits.append("now")) == (
            True,
            True,
        )
        assert commits == ["now"]
        await until(supervisor, key("off"), ProcessState.RUNNING)
        assert (await supervisor.process(key("off"))).pid != before.pid
        await supervisor.signal(key("off"), "KILL")
        await until(supervisor, key("off"), ProcessState.EXITED)
        with pytest.raises(Fault) as caught:
            await supervisor.stop(key("off"))
        assert caught.value.code == FaultCode.NOT_RUNNING


async def test_faults_keep_their_codes(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        for call, code in (
            (supervisor.start(key("cat")), FaultCode.ALREADY_STARTED),
            (supervisor.start(key("nobody")), FaultCode.BAD_NAME),
            (supervisor.start(key("missing")), FaultCode.NO_FILE),
            (supervisor.signal(key("cat"), "NONSENSE"), FaultCode.BAD_SIGNAL),
            (supervisor.add_group("worker"), FaultCode.ALREADY_ADDED),
            (supervisor.remove_group("worker"), FaultCode.STILL_RUNNING),
            (supervisor.remove_group("nobody"), FaultCode.BAD_NAME),
        ):
            with pytest.raises(Fault) as caught:
                await call
            assert caught.value.code == code


async def test_groups_answer_for_each_process(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        signalled = await supervisor.signal_group("worker", "CONT")
        stopped = await supervisor.stop_group("worker", wait=True)
        started = await supervisor.start_group("worker", wait=True)
        for results in (signalled, stopped, started):
            assert {result.key for result in results} == {key(f"worker_{n}", "worker") for n in range(3)}
            assert all(result.ok for result in results)
        assert await supervisor.start_group("worker") == ()
        assert all(result.ok for result in await supervisor.signal_all("CONT"))


async def test_multicall_gives_values_and_faults_in_order(daemon: RealSupervisord) -> None:
    async with connected(daemon, read_only=True) as supervisor:
        pid, missing, log = await supervisor.multicall(
            (
                Call("supervisor.getPID"),
                Call("supervisor.getProcessInfo", ("nobody",)),
                Call("supervisor.readProcessStdoutLog", ("printer:printer", 0, 1000)),
            )
        )
    assert pid == daemon.pid
    assert isinstance(missing, Fault)
    assert missing.code == FaultCode.BAD_NAME
    assert log == "a\x1b[31mred\x1b[0m\r\nb\x00c\x0cgrün\n", (
        "raw control characters lose nothing of a multicall"
    )


async def test_stdin_carries_control_characters(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await supervisor.clear_logs(key("cat"))
        text = "tab\tbell\x07esc\x1b[1m <&> grün\r\n"
        await supervisor.send_stdin(key("cat"), text)
        async with asyncio.timeout(10):
            while (got := await supervisor.read_log(key("cat"), "stdout", 0, 1000)) != text:
                assert text.startswith(got)
                await asyncio.sleep(0.05)


async def test_events_can_be_sent(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await supervisor.send_event("kind", "data\x00 ü")


async def test_logs_keep_every_character(daemon: RealSupervisord) -> None:
    text = "a\x1b[31mred\x1b[0m\r\nb\x00c\x0cgrün\n"
    async with connected(daemon) as supervisor:
        await until(supervisor, key("printer"), ProcessState.EXITED)
        assert await supervisor.read_log(key("printer"), "stdout", 0, 1000) == text
        assert await supervisor.read_log(key("printer"), "stdout", -6, 0) == "grün\n"
        assert await supervisor.read_log(key("printer"), "stdout", 0, 0) == text
        assert await supervisor.read_log(key("printer"), "stdout", 2**33, 10) == ""
        assert await supervisor.read_log(key("printer"), "stderr", 0, 10) == ""
        assert await supervisor.read_log(key("printer"), "stdout", 1, 1) == "\x1b"


async def test_characters_cut_at_an_edge_are_left_out(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await until(supervisor, key("edge"), ProcessState.EXITED)
        piece = await supervisor.read_log_piece(key("edge"), "stdout", 0, 5)
        assert (piece.text, piece.start, piece.end) == ("öö", 0, 4)
        piece = await supervisor.read_log_piece(key("edge"), "stdout", -5, 0)
        assert (piece.text, piece.start, piece.end) == ("öö", -4, 0)
        piece = await supervisor.read_log_piece(key("edge"), "stdout", 1, 4)
        assert piece.text.strip("ö") == ""
        assert piece.start % 2 == 0


async def test_what_is_not_utf8_is_left_out_or_told(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await until(supervisor, key("latin"), ProcessState.EXITED)
        assert "\nlast line\n".endswith(await supervisor.read_log(key("latin"), "stdout", -22, 0))
        assert "good line\n".startswith(await supervisor.read_log(key("latin"), "stdout", 0, 20))
        with pytest.raises(WireError, match="not UTF-8"):
            await supervisor.read_log(key("latin"), "stdout", 14, 1)


async def test_a_tail_gives_only_what_is_new(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await until(supervisor, key("printer"), ProcessState.EXITED)
        which = key("printer")
        size = (await supervisor.tail_log(which, "stdout", 0, 0)).size
        assert size == 25
        assert await supervisor.tail_log(which, "stdout", size - 6, 20) == LogTail("grün\n", size, False)
        assert await supervisor.tail_log(which, "stdout", size, 20) == LogTail("", size, False)
        assert await supervisor.tail_log(which, "stdout", size + 5, 20) == LogTail("", size, False)
        assert await supervisor.tail_log(which, "stdout", 0, 6) == LogTail("grün\n", size, True)


async def test_streams_carry_raw_bytes_and_follow(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        await supervisor.clear_logs(key("cat"))
        stream = supervisor.stream_log(key("cat"), "stdout")
        got = b""
        async with asyncio.timeout(15):
            await supervisor.send_stdin(key("cat"), "first\x1b\n")
            async for piece in stream:
                got += piece
                if got == b"first\x1b\n":
                    await supervisor.send_stdin(key("cat"), "second\n")
                if got.endswith(b"second\n"):
                    break
        assert got == b"first\x1b\nsecond\n"
        async for piece in supervisor.stream_main_log():
            assert piece
            break


async def test_a_stream_of_no_such_log_is_a_fault(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        for which in (key("nobody"), key("x y%/..", "?")):
            with pytest.raises(Fault) as caught:
                async for _ in supervisor.stream_log(which, "stderr"):
                    pass
            assert caught.value.code == FaultCode.NO_FILE


async def test_the_main_log_is_read(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        assert "supervisord started with pid" in await supervisor.read_main_log(0, 100_000)


async def test_a_wrong_and_a_missing_password_are_told_apart(daemon: RealSupervisord) -> None:
    wrong = Supervisor(daemon.endpoint, "here", authorization=lambda: login(password="guess"))
    for supervisor, words in (
        (wrong, "does not accept"),
        (Supervisor(daemon.endpoint, "here"), "wants a password"),
    ):
        with pytest.raises(WireError, match=words) as caught:
            await supervisor.status()
        assert caught.value.cause is Cause.AUTH
        with pytest.raises(WireError, match=words) as caught:
            await supervisor.stop(key("cat"))
        assert caught.value.cause is Cause.AUTH
        assert not caught.value.committed
        await supervisor.close()


async def test_another_path_is_no_supervisord(daemon: RealSupervisord) -> None:
    endpoint = type(daemon.endpoint)("http", host="127.0.0.1", port=daemon.port, prefix="/elsewhere")
    supervisor = Supervisor(endpoint, "here", authorization=login)
    with pytest.raises(WireError) as caught:
        await supervisor.status()
    assert caught.value.cause is Cause.PROTOCOL
    await supervisor.close()


async def test_read_only_refuses_every_change_before_a_byte_is_sent(daemon: RealSupervisord) -> None:
    async with connected(daemon, read_only=True) as supervisor:
        log = daemon.main_log.read_text()
        cat = key("cat")
        stop_too = (Call("supervisor.getPID"), Call("supervisor.stopProcess", (cat.address,)))
        for change in (
            supervisor.start(cat),
            supervisor.stop(cat),
            supervisor.stop_then_start(cat),
            supervisor.signal(cat, "TERM"),
            supervisor.clear_logs(cat),
            supervisor.send_stdin(cat, "x"),
            supervisor.send_event("a", "b"),
            supervisor.start_group("cat"),
            supervisor.stop_group("cat"),
            supervisor.signal_group("cat", "TERM"),
            supervisor.start_all(),
            supervisor.stop_all(),
            supervisor.signal_all("TERM"),
            supervisor.clear_all_logs(),
            supervisor.reread(),
            supervisor.add_group("x"),
            supervisor.remove_group("x"),
            supervisor.restart(),
            supervisor.shutdown(),
            supervisor.clear_main_log(),
            supervisor.multicall(stop_too),
            supervisor.multicall([Call("system.multicall", ([],))]),
        ):
            with pytest.raises(RefusedError, match="read-only"):
                await change
        assert (await supervisor.process(cat)).state is ProcessState.RUNNING
        assert daemon.main_log.read_text() == log


async def test_a_frozen_supervisord_leaves_open_whether_an_action_ran_and_it_runs_once(
    daemon: RealSupervisord,
) -> None:
    async with connected(daemon) as supervisor:
        await until(supervisor, key("cat"), ProcessState.RUNNING)
        before = await supervisor.process(key("cat"))
        os.kill(daemon.pid, signal.SIGSTOP)
        try:
            with pytest.raises(WireError, match="does not answer") as caught:
                await supervisor.signal(key("cat"), "KILL", deadline=0.3)
            assert caught.value.committed
            assert caught.value.cause is Cause.TIMEOUT
        finally:
            os.kill(daemon.pid, signal.SIGCONT)
        async with asyncio.timeout(20):
            while (await supervisor.process(key("cat"))).pid in (0, before.pid):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_reread_names_what_changed_and_says_no_to_broken_files(daemon: RealSupervisord) -> None:
    async with connected(daemon) as supervisor:
        programs = daemon.programs
        try:
            daemon.write_config(
                programs.replace("numprocs=3", "numprocs=2")
                + "\n[program:new]\ncommand=sleep 1000\nstartsecs=0\nstopwaitsecs=2\n"
            )
            answer = await supervisor.reread()
            assert (answer.added, answer.changed, answer.removed) == (("new",), ("worker",), ())
            await supervisor.add_group("new")
            await until(supervisor, key("new"), ProcessState.RUNNING)
            await supervisor.stop(key("new"), wait=True)
            await supervisor.remove_group("new")
            daemon.write_config("[program:broken]\n")
            with pytest.raises(Fault) as caught:
                await supervisor.reread()
            assert caught.value.code == FaultCode.CANT_REREAD
        finally:
            daemon.write_config(programs)
            await supervisor.reread()


ODD = """
[program:grün-ü]
command=sleep 1000
startsecs=0
stopwaitsecs=2
numprocs=4
process_name=%(program_name)s_%(process_num)d

[group:größe]
programs=grün-ü

[program:a&b<c>"'x]
command=sleep 1000
startsecs=0
stopwaitsecs=2

[program:日本語]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
stopwaitsecs=2
"""


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("unix", [False, True], ids=["tcp", "unix"])
async def test_odd_names_and_answers_declared_too_short_work(release: str | None, unix: bool) -> None:
    site = release_site(release) if release else None
    with running_supervisord(ODD, unix=unix, site=site) as daemon:
        async with connected(daemon) as supervisor:
            names = {process.key.name for process in (await supervisor.status()).processes}
            assert {"日本語", "a&b<c>\"'x", "grün-ü_3"} <= names
            group = "größe"
            stopped = await supervisor.stop_group(group, wait=True)
            assert len(stopped) == 4
            assert all(result.ok for result in stopped), "4.7.3: the declared length counts characters"
            assert len(await supervisor.start_group(group, wait=True)) == 4
            everything = await supervisor.stop_all(wait=True)
            assert {result.key.name for result in everything} == names
            await supervisor.start(key("日本語"))
            await until(supervisor, key("日本語"), ProcessState.RUNNING)
            async for piece in supervisor.stream_log(key("日本語"), "stdout"):
                assert piece.endswith(b"hello\n")
                break


async def test_a_restart_and_a_shutdown_answer_before_they_happen(daemon: RealSupervisord) -> None:
    programs = "[program:sleeper]\ncommand=sleep 1000\nstartsecs=0\nstopwaitsecs=2\n"
    with running_supervisord(programs, site=daemon.site) as other:
        supervisor = Supervisor(other.endpoint, "here")
        before = (await supervisor.status()).processes[0].pid
        await supervisor.restart()
        causes = set()
        async with asyncio.timeout(30):
            while True:
                try:
                    rows = (await supervisor.status()).processes
                    if rows and rows[0].pid not in (0, before):
                        break
                except WireError as error:
                    causes.add(error.cause)
                await asyncio.sleep(0.1)
        assert causes <= {Cause.RESTARTING, Cause.REFUSED, Cause.PROTOCOL}
        await supervisor.shutdown()
        assert other.process is not None
        await asyncio.to_thread(other.process.wait, 20)
        with pytest.raises(WireError) as caught:
            await supervisor.status()
        assert caught.value.cause is Cause.REFUSED
        assert not isinstance(caught.value, BadAnswer)
        await supervisor.close()
