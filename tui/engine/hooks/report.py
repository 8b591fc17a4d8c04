"""What is told of changes. Remote text goes as JSON, escaped, or cleaned into an environment variable; never into a command."""

from __future__ import annotations

import json
from dataclasses import dataclass

from tui.model.fleet import Transition
from tui.model.past import transition_document
from tui.model.process import ProcessKey
from tui.text import clean

PREFIX = "SUPERVISOR_TUI_"
VALUE_CELLS = 500
NAMED = 3
"""So many are named in the summary."""


@dataclass(frozen=True, slots=True)
class Report:
    """Some changes, oldest first, told together."""

    id: str
    """The same each time that it is tried to deliver it, so that a receiver can tell a repeat."""
    transitions: tuple[Transition, ...]
    missed: int = 0
    """Changes that are told to nobody: they came faster than they could be told."""

    @property
    def summary(self) -> str:
        """'web-01 celery FATAL, web-02 api:worker gone, and 3 more'; clean."""
        words = [f"{_who(one.key)} {one.new or 'gone'}" for one in self.transitions[:NAMED]]
        more = len(self.transitions) + self.missed - len(words)
        return clean(", ".join(words) + (f", and {more} more" if more else ""), VALUE_CELLS)

    def body(self) -> bytes:
        """As JSON, ASCII only."""
        return json.dumps(
            {
                "schema": 1,
                "id": self.id,
                "summary": self.summary,
                "missed": self.missed,
                "transitions": [transition_document(one) for one in self.transitions],
            }
        ).encode()

    def variables(self) -> dict[str, str]:
        """The summary, and all of the first change: enough for a program that reads no JSON. Every value is clean."""
        values = {
            "COUNT": str(len(self.transitions)),
            "MISSED": str(self.missed),
            "SUMMARY": self.summary,
            **{
                name.upper(): _word(value) for name, value in transition_document(self.transitions[0]).items()
            },
        }
        return {PREFIX + name: clean(value, VALUE_CELLS) for name, value in values.items()}


def _who(key: ProcessKey) -> str:
    if key.is_host:
        return key.host
    return f"{key.host} {key.name if key.group == key.name else key.address}"


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
