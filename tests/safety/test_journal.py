"""The journal as a file: what is done stands in it before it is done, in whole lines, for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.supervisord import RealSupervisord, running_supervisord
from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine
from tui.engine.journal import FILE_NAME, LINE_LIMIT, Journal
from tui.model.outcome import Outcome
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
from tui.rpc.http import _Connection

KEY = ProcessKey("web-01", "sleeper", "sleeper")
WRITERS = 4
LINES = 2000 if WHOLE else 200

WRITE = """
import sys
import time
from pathlib import Path
from tui.engine.journal import Journal
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
journal = Journal(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    key = ProcessKey("web", sys.argv[3], f"p{number}")
    outcome = Outcome(key, OutcomeKind.FAILED, "words " * (number % 500))
    journal.outcome(journal.intent(Verb.STOP, key, job=number), outcome)
"""


@pytest.fixture
def daemon() -> Iterator[RealSupervisord]:
    with running_supervisord() as running:
        yield running


def records(directory: Path) -> list[dict[str, object]]:
    """Every line; each must be whole."""
    return [json.loads(line) for line in (directory / FILE_NAME).read_bytes().splitlines()]


@pytest.mark.e2e
def test_an_intent_is_on_the_disk_before_the_byte_that_makes_it_so_and_the_outcome_comes_after(
    daemon: RealSupervisord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, list[dict[str, object]]]] = []
    sync, send = os.fdatasync, _Connection.send

    def synced(file: int) -> None:
        sync(file)
        events.append(("synced", records(tmp_path)))

    def committed(connection: _Connection, data: bytes) -> None:
        events.append(("committed", records(tmp_path)))
        send(connection, data)

    monkeypatch.setattr(os, "fdatasync", synced)
    monkeypatch.setattr(_Connection, "send", committed)
    monkeypatch.setenv("SUDO_USER", "ada")
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.9 50000 10.0.0.1 22")
    settings = Settings({"web-01": HostSettings("web-01", daemon.endpoint)})
    with Engine(settings, state_dir=tmp_path) as engine:
        assert engine.wait_answered(30)
        for verb in (Verb.STOP, Verb.START, Verb.RESTART):
            plan = make_plan(verb, [KEY], engine.picture, time.monotonic())
            assert engine.wait_job(engine.submit(plan, Tier.TYPED), 60).finished

    assert [kind for kind, _ in events] == ["synced", "committed"] * 3
    for number, (_, written) in enumerate(events):
        assert [record["kind"] for record in written[-1:]] == ["intent"], number
    whole = records(tmp_path)
    assert [record["kind"] for record in whole] == ["intent", "outcome"] * 3
    assert [record["verb"] for record in whole[::2]] == ["stop", "start", "restart"]
    for intent, outcome in zip(whole[::2], whole[1::2], strict=True):
        assert intent["id"] == outcome["id"]
        assert outcome["outcome"] == "DONE"
        assert {"time", "host", "group", "name", "state", "pid"} <= intent.keys() & outcome.keys()
        who = intent["who"]
        assert isinstance(who, dict)
        assert (who["uid"], who["sudo_user"], who["ssh_connection"][:8]) == (os.getuid(), "ada", "10.0.0.9")
    show(
        "the journal around each action",
        "the intent synced before the byte that makes it run, the outcome after, with who, states and pids",
        f"{len(events) // 2} of {len(events) // 2} actions in this order",
    )


def test_programs_that_write_at_once_tear_no_line_and_lose_none(tmp_path: Path) -> None:
    running = [
        subprocess.Popen([sys.executable, "-c", WRITE, str(tmp_path), str(LINES), f"writer-{number}"])
        for number in range(WRITERS)
    ]
    assert [process.wait(300) for process in running] == [0] * WRITERS
    seen = records(tmp_path)
    assert len(seen) == WRITERS * LINES * 2
    for number in range(WRITERS):
        mine = [record["name"] for record in seen if record["group"] == f"writer-{number}"]
        assert mine == [f"p{n // 2}" for n in range(2 * LINES)]
    assert not Journal(tmp_path).damaged
    show(
        f"{WRITERS} programs that write one journal at once",
        "no line torn, none lost",
        f"{len(seen):,} of {WRITERS * LINES * 2:,} lines whole, each writer's in order",
    )


def test_a_line_is_one_write_to_the_end_of_the_same_file_and_of_bounded_length(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []
    write = os.write

    def counted(file: int, data: bytes) -> int:
        written.append(data)
        return write(file, data)

    monkeypatch.setattr(os, "write", counted)
    journal = Journal(tmp_path)
    inode, before = 0, b""
    for number in range(20):
        intent = journal.intent(Verb.SIGNAL, KEY, argument="HUP" * number)
        journal.outcome(intent, Outcome(KEY, OutcomeKind.FAILED, "x" * 1000 * number))
        path = tmp_path / FILE_NAME
        assert inode in (0, path.stat().st_ino)
        inode, now = path.stat().st_ino, path.read_bytes()
        assert now.startswith(before)
        before = now
    assert b"".join(written) == before
    assert len(written) == 40
    assert all(data.count(b"\n") == 1 and data.endswith(b"\n") for data in written)
    assert max(map(len, written)) <= LINE_LIMIT + 1


def test_a_damaged_journal_is_told_of_once_and_the_rest_of_it_counts(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.STOP, KEY)
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'\xff\xfe\x00\n[1]\n{"kind": "intent", "id": 3}\n{"kind": "inte')
    said: list[str] = []
    journal = Journal(tmp_path, complain=said.append)
    assert [sentence for sentence in said if sentence.startswith("3 lines of the journal")]
    journal.intent(Verb.STOP, KEY)  # after the half line at the end, which is damage from now on
    said.clear()
    Journal(tmp_path, complain=said.append)
    assert [sentence for sentence in said if sentence.startswith("1 line of the journal")]
    said.clear()
    Journal(tmp_path, complain=said.append)
    assert said == []
