"""One vocabulary of movement for every widget that moves: a list by items, a page by lines, a log by rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from textual.widget import Widget

from tui.ui.widgets.detail_pane import DetailPane
from tui.ui.widgets.help_table import HelpTable
from tui.ui.widgets.host_tree import HostTree
from tui.ui.widgets.list_lines import ListWidget
from tui.ui.widgets.log_view import LogView

FAR = 1_000_000
"""More lines than any page has."""


def move(widget: Widget | None, step: str) -> None:
    """Move `widget` by a step named as the action is ('down', 'page-up', 'end', …); a widget without it stays."""
    if isinstance(widget, ListWidget):
        _do(_list_moves(widget), step)
    elif isinstance(widget, LogView):
        _do(_log_moves(widget), step)
    elif isinstance(widget, (DetailPane, HelpTable)):
        page = max(1, widget.size.height - 1)
        lines = {
            "down": 1,
            "up": -1,
            "page-down": page,
            "page-up": -page,
            "half-down": page // 2,
            "half-up": -page // 2,
            "home": -FAR,
            "end": FAR,
        }
        if step in lines:
            widget.scroll_lines(lines[step])


def _do(moves: Mapping[str, Callable[[], object]], step: str) -> None:
    if step in moves:
        moves[step]()


def _list_moves(widget: ListWidget) -> dict[str, Callable[[], object]]:
    moves: dict[str, Callable[[], object]] = {
        "down": widget.cursor_down,
        "up": widget.cursor_up,
        "page-down": widget.page_down,
        "page-up": widget.page_up,
        "half-down": widget.half_page,
        "half-up": lambda: widget.half_page(-1),
        "home": widget.home,
        "end": widget.end,
    }
    if isinstance(widget, HostTree):
        moves |= {"left": widget.close_node, "right": widget.open_node}
    return moves


def _log_moves(widget: LogView) -> dict[str, Callable[[], object]]:
    return {
        "down": lambda: widget.scroll_rows(1),
        "up": lambda: widget.scroll_rows(-1),
        "page-down": widget.page_down,
        "page-up": widget.page_up,
        "half-down": widget.half_page,
        "half-up": lambda: widget.half_page(-1),
        "home": widget.home,
        "end": widget.end,
        "left": lambda: widget.sideways(-1),
        "right": lambda: widget.sideways(1),
    }
