"""The demo for eyes that have no screen: what the program is for, in one minute of text on a real fleet.

Everything goes through the same engine as the screen. What is said comes from what the engine has read, never from what
was expected; when a step does not come out, the tour says so and ends with 1.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable

from tui.config.load import load
from tui.config.passwords import fetch_passwords
from tui.demo.fleet import DemoFleet
from tui.engine.engine import Engine
from tui.model.fleet import FleetPicture
from tui.model.outcome import Outcome
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan, plan_words
from tui.model.policy import Tier
from tui.model.process import Process, ProcessKey
from tui.model.states import Health, OutcomeKind, ProcessState
from tui.text import compact_duration

SETTLE_SECONDS = 15.0
"""So long the first look waits for programs that are still on their way; on an idle machine they need three."""
STEP_SECONDS = 10.0
BATCH = 3

Say = Callable[[str], object]


def give_tour(fleet: DemoFleet, say: Say) -> int:
    """Show the fleet, a crash, a restart and a rolling restart; the exit code."""
    settings = load(fleet.hosts_file)
    passwords = fetch_passwords(settings.hosts.values())
    with Engine(settings, state_dir=fleet.state_dir, passwords=passwords) as engine:
        engine.wait_answered(STEP_SECONDS)
        if not _wait(lambda: _settled(engine.picture), SETTLE_SECONDS):
            say(f"\nthis machine is busy: after {SETTLE_SECONDS:g} s not every program has found its state")
        _show_status(engine.picture, say)
        well = _show_crash(engine, say) and _show_restart(engine, say) and _show_rolling_restart(engine, say)
        say("")
        _show_summary(engine.picture, say)
    return 0 if well else 1


# --- what there is --------------------------------------------------------------------------------------------------


def _settled(picture: FleetPicture) -> bool:
    """Whether every host answers and no process is still on its way."""
    counts = picture.counts
    return (
        counts.answering == counts.hosts and counts.busy == 0 and not _in_state(picture, ProcessState.BACKOFF)
    )


def _in_state(picture: FleetPicture, state: ProcessState) -> list[Process]:
    return [process for process in _processes(picture) if process.state is state]


def _processes(picture: FleetPicture) -> Iterable[Process]:
    return (process for host in picture.hosts.values() for process in host.processes)


def _show_status(picture: FleetPicture, say: Say) -> None:
    say("\n— status: trouble first —")
    _show_summary(picture, say)
    monotonic = time.monotonic()
    rows = sorted(_processes(picture), key=lambda process: (-process.health, process.key))
    say(f"  {'HOST':8}{'PROCESS':18}{'STATE':10}{'PID':>8}  {'UPTIME':8}NOTE")
    for process in rows:
        uptime = compact_duration(process.uptime(picture.hosts[process.key.host].now(monotonic)))
        pid = process.pid or "-"
        state = process.state.name
        say(
            f"  {process.key.host:8}{process.title:18}{state:10}{pid:>8}  {uptime:8}{process.spawnerr}".rstrip()
        )


def _show_summary(picture: FleetPicture, say: Say) -> None:
    hosts = Counter(str(host.state) for host in picture.hosts.values())
    bad = [process.title for process in _processes(picture) if process.health is Health.BAD]
    say(
        f"  {picture.counts.hosts} hosts ({', '.join(f'{count} {state}' for state, count in hosts.items())}),"
        f" {picture.counts.processes} processes, {len(bad)} in trouble: {', '.join(bad) or 'none'}"
    )


# --- a crash, and its repair ----------------------------------------------------------------------------------------


def _show_crash(engine: Engine, say: Say) -> bool:
    key = ProcessKey("pyweb3", "mailer", "mailer")
    process = engine.picture.process(key)
    if process is None or not process.pid:
        say(f"  {key.host}/{key.name} does not run, so it cannot crash")
        return False
    say(f"\n— a crash: somebody kills {key.host}/{process.title} (pid {process.pid}) —")
    serial = max((transition.serial for transition in engine.timeline.after(0)), default=0)
    os.kill(process.pid, signal.SIGKILL)

    def noticed() -> bool:
        now = engine.picture.process(key)  # it is published a moment after the timeline
        return (
            now is not None and not now.pid and any(seen.key == key for seen in engine.timeline.after(serial))
        )

    if not _wait(noticed, STEP_SECONDS):
        say("  nobody noticed")
        return False
    seen = next(seen for seen in engine.timeline.after(serial) if seen.key == key)
    say(
        f"  seen: {key.host}/{process.title} {seen.old} → {seen.new}, exit status {seen.exitstatus} (a signal)"
    )
    return _act(engine, Verb.START, (key,), Pace(), say)


def _show_restart(engine: Engine, say: Say) -> bool:
    say("\n— a restart: DONE means that a later look shows a new process, not that the call was answered —")
    return _act(engine, Verb.RESTART, (ProcessKey("pyweb1", "chatty", "chatty"),), Pace(), say)


def _show_rolling_restart(engine: Engine, say: Say) -> bool:
    say(
        f"\n— a rolling restart of the worker pool: batches of {BATCH}, each followed until it runs, stop at the first failure —"
    )
    pool = [process.key for process in _processes(engine.picture) if process.key.group == "pool"]
    by_worker = sorted(
        pool[: 4 * BATCH], key=lambda key: (key.name, key.host)
    )  # a batch then touches each host once
    return _act(engine, Verb.RESTART, by_worker, Pace(batch=BATCH, max_failed=1), say)


def _act(engine: Engine, verb: Verb, keys: Iterable[ProcessKey], pace: Pace, say: Say) -> bool:
    """Plan, submit, tell each outcome as it comes; whether all are DONE."""
    plan = make_plan(verb, keys, engine.picture, time.monotonic(), pace=pace)
    say(f"  {plan_words(plan)}? Yes.")
    number = engine.submit(plan, Tier.TYPED)
    deadline = time.monotonic() + 2 * STEP_SECONDS
    told = 0
    while True:
        job = engine.wait_job(number, 0.2)
        outcomes = list(job.outcomes.values())
        for outcome in outcomes[told:]:
            say(f"  {_outcome_words(outcome)}")
        if len(outcomes) > told:
            deadline = (
                time.monotonic() + 2 * STEP_SECONDS
            )  # for the next one: a busy machine may need long for all
        told = len(outcomes)
        if job.finished or time.monotonic() > deadline:
            say(f"  {told} of {job.total} done, {job.failed} failed")
            return job.finished and all(outcome.kind is OutcomeKind.DONE for outcome in outcomes)


def _outcome_words(outcome: Outcome) -> str:
    pids = f"pid {outcome.pid_before or '-'} → {outcome.pid_after or '-'}"
    state = outcome.state_after.name if outcome.state_after is not None else "?"
    name = f"{outcome.key.host}/{outcome.key.group}:{outcome.key.name}"
    return f"{outcome.kind.value:5} {name:26} {state}, {pids}, {outcome.seconds:.1f} s  {outcome.detail}".rstrip()


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
