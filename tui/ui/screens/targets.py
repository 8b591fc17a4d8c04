"""What is pointed at on the fleet's screen, as identities: marks, a row, a node of the tree."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.model.view import Scope
from tui.text import clean
from tui.ui.screens.pointing import Pointed, short_words
from tui.ui.widgets.fleet_table import FleetTable
from tui.ui.widgets.host_tree import HostTree


def pointed_by_marks(table: FleetTable) -> Pointed | None:
    """The marks, in the order of the rows where they are shown; a group that was marked as such is the group."""
    chosen = table.marks
    if chosen:
        shown = [row.key for row in table.view.rows if row.key in chosen]
        hidden = sorted(chosen.difference(shown))
        words = f"{len(chosen)} marked" + (f", {len(hidden)} of them not shown" if hidden else "")
        keys = _with_groups((*shown, *hidden), table.marked_groups)
        return Pointed(keys, group_words(keys[0]) if len(keys) == 1 else words, marked=True)
    return None


def pointed_in_table(table: FleetTable) -> Pointed | None:
    """The row under the cursor."""
    key = table.cursor_key
    return None if key is None else Pointed((key,), short_words(key))


def _with_groups(keys: Iterable[ProcessKey], groups: Collection[ProcessKey]) -> tuple[ProcessKey, ...]:
    """The same targets, with the members of these groups told as their group."""
    wholes = ((ProcessKey(key.host, key.group), key) for key in keys)
    return tuple(dict.fromkeys(group if group in groups else key for group, key in wholes))


def group_words(key: ProcessKey) -> str:
    """'group api on web-01', or what a single target is called anyhow."""
    return clean(f"group {key.group} on {key.host}") if key.is_group else short_words(key)


def pointed_in_tree(tree: HostTree, table: FleetTable, picture: FleetPicture) -> Pointed | None:
    """A host's node is the host, a folder or a tag its hosts, `all` everything that the filter shows."""
    key = tree.cursor_key
    if key is not None:
        return Pointed((key,), short_words(key))
    scope = tree.cursor_scope
    if scope == Scope.ALL and table.view.query.text:
        keys = tuple(row.key for row in table.view.rows)
        return Pointed(keys, f"all {len(keys)} shown") if keys else None
    hosts = tuple(ProcessKey(host) for host, snapshot in picture.hosts.items() if scope.covers(snapshot))
    return Pointed(hosts, f"{scope.words}: {len(hosts)} hosts") if hosts else None
