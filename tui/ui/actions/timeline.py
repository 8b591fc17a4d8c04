"""What only the timeline has."""

from __future__ import annotations

from functools import partial

from tui.ui.actions.action import Action, Scope, Section, action

_on_timeline = partial(action, scopes=(Scope.TIMELINE,), screen="timeline:TimelineScreen")

ON_TIMELINE: tuple[Action, ...] = (
    _on_timeline(
        "timeline-filter",
        "/",
        "Filter",
        "Only changes to what matches: words, state:bad, host:web*, exit:1, since<2h.",
        section=Section.FIND,
        word="filter",
        footer=3,
    ),
    _on_timeline(
        "timeline-only",
        "t",
        "This one only",
        "Only the one under the cursor, and back to all.",
        section=Section.LOOK,
        word="this one",
        footer=8,
    ),
    _on_timeline(
        "timeline-whose",
        "o",
        "Ours, not ours",
        "Only what we did, only what we did not, all.",
        section=Section.LOOK,
        word="ours",
        footer=9,
    ),
    _on_timeline(
        "timeline-follow", "f", "Follow", "To the newest change, and stay there.", section=Section.LOOK
    ),
)
