"""Log lines on stdout: bare where there is one log, with time and source where there are several.

Towards a pipe lines are data and left as they are; on a terminal they are cleaned, their colours kept (not with NO_COLOR),
and each source has a colour of its own that it keeps.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from zlib import crc32

from tui.cli.invocation import narrate
from tui.engine.logs.following import LogLine
from tui.model.process import ProcessKey
from tui.text import Colour, Style, clean_cell, log_spans

_SOURCE_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""SGR parameters; red is for what the log itself makes red."""


class LinePrinter:
    """Prints lines; remarks about a log go to stderr."""

    def __init__(self, *, named: bool, times: bool) -> None:
        self._named = named
        self._times = times
        self._tty = sys.stdout.isatty()
        self._coloured = self._tty and "NO_COLOR" not in os.environ

    def print(self, lines: Iterable[LogLine]) -> None:
        """All of them, and flush."""
        text: list[str] = []
        for line in lines:
            if line.kind == "line":
                text.append(f"{self._head(line)}{self._body(line.text)}\n")
            else:
                self._write(text)
                narrate(f"-- {source_words(line.key, line.channel)}: {clean_cell(line.text)}")
        self._write(text)

    def _write(self, text: list[str]) -> None:
        if text:
            sys.stdout.write("".join(text))
            sys.stdout.flush()
            text.clear()

    def _head(self, line: LogLine) -> str:
        head = ""
        if self._times:
            moment = time.strftime("%H:%M:%S", time.localtime(line.arrived)) if line.arrived else " " * 8
            head = f"{moment} "
        if not self._named:
            return head
        source = source_words(line.key, line.channel)
        if self._coloured:
            number = crc32("\0".join(line.key).encode("utf-8", "replace")) % len(_SOURCE_COLOURS)
            source = f"\x1b[{_SOURCE_COLOURS[number]}m{source}\x1b[0m"
        return f"{head}{source} | "

    def _body(self, text: str) -> str:
        if not self._tty:
            return text
        spans = log_spans(text)
        if not self._coloured:
            return "".join(part for part, _ in spans)
        return "".join(
            f"\x1b[{look}m{part}\x1b[0m" if (look := _sgr(style)) else part for part, style in spans
        )


def source_words(key: ProcessKey, channel: str) -> str:
    """`HOST/GROUP:NAME`, '(stderr)' after it, or 'HOST supervisord'; clean."""
    where = clean_cell(key.host)
    if key.is_host:
        return f"{where} supervisord"
    return f"{where}/{clean_cell(key.address)}" + (" (stderr)" if channel == "stderr" else "")


def _sgr(style: Style) -> str:
    """Parameters that make a terminal show `style`; '' when it is plain."""
    switches = ((style.bold, 1), (style.dim, 2), (style.italic, 3), (style.underline, 4), (style.reverse, 7))
    codes = [str(code) for on, code in switches if on]
    return ";".join([*codes, *_colour(style.fg, 38), *_colour(style.bg, 48)])


def _colour(colour: Colour, kind: int) -> list[str]:
    if colour is None:
        return []
    if isinstance(colour, int):
        return [str(kind), "5", str(colour)]
    return [str(kind), "2", *map(str, colour)]
