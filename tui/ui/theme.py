"""Colours by role and the glyphs that say the same without colour.

Who comes in: widgets, with their app. Who leaves: a `Palette` (one Rich style per role, worked out of whatever Textual
theme is on) and `Glyphs`. The one rule: no widget names a colour, and no state is told by colour alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.states import ANSWERING, UNREACHABLE, Health, HostState, OutcomeKind, ProcessState

LEGIBLE = 4.5
"""The least contrast of text to its background (WCAG 2 AA)."""
QUIET = 3.6
"""The least contrast of text that is meant to stay in the background: headings, stale rows."""

THEMES: tuple[Theme, ...] = (
    Theme(
        name="clear-dark",
        primary="#56B4E9",
        secondary="#0072B2",
        accent="#CC79A7",
        success="#56B4E9",
        warning="#F0E442",
        error="#FF8A3D",
        foreground="#E8E8E8",
        background="#101114",
        surface="#191B20",
        panel="#23262D",
        dark=True,
    ),
    Theme(
        name="clear-light",
        primary="#0072B2",
        secondary="#56B4E9",
        accent="#8F3F71",
        success="#0072B2",
        warning="#7A6A00",
        error="#B33F00",
        foreground="#16181C",
        background="#F7F7F4",
        surface="#ECECE8",
        panel="#DEDED8",
        dark=False,
    ),
)
"""Safe for every common colour blindness (Okabe and Ito): good is blue, trouble is orange, never green against red."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Every sign that is not a letter; each is one cell wide."""

    cursor: str = ">"
    mark: str = "+"
    in_flight: str = "*"
    running: str = "●"
    busy: str = "◐"
    backoff: str = "▲"
    flapping: str = "↻"
    resting: str = "○"
    bad: str = "✗"
    unknown: str = "?"
    unreachable: str = "↯"
    drift: str = "Δ"
    pending: str = "◌"
    done: str = "✓"
    skipped: str = "–"
    ascending: str = "▲"
    descending: str = "▼"
    opened: str = "▾"
    closed: str = "▸"
    folder: str = "▸"
    ellipsis: str = "…"
    arrow: str = "→"
    dot: str = "·"
    path: str = "›"
    rule: str = "─"
    thumb: str = "▐"
    track: str = " "
    bar_full: str = "━"
    bar_empty: str = "─"
    spark: str = "▁▂▃▄▅▆▇█"


UNICODE = Glyphs()
ASCII = Glyphs(
    running="*",
    busy="~",
    backoff="^",
    flapping="@",
    resting="o",
    bad="x",
    unreachable="!",
    drift="D",
    pending=".",
    done="v",
    skipped="-",
    ascending="^",
    descending="v",
    opened="-",
    closed="+",
    folder="/",
    ellipsis="~",
    arrow=">",
    dot="-",
    path=">",
    rule="-",
    thumb="|",
    bar_full="=",
    bar_empty=".",
    spark="_.-=+*#@",
)


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """One Rich style per role. Styles carry a foreground only, save those that are named as backgrounds."""

    text: Style
    strong: Style
    dim: Style
    """Quieter than text, still legible."""
    faint: Style
    """Stale rows, rules, things that may be overlooked."""
    heading: Style
    key: Style
    """A key's name in the footer, in questions and in help."""
    accent: Style
    good: Style
    busy: Style
    bad: Style
    resting: Style
    stale: Style
    mark: Style
    rule: Style
    cursor: Style
    """Background of the row under the cursor."""
    cursor_away: Style
    """The same while another pane has the focus."""
    match: Style
    """What a search found: foreground and background."""
    badge: Style
    """A standing remark, on its own background."""
    danger: Style
    """A question about something that hurts, on its own background."""
    question: Style
    """Background of a question."""
    sources: tuple[Style, ...]
    """Told apart by their order: log lines of one process always have the same."""

    def health(self, health: Health) -> Style:
        """The style of a state."""
        return (self.good, self.resting, self.busy, self.bad)[health]


def palette_of(app: App[Any]) -> Palette:
    """The palette of the theme that is on; one object per theme, so that a changed theme is a changed identity."""
    variables = app.theme_variables
    return _palette(app.native_ansi_color, app.no_color, *(variables[name] for name in _USED))


_USED = ("background", "foreground", "primary", "accent", "success", "warning", "error")
"""The theme variables that a palette is made of."""


def terminal_glyphs() -> Glyphs:
    """Unicode, unless the locale or the terminal's name tells that it cannot be shown here."""
    words = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    speaks = "utf" in words.lower() or (words in ("", "C", "POSIX") and os.environ.get("TERM") != "linux")
    return UNICODE if speaks else ASCII


def glyphs_of(app: App[Any]) -> Glyphs:
    """The app's `glyphs` when it has chosen a set, else Unicode."""
    chosen = getattr(app, "glyphs", None)
    return chosen if isinstance(chosen, Glyphs) else UNICODE


def process_state(process: Process, glyphs: Glyphs) -> tuple[str, str, Health]:
    """Glyph, word and health of a process's state."""
    return _process_state(process.state, process.health, glyphs)


def host_state(host: HostSnapshot, glyphs: Glyphs) -> tuple[str, str, Health]:
    """Glyph, word and health of a host: unreachable ones all say so, their cause is told beside it."""
    if host.state in UNREACHABLE:
        return glyphs.unreachable, "UNREACHABLE", Health.BAD
    if host.state in ANSWERING:
        bad = host.bad_count
        return (glyphs.backoff, "DEGRADED", Health.BAD) if bad else (glyphs.running, "UP", Health.GOOD)
    if host.state is HostState.STALE:
        return glyphs.unknown, "STALE", Health.BAD
    if host.state is HostState.RESTARTING:
        return glyphs.busy, "RESTARTING", Health.BUSY
    return glyphs.pending, "PENDING", Health.BUSY


def outcome_state(kind: OutcomeKind, glyphs: Glyphs) -> tuple[str, str, Health]:
    """Glyph, word and health of what became of a target."""
    glyph, health = {
        OutcomeKind.DONE: (glyphs.done, Health.GOOD),
        OutcomeKind.FAILED: (glyphs.bad, Health.BAD),
        OutcomeKind.NOT_EXECUTED: (glyphs.resting, Health.BAD),
        OutcomeKind.UNKNOWN: (glyphs.unknown, Health.BAD),
        OutcomeKind.SKIPPED: (glyphs.skipped, Health.RESTING),
    }[kind]
    return glyph, kind.value.replace("_", " "), health


@lru_cache(maxsize=64)
def _process_state(state: ProcessState, health: Health, glyphs: Glyphs) -> tuple[str, str, Health]:
    if state is ProcessState.EXITED:
        return (glyphs.bad if health is Health.BAD else glyphs.resting), state.name, health
    glyph = {
        ProcessState.RUNNING: glyphs.running,
        ProcessState.STARTING: glyphs.busy,
        ProcessState.STOPPING: glyphs.busy,
        ProcessState.BACKOFF: glyphs.backoff,
        ProcessState.STOPPED: glyphs.resting,
        ProcessState.FATAL: glyphs.bad,
        ProcessState.UNKNOWN: glyphs.unknown,
    }[state]
    return glyph, state.name, health


@lru_cache(maxsize=8)
def _palette(ansi: bool, no_color: bool, *tones: str) -> Palette:
    if ansi:
        return _terminal_palette()
    background, foreground, primary, accent, success, warning, error = map(Color.parse, tones)
    if no_color:  # what wants attention is to be brighter than the rest, not the grey of its colour
        primary = accent = success = warning = error = foreground
    text = _legible(background.blend(foreground, foreground.a, alpha=1.0), background, LEGIBLE)
    quiet = _legible(text.blend(background, 0.38), background, LEGIBLE)
    faint = _legible(text.blend(background, 0.55), background, QUIET)
    cursor = background.blend(primary, 0.34 if background.brightness < 0.5 else 0.2)

    def on_page(tone: Color, *, bold: bool | None = None) -> Style:
        return _fore(_legible(tone, background, LEGIBLE), bold=bold)

    return Palette(
        text=_fore(text),
        strong=_fore(text, bold=True),
        dim=_fore(quiet),
        faint=_fore(faint),
        heading=_fore(quiet, bold=True),
        key=on_page(primary, bold=True),
        accent=on_page(accent),
        good=on_page(success),
        busy=on_page(warning),
        bad=on_page(error, bold=True),
        resting=_fore(quiet),
        stale=_fore(faint),
        mark=on_page(accent, bold=True),
        rule=_fore(text.blend(background, 0.72)),
        cursor=_back(cursor),
        cursor_away=_back(background.blend(text, 0.10)),
        match=_on(warning),
        badge=_on(background.blend(text, 0.22)),
        danger=_on(error),
        question=_back(background.blend(primary, 0.20)),
        sources=tuple(on_page(Color.parse(tone)) for tone in _SOURCE_TONES),
    )


_SOURCE_TONES = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#0072B2", "#D55E00", "#9A86FD", "#7FB800")


def _terminal_palette() -> Palette:
    """For themes that leave the colours to the terminal: its sixteen, and reverse instead of mixed backgrounds."""
    plain = Style.parse
    return Palette(
        text=plain("default"),
        strong=plain("bold default"),
        dim=plain("bright_black"),
        faint=plain("bright_black"),
        heading=plain("bold default"),
        key=plain("bold cyan"),
        accent=plain("magenta"),
        good=plain("green"),
        busy=plain("yellow"),
        bad=plain("bold red"),
        resting=plain("bright_black"),
        stale=plain("bright_black"),
        mark=plain("bold magenta"),
        rule=plain("bright_black"),
        cursor=plain("reverse"),
        cursor_away=plain("underline"),
        match=plain("black on yellow"),
        badge=plain("black on white"),
        danger=plain("bold white on red"),
        question=plain("reverse"),
        sources=tuple(plain(tone) for tone in ("cyan", "yellow", "green", "magenta", "blue", "red")),
    )


def _legible(colour: Color, background: Color, ratio: float) -> Color:
    """`colour`, moved towards the background's opposite just as far as `ratio` needs."""
    target = Color(255, 255, 255) if background.brightness < 0.5 else Color(0, 0, 0)
    for step in range(21):
        mixed = colour.blend(target, step / 20)
        if _contrast(mixed, background) >= ratio:
            return mixed
    return target


def _contrast(one: Color, other: Color) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _fore(colour: Color, *, bold: bool | None = None) -> Style:
    return Style(color=colour.rich_color, bold=bold)


def _back(colour: Color) -> Style:
    return Style(bgcolor=colour.rich_color)


def _on(background: Color) -> Style:
    ink = Color(0, 0, 0) if _luminance(background) > 0.18 else Color(255, 255, 255)
    return Style(color=ink.rich_color, bgcolor=background.rich_color, bold=True)
