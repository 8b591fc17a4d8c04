"""Read-only: whatever is typed or submitted, a supervisord is asked only for what the allow-list has."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.fake_fleet import FakeFleet, Plan, running_fake_fleet
from tests.support.pty_process import PtyProcess, in_pty
from tests.support.supervisord import wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine
from tui.errors import RefusedError
from tui.model.endpoint import Endpoint
from tui.model.plan import HOST_VERBS, Verb, make_plan
from tui.model.plan import Plan as JobPlan
from tui.model.policy import Policy, Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind
from tui.rpc.allow import READING_METHODS

pytestmark = [pytest.mark.e2e, pytest.mark.terminal]

KEYS = 5_000 if WHOLE else 100
BURSTS = 5
"""On a screen, until it is found again; of one key or of several."""
SEED = 4
PAUSE = b""
"""A person reads a question first: an answer too soon is not taken."""
_LOOKING = (
    *b"j k g G ] [ 1 2 3 t z w p o O < > / n N ! l d E J ? : y Y v * u e f c r h s x 0 9 fake worker".split(),
    *(b" ", b"\r", b"\t", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[5~", b"\x1b[6~"),
    *(b"\x04", b"\x15", b"\x12", b"\x10", b"\x0c"),
)
"""`q` is left out, which would only end it."""
ESCAPE = b"\x1b[27u"
"""As a terminal with the newer keyboard protocol says it: nobody need wait for what may follow."""
_AT = tuple((ESCAPE, ESCAPE, b"2", b"/", host, b"\r") for host in (b"host:fake-0", b"host:fake-1"))
"""The rows of the one host, and those of the other, with no mark and no question left."""
_SCREENS = {
    b"": "40 procs",
    b"l": "No output yet",
    b"E": "Timeline",
    b"J": "Jobs",
    b"?": "Keys of the fleet screen",
    b"d": "Details of",
}
"""Where the keys are typed, and what shows that we are there; menus, questions and the palette come up by themselves."""
_LETTERS = (b"h", b"r", b"s", b"u", b"c", b"x")
_VERBS = (b"S", b"X", b"R", b"K", b"D", b"B", b"a")
_BURSTS: tuple[tuple[bytes, ...], ...] = (
    *((key,) for key in _LOOKING),
    *((ESCAPE,) for _ in range(16)),
    *((verb,) for verb in _VERBS),
    *((*at, *marking, verb, PAUSE, b"y") for at in _AT for marking in ((), (b"*",)) for verb in _VERBS),
    *((*at, verb, letter, PAUSE, b"y") for at in _AT for verb in (b"K", b"D", b"a") for letter in _LETTERS),
    *((*at, b"D", b"r", PAUSE, host, b"\r") for at in _AT for host in (b"fake-0", b"fake-1")),
)


@pytest.fixture
def fleet() -> Iterator[FakeFleet]:
    with running_fake_fleet(Plan(hosts=2, processes=20)) as running:
        yield running


def changing(asked: dict[str, int]) -> dict[str, int]:
    """What is not on the allow-list."""
    return {method: times for method, times in asked.items() if method not in READING_METHODS}


@pytest.mark.timeout(1800 if WHOLE else 120)
def test_random_keys_on_every_screen_change_nothing(tmp_path: Path, fleet: FakeFleet) -> None:
    """The second host is open, as the positive control: there the same keys do change things."""
    path = hosts_file(tmp_path, fleet, first="read_only: true")
    with in_pty("-c", str(path), home=tmp_path) as program:
        program.wait_for("40 procs")
        stop_one(program, b"fake-1")
        wait_until(lambda: changing(fleet.asked()[1]), what="the keys to do something where they may")
        stop_one(program, b"fake-0")
        type_at_random(program, KEYS // 5)
    locked, open_ = fleet.asked()
    assert changing(locked) == {}
    assert [line for line in journal(tmp_path) if line["host"] == "fake-0"] == []

    # Now nothing is open, and what the session of before has changed shows nothing any more.
    before = fleet.asked()
    home = tmp_path / "read-only"
    with in_pty("--read-only", "-c", str(path), home=home) as program:
        program.wait_for("40 procs")
        program.wait_for("READ-ONLY")
        stop_one(program, b"fake-1")
        type_at_random(program, KEYS)
    after = fleet.asked()
    assert [changing(host) for host in after] == [changing(host) for host in before]
    assert journal(home) == []
    looks = sum(sum(host.values()) for host in after) - sum(sum(host.values()) for host in before)
    show(
        f"{KEYS} random keys on every screen of a read-only session, and {KEYS // 5} where one host of two is",
        "only methods of the allow-list",
        f"{looks} requests, all on it; where it was allowed {sum(changing(open_).values())} others",
    )


def stop_one(program: PtyProcess, host: bytes) -> None:
    """Whatever it says, answer yes, as a person who wants it does."""
    program.press(ESCAPE * 2 + b"2/host:" + host + b"\r")
    program.wait_for("20 of 40")
    program.press(b"GX")
    program.wait_for(r"Stop .*\?|read-only")
    time.sleep(0.5)
    program.press(b"y")
    wait_until(lambda: not program.busy, what="the answer to be taken")
    program.press(ESCAPE * 3)
    program.wait_gone("20 of 40")


def type_at_random(program: PtyProcess, keys: int) -> None:
    """Type so many keys, as many on each screen as they leave us on it. The program must live through that."""
    chance = random.Random(SEED)
    typed = 0
    while typed < keys:
        for key, title in _SCREENS.items():
            program.press(ESCAPE * 4 + b"2g")
            program.wait_for("40 procs")
            program.press(key)
            program.wait_for(title)
            for burst in chance.choices(_BURSTS, k=BURSTS):
                for one in burst:
                    typed += len(one) > 0
                    if one == PAUSE:
                        time.sleep(0.4)
                    else:
                        program.press(one)
            wait_until(lambda: not program.busy, seconds=30, what="the keys to be taken")
            assert program.process.poll() is None, program.text


VERBS = {
    "start": ["start", "-y", "*"],
    "stop": ["stop", "-y", "*"],
    "restart": ["restart", "-y", "*"],
    "signal": ["signal", "HUP", "*", "-y"],
    "reread": ["reread", "*"],
    "update": ["update", "-y", "*"],
    "daemon restart": ["daemon", "restart", "-y", "*"],
    "daemon shutdown": ["daemon", "shutdown", "-y", "*"],
}


@pytest.mark.parametrize("verb", VERBS if WHOLE else ["restart", "update", "daemon shutdown"])
def test_a_command_is_refused_with_5(tmp_path: Path, fleet: FakeFleet, verb: str) -> None:
    path = hosts_file(tmp_path, fleet)
    ran = subprocess.run(
        [sys.executable, "-m", "tui", "--read-only", "-c", str(path), *VERBS[verb]],
        env={"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "read-only" in ran.stderr) == (5, True), ran.stderr
    assert [changing(host) for host in fleet.asked()] == [{}, {}]


def test_without_the_policy_the_allow_list_lets_nothing_through(tmp_path: Path, fleet: FakeFleet) -> None:
    with watching(fleet, tmp_path, read_only=True) as engine:
        engine.policy = Policy()
        for verb in Verb:
            number = engine.submit(plan_for(engine, verb), Tier.TYPED)
            job = engine.wait_job(number, 60)
            kinds = {outcome.kind for outcome in job.outcomes.values()}
            assert kinds <= {OutcomeKind.NOT_EXECUTED, OutcomeKind.FAILED, OutcomeKind.SKIPPED}, (verb, kinds)
    assert [changing(host) for host in fleet.asked()] == [{}, {}]


def test_without_the_allow_list_the_policy_lets_nothing_through(tmp_path: Path, fleet: FakeFleet) -> None:
    with watching(fleet, tmp_path, read_only=True) as engine:
        engine._connections._read_only = False
        for verb in Verb:
            with pytest.raises(RefusedError, match="read-only"):
                engine.submit(plan_for(engine, verb), Tier.TYPED)
    assert [changing(host) for host in fleet.asked()] == [{}, {}]


def plan_for(engine: Engine, verb: Verb) -> JobPlan:
    """One that would change something: a running process, or its host."""
    keys = (
        [ProcessKey("fake-0")] if verb in HOST_VERBS else [ProcessKey("fake-0", "worker_00", "worker_00_03")]
    )
    return make_plan(verb, keys, engine.picture, time.monotonic(), argument="HUP")


@contextlib.contextmanager
def watching(fleet: FakeFleet, home: Path, *, read_only: bool) -> Iterator[Engine]:
    hosts = {
        f"fake-{number}": HostSettings(
            f"fake-{number}", Endpoint("http", host="127.0.0.1", port=port), poll=0.3
        )
        for number, port in enumerate(fleet.ports)
    }
    engine = Engine(Settings(hosts), read_only=read_only, state_dir=home)
    engine.start()
    try:
        assert engine.wait_answered(10)
        yield engine
    finally:
        engine.stop()


def hosts_file(place: Path, fleet: FakeFleet, *, first: str = "") -> Path:
    """Two hosts, the first with something more said about it."""
    one, two = fleet.ports
    path = place / "hosts.yaml"
    more = f", {first}" if first else ""
    path.write_text(
        "defaults: {poll: 1s}\nhosts:\n"
        f"  fake-0: {{host: 127.0.0.1, port: {one}{more}}}\n"
        f"  fake-1: {{host: 127.0.0.1, port: {two}}}\n"
    )
    return path


def journal(home: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in home.glob("state/*/journal.jsonl")
        for line in path.read_text().splitlines()
    ]
