"""What a later reading makes of an UNKNOWN outcome."""

from __future__ import annotations

import pytest

from tui.engine.acting.settling import settled_by
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey, process_from_wire
from tui.model.states import OutcomeKind, ProcessState

KEY = ProcessKey("h", "web", "web")
BEFORE = 1000
"""The start of the run before the action; a later run began at 2000."""
UNTOLD = None


@pytest.mark.parametrize(
    ("verb", "before", "now", "first", "certain"),
    [
        ("start", ("STOPPED", 0), ("RUNNING", 8, 2000), "DONE", "DONE"),
        ("start", ("STOPPED", 0), ("STOPPED", 0, 1000), UNTOLD, "NOT_EXECUTED"),
        ("start", ("FATAL", 0), ("FATAL", 0, 1000), UNTOLD, "NOT_EXECUTED"),
        ("start", ("STOPPED", 0), ("FATAL", 0, 2000), UNTOLD, "FAILED"),
        ("start", ("STOPPED", 0), ("EXITED", 0, 2000), UNTOLD, "DONE"),
        ("start", ("STOPPED", 0), ("STOPPED", 0, 2000), UNTOLD, "FAILED"),
        ("start", ("STOPPED", 0), ("STARTING", 8, 2000), UNTOLD, UNTOLD),
        ("stop", ("RUNNING", 7), ("STOPPED", 0, 1000), "DONE", "DONE"),
        ("stop", ("RUNNING", 7), ("RUNNING", 7, 1000), UNTOLD, "NOT_EXECUTED"),
        ("stop", ("RUNNING", 7), ("RUNNING", 8, 2000), UNTOLD, "FAILED"),
        ("stop", ("RUNNING", 7), ("STOPPING", 7, 1000), UNTOLD, UNTOLD),
        ("restart", ("RUNNING", 7), ("RUNNING", 8, 2000), "DONE", "DONE"),
        ("restart", ("RUNNING", 7), ("RUNNING", 7, 1000), UNTOLD, "NOT_EXECUTED"),
        ("restart", ("RUNNING", 7), ("STOPPED", 0, 1000), UNTOLD, "FAILED"),
        ("restart", ("RUNNING", 7), ("FATAL", 0, 2000), UNTOLD, "FAILED"),
        ("signal", ("RUNNING", 7), ("RUNNING", 7, 1000), UNTOLD, UNTOLD),
    ],
)
def test_a_reading_proves_what_it_can_and_no_more(
    verb: str, before: tuple[str, int], now: tuple[str, int, int], first: str | None, certain: str | None
) -> None:
    """`first` is what one reading proves, `certain` what it proves once the host had time to act."""
    state, pid = before
    left = Outcome(KEY, OutcomeKind.UNKNOWN, state_before=ProcessState[state], pid_before=pid)
    row = process_from_wire(*KEY, state=ProcessState[now[0]], pid=now[1], start=now[2])
    for sure, expected in ((False, first), (True, certain)):
        settled = settled_by(Verb(verb), left, row, began_before=BEFORE, certain=sure)
        assert (settled and settled.kind.name) == expected
