"""An engine over real supervisords, for tests that act."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.supervisord import RealSupervisord, wait_until
from tui.config.schema import HostSettings, Settings
from tui.config.secrets import Secret
from tui.engine.acting.jobs import JobPicture
from tui.engine.engine import Engine
from tui.model.outcome import Outcome
from tui.model.pace import Pace
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import Process, ProcessKey

JOB_SECONDS = 60.0


def settings_for(
    daemons: dict[str, RealSupervisord], *, poll: float = 0.3, timeout: float = 2.0, read_only: bool = False
) -> Settings:
    """Settings that watch these supervisords under these names."""
    return Settings(
        {
            name: HostSettings(
                name, daemon.endpoint, user=daemon.user, poll=poll, timeout=timeout, read_only=read_only
            )
            for name, daemon in daemons.items()
        }
    )


@contextlib.contextmanager
def watched(
    daemons: dict[str, RealSupervisord],
    *,
    settings: Settings | None = None,
    state_dir: Path | None = None,
    read_only: bool = False,
) -> Iterator[Engine]:
    """An engine that has heard of every host once."""
    engine = Engine(
        settings or settings_for(daemons),
        state_dir=state_dir,
        read_only=read_only,
        passwords={name: Secret(daemon.password) for name, daemon in daemons.items() if daemon.user},
    )
    engine.start()
    try:
        assert engine.wait_answered(10)
        yield engine
    finally:
        engine.stop()


def process(engine: Engine, key: ProcessKey) -> Process:
    """The row as the engine knows it now."""
    found = engine.picture.process(key)
    assert found is not None, f"{key} is not there"
    return found


def wait_state(engine: Engine, key: ProcessKey, state: str) -> Process:
    """Wait until the engine has seen this process in `state`."""
    wait_until(lambda: process(engine, key).state.name == state, what=f"{key.address} to be {state}")
    return process(engine, key)


def run_job(
    engine: Engine,
    verb: Verb,
    keys: list[ProcessKey],
    *,
    argument: str = "",
    pace: Pace | None = None,
    recall: bool = False,
) -> JobPicture:
    """Plan, submit with the firmest confirmation, and wait for the end."""
    hosts = {key.host for key in keys}
    plan = make_plan(
        verb,
        keys,
        engine.picture,
        time.monotonic(),
        argument=argument,
        pace=pace,
        recall={host: engine.remembered(host) for host in hosts} if recall else None,
    )
    job = engine.wait_job(engine.submit(plan, Tier.TYPED), JOB_SECONDS)
    assert job.finished, "the job did not end"
    assert set(job.outcomes) == {step.key for step in plan.steps}
    return job


def run_one(engine: Engine, verb: Verb, key: ProcessKey, *, argument: str = "") -> Outcome:
    """The outcome of one verb on one target."""
    return run_job(engine, verb, [key], argument=argument).outcomes[key]
