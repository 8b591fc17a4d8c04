"""The command line on real supervisords: what it prints, what it changes, and the exit code a script relies on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui import __version__

pytestmark = pytest.mark.e2e

PROGRAMS = """
[program:web]
command=sleep 1000
startsecs=0
[program:pool]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=3
startsecs=0
[program:idle]
command=sleep 1000
autostart=false
startsecs=0
[program:mojibake]
command=sh -c 'printf "gr\\\\374n\\\\nlast line\\\\n"; exec sleep 1000'
startsecs=0
[program:talker]
command=sh -c 'for n in 1 2 3 4 5; do echo line $n; done; echo oops >&2; exec sleep 1000'
startsecs=0
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord(PROGRAMS, user="ops", password="s3cr3t-canary") as running:
        wait_until(lambda: _states(running)["talker:talker"] == "RUNNING", what="the programs to run")
        yield running


@pytest.fixture
def run(tmp_path: Path, daemon: RealSupervisord) -> Run:
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text(
        "hosts:\n"
        f"  web-01: {{host: 127.0.0.1, port: {daemon.port}, user: ops, passwd: s3cr3t-canary, tags: [prod]}}\n"
    )
    hosts.chmod(0o600)
    return _runner(tmp_path, hosts)


def _runner(tmp_path: Path, hosts: Path) -> Run:
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "SUPERVISOR_TUI_CONFIG": str(hosts),
    }

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tui", *arguments],
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "s3cr3t-canary" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def _states(daemon: RealSupervisord) -> dict[str, str]:
    answer: Any = daemon.proxy.supervisor.getAllProcessInfo()
    return {f"{row['group']}:{row['name']}": row["statename"] for row in answer}


def test_status_prints_every_process_and_exits_3_while_one_is_stopped(run: Run) -> None:
    done = run("status")
    assert done.returncode == 3, done.stderr
    assert "pool:pool_00" in done.stdout
    assert "STOPPED" in done.stdout


def test_status_of_running_targets_exits_0(run: Run) -> None:
    assert run("status", "web-01/pool:*").returncode == 0


def test_status_as_json_has_the_promised_keys(run: Run) -> None:
    document = json.loads(run("status", "--json").stdout)
    assert document["schema"] == 1
    host = document["hosts"][0]
    assert set(host) == {
        "name",
        "url",
        "state",
        "error",
        "age",
        "supervisor_version",
        "identification",
        "processes",
    }
    assert host["name"] == "web-01"
    assert host["state"] == "UP"
    assert host["supervisor_version"]
    assert set(host["processes"][0]) == {
        "group",
        "name",
        "state",
        "pid",
        "start",
        "stop",
        "uptime",
        "exitstatus",
        "spawnerr",
        "stdout_logfile",
        "stderr_logfile",
    }


def test_select_takes_the_filter_language(run: Run) -> None:
    document = json.loads(run("status", "--json", "--select", "group:pool state:running").stdout)
    assert [p["name"] for p in document["hosts"][0]["processes"]] == ["pool_00", "pool_01", "pool_02"]


def test_a_malformed_query_exits_2_and_shows_the_place(run: Run) -> None:
    done = run("status", "--select", "state:")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[1].strip() == "state:"
    assert lines[2].endswith("^")


def test_an_unknown_target_exits_4_and_names_the_nearest(run: Run) -> None:
    done = run("restart", "wep", "--yes")
    assert done.returncode == 4
    assert "web" in done.stderr


def test_restart_gives_a_new_pid_and_says_so(run: Run, daemon: RealSupervisord) -> None:
    before: Any = daemon.proxy.supervisor.getProcessInfo("web")
    done = run("restart", "web-01/web", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)["outcomes"][0]
    after: Any = daemon.proxy.supervisor.getProcessInfo("web")
    assert outcome["outcome"] == "DONE"
    assert outcome["pid_before"] == before["pid"]
    assert outcome["pid_after"] == after["pid"] != before["pid"]


def test_stop_and_start_of_a_group_touch_only_that_group(run: Run, daemon: RealSupervisord) -> None:
    assert run("stop", "web-01/pool:*", "--yes").returncode == 0
    states = _states(daemon)
    assert {states[f"pool:pool_0{n}"] for n in range(3)} == {"STOPPED"}
    assert states["web:web"] == "RUNNING"
    assert run("start", "web-01/pool:*", "--yes").returncode == 0
    assert _states(daemon)["pool:pool_02"] == "RUNNING"


def test_without_a_terminal_an_action_needs_yes(run: Run, daemon: RealSupervisord) -> None:
    done = run("stop", "web-01/web")
    assert done.returncode == 5
    assert "--yes" in done.stderr
    assert _states(daemon)["web:web"] == "RUNNING"


def test_dry_run_prints_the_plan_and_changes_nothing(run: Run, daemon: RealSupervisord) -> None:
    done = run("stop", "web-01/", "--dry-run")
    assert done.returncode == 0
    assert "pool_01" in done.stdout
    assert _states(daemon)["pool:pool_01"] == "RUNNING"


def test_read_only_refuses_with_5(run: Run, daemon: RealSupervisord) -> None:
    done = run("--read-only", "stop", "web-01/web", "--yes")
    assert done.returncode == 5
    assert "read-only" in done.stderr
    assert _states(daemon)["web:web"] == "RUNNING"


def test_a_rolling_restart_prints_each_outcome_as_a_line(run: Run, daemon: RealSupervisord) -> None:
    done = run(
        "restart", "pool:*", "--yes", "--canary", "--batch", "50%", "--settle", "300ms", "--json-lines"
    )
    assert done.returncode == 0, done.stderr
    *lines, last = map(json.loads, done.stdout.splitlines())
    assert [line["name"] for line in lines] == ["pool_00", "pool_01", "pool_02"]
    assert all("still up after 0.3 s" in line["detail"] for line in lines)
    assert (last["targets"], last["counts"]["DONE"]) == (3, 3)


def test_a_pace_that_contradicts_itself_is_refused(run: Run) -> None:
    for options in (["--settle", "3s", "--no-wait"], ["--settle", "3"], ["--batch", "0"]):
        assert run("restart", "pool:*", "--yes", *options).returncode == 2


def test_what_was_stopped_is_undone_by_a_later_command_and_only_once(
    run: Run, daemon: RealSupervisord
) -> None:
    assert run("stop", "pool:*", "web", "idle", "--yes").returncode == 0
    undone = run("undo", "--yes")
    assert undone.returncode == 0, undone.stderr
    assert "stop of pool:* web idle" in undone.stderr
    assert {name for name, state in _states(daemon).items() if state != "RUNNING"} == {"idle:idle"}
    assert run("undo", "--yes", "--dry-run").stdout.startswith("Stop 4 processes")


def test_the_rest_of_a_job_that_gave_up_is_taken_up_later(run: Run, daemon: RealSupervisord) -> None:
    broken = "[program:aaa]\ncommand=/bin/false\nautostart=false\nstartretries=0\n"
    daemon.write_config(PROGRAMS + broken)
    assert run("update", "web-01", "--yes").returncode == 0
    given_up = run("start", "aaa", "idle", "--yes", "--batch", "1", "--max-failed", "1")
    assert given_up.returncode == 1
    assert _states(daemon)["idle:idle"] == "STOPPED"
    resumed = run("resume", "--yes", "--json")
    assert resumed.returncode == 0, resumed.stderr
    assert [outcome["name"] for outcome in json.loads(resumed.stdout)["outcomes"]] == ["idle"]
    assert _states(daemon)["idle:idle"] == "RUNNING"
    nothing = run("resume", "--yes")
    assert nothing.returncode == 4
    assert "no job that is remembered has left anything" in nothing.stderr
    assert run("retry", "--yes").returncode == 1


def test_signal_reaches_the_process(run: Run, daemon: RealSupervisord) -> None:
    assert run("signal", "KILL", "web-01/idle", "--yes").returncode in (0, 1, 4)
    before: Any = daemon.proxy.supervisor.getProcessInfo("web")
    assert run("signal", "TERM", "web-01/web", "--yes").returncode == 0
    wait_until(lambda: _info(daemon, "web")["pid"] != before["pid"], what="the signal to end the process")


def _info(daemon: RealSupervisord, name: str) -> Any:  # noqa: ANN401
    return daemon.proxy.supervisor.getProcessInfo(name)


def test_an_unknown_signal_is_said_in_words(run: Run) -> None:
    done = run("signal", "NONSENSE", "web-01/web", "--yes")
    assert done.returncode in (1, 2)
    assert "NONSENSE" in done.stdout + done.stderr


def test_a_line_reaches_standard_input(run: Run, daemon: RealSupervisord) -> None:
    daemon.write_config(PROGRAMS + "[program:parrot]\ncommand=cat\nstartsecs=0\n")
    assert run("update", "web-01", "--yes").returncode == 0
    done = run("send", "hello there", "parrot", "--yes")
    assert done.returncode == 0, done.stderr
    wait_until(
        lambda: daemon.proxy.supervisor.readProcessStdoutLog("parrot", 0, 100) == "hello there\n",
        what="the line to come back",
    )


def test_an_event_is_taken_and_its_type_is_one_word(run: Run) -> None:
    assert run("daemon", "event", "deploy", "version 7", "web-01", "--yes").returncode == 0
    assert run("daemon", "event", "de ploy", "x", "web-01", "--yes").returncode == 2


def test_tail_prints_the_last_lines(run: Run) -> None:
    done = run("tail", "web-01/talker", "-n", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "line 4\nline 5\n"


def test_tail_of_a_log_that_is_not_utf_8_prints_it_all_the_same(run: Run) -> None:
    done = run("tail", "web-01/mojibake", "-n", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "gr\N{REPLACEMENT CHARACTER}n\nlast line\n"


def test_tail_of_both_channels_names_each_source(run: Run) -> None:
    done = run("tail", "web-01/talker", "--both", "-n", "1")
    assert "web-01/talker:talker | line 5" in done.stdout
    assert "(stderr) | oops" in done.stdout


def test_tail_goes_back_as_far_as_it_takes_to_find_so_many_lines(run: Run, daemon: RealSupervisord) -> None:
    log = Path(_info(daemon, "talker")["stdout_logfile"])
    wait_until(lambda: b"line 5" in log.read_bytes(), what="the program to have written")
    log.write_bytes(b"Needle 1\nneedle 2\n" + b"hay\n" * 200_000 + b"NEEDLE 3\n")
    assert run("tail", "web-01/talker", "--grep", "needle").stdout == "Needle 1\nneedle 2\nNEEDLE 3\n"
    assert run("tail", "web-01/talker", "--grep", "/^N.*[12]$/").stdout == "Needle 1\n"
    assert run("tail", "web-01/talker", "--grep", "!hay", "-n", "2").stdout == "needle 2\nNEEDLE 3\n"
    assert run("tail", "web-01/talker", "-n", "100000").stdout.count("\n") == 100_000
    refused = run("tail", "web-01/talker", "--grep", "/(/")
    assert refused.returncode == 2
    assert "is no pattern" in refused.stderr


def test_a_pattern_that_takes_too_long_hides_nothing_and_is_said(run: Run, daemon: RealSupervisord) -> None:
    trap = "a" * 60 + "b"
    log = Path(_info(daemon, "talker")["stdout_logfile"])
    with log.open("a") as file:
        file.write(f"hay\naaa\n{trap}\nthe end\n")
    done = run("tail", "web-01/talker", "--grep", "/^(a|aa)+$/", "-n", "3")
    assert done.stdout == f"aaa\n{trap}\nthe end\n"
    assert done.stderr.count("takes too long") == 1
    assert "simplify it" in done.stderr
    assert done.returncode == 1


def test_tail_of_supervisords_own_log_takes_hosts(run: Run) -> None:
    done = run("tail", "--main", "web-*", "--grep", "entered running", "-n", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("entered RUNNING state") == 2
    assert run("tail", "--main", "web-01", "--both").returncode == 2


@contextmanager
def started(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A command that runs until it is left alone."""
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "SUPERVISOR_TUI_CONFIG": str(tmp_path / "hosts.yaml"),
    }
    command = [sys.executable, "-m", "tui", *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_tail_follows_several_logs_and_prints_only_what_matches(
    tmp_path: Path, run: Run, daemon: RealSupervisord
) -> None:
    logs = [Path(_info(daemon, name)["stdout_logfile"]) for name in ("talker", "web")]
    wait_until(lambda: b"line 5" in logs[0].read_bytes(), what="the program to have written")
    command = ["tail", "-f", "-n", "1", "-t", "--grep", "/line|wanted/", "web-01/talker", "web-01/web"]
    with started(tmp_path, *command) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == " " * 9 + "web-01/talker:talker | line 5\n"
        for log in logs:
            with log.open("ab") as file:
                file.write(b"not this\nwanted \x1b[31mred\x1b[0m\n")
        lines = sorted((process.stdout.readline() for _ in logs), key=lambda line: line[9:])
        assert re.fullmatch(r"[\d: ]{9}web-01/talker:talker \| wanted \x1b\[31mred\x1b\[0m\n", lines[0])
        assert re.fullmatch(r"[\d: ]{9}web-01/web:web \| wanted .*\n", lines[1])


def test_following_with_a_pattern_that_takes_too_long_goes_on_with_every_line(
    tmp_path: Path, run: Run, daemon: RealSupervisord
) -> None:
    log = Path(_info(daemon, "talker")["stdout_logfile"])
    wait_until(lambda: b"line 5" in log.read_bytes(), what="the program to have written")
    trap = "a" * 60 + "b"
    with log.open("a") as file:
        file.write(f"aaa\n{trap}\nlater\n")
    command = ["tail", "-f", "-n", "9", "--grep", "/^(a|aa)+$/", "web-01/talker"]
    with started(tmp_path, *command) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["aaa\n", f"{trap}\n", "later\n"]
        with log.open("a") as file:
            file.write(f"{trap}\n" * 500 + "the end\n")
        assert [process.stdout.readline() for _ in range(501)][-1] == "the end\n"


def test_reread_and_update_add_what_is_new(run: Run, daemon: RealSupervisord) -> None:
    daemon.write_config(PROGRAMS + "[program:newcomer]\ncommand=sleep 1000\nstartsecs=0\n")
    assert "read again; nothing has changed" not in run("reread", "web-01", "--yes").stdout
    preview = run("update", "web-01", "--dry-run")
    assert preview.returncode == 0, preview.stderr
    assert "add newcomer" in preview.stdout
    assert "newcomer:newcomer" not in _states(daemon)
    assert run("update", "web-01", "--yes").returncode == 0
    assert _states(daemon)["newcomer:newcomer"] in ("STARTING", "RUNNING")


def test_daemon_restart_refuses_a_broken_configuration(run: Run, daemon: RealSupervisord) -> None:
    daemon.write_config("[program:broken]\nnumprocs=many\n")
    done = run("daemon", "restart", "web-01", "--yes")
    assert done.returncode == 1
    assert "r tries again" not in done.stderr, "a key of the screen is no advice to a script"
    assert _states(daemon)["web:web"] == "RUNNING"


def test_daemon_restart_is_watched_until_it_is_back(run: Run, daemon: RealSupervisord) -> None:
    before = _info(daemon, "web")["pid"]
    done = run("daemon", "restart", "web-01", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    wait_until(lambda: _info(daemon, "web")["pid"] not in (0, before), what="web to run again")


def test_daemon_shutdown_ends_supervisord(run: Run, daemon: RealSupervisord) -> None:
    assert run("daemon", "shutdown", "web-01", "--yes").returncode == 0
    assert daemon.process is not None
    daemon.process.wait(timeout=10)


def test_daemon_log_prints_supervisords_own_log(run: Run) -> None:
    done = run("daemon", "log", "web-01")
    assert done.returncode == 0
    assert "success: web entered RUNNING state" in done.stdout


def test_check_names_version_and_latency(run: Run) -> None:
    done = run("check")
    assert done.returncode == 0, done.stderr
    assert "supervisord 4" in done.stdout


def test_a_dead_host_exits_4_and_says_why(tmp_path: Path, daemon: RealSupervisord) -> None:
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text("hosts:\n  gone: http://127.0.0.1:9\n")
    hosts.chmod(0o600)
    run = _runner(tmp_path, hosts)
    for command in (("status",), ("check",), ("restart", "gone/x", "--yes")):
        done = run(*command)
        assert done.returncode == 4, command
        assert "nothing listens" in done.stdout + done.stderr


def test_a_wrong_password_is_said_in_words(tmp_path: Path, daemon: RealSupervisord) -> None:
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text(
        f"hosts:\n  web-01: {{host: 127.0.0.1, port: {daemon.port}, user: ops, passwd: wrong}}\n"
    )
    hosts.chmod(0o600)
    done = _runner(tmp_path, hosts)("status", "--json")
    assert done.returncode == 4
    assert json.loads(done.stdout)["hosts"][0]["state"] == "AUTH"


def test_watch_prints_a_change_as_one_json_line(tmp_path: Path, run: Run, daemon: RealSupervisord) -> None:
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "SUPERVISOR_TUI_CONFIG": str(tmp_path / "hosts.yaml"),
        "PYTHONUNBUFFERED": "1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tui", "watch"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as watcher:
        assert watcher.stdout is not None
        assert watcher.stderr is not None
        try:
            assert "watching" in watcher.stderr.readline()
            daemon.proxy.supervisor.stopProcess("web")
            line = json.loads(watcher.stdout.readline())
        finally:
            watcher.kill()
    assert set(line) == {"time", "host", "group", "name", "from", "to", "pid", "exitstatus", "ours"}
    assert (line["host"], line["name"], line["from"], line["ours"]) == ("web-01", "web", "RUNNING", False)


def test_status_never_imports_the_screen(tmp_path: Path, run: Run) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from tui.__main__ import main\n"
            "sys.argv = ['supervisor-tui', 'status']\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\n"
            "print('textual' in sys.modules, 'rich' in sys.modules)\n",
        ],
        env={
            **os.environ,
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "SUPERVISOR_TUI_CONFIG": str(tmp_path / "hosts.yaml"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False False"


def test_no_terminal_for_the_screen_exits_2_with_a_hint(run: Run) -> None:
    done = run()
    assert done.returncode == 2
    assert "status" in done.stderr


def test_paths_and_schema_and_completion_print_something(run: Run) -> None:
    assert "journal" in run("paths").stdout
    assert "password_env" in run("config", "schema").stdout
    assert "supervisor-tui" in run("completion", "bash").stdout


def test_config_init_writes_a_private_file_once(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "mine.yaml"
    assert run("config", "init", str(target)).returncode == 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert run("config", "init", str(target)).returncode == 2


def test_config_show_prints_hosts_without_passwords(run: Run) -> None:
    done = run("config", "show")
    assert done.returncode == 0
    assert "web-01" in done.stdout
    assert "password=***" in done.stdout


def test_config_show_tells_where_each_password_comes_from(run: Run, tmp_path: Path) -> None:
    hosts = tmp_path / "sources.yaml"
    hosts.write_text(
        "defaults: {user: me}\n"
        "hosts:\n"
        "  env: {host: h, password_env: SOME_VARIABLE}\n"
        "  file: {host: h, password_file: /etc/secret}\n"
        "  program: {host: h, password_command: [/usr/bin/pass, --token, hunter22]}\n"
        "  none: {host: h}\n"
    )
    done = run("-c", str(hosts), "config", "show")
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "password_env=SOME_VARIABLE" in lines["env"]
    assert "password_file=/etc/secret" in lines["file"]
    assert "password_command=pass …" in lines["program"]
    assert "without a password" in lines["none"]
    assert "hunter22" not in done.stdout + done.stderr


def test_the_version_is_the_same_by_the_short_way_and_through_the_command_line(run: Run) -> None:
    assert (
        run("--version").stdout
        == run("--read-only", "--version").stdout
        == f"supervisor-tui, version {__version__}\n"
    )


def test_an_unknown_command_names_the_nearest(run: Run) -> None:
    done = run("stauts")
    assert done.returncode == 2
    assert "status" in done.stderr
