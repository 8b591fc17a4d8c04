"""What became of one target of a job: the row a screen shows, a script reads and the journal keeps."""

from __future__ import annotations

from dataclasses import dataclass

from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState


@dataclass(frozen=True, slots=True)
class Outcome:
    """Exactly one per target. `detail` is the cause or the proof in words, cleaned; times are seconds."""

    key: ProcessKey
    kind: OutcomeKind
    detail: str = ""
    state_before: ProcessState | None = None
    state_after: ProcessState | None = None
    pid_before: int = 0
    pid_after: int = 0
    seconds: float = 0.0
