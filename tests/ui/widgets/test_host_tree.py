from dataclasses import replace

from tests.ui.widgets.stage import asked_to_repaint, host, lines_of, picture, process, shown, staged, until
from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.model.states import HostState, ProcessState
from tui.model.view import Scope
from tui.ui.widgets.host_tree import HostTree


def fleet() -> FleetPicture:
    return picture(
        host("web-1", [process("web-1", state=ProcessState.FATAL)], folder=("eu", "web"), tags=("prod",)),
        host("web-2", [process("web-2")], folder=("eu", "web")),
        host("db-1", state=HostState.TIMEOUT, folder=("eu",), problem="timed out", read_at=None),
        host("us-1", [process("us-1")], folder=("us",), tags=("prod",)),
        host("alone", [process("alone")]),
    )


def words(tree: HostTree) -> list[str]:
    return [" ".join(line.replace(">", " ").split()) for line in lines_of(tree) if line.strip()]


async def test_folders_come_first_then_hosts_then_tags_each_with_what_is_wrong() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)):
        tree.set_picture(fleet())
        assert words(tree) == [
            "▾ all 1 ↯ 1 ✗",
            "▾ eu 1 ↯ 1 ✗",
            "▾ web 1 ✗",
            "web-1 1 ✗",
            "web-2 ●",
            "db-1 ↯",
            "▾ us 1",
            "us-1 ●",
            "alone ●",
            "▸ #prod 1 ✗",
        ]


async def test_nodes_open_and_close() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)):
        tree.set_picture(fleet())
        assert tree.select(Scope(folder=("eu",)))
        tree.close_node()
        assert words(tree)[1:4] == ["▸ eu 1 ↯ 1 ✗", "▾ us 1", "us-1 ●"]
        tree.open_node()
        tree.open_node()
        assert tree.cursor_scope == Scope(folder=("eu", "web"))
        tree.cursor_down()
        assert tree.cursor_key == ProcessKey("web-1")
        tree.close_node()
        assert tree.cursor_scope == Scope(folder=("eu", "web"))


async def test_an_update_keeps_the_cursor_and_repaints_only_what_counts_differently() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)) as (_, pilot):
        before = fleet()
        tree.set_picture(before)
        tree.select(Scope(host="us-1"))
        await shown(pilot)
        sick = replace(before.hosts["us-1"], processes=(process("us-1", state=ProcessState.FATAL),))
        after = picture(*(sick if one.host == "us-1" else one for one in before.hosts.values()), number=2)
        asked = asked_to_repaint(tree, lambda: tree.set_picture(after))
        assert sorted({region.y for region in asked}) == [0, 6, 7, 9]
        assert tree.cursor_key == ProcessKey("us-1")
        assert asked_to_repaint(tree, lambda: tree.set_picture(after)) == []


async def test_a_new_host_above_moves_the_cursor_with_its_node() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)):
        before = fleet()
        tree.set_picture(before)
        tree.select(Scope(host="us-1"))
        tree.set_picture(picture(host("web-0", folder=("eu", "web")), *before.hosts.values(), number=2))
        assert tree.cursor_key == ProcessKey("us-1")


async def test_a_host_that_is_gone_leaves_the_cursor_on_its_folder() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)):
        before = fleet()
        tree.set_picture(before)
        tree.select(Scope(host="web-1"))
        tree.set_picture(picture(*(one for one in before.hosts.values() if one.host != "web-1"), number=2))
        assert tree.cursor_scope == Scope(folder=("eu", "web"))


async def test_a_click_chooses_and_on_the_arrow_opens() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)) as (app, pilot):
        tree.set_picture(fleet())
        await pilot.click(tree, offset=(12, 3))
        await until(lambda: bool(app.messages(HostTree.ScopeChanged)))
        (message,) = app.messages(HostTree.ScopeChanged)
        assert isinstance(message, HostTree.ScopeChanged)
        assert message.scope == Scope(host="web-1")
        await pilot.click(tree, offset=(3, 1))
        assert words(tree)[1] == "▸ eu 1 ↯ 1 ✗"


async def test_a_thousand_hosts_are_a_tree_of_lines() -> None:
    tree = HostTree()
    async with staged(tree, size=(30, 20)):
        many = [host(f"h-{n:04d}", [process(f"h-{n:04d}")], folder=(f"dc-{n % 7}",)) for n in range(1000)]
        tree.set_picture(picture(*many))
        assert len(words(tree)) == 8
        tree.select(Scope(folder=("dc-3",)))
        tree.open_node()
        tree.end()
        assert tree.position == 7 + 143
