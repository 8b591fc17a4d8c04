"""One row of the process table as runs: a process's, a host's own, and the headings.

Who comes in: a row and how it is looked at. Who leaves: runs of clean text. Pure: no widget, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tui.model.host import HostSnapshot
from tui.model.states import Health, HostState
from tui.model.view import Column, Row, Sort
from tui.text import cell_width, fit
from tui.ui.theme import Glyphs, Palette, host_state, process_state
from tui.ui.widgets.fleet_columns import (
    GAP,
    GUTTER,
    HEADINGS,
    HOST_ROW,
    RESTARTS,
    RESTARTS_WIDTH,
    RIGHT,
    Layout,
    cell,
)
from tui.ui.widgets.lines import Run

HOLLOW = (Column.PID, Column.UPTIME, Column.EXIT)
"""Cells that a host's own row leaves empty: its cause stands there."""
LEAST_CAUSE = 16
"""Cells in which a cause can be told; with less room it stands beside the host's name."""


SHORT_CAUSES = {
    HostState.REFUSED: "cannot connect",
    HostState.TIMEOUT: "not answering",
    HostState.AUTH: "login refused",
    HostState.TLS: "TLS fails",
    HostState.DNS: "no such name",
    HostState.PROTOCOL: "bad answer",
}


@dataclass(frozen=True, slots=True)
class RowLook:
    """Everything besides the row that decides how it looks."""

    layout: Layout
    palette: Palette
    glyphs: Glyphs
    monotonic: float
    in_flight: bool = False
    flapping: bool = False
    """It keeps ending and being started again, whatever its state is just now."""
    restarts: Sequence[int] = ()
    """How often it was started anew, not by us, in each of the last slots of time, the newest last."""
    gone: bool = False
    """The list is held and the process is no longer there."""


def heading_runs(layout: Layout, sort: Sort, palette: Palette, glyphs: Glyphs) -> Iterable[Run]:
    """The headings, with an arrow at the one that orders."""
    yield " " * GUTTER, palette.heading
    for column, _, size in layout.columns:
        title = HEADINGS.get(column, column.name)
        style = palette.heading
        if column is sort.column:
            title = f"{title} {glyphs.descending if sort.reverse else glyphs.ascending}"
            style = palette.key
        if column is Column.STATE:
            title = f"  {title}"
        yield _aligned(column, title, size), style
        yield " " * GAP, palette.heading
    if layout.restarts:
        yield RESTARTS, palette.heading


def row_runs(row: Row, look: RowLook) -> Iterable[Run]:
    """The cells of a row, each with the gap behind it."""
    return _host_runs(row, look) if row.process is None else _process_runs(row, look)


def _process_runs(row: Row, look: RowLook) -> Iterable[Run]:
    palette = look.palette
    fresh = row.host.fresh and not look.gone
    style = palette.text if fresh else palette.stale
    for column, _, size in look.layout.columns:
        if column is Column.STATE:
            yield _state_run(row, size, look)
            style = palette.dim if fresh else palette.stale
            continue
        text = cell(column, row, look.monotonic, folded=look.layout.folded)
        if column is Column.SINCE:
            text = ("gone" if look.gone else text) + (look.glyphs.in_flight if look.in_flight else "")
        yield _aligned(column, text, size) + " " * GAP, style
    if look.layout.restarts:
        bars = restart_bars(look.restarts, look.glyphs.spark)
        yield fit(bars, RESTARTS_WIDTH), palette.busy if fresh else palette.stale


def restart_bars(counts: Sequence[int], glyphs: str) -> str:
    """A bar for each count, a blank for none; each higher one stands for twice as many, so that rows compare."""
    return "".join(
        glyphs[min((count - 1).bit_length(), len(glyphs) - 1)] if count else " " for count in counts
    )


def _host_runs(row: Row, look: RowLook) -> Iterable[Run]:
    palette, layout = look.palette, look.layout
    room = sum(layout.width(column) + GAP for column in HOLLOW if layout.width(column)) - GAP
    told = _told(row.host, room)
    beside_state = room >= min(len(told), LEAST_CAUSE)
    for column, _, size in layout.columns:
        if column is Column.STATE:
            yield _state_run(row, size, look)
            if beside_state and room > 0:
                yield fit(told, room) + " " * GAP, palette.text
        elif column is Column.NAME:
            words = HOST_ROW if beside_state or not told else f"{HOST_ROW} {told}"
            yield fit(words, size) + " " * GAP, palette.dim
        elif column not in HOLLOW or not beside_state:
            text = cell(column, row, look.monotonic, folded=layout.folded)
            if column is Column.SINCE and look.in_flight:
                text += look.glyphs.in_flight
            yield (
                _aligned(column, text, size) + " " * GAP,
                palette.text if column is Column.HOST else palette.dim,
            )


def _told(host: HostSnapshot, room: int) -> str:
    """Why the host has a row of its own; in a word or two where only the address would be left of the whole problem."""
    begins_with_address = "://" in host.problem.partition(" ")[0]
    if begins_with_address and len(host.problem) > room and host.state in SHORT_CAUSES:
        return SHORT_CAUSES[host.state]
    return host.problem or ("no programs" if host.fresh else "")


def _state_run(row: Row, size: int, look: RowLook) -> Run:
    state = process_state(row.process, look.glyphs) if row.process else host_state(row.host, look.glyphs)
    glyph, word, health = state
    stale = row.process is not None and (look.gone or not row.host.fresh)
    if look.flapping:
        word = f"{word} {look.glyphs.flapping}"
        health = Health.BUSY if health is Health.GOOD else health
    return fit(f"{glyph} {word}", size) + " " * GAP, look.palette.stale if stale else look.palette.health(
        health
    )


def _aligned(column: Column, text: str, size: int) -> str:
    if column in RIGHT and cell_width(text) < size:
        return " " * (size - cell_width(text)) + text
    return fit(text, size)
