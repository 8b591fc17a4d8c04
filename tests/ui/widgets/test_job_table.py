from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.ui.widgets.stage import lines_of, shown, staged
from tui.model.outcome import Outcome
from tui.model.plan import Plan, Step, Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState
from tui.ui.widgets.job_table import JobTable
from tui.ui.widgets.ticker import Ticker

KEYS = tuple(ProcessKey("web-01", "api", f"worker-{n}") for n in range(5))


STEPS = tuple(Step(key, f"api:{key.name}", ProcessState.RUNNING, 40 + n) for n, key in enumerate(KEYS))
RESTART = Plan(Verb.RESTART, STEPS)


@dataclass(frozen=True)
class Job:
    """What the engine hands over."""

    outcomes: Mapping[ProcessKey, Outcome] = field(default_factory=dict)
    number: int = 7
    started_at: float = 100.0
    finished_at: float | None = None
    running: frozenset[ProcessKey] = frozenset()
    cancelled: bool = False
    note: str = ""
    plan: Plan = RESTART

    @property
    def done(self) -> int:
        return len(self.outcomes)

    @property
    def failed(self) -> int:
        return sum(outcome.kind is OutcomeKind.FAILED for outcome in self.outcomes.values())

    @property
    def total(self) -> int:
        return len(self.plan.steps)


def half_done() -> Job:
    running, fatal = ProcessState.RUNNING, ProcessState.FATAL
    return Job(
        outcomes={
            KEYS[0]: Outcome(KEYS[0], OutcomeKind.DONE, "new pid", running, running, 40, 99, 2.0),
            KEYS[1]: Outcome(KEYS[1], OutcomeKind.FAILED, "spawn error", running, fatal, 41, 0, 4.0),
        },
        running=frozenset({KEYS[2]}),
    )


async def test_each_target_is_a_row_with_what_became_of_it() -> None:
    table = JobTable()
    async with staged(table, size=(120, 12)):
        table.set_job(half_done())
        text = lines_of(table)
        assert text[0] == " job 7  restart 5 on web-01   running"
        assert text[1] == " 2 of 5   ✓ 1 done   ✗ 1 failed"
        assert "✓ DONE" in text[3]
        assert "pid 40→99" in text[3]
        assert "✗ FAILED" in text[4]
        assert "RUNNING→FATAL" in text[4]
        assert "spawn error" in text[4]
        assert "◐ running" in text[5]
        assert "◌ waiting" in text[6]


async def test_outcomes_that_come_in_move_neither_rows_nor_cursor() -> None:
    table = JobTable()
    async with staged(table, size=(120, 12)):
        table.set_job(Job())
        table.move_to(3)
        table.set_job(half_done())
        assert table.cursor_key == KEYS[3]


async def test_trouble_can_be_walked_shown_alone_and_copied() -> None:
    table = JobTable()
    async with staged(table, size=(120, 12)):
        table.set_job(half_done())
        assert table.failed_keys == (KEYS[1],)
        assert table.next_problem()
        assert table.cursor_key == KEYS[1]
        table.show_trouble(True)
        assert table.count() == 1
        table.set_job(Job())
        assert "Nothing failed." in "\n".join(lines_of(table))


async def test_without_a_job_it_says_how_to_get_one() -> None:
    table = JobTable()
    async with staged(table, size=(80, 12)):
        assert "No job yet" in lines_of(table)[0]


async def test_the_ticker_keeps_the_running_jobs_progress() -> None:
    ticker = Ticker()
    async with staged(ticker, size=(120, 3)) as (_, pilot):
        ticker.set_under("web-01 api:worker-1")
        ticker.set_job(half_done())
        await shown(pilot)
        (line,) = lines_of(ticker)
        assert line.startswith(" job 7 restart 5 on web-01  ━━━━━━━━────────────  2/5  1 failed")
        ticker.say("copied", "good")
        assert "2/5" in lines_of(ticker)[0]
        assert "copied" in lines_of(ticker)[0]
