"""The fleet as a tree: all, folders, hosts; then the tags. Each node says how much below it wants attention.

Who comes in: pictures of the fleet. Who leaves: `ScopeChanged` with the part of the fleet that was chosen. The one rule:
nodes are identities; a picture that changes nothing but counts moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.style import Style
from textual import events
from textual.message import Message

from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import ProcessKey
from tui.model.states import ANSWERING, UNREACHABLE, Health
from tui.model.view import Scope
from tui.text import cell_width, clean_cell, fit
from tui.ui.theme import host_state
from tui.ui.widgets.lines import Run
from tui.ui.widgets.list_lines import ListWidget

INDENT = 2
OPEN_UP_TO = 40
"""Folders open by themselves while the whole tree stays this short."""


@dataclass(frozen=True, slots=True)
class NodeId:
    """A place in the tree; a host has one below its folder and one below each of its tags."""

    folder: tuple[str, ...] = ()
    tag: str = ""
    host: str = ""


ROOT = NodeId()
_BOLD = Style(bold=True)


@dataclass(slots=True)
class _Tally:
    """What is below a node."""

    hosts: int = 0
    bad: int = 0
    unreachable: int = 0
    pending: int = 0

    def add(self, host: HostSnapshot, sign: int) -> None:
        self.hosts += sign
        self.bad += sign * host.bad_count if host.state in ANSWERING else 0
        self.unreachable += sign * (host.state in UNREACHABLE)
        self.pending += sign * (host.state not in ANSWERING and host.state not in UNREACHABLE)


@dataclass(slots=True)
class _Branch:
    """A node with children: branches before hosts, both in order of first mention or name."""

    branches: list[NodeId] = field(default_factory=list)
    hosts: list[NodeId] = field(default_factory=list)


class HostTree(ListWidget):
    """Nodes in lines; closed ones hide what is below."""

    class ScopeChanged(Message):
        """A node was chosen: show this part of the fleet."""

        def __init__(self, scope: Scope) -> None:
            super().__init__()
            self.scope = scope

    class CursorMoved(Message):
        """Another node is under the cursor."""

        def __init__(self, scope: Scope, key: ProcessKey | None) -> None:
            super().__init__()
            self.scope = scope
            self.key = key

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._hosts: Mapping[str, HostSnapshot] = {}
        self._branches: dict[NodeId, _Branch] = {ROOT: _Branch()}
        self._tallies: dict[NodeId, _Tally] = {ROOT: _Tally()}
        self._open: set[NodeId] = {ROOT}
        self._shown: list[NodeId] = [ROOT]
        self._scope = Scope.ALL

    # What is shown.

    def set_picture(self, picture: FleetPicture) -> None:
        """Show this picture; the tree is built again only when hosts came, went, or hang elsewhere."""
        if _same_places(self._hosts, picture.hosts):
            for old, host in zip(self._hosts.values(), picture.hosts.values(), strict=True):
                if old is not host:
                    self._count(old, -1)
                    self._count(host, 1)
            self._hosts = picture.hosts
        else:
            self._build(picture)
        self.repaint()

    def set_scope(self, scope: Scope) -> None:
        """The part of the fleet that the table shows wears a colour here."""
        if scope != self._scope:
            self._scope = scope
            self.repaint()

    @property
    def cursor_scope(self) -> Scope:
        """The part of the fleet under the cursor."""
        return scope_of(self._node)

    @property
    def cursor_key(self) -> ProcessKey | None:
        """The host under the cursor; None on a folder or a tag."""
        return ProcessKey(self._node.host) if self._node.host else None

    def select(self, scope: Scope) -> bool:
        """Put the cursor on the node of a scope when it is shown."""
        index = next((at for at, node in enumerate(self._shown) if scope_of(node) == scope), None)
        if index is not None:
            self.move_to(index)
        return index is not None

    def open_node(self) -> None:
        """Open the node, or go to its first child when it is open."""
        node = self._node
        if node not in self._branches:
            return
        if node in self._open:
            self.cursor_down()
        else:
            self._open.add(node)
            self._reflow(node)

    def close_node(self) -> None:
        """Close the node, or go to its parent when it is closed or a host."""
        node = self._node
        if node in self._branches and node in self._open and node != ROOT:
            self._open.discard(node)
            self._reflow(node)
            return
        parent = _parent(node)
        if parent in self._shown:
            self.move_to(self._shown.index(parent))

    def toggle_node(self) -> None:
        """Open a closed node, close an open one."""
        node = self._node
        if node in self._branches:
            self._open ^= {node}
            self._reflow(node)

    # For the list ground.

    def count(self) -> int:
        """Shown nodes."""
        return len(self._shown)

    def cursor_moved(self) -> None:
        """Tell the screen."""
        self.post_message(self.CursorMoved(self.cursor_scope, self.cursor_key))

    def opened(self) -> None:
        """Choose the node."""
        self.post_message(self.ScopeChanged(self.cursor_scope))

    def on_click(self, event: events.Click) -> None:
        """One click chooses; on the arrow it opens or closes."""
        index = self._top + event.y
        if index < len(self._shown) and event.x < self.size.width - 1:
            node = self._shown[index]
            arrow = 1 + INDENT * _depth(node)
            if node in self._branches and arrow <= event.x <= arrow + 1:
                self.move_to(index)
                self.toggle_node()
            else:
                self.move_to(index)
                self.opened()

    def draw(self, index: int, width: int) -> Iterable[Run]:
        """Cursor, arrow, name, and at the right what is wrong below."""
        node, palette, glyphs = self._shown[index], self.palette, self.glyphs
        under = index == self._at
        right = self._host_right(node) if node.host else self._branch_right(node)
        taken = sum(cell_width(text) for text, _ in right)
        opened = glyphs.opened if node in self._open else glyphs.closed
        arrow = opened if node in self._branches else " "
        yield glyphs.cursor if under else " ", palette.key if under and self.has_focus else palette.dim
        yield f"{' ' * (INDENT * _depth(node))}{arrow} ", palette.dim
        room = max(3, width - 1 - INDENT * _depth(node) - 2 - taken - 1)
        yield fit(_title(node), room) + " ", self._name_style(node)
        yield from right

    def _name_style(self, node: NodeId) -> Style:
        palette = self.palette
        if scope_of(node) == self._scope and node != ROOT:
            return palette.accent + _BOLD
        if node.host:
            host = self._hosts[node.host]
            return palette.stale if host.state in UNREACHABLE else palette.text
        return palette.strong

    def _host_right(self, node: NodeId) -> list[Run]:
        host = self._hosts[node.host]
        glyph, _, health = host_state(host, self.glyphs)
        style = self.palette.health(health)
        drift: list[Run] = [(f"{self.glyphs.drift} ", self.palette.busy)] if host.drift else []
        if host.state in ANSWERING and host.bad_count:
            return [*drift, (f"{host.bad_count} {self.glyphs.bad}", style)]
        if health is Health.GOOD:
            return [*drift, (glyph, self.palette.good)]
        return [*drift, (glyph, style)]

    def _branch_right(self, node: NodeId) -> list[Run]:
        tally, palette, glyphs = self._tallies[node], self.palette, self.glyphs
        runs: list[Run] = []
        if tally.unreachable:
            runs.append((f"{tally.unreachable} {glyphs.unreachable}", palette.bad))
        if tally.bad:
            runs.append((f"{' ' if runs else ''}{tally.bad} {glyphs.bad}", palette.bad))
        if not runs and tally.pending:
            runs.append((f"{tally.pending} {glyphs.pending}", palette.busy))
        return runs or [(f"{tally.hosts}", palette.dim)]

    # Upkeep.

    @property
    def _node(self) -> NodeId:
        return self._shown[self._at]

    def _build(self, picture: FleetPicture) -> None:
        first = not self._hosts
        under = self._node
        self._hosts = picture.hosts
        self._branches, self._tallies = {ROOT: _Branch()}, {ROOT: _Tally()}
        for host in self._hosts.values():
            for node in _branches_of(host):
                self._branch(node)
            self._branches[NodeId(folder=host.folder)].hosts.append(
                NodeId(folder=host.folder, host=host.host)
            )
            for tag in host.tags:
                self._branches[NodeId(tag=tag)].hosts.append(NodeId(tag=tag, host=host.host))
            self._count(host, 1)
        for branch in self._branches.values():
            branch.branches.sort(key=lambda node: (node.tag, node.folder))
        if first:
            self._open_at_first()
        self._reflow(under)

    def _branch(self, node: NodeId) -> None:
        if node in self._branches:
            return
        self._branches[node], self._tallies[node] = _Branch(), _Tally()
        parent = _parent(node)
        self._branch(parent)
        self._branches[parent].branches.append(node)

    def _count(self, host: HostSnapshot, sign: int) -> None:
        for node in _branches_of(host):
            self._tallies[node].add(host, sign)

    def _open_at_first(self) -> None:
        folders = {node for node in self._branches if node.folder}
        if len(self._hosts) + len(folders) <= OPEN_UP_TO:
            self._open |= folders

    def _reflow(self, under: NodeId) -> None:
        """The shown nodes again, with the cursor on the node it was on or the nearest open one above."""
        self._shown = list(self._walk(ROOT))
        places = {node: at for at, node in enumerate(self._shown)}
        while under not in places and under != ROOT:
            under = _parent(under)
        self.keep_place(places.get(under, 0))
        self.repaint()

    def _walk(self, node: NodeId) -> Iterable[NodeId]:
        yield node
        if node in self._open and node in self._branches:
            branch = self._branches[node]
            for child in branch.branches:
                if not child.tag:
                    yield from self._walk(child)
            yield from branch.hosts
            for child in branch.branches:
                if child.tag:
                    yield from self._walk(child)


def scope_of(node: NodeId) -> Scope:
    """The part of the fleet that a node stands for."""
    if node.host:
        return Scope(host=node.host)
    return Scope(tag=node.tag) if node.tag else Scope(folder=node.folder)


def _branches_of(host: HostSnapshot) -> Iterable[NodeId]:
    yield ROOT
    for depth in range(1, len(host.folder) + 1):
        yield NodeId(folder=host.folder[:depth])
    for tag in host.tags:
        yield NodeId(tag=tag)


def _parent(node: NodeId) -> NodeId:
    if node.host:
        return NodeId(folder=node.folder, tag=node.tag)
    return NodeId(folder=node.folder[:-1]) if node.folder else ROOT


def _depth(node: NodeId) -> int:
    return len(node.folder) + bool(node.tag) + bool(node.host)


def _title(node: NodeId) -> str:
    if node.host:
        return clean_cell(node.host)
    if node.tag:
        return f"#{clean_cell(node.tag)}"
    return clean_cell(node.folder[-1]) if node.folder else "all"


def _same_places(before: Mapping[str, HostSnapshot], after: Mapping[str, HostSnapshot]) -> bool:
    """Whether the same hosts in the same order hang where they hung."""
    return len(before) == len(after) and all(
        old is new or (old.host == new.host and old.folder == new.folder and old.tags == new.tags)
        for old, new in zip(before.values(), after.values(), strict=True)
    )
