"""One log line as rows of runs: its time, its source, its own colours, and what a search found in it.

Who comes in: a raw line. Who leaves: clean runs; only lines in view ever come here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from zlib import crc32

from rich.color import Color
from rich.style import Style

from tui.model.log_search import LogSearch
from tui.model.process import ProcessKey
from tui.text import Style as LogStyle
from tui.text import cell_width, clean_cell, fit, log_spans
from tui.ui.theme import Palette
from tui.ui.widgets.lines import Run, cut_runs, wrap_runs

MOST_CHARACTERS = 16_384
"""Of one line; the rest is told as a number. A megabyte on one line is data, not text."""
SOURCE_WIDTH = 24
"""The most cells that a source's name takes."""


class LogLine(Protocol):
    """A line as the engine hands it over; hashable."""

    @property
    def key(self) -> ProcessKey: ...
    @property
    def channel(self) -> str: ...
    @property
    def text(self) -> str:
        """Raw: it is cleaned when it is painted."""
        ...

    @property
    def arrived(self) -> float:
        """Our wall clock, epoch seconds; 0: it was there before anybody looked."""
        ...

    @property
    def kind(self) -> str:
        """'line', or 'gap', 'note' and 'mark' for what is not output."""
        ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class LineLook:
    """Everything besides the line that decides how it looks."""

    palette: Palette
    width: int
    wrap: bool
    left: int
    source: int
    """Cells of the source's name; 0 when there is but one source."""
    times: bool
    both: bool
    """Output and errors are mixed: a sign tells them apart."""
    search: LogSearch | None
    found: bool


@lru_cache(maxsize=512)
def line_rows(line: LogLine, look: LineLook) -> tuple[tuple[Run, ...], ...]:
    """One line as rows; kept for the lines in view."""
    runs, head = _line_runs(line, look)
    if look.wrap:
        return wrap_runs(head, runs, look.width)
    room = max(1, look.width - sum(cell_width(text) for text, _ in head))
    return ((*head, *cut_runs(runs, look.left, room)),)


def _line_runs(line: LogLine, look: LineLook) -> tuple[list[Run], list[Run]]:
    """(text, what stands before it)."""
    palette = look.palette
    if line.kind == "mark":  # the reader's, of none of the sources
        return [(clean_cell(line.text), palette.match if look.found else palette.heading)], []
    head: list[Run] = []
    if look.times:
        moment = datetime.fromtimestamp(line.arrived).astimezone() if line.arrived else None
        head.append((f"{moment:%H:%M:%S} " if moment else " " * 9, palette.faint))
    if look.source:
        head.append((f"{fit(source_name(line.key), look.source)} ", source_style(line.key, palette)))
    errors = line.channel == "stderr"
    if look.both:
        head.append(("! " if errors and line.kind == "line" else "  ", palette.busy))
    if line.kind != "line":
        return [(f"── {clean_cell(line.text)} ──", palette.heading)], head
    raw = line.text
    spans = log_spans(raw[:MOST_CHARACTERS])
    base = palette.busy if errors and (look.both or not look.source) else palette.text
    runs: list[Run] = [(text, base + rich_style(style)) for text, style in spans]
    if len(raw) > MOST_CHARACTERS:
        runs.append((f" … {len(raw) - MOST_CHARACTERS:,} more characters", palette.heading))
    if look.search is not None:
        runs = _highlighted(runs, look.search, palette.danger if look.found else palette.match)
    return runs, head


def _highlighted(runs: Sequence[Run], search: LogSearch, match: Style) -> list[Run]:
    """Runs with what is found in their joined text in the style of a match."""
    text = "".join(part for part, _ in runs)
    marks = search.spans(text)
    if not marks:
        return list(runs)
    # Walk runs and marks together: a line of one letter searched for that letter has as many marks as characters.
    edges = sorted({edge for span in marks for edge in span})
    inside_from = {start for start, _ in marks}
    result: list[Run] = []
    at, next_edge, inside = 0, 0, False
    for part, style in runs:
        end = at + len(part)
        while at < end:
            if next_edge < len(edges) and edges[next_edge] == at:
                inside = at in inside_from
                next_edge += 1
            stop = min(end, edges[next_edge] if next_edge < len(edges) else end)
            result.append((text[at:stop], match if inside else style))
            at = stop
    return result


@lru_cache(maxsize=256)
def rich_style(style: LogStyle) -> Style:
    """A log's own colour and weight, for Rich."""
    return Style(
        color=_rich_colour(style.fg),
        bgcolor=_rich_colour(style.bg),
        bold=style.bold or None,
        dim=style.dim or None,
        italic=style.italic or None,
        underline=style.underline or None,
        reverse=style.reverse or None,
    )


def _rich_colour(colour: int | tuple[int, int, int] | None) -> Color | None:
    if colour is None:
        return None
    if isinstance(colour, int):
        return Color.from_ansi(colour)
    return Color.from_rgb(*colour)


def source_name(key: ProcessKey) -> str:
    """'host name', or the host alone for supervisord's own log; clean."""
    return clean_cell(f"{key.host} {key.name}" if key.name else key.host)


def source_style(key: ProcessKey, palette: Palette) -> Style:
    """The same process always has the same colour, on every machine and in every run."""
    return palette.sources[crc32("\0".join(key).encode("utf-8", "replace")) % len(palette.sources)]


def saved_line(line: LogLine, several: bool) -> str:
    """A line as it is copied and saved: clean and whole, its source before it when there are several."""
    if line.kind == "mark":
        return clean_cell(line.text)
    text = "".join(part for part, _ in log_spans(line.text))
    if line.kind != "line":
        text = f"-- {clean_cell(line.text)} --"
    source = source_name(line.key) + (" (stderr)" if line.channel == "stderr" else "")
    return f"{source} | {text}" if several else text
