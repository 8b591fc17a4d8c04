"""The rest of the file: guardrails, ui, alerts, journal, history and logs."""

from __future__ import annotations

from typing import Literal

from tui.config.keys import ALERTS, GUARDRAIL, HISTORY, JOURNAL, LOGS, UI
from tui.config.nodes import Node, Scalar, Sequence
from tui.config.schema import (
    EVERY_RANGE,
    KEEP_RANGE,
    SIZE_RANGE,
    STREAMS_RANGE,
    AlertSettings,
    DesktopMode,
    HistorySettings,
    LogSettings,
    UiSettings,
)
from tui.config.sections import Section, pairs
from tui.errors import QueryError
from tui.model.plan import Verb
from tui.model.policy import Guardrail, Tier
from tui.text import clean, nearest

VERBS: dict[str, Verb] = {verb.value: verb for verb in Verb} | {"shutdown": Verb.DAEMON_SHUTDOWN}
"""What `deny` may name; `shutdown` is what people call the shutdown of a supervisord."""

TIERS = {"ask": Tier.ONE_LINE, "summary": Tier.SUMMARY, "typed": Tier.TYPED}


def read_guardrails(top: Section) -> tuple[Guardrail, ...]:
    """The rules in the order of the file. Raises ConfigError."""
    node = top.node("guardrails")
    if node is None:
        return ()
    if not isinstance(node, Sequence):
        node.place.fail("guardrails must be a list", "each rule begins with `- match:`")
    return tuple(_guardrail(item) for item in node.items)


def read_ui(top: Section) -> UiSettings:
    """How the screen looks. Raises ConfigError."""
    node = top.node("ui")
    if node is None:
        return UiSettings()
    section = Section(node, UI, "ui")
    mice: dict[str, Literal["auto", "on", "off"]] = {"auto": "auto", "on": "on", "off": "off"}
    return UiSettings(
        theme=section.text("theme", UiSettings().theme),
        keys=_keys(section.node("keys")),
        mouse=section.choice("mouse", mice, UiSettings().mouse),
    )


def read_alerts(top: Section) -> AlertSettings:
    """How the screen tells of failures. Raises ConfigError."""
    node = top.node("alerts")
    usual = AlertSettings()
    if node is None:
        return usual
    section = Section(node, ALERTS, "alerts")
    modes: dict[str, DesktopMode] = {"auto": "auto", "off": "off", "osc9": "osc9", "osc777": "osc777"}
    return AlertSettings(
        bell=section.boolean("bell", usual.bell),
        title=section.boolean("title", usual.title),
        desktop=section.choice("desktop", modes, usual.desktop),
        every=section.duration("every", EVERY_RANGE, usual.every),
        command=tuple(word.text for word in section.words("command") or ()),
    )


def journal_required(top: Section) -> bool:
    """Whether nothing may be done without a record. Raises ConfigError."""
    node = top.node("journal")
    return False if node is None else Section(node, JOURNAL, "journal").boolean("required", False)


def read_history(top: Section) -> HistorySettings:
    """How much is kept of what was seen. Raises ConfigError."""
    node = top.node("history")
    usual = HistorySettings()
    if node is None:
        return usual
    section = Section(node, HISTORY, "history")
    return HistorySettings(
        enabled=section.boolean("enabled", usual.enabled),
        keep=section.duration("keep", KEEP_RANGE, usual.keep),
        max_size=section.size("max_size", SIZE_RANGE, usual.max_size),
    )


def read_logs(top: Section) -> LogSettings:
    """How logs are followed. Raises ConfigError."""
    node = top.node("logs")
    usual = LogSettings()
    if node is None:
        return usual
    return LogSettings(streams=Section(node, LOGS, "logs").integer("streams", *STREAMS_RANGE, usual.streams))


def _guardrail(node: Node) -> Guardrail:
    section = Section(node, GUARDRAIL, "a guardrail")
    if "match" not in section:
        section.place.fail("this guardrail has no match", 'match: "tag:prod"')
    match = _query(section)
    if not any(key in section for key in ("deny", "confirm", "max_bulk")):
        section.place.fail("this guardrail does nothing", "add deny, confirm or max_bulk")
    return Guardrail(
        match=match,
        deny=_verbs(section),
        confirm=section.choice("confirm", TIERS, Tier.DO),
        max_bulk=section.integer("max_bulk", 1, 10**9, 0),
    )


def _query(section: Section) -> str:
    from tui.model.query import Query

    text = section.text("match")
    node = section.node("match")
    assert isinstance(node, Scalar)
    if not text.strip():
        node.place.fail("match is empty", "host:* is every host")
    try:
        Query.parse(text)
    except QueryError as error:
        column = node.place.column + error.position + (0 if node.plain else 1)
        node.place._replace(column=column).fail(f"match: {error.problem}", error.advice)
    return text


def _verbs(section: Section) -> frozenset[Verb]:
    words = section.words("deny") or ()
    for word in words:
        if word.text not in VERBS:
            near = nearest(word.text, VERBS, 1)
            advice = f"did you mean {near[0]}?" if near else f"known: {', '.join(VERBS)}"
            word.place.fail(f"deny knows no verb {clean(word.text, 40)!r}", advice)
    return frozenset(VERBS[word.text] for word in words)


def _keys(node: Node | None) -> dict[str, str]:
    found: dict[str, str] = {}
    if node is None:
        return found
    for key, value in pairs(node, "keys"):
        if not isinstance(value, Scalar) or value.empty:
            value.place.fail("a key of the keyboard must stand here", "restart: R")
        if clean(value.text) != value.text or clean(key.text) != key.text:
            value.place.fail("this holds a control character", "name the key: escape, ctrl+r, space")
        found[key.text] = value.text
    return found
