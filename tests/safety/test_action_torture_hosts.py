"""Actions whose supervisord freezes, or is killed and started anew, while they are under way: told as it was, and settled soon."""

from __future__ import annotations

import functools
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.safety.yard import JOB_SECONDS, POLL, Place, Truth, Yard, lives, wrong, yard
from tests.support.supervisord import wait_until
from tui.engine.acting import actions, evidence
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind

pytestmark = pytest.mark.e2e

VERBS = {
    Verb.START: b"startProcess",
    Verb.STOP: b"stopProcess",
    Verb.RESTART: b"multicall",
    Verb.SIGNAL: b"signalProcess",
}
TARGETS = 12
NOISE = 2.0
"""Seconds that a busy machine may add to a promise."""


SEEDS = range(12 if WHOLE else 1)


def verbs(*sample: Verb) -> Sequence[Verb]:
    """All of them, or these."""
    return tuple(VERBS) if WHOLE else sample


@pytest.fixture(autouse=True)
def short_time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(evidence, "MARGIN", 1.0)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("verb", verbs(Verb.START, Verb.RESTART))
def test_an_action_under_a_supervisord_that_freezes_is_settled_when_it_thaws(
    tmp_path: Path, verb: Verb
) -> None:
    tally = Tally()
    for seed in SEEDS:
        with yard(tmp_path / f"{seed}", daemons=1, programs=TARGETS) as running:
            (daemon,) = running.daemons
            story = Story(running, verb, seed)
            story.run(daemon.freeze, daemon.thaw)
            tally.add(story, story.lies(wrong))
    tally.show(f"action torture: {verb}, supervisord frozen by SIGSTOP")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("verb", verbs(Verb.START, Verb.STOP))
def test_an_action_whose_network_is_lost_is_settled_when_its_host_can_be_reached_again(
    tmp_path: Path, verb: Verb
) -> None:
    """From one last byte on nothing passes any more, and what was held back never arrives."""
    tally = Tally()
    for seed in SEEDS:
        with yard(tmp_path / f"{seed}", daemons=1, programs=TARGETS) as running:
            story = Story(running, verb, seed)
            story.run(running.lose_the_network, running.mend_the_network)
            tally.add(story, story.lies(wrong))
    tally.show(f"action torture: {verb}, network lost")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("autostart", [False, True], ids=["by hand", "autostart"])
@pytest.mark.parametrize("verb", verbs(Verb.START, Verb.STOP, Verb.RESTART))
def test_an_action_under_a_supervisord_that_is_killed_claims_nothing_that_is_not_so(
    tmp_path: Path, verb: Verb, autostart: bool
) -> None:
    tally = Tally()
    for seed in SEEDS:
        with yard(tmp_path / f"{seed}", daemons=1, programs=TARGETS, autostart=autostart) as running:
            (daemon,) = running.daemons
            story = Story(running, verb, seed)
            delay = (0.0, 0.0, 0.005, 0.02, 0.1, 0.3)[seed % 6]
            story.run(
                daemon.kill,
                daemon.start,
                delay=delay,
                wait_for_the_job=seed % 2 == 1,
            )
            tally.add(story, story.lies(functools.partial(wrong_after_a_kill, int(autostart))))
    how = "autostart" if autostart else "no autostart"
    tally.show(f"action torture: {verb}, supervisord killed and started anew, {how}")


class Story:
    """A job over all places of a yard, and what happens to their supervisord in the middle of it."""

    def __init__(self, running: Yard, verb: Verb, seed: int) -> None:
        self.yard = running
        self.verb = verb
        self.left = 0
        """Outcomes that were UNKNOWN when the host returned."""
        self.settled = 0.0
        """Seconds from then until none was that can be settled."""
        self.outcomes: dict[ProcessKey, Outcome] = {}
        self._at = random.Random(seed).randrange(TARGETS)
        self._before = running.prepare(running.places, verb)

    def run(
        self,
        strike: Callable[[], None],
        mend: Callable[[], None],
        *,
        wait_for_the_job: bool = True,
        delay: float = 0.0,
    ) -> None:
        """`strike` right before the last byte of a request passes, or `delay` after; `mend` when the job has given up, or now."""
        struck = threading.Event()
        passed = itertools.count()

        def hit() -> None:
            strike()
            struck.set()

        def look(request: bytes) -> None:
            if VERBS[self.verb] in request and next(passed) == self._at:
                threading.Timer(delay, hit).start() if delay else hit()

        for place in self.yard.places:
            place.proxy.at_commit = look
        engine = self.yard.engine
        number = self.yard.submit(self.yard.places, self.verb)
        assert struck.wait(JOB_SECONDS)
        if wait_for_the_job:
            assert engine.wait_job(number, JOB_SECONDS).finished
        self.left = len(self.yard.unknown(number))
        mend()
        assert engine.wait_job(number, JOB_SECONDS).finished
        returned = time.monotonic()
        if self.verb is not Verb.SIGNAL:
            wait_until(lambda: not self.yard.unknown(number), seconds=30, what="every outcome to be settled")
        self.settled = time.monotonic() - returned
        self.outcomes = self.yard.outcomes(number)

    def lies(self, lie: Callable[[Verb, Outcome, Truth, Place], str]) -> list[str]:
        """What the outcomes say that is not so."""
        told = []
        for place, before in zip(self.yard.places, self._before, strict=True):
            outcome = self.outcomes[place.key]
            deadline = time.monotonic() + 5  # a program that was just started may not have written so yet
            while (words := lie(self.verb, outcome, before, place)) and time.monotonic() < deadline:
                time.sleep(0.05)
            if words:
                told.append(f"{words}: {before}, then {place.truth}; told {outcome}")
        return told


class Tally:
    """Several stories, for one row."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.left = 0
        self.slowest = 0.0

    def add(self, story: Story, lies: list[str]) -> None:
        """One more; nothing of it may be a lie, and all has to be known within one poll of the host's return."""
        assert not lies
        assert story.settled <= POLL + NOISE
        self.kinds += Counter(outcome.kind.value for outcome in story.outcomes.values())
        self.left += story.left
        self.slowest = max(self.slowest, story.settled)

    def show(self, name: str) -> None:
        """A row of the table."""
        seen = ", ".join(f"{count} {kind}" for kind, count in self.kinds.most_common())
        show(
            name,
            f"0 told what was not so; UNKNOWN settled within a poll ({POLL:g} s) of the host's return",
            f"{self.kinds.total()} targets: 0; {self.left} were UNKNOWN when it returned, and known after "
            f"{self.slowest:.1f} s: {seen}",
        )


def wrong_after_a_kill(anew: int, verb: Verb, outcome: Outcome, before: Truth, place: Place) -> str:
    """As `wrong`, for a supervisord that was killed: what it ran goes on without it, and the next one starts it `anew` times."""
    now = place.truth
    old_lives = lives(before.pid)
    untouched = (now.terms, now.signals) == (before.terms, before.signals)
    match verb, outcome.kind:
        case _, OutcomeKind.FAILED:
            return ""
        case Verb.START, OutcomeKind.DONE:
            return "" if now.starts > before.starts and lives(outcome.pid_after) else "it does not run"
        case Verb.START, OutcomeKind.NOT_EXECUTED:
            return "" if now.starts <= before.starts + anew else "it was started"
        case Verb.STOP, OutcomeKind.DONE:
            return "it still lives" if old_lives else ""
        case Verb.RESTART, OutcomeKind.DONE:
            return "" if not old_lives and lives(outcome.pid_after) else "the old run still lives"
        case ((Verb.STOP | Verb.RESTART | Verb.SIGNAL), OutcomeKind.NOT_EXECUTED):
            return "" if old_lives and untouched else "something was done to it"
        case Verb.SIGNAL, OutcomeKind.DONE:
            return "" if now.signals == before.signals + 1 else "it had no signal"
        case Verb.SIGNAL, OutcomeKind.UNKNOWN:
            return ""
    return f"{outcome.kind.name} is not settled"
