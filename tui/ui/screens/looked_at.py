"""What the fleet's screen is about at this moment: the row of the table, or the node while the tree has the focus.

The rule: what is told here (details, the line at the bottom) is what a verb would act on, unless there are marks.
"""

from __future__ import annotations

from tui.model.fleet import FleetPicture
from tui.model.view import Row
from tui.text import clean
from tui.ui.screens.targets import pointed_in_tree
from tui.ui.widgets.fleet_table import FleetTable
from tui.ui.widgets.host_tree import HostTree


def row_of_node(tree: HostTree, table: FleetTable, picture: FleetPicture) -> Row | None:
    """The host under the tree's cursor; on a folder or a tag still the row of the table."""
    key = tree.cursor_key
    host = None if key is None else picture.hosts.get(key.host)
    return table.cursor_row if key is None or host is None else Row(key, host, None)


def words_about_node(tree: HostTree, table: FleetTable, picture: FleetPicture) -> str:
    """Which targets the node under the tree's cursor stands for."""
    pointed = pointed_in_tree(tree, table, picture)
    if pointed is None:
        return "nothing here"
    key = tree.cursor_key
    if key is None:
        return f"{pointed.words} — a verb acts on all of them"
    host = picture.hosts[key.host]
    if not host.fresh:
        return words_about(Row(key, host, None))
    processes = len(host.processes)
    return f"{pointed.words}: {processes} process{'' if processes == 1 else 'es'} — a verb acts on the whole host"


def words_about(row: Row | None, *, flapping: bool = False) -> str:
    """One line about a row, for terminals without room for its details."""
    if row is None:
        return ""
    host, name = row.host, clean(row.key.host)
    if row.process is None or not host.fresh:
        return f"{name}: {host.problem or host.state.value}{' — ' if host.advice else ''}{host.advice}"
    process = row.process
    words = f"{name} {process.title}: {process.state.name}{', flapping' if flapping else ''}"
    return f"{words} — {process.spawnerr}" if process.spawnerr else words
