"""Read-only, guardrails and tiers: may this plan run, and how firmly must the user be asked first.

The engine asks before it runs anything; a screen or the command line asks the same question to know what to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tui.model.plan import Verb


class Tier(IntEnum):
    """How much to ask (ux.md): guardrails may raise it, never lower it."""

    DO = 0
    ONE_LINE = 1
    SUMMARY = 2
    TYPED = 3


@dataclass(frozen=True, slots=True)
class Guardrail:
    """One rule of hosts.yaml: for targets that `match` (the filter language), forbid, ask harder, or bound."""

    match: str
    deny: frozenset[Verb] = frozenset()
    confirm: Tier = Tier.DO
    max_bulk: int = 0
    """At most this many matching targets in one plan; 0: no bound."""
