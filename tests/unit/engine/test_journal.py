"""The journal: an intent before, an outcome after, nothing secret, nothing lost by damage."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tui.engine.acting.memory import Memory
from tui.engine.journal import FILE_NAME, Journal
from tui.errors import RefusedError
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

KEY = ProcessKey("web-01", "api", "api_0")
DEAD = "999999999/1"


def written_by_the_dead(directory: Path) -> None:
    """Pretend that what was written comes from a process that has ended."""
    path = directory / FILE_NAME
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        if record["kind"] == "intent":
            record["instance"] = DEAD
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def test_a_restart_without_an_outcome_is_interrupted(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.RESTART, KEY, state=ProcessState.RUNNING, pid=7)
    written_by_the_dead(tmp_path)
    assert Journal(tmp_path).interrupted == (KEY,)


def test_a_restart_of_a_program_that_still_runs_is_its_own_business(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.RESTART, KEY)
    assert not Journal(tmp_path).interrupted


def test_a_restart_with_an_outcome_is_not_interrupted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.outcome(journal.intent(Verb.RESTART, KEY), Outcome(KEY, OutcomeKind.DONE))
    written_by_the_dead(tmp_path)
    assert not Journal(tmp_path).interrupted


def test_a_stop_without_an_outcome_is_not_brought_up(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.STOP, KEY)
    written_by_the_dead(tmp_path)
    assert not Journal(tmp_path).interrupted


def test_a_settled_interruption_stays_settled(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.RESTART, KEY)
    written_by_the_dead(tmp_path)
    Journal(tmp_path).settle([KEY], "the user was told")
    assert not Journal(tmp_path).interrupted


def test_damaged_and_torn_lines_are_counted_and_lose_nothing_else(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.RESTART, KEY)
    written_by_the_dead(tmp_path)
    path = tmp_path / FILE_NAME
    path.write_text("garbage\n[1]\n" + path.read_text() + '{"kind": "intent", "verb"')
    journal = Journal(tmp_path)
    assert journal.interrupted == (KEY,)
    assert journal.damaged == 2


def test_text_for_standard_input_is_kept_as_its_length(tmp_path: Path) -> None:
    Journal(tmp_path).intent(Verb.STDIN, KEY, argument="hunter2")
    text = (tmp_path / FILE_NAME).read_text()
    assert "hunter2" not in text
    assert "7 characters" in text


def test_the_file_is_private_and_never_a_link_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    (tmp_path / FILE_NAME).symlink_to(elsewhere)
    said: list[str] = []
    Journal(tmp_path, complain=said.append).intent(Verb.START, KEY)
    assert elsewhere.read_text() == ""
    assert len(said) == 1


def test_it_complains_once_when_it_cannot_be_written_and_lets_actions_go_on(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    said: list[str] = []
    journal = Journal(tmp_path, complain=said.append)
    journal.intent(Verb.START, KEY)
    journal.intent(Verb.START, KEY)
    assert len(said) == 1
    assert "cannot be written" in said[0]


def test_a_required_journal_that_cannot_be_written_refuses_the_action(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(RefusedError, match="journal"):
        Journal(tmp_path, required=True).intent(Verb.START, KEY)


def test_two_programs_share_one_journal_line_by_line(tmp_path: Path) -> None:
    journals = [Journal(tmp_path), Journal(tmp_path)]
    for number in range(50):
        journals[number % 2].intent(Verb.START, KEY, job=number)
    lines = (tmp_path / FILE_NAME).read_text().splitlines()
    assert [json.loads(line)["job"] for line in lines] == list(range(50))


def test_who_did_it_is_written_with_sudo_and_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ada")
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.9 50000 10.0.0.1 22")
    Journal(tmp_path).intent(Verb.START, KEY)
    who = json.loads((tmp_path / FILE_NAME).read_text())["who"]
    assert who["uid"] == os.getuid()
    assert who["sudo_user"] == "ada"
    assert who["ssh_connection"].startswith("10.0.0.9")


def test_an_intent_after_half_a_line_is_not_lost_with_it(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text('{"kind": "intent", "verb": "res')
    Journal(tmp_path).intent(Verb.RESTART, KEY)
    assert json.loads(path.read_text().splitlines()[1])["verb"] == "restart"


def test_a_line_that_the_disk_took_half_of_is_a_failure_and_spoils_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    journal = Journal(tmp_path, complain=said.append)
    write = os.write
    with monkeypatch.context() as full:
        full.setattr("os.write", lambda file, data: write(file, data[:20]))
        journal.intent(Verb.START, KEY)
    assert "cannot be written" in said[0]
    journal.intent(Verb.RESTART, KEY)
    assert json.loads((tmp_path / FILE_NAME).read_text().splitlines()[1])["verb"] == "restart"


def test_a_full_disk_refuses_when_the_journal_is_required(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, required=True)
    monkeypatch.setattr("os.write", lambda file, data: 20)
    with pytest.raises(RefusedError, match="No space"):
        journal.intent(Verb.START, KEY)


def test_a_journal_that_was_removed_is_begun_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.intent(Verb.START, KEY)
    (tmp_path / FILE_NAME).unlink()
    journal.intent(Verb.STOP, KEY)
    (line,) = (tmp_path / FILE_NAME).read_text().splitlines()
    assert json.loads(line)["verb"] == "stop"


def test_a_pipe_in_its_place_is_refused_and_blocks_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    said: list[str] = []
    Journal(tmp_path, complain=said.append).intent(Verb.START, KEY)
    assert "cannot be written" in said[0]


def test_a_file_that_others_could_read_is_made_private(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch(mode=0o644)
    (tmp_path / FILE_NAME).chmod(0o644)
    Journal(tmp_path).intent(Verb.START, KEY)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_reading_back_a_large_journal_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path)
    for _ in range(20):
        journal.intent(Verb.RESTART, KEY)
    written_by_the_dead(tmp_path)
    monkeypatch.setattr("tui.engine.journal.READ_BACK", 1000)
    again = Journal(tmp_path)
    assert 0 < len(again._interrupted) < 10
    assert again.damaged == 0


def test_a_pipe_in_its_place_does_not_block_the_start(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    assert not Journal(tmp_path).interrupted


def test_an_outcome_of_a_required_journal_that_fails_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, required=True)
    intent = journal.intent(Verb.START, KEY)
    monkeypatch.setattr("os.write", lambda file, data: 20)
    journal.outcome(intent, Outcome(KEY, OutcomeKind.DONE))


def test_a_restart_left_unknown_is_told_of_at_the_next_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.outcome(journal.intent(Verb.RESTART, KEY, job=3), Outcome(KEY, OutcomeKind.UNKNOWN))
    written_by_the_dead(tmp_path)
    assert Journal(tmp_path).interrupted == (KEY,)


def test_a_restart_left_unknown_and_settled_later_is_not(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.outcome(journal.intent(Verb.RESTART, KEY, job=3), Outcome(KEY, OutcomeKind.UNKNOWN))
    journal.settled(3, Outcome(KEY, OutcomeKind.DONE))
    written_by_the_dead(tmp_path)
    assert not Journal(tmp_path).interrupted
    ids = {json.loads(line)["id"] for line in (tmp_path / FILE_NAME).read_text().splitlines()}
    assert len(ids) == 1


def test_memory_keeps_what_was_stopped_across_runs_until_it_is_forgotten(tmp_path: Path) -> None:
    Memory(tmp_path).remember("web-01", [KEY])
    assert Memory(tmp_path).remembered("web-01") == {KEY}
    assert (tmp_path / "remembered.json").stat().st_mode & 0o777 == 0o600
    Memory(tmp_path).forget("web-01")
    assert not Memory(tmp_path).remembered("web-01")


def test_memory_survives_a_damaged_file_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "remembered.json").write_text('{"hosts": [')
    said: list[str] = []
    assert not Memory(tmp_path, complain=said.append).remembered("web-01")
    assert len(said) == 1


def test_a_second_stop_adds_to_what_is_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.remember("web-01", [KEY])
    memory.remember("web-01", [ProcessKey("web-01", "db", "db")])
    assert len(memory.remembered("web-01")) == 2


def test_what_another_running_program_remembers_is_known_here(tmp_path: Path) -> None:
    here, there = Memory(tmp_path), Memory(tmp_path)
    there.remember("web-01", [KEY])
    assert here.remembered("web-01") == {KEY}
    here.remember("db-01", [ProcessKey("db-01", "db", "db")])
    assert there.remembered("web-01") == {KEY}
    there.forget("web-01")
    assert not here.remembered("web-01")
    assert here.remembered("db-01")
