"""What was done to a target last, read back from a journal as it is on a disk, torn and foreign lines included."""

from __future__ import annotations

from pathlib import Path

from tui.engine.journal import FILE_NAME, Journal
from tui.engine.journal_reading import LastDeeds, last_deeds
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

WEB = ProcessKey("h", "web", "web")


def done(journal: Journal, key: ProcessKey, verb: Verb, kind: OutcomeKind | None, argument: str = "") -> None:
    intent = journal.intent(verb, key, argument=argument, state=ProcessState.RUNNING, pid=7)
    if kind is not None:
        journal.outcome(intent, Outcome(key, kind))


def test_the_last_actions_on_a_target_are_told_newest_first_with_their_ends(tmp_path: Path) -> None:
    journal = Journal(tmp_path, wall=lambda: 1_700_000_000.25)
    done(journal, WEB, Verb.STOP, OutcomeKind.NOT_EXECUTED)
    done(journal, ProcessKey("h", "api", "web"), Verb.STOP, OutcomeKind.DONE)
    done(journal, ProcessKey("h"), Verb.REREAD, OutcomeKind.DONE)
    done(journal, WEB, Verb.SIGNAL, OutcomeKind.DONE, "HUP")
    done(journal, WEB, Verb.RESTART, None)
    deeds = last_deeds(tmp_path / FILE_NAME, WEB)
    assert [(deed.verb, deed.argument, deed.outcome) for deed in deeds] == [
        ("restart", "", ""),
        ("signal", "HUP", "DONE"),
        ("stop", "", "NOT EXECUTED"),
    ]
    assert {deed.time for deed in deeds} == {1_700_000_000.25}
    assert all(deed.user for deed in deeds)
    assert [deed.verb for deed in last_deeds(tmp_path / FILE_NAME, ProcessKey("h"))] == ["reread"]


def test_only_the_newest_are_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(9):
        done(journal, WEB, Verb.SIGNAL, OutcomeKind.DONE, str(number))
    assert [deed.argument for deed in last_deeds(tmp_path / FILE_NAME, WEB, 3)] == ["8", "7", "6"]


def test_lines_that_are_no_records_of_ours_are_passed_over(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    done(journal, WEB, Verb.STOP, OutcomeKind.DONE)
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'3\n[]\n{"kind": "intent", "host": "h", "group": "web", "name": "web"}\n\xff\xfe{"ki')
    (deed,) = last_deeds(tmp_path / FILE_NAME, WEB)
    assert deed.verb == "stop"


def test_hostile_words_in_the_file_are_cleaned(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    done(journal, WEB, Verb.SIGNAL, OutcomeKind.DONE, "\x1b]0;x\x07")
    assert last_deeds(tmp_path / FILE_NAME, WEB)[0].argument.isprintable()


def test_no_journal_and_a_link_in_its_place_are_no_deeds(tmp_path: Path) -> None:
    assert LastDeeds(tmp_path / FILE_NAME).of(WEB) == ()
    done(Journal(tmp_path / "real"), WEB, Verb.STOP, OutcomeKind.DONE)
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "real" / FILE_NAME)
    assert LastDeeds(tmp_path / FILE_NAME).of(WEB) == ()


def test_what_was_written_since_is_seen(tmp_path: Path) -> None:
    journal, deeds = Journal(tmp_path), LastDeeds(tmp_path / FILE_NAME)
    done(journal, WEB, Verb.STOP, OutcomeKind.DONE)
    assert len(deeds.of(WEB)) == 1
    done(journal, WEB, Verb.START, OutcomeKind.DONE)
    assert len(deeds.of(WEB)) == 2
