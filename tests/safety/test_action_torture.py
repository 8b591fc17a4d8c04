"""Actions whose connection is cut at any byte, whose supervisord freezes or is killed: what is told is so, and nothing ran twice.

The time-outs of the engine are shortened, which can only make it judge too early. The truth comes from the programs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.safety.yard import Truth, Yard, twice, wrong, yard
from tests.support.fault_proxy import End, Fault
from tui.engine.acting import actions, evidence
from tui.model.plan import Verb
from tui.model.states import OutcomeKind

pytestmark = pytest.mark.e2e

VERBS = {
    Verb.START: b"startProcess",
    Verb.STOP: b"stopProcess",
    Verb.RESTART: b"multicall",
    Verb.SIGNAL: b"signalProcess",
}
"""And what marks their requests."""
ENDS = (End.FIN, End.RST, End.HALF_CLOSE, End.SILENCE)
SIDES = ("request", "answer")


@dataclass(frozen=True, slots=True)
class Cut:
    """One case."""

    side: str
    at: int
    end: End

    def fault(self, marker: bytes) -> Fault:
        if self.side == "request":
            return Fault(marker=marker, cut_request=self.at, end=self.end)
        return Fault(marker=marker, cut_answer=self.at, end=self.end)


@pytest.fixture(autouse=True)
def short_time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(evidence, "MARGIN", 1.0)


@pytest.fixture
def cut_yard(tmp_path: Path) -> Iterator[Yard]:
    with yard(tmp_path, daemons=2, programs=20, timeout=30.0) as running:
        yield running


PARTS = [(side, end) for side in SIDES for end in ENDS] if WHOLE else [("both", None)]
"""Whole, every part is a test of its own, so that they spread over the workers."""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("side", "end"), PARTS)
@pytest.mark.parametrize("verb", VERBS)
def test_an_action_that_is_cut_anywhere_is_told_as_it_was(
    cut_yard: Yard, verb: Verb, side: str, end: End | None
) -> None:
    cuts = [cut for cut in _cuts(cut_yard, verb) if side in ("both", cut.side) and end in (None, cut.end)]
    kinds: Counter[OutcomeKind] = Counter()
    left: dict[str, Truth] = {}
    for some in batched(cuts, len(cut_yard.places)):
        places = cut_yard.places[: len(some)]
        assert not _late(cut_yard, left)
        kinds += _torture(cut_yard, verb, dict(zip((place.name for place in places), some, strict=True)))
        left = {place.name: place.truth for place in places}
    for place in cut_yard.places:
        place.proxy.hang_up()
    assert not _late(cut_yard, left)
    assert sum(kinds.values()) == len(cuts)
    show(
        f"action torture: {verb}, {side} cut by {end or 'all ends'}",
        "0 run twice, 0 told DONE that were not, 0 told NOT EXECUTED that were",
        f"{len(cuts)} cuts: 0, 0 and 0; "
        + ", ".join(f"{count} {kind.value}" for kind, count in kinds.most_common()),
    )


def _cuts(yard: Yard, verb: Verb) -> Iterator[Cut]:
    """Every place where a request of this verb and its answer can be cut, or some of each kind."""
    places = yard.places[:1]
    yard.prepare(places, verb)
    yard.run(places, verb)
    seen = places[0].proxy.calls(VERBS[verb])[-1]
    request, head, answer = len(seen.request), seen.request.index(b"\r\n\r\n") + 4, seen.answered
    at: dict[str, Sequence[int]] = {"request": range(request + 1), "answer": range(1, answer + 1)}
    if not WHOLE:
        at = {
            "request": (0, head, request - 2, request - 1, request),
            "answer": (1, 20, answer // 2, answer - 20, answer - 1),
        }
    for side, places_of_cuts in at.items():
        for end in ENDS:
            yield from (Cut(side, where, end) for where in places_of_cuts)


def _torture(yard: Yard, verb: Verb, cuts: dict[str, Cut]) -> Counter[OutcomeKind]:
    """One job, each of its targets with a cut of its own; how they ended."""
    places = [place for place in yard.places if place.name in cuts]
    before = yard.prepare(places, verb)
    for place in places:
        place.proxy.fault = cuts[place.name].fault(VERBS[verb])
    asked = {place.name: len(place.proxy.calls(VERBS[verb])) for place in places}
    outcomes = yard.run(places, verb)
    for place, was in zip(places, before, strict=True):
        assert len(place.proxy.calls(VERBS[verb])) == asked[place.name] + 1
        lie = wrong(verb, outcomes[place.key], was, place)
        assert not lie, f"{cuts[place.name]}: {lie}"
        assert not twice(was, place.truth), f"{cuts[place.name]}: it ran twice"
    return Counter(outcome.kind for outcome in outcomes.values())


def _late(yard: Yard, left: dict[str, Truth]) -> list[str]:
    """What has changed since the outcomes were told: each supervisord has been through its loop in between."""
    for daemon in yard.daemons:
        daemon.proxy.supervisor.getState()
    return [
        f"{place.name}: {left[place.name]} and then {place.truth}"
        for place in yard.places
        if place.name in left and place.truth != left[place.name]
    ]


def batched(cuts: Sequence[Cut], size: int) -> Iterator[Sequence[Cut]]:
    """In parts of `size`."""
    for first in range(0, len(cuts), size):
        yield cuts[first : first + size]
