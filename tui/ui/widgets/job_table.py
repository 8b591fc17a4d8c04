"""A job, a row per target with what became of it; every failure is a row here, never a toast.

Who comes in: pictures of one job. Who leaves: `CursorMoved`, `Opened` with the target's identity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from textual.message import Message

from tui.model.outcome import Outcome
from tui.model.plan import Step
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
from tui.text import cell_width, compact_duration, fit
from tui.ui.theme import outcome_state
from tui.ui.widgets.job_shape import JobShape
from tui.ui.widgets.job_words import job_title
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

OUTCOME = 15
TIME = 6
TROUBLE = frozenset({OutcomeKind.FAILED, OutcomeKind.NOT_EXECUTED, OutcomeKind.UNKNOWN})


class JobTable(ListWidget):
    """Steps in the plan's order: it stands still while outcomes come in."""

    HEAD = 3

    class CursorMoved(Message):
        """Another target is under the cursor."""

        def __init__(self, key: ProcessKey | None) -> None:
            super().__init__()
            self.key = key

    class Opened(Message):
        """The target under the cursor was opened."""

        def __init__(self, key: ProcessKey) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._job: JobShape | None = None
        self._only_trouble = False
        self._steps: tuple[Step, ...] = ()

    def set_job(self, job: JobShape | None) -> None:
        """Show this job as it is now."""
        other = job is None or self._job is None or job.number != self._job.number
        self._job = job
        if other:
            self._at = self._top = 0
        self._choose_steps()

    def show_trouble(self, only: bool) -> None:
        """Only targets that failed, were not reached or are unsettled; or all."""
        self._only_trouble = only
        self._choose_steps()

    @property
    def job(self) -> JobShape | None:
        """What is shown."""
        return self._job

    @property
    def cursor_key(self) -> ProcessKey | None:
        """The target under the cursor."""
        return self._steps[self._at].key if 0 <= self._at < len(self._steps) else None

    @property
    def failed_keys(self) -> tuple[ProcessKey, ...]:
        """Targets in trouble, in the plan's order: what `y` copies and `r` tries again."""
        if self._job is None:
            return ()
        outcomes = self._job.outcomes
        return tuple(
            step.key
            for step in self._job.plan.steps
            if step.key in outcomes and outcomes[step.key].kind in TROUBLE
        )

    def next_problem(self) -> bool:
        """The next target in trouble, round the end."""
        trouble = set(self.failed_keys)
        for distance in range(1, len(self._steps) + 1):
            index = (self._at + distance) % len(self._steps)
            if self._steps[index].key in trouble:
                self.move_to(index)
                return True
        return False

    def count(self) -> int:
        """Shown targets."""
        return len(self._steps)

    def cursor_moved(self) -> None:
        """Tell the screen."""
        self.post_message(self.CursorMoved(self.cursor_key))

    def opened(self) -> None:
        """Tell the screen."""
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(key))

    def draw_head(self, y: int, width: int) -> Iterable[Run]:
        """What the job is, how it goes, and the headings."""
        job, palette = self._job, self.palette
        if job is None:
            return [(" No job yet: S start, X stop, R restart.", palette.dim)] if y == 0 else []
        if y == 0:
            pace = job.plan.pace.line()
            how = [(f"   {pace}", palette.dim)] if pace else []
            return [(f" job {job.number}  {job_title(job.plan)}", palette.strong), *self._ending(job), *how]
        if y == 1:
            return self._tally(job)
        target = self._target_width(width)
        text = f"  {fit('TARGET', target)} {fit('  OUTCOME', OUTCOME)} {'TIME':>{TIME}}  CAUSE"
        return [(text, palette.heading)]

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """One target."""
        job, step, palette = self._job, self._steps[index], self.palette
        if job is None:
            return
        under = index == self._at
        yield f"{self.glyphs.cursor if under else ' '} ", palette.key if under else palette.dim
        yield fit(step_title(step), self._target_width(width)) + " ", palette.text
        outcome = job.outcomes.get(step.key)
        if outcome is None:
            yield from self._waiting(job, step)
            return
        glyph, word, health = outcome_state(outcome.kind, self.glyphs)
        yield fit(f"{glyph} {word}", OUTCOME) + " ", palette.health(health)
        took = "" if outcome.kind is OutcomeKind.SKIPPED else compact_duration(outcome.seconds)
        rest = f"{took:>{TIME}}  {outcome_words(outcome, self.glyphs.arrow)}"
        yield fit(rest, max(0, width - self._target_width(width) - OUTCOME - 4)), palette.dim

    def draw_empty(self, y: int, width: int) -> Iterable[Run]:
        """Nothing in trouble is good news."""
        if self._job is not None and self._only_trouble and y == 1:
            return [("  Nothing failed.", self.palette.dim)]
        return ()

    def _waiting(self, job: JobShape, step: Step) -> Iterable[Run]:
        palette, glyphs = self.palette, self.glyphs
        if step.key in job.running:
            yield fit(f"{glyphs.busy} running", OUTCOME), palette.busy
        elif step.skip:
            yield fit(f"{glyphs.skipped} will skip", OUTCOME), palette.dim
            yield f"{'':{TIME}}   {step.skip}", palette.dim
        else:
            yield fit(f"{glyphs.pending} waiting", OUTCOME), palette.dim

    def _ending(self, job: JobShape) -> list[Run]:
        palette = self.palette
        if job.finished_at is not None:
            took = compact_duration(job.finished_at - job.started_at)
            word = "cancelled" if job.cancelled else "finished"
            return [(f"   {word} after {took}", palette.dim)]
        return [("   cancelling" if job.cancelled else "   running", palette.busy)]

    def _tally(self, job: JobShape) -> list[Run]:
        palette = self.palette
        kinds = Counter(outcome.kind for outcome in job.outcomes.values())
        runs: list[Run] = [(f" {job.done} of {job.total}", palette.text)]
        for kind in OutcomeKind:
            if kinds[kind]:
                glyph, word, health = outcome_state(kind, self.glyphs)
                runs.append((f"   {glyph} {kinds[kind]} {word.lower()}", palette.health(health)))
        if job.note:
            runs.append((f"   {job.note}", palette.busy))
        return runs

    def _target_width(self, width: int) -> int:
        widest = max((cell_width(step_title(step)) for step in self._steps), default=6)
        return min(max(widest, 6), max(10, (width - OUTCOME - TIME - 6) // 2))

    def _choose_steps(self) -> None:
        under = self.cursor_key
        steps = self._job.plan.steps if self._job is not None else ()
        if self._only_trouble:
            trouble = set(self.failed_keys)
            steps = tuple(step for step in steps if step.key in trouble)
        self._steps = steps
        self.keep_place(next((index for index, step in enumerate(steps) if step.key == under), None))
        self.repaint()


def step_title(step: Step) -> str:
    """'host group:name', or the host alone."""
    return step.shown if step.key.is_host else f"{step.key.host} {step.shown}"


def outcome_words(outcome: Outcome, arrow: str) -> str:
    """What changed, and the proof or the cause."""
    before, after = outcome.state_before, outcome.state_after
    change = ""
    if before is not None and after is not None and before is not after:
        change = f"{before.name}{arrow}{after.name}"
    pids = (
        f"pid {outcome.pid_before}{arrow}{outcome.pid_after}"
        if outcome.pid_before != outcome.pid_after
        else ""
    )
    return "  ".join(part for part in (change, pids, outcome.detail) if part)
