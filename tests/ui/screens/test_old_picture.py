"""The picture of the last run over the fleet screen: seen to be old, never acted on, and gone when there is better."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import Cockpit, StillEngine, still_app
from tests.ui.widgets.stage import EPOCH, NOW, host, picture, process
from tui.config.redactor import Redactor
from tui.config.secrets import Secret
from tui.model.fleet import FleetPicture
from tui.model.states import HostState
from tui.ui.actions import Scope, Section, actions_in
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.last_picture import LastPicture, PlainArguments
from tui.ui.picture_file import Picture, read_picture
from tui.ui.screens.modals import MenuScreen
from tui.ui.session import Session
from tui.ui.widgets.old_picture import PATIENCE, OldPicture

LOOK = ("1", "bold")
OLD = Picture(
    "start",
    EPOCH - 200,
    LOOK,
    LOOK,
    (LOOK,),
    [[(0, line)] for line in ("old top", "", "old row", "", "", "old keys")],
)
WAITING = picture(
    host("web-01", [process("web-01", "api", "live")]), host("web-02", [], state=HostState.PENDING)
)
ANSWERED = picture(host("web-01", [process("web-01", "api", "live")]))
SILENT = picture(host("web-02", [], state=HostState.PENDING))
ACTING = [action for action in actions_in(Scope.FLEET) if action.section is Section.ACT]


@pytest.fixture
def last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LastPicture:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text("hosts: {}\n")
    last = LastPicture(PlainArguments(str(hosts), frozenset()))
    last.picture = OLD
    return last


def seen(app: SupervisorTuiApp) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def now_shows(app: SupervisorTuiApp, fleet: FleetPicture) -> None:
    assert isinstance(app.engine, StillEngine)
    app.engine._picture = fleet
    app._refresh()


async def test_it_stands_with_its_age_until_every_host_has_been_heard(
    tmp_path: Path, last: LastPicture
) -> None:
    app = still_app(WAITING, tmp_path, last=last)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        assert "old row" in seen(app)
        assert "as of 3m ago; 1 of 2 hosts answered" in seen(app)
        assert "live" not in seen(app)
        now_shows(app, ANSWERED)
        await pilot.pause()
        assert "old row" not in seen(app)
        assert "live" in seen(app)


@pytest.mark.parametrize("action", ACTING, ids=lambda action: action.id)
async def test_a_key_that_would_act_on_an_old_row_only_takes_the_picture_away(
    action: object, tmp_path: Path, last: LastPicture
) -> None:
    assert action in ACTING
    app = still_app(WAITING, tmp_path, last=last)
    async with app.run_test(size=(120, 30)) as pilot:
        cock = Cockpit(app, pilot)
        await pilot.pause()
        [key] = {make_keymap({}).textual()[one.id].split(",")[0] for one in ACTING if one is action}
        await cock.press(key)
        assert not app.fleet.old.showing
        assert not app.fleet.asking
        assert not isinstance(app.screen, MenuScreen)
        await cock.told("press it again")
        assert "live" in seen(app)


async def test_a_key_that_looks_does_so_at_once(tmp_path: Path, last: LastPicture) -> None:
    app = still_app(WAITING, tmp_path, last=last)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        await Cockpit(app, pilot).press("slash", "l", "i")
        assert not app.fleet.old.showing
        assert app.fleet.filter.display
        assert app.fleet.table.view.query.text == "li"


async def test_a_click_takes_the_picture_away_and_moves_nothing(tmp_path: Path, last: LastPicture) -> None:
    app = still_app(WAITING, tmp_path, last=last)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        before = app.fleet.table.cursor_key
        await pilot.click(offset=(40, 4))
        await pilot.pause()
        assert not app.fleet.old.showing
        assert app.fleet.table.cursor_key == before or before is None


def test_a_dead_host_holds_the_others_back_only_for_a_while() -> None:
    old = OldPicture(OLD, EPOCH)
    assert old.hear(SILENT.counts, NOW, EPOCH)
    assert old.hear(WAITING.counts, NOW + 60, EPOCH)
    assert old.hear(WAITING.counts, NOW + 60 + PATIENCE / 2, EPOCH)
    assert not old.hear(WAITING.counts, NOW + 60 + PATIENCE, EPOCH)
    assert not old.showing


def test_without_a_picture_nothing_stands_before_the_fleet() -> None:
    assert not OldPicture(None, EPOCH).showing


async def test_leaving_keeps_what_the_screen_shows(tmp_path: Path, last: LastPicture) -> None:
    last.picture = None
    app = still_app(still_fleet(), tmp_path, last=last)
    async with app.run_test(size=(200, 60)) as pilot:
        await Cockpit(app, pilot).press("q")
    kept = read_picture(last.path)
    assert kept is not None
    text = "\n".join("".join(words for _, words in line) for line in kept.lines)
    assert kept.start == last.start
    assert kept.taken == EPOCH
    assert "gunicorn-01" in text
    assert "? help" in text
    assert text.split("\n")[1] == ""
    shown = app.fleet.detail.region
    assert all(not _cells(line)[shown.x : shown.right].strip() for line in kept.lines[shown.y : shown.bottom])


async def test_an_old_picture_is_not_kept_as_a_new_one(tmp_path: Path, last: LastPicture) -> None:
    app = still_app(WAITING, tmp_path, last=last)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        app.engine._picture = ANSWERED
        assert app.fleet.old.showing
        app.exit(0)
    assert read_picture(last.path) is None


async def test_a_line_that_holds_a_known_secret_is_not_kept(tmp_path: Path, last: LastPicture) -> None:
    last.picture = None
    fleet = picture(
        host("web-01", [process("web-01", "api", "hunter2hunter2"), process("web-01", "api", "fine")])
    )
    engine = StillEngine(fleet, tmp_path)
    session = Session(
        engine, engine.settings, make_keymap({}), last=last, monotonic=lambda: NOW, wall=lambda: EPOCH
    )
    redact = Redactor()
    redact.add(Secret("hunter2hunter2"))
    app = SupervisorTuiApp(session, redact)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.pause()
        assert "hunter2hunter2" in seen(app)
        await Cockpit(app, pilot).press("q")
    kept = read_picture(last.path)
    assert kept is not None
    assert any("fine" in _cells(line) for line in kept.lines)
    assert not any("hunter2" in _cells(line) for line in kept.lines)


async def test_trouble_with_the_file_does_not_keep_anybody_from_leaving(
    tmp_path: Path, last: LastPicture
) -> None:
    (tmp_path / "cache").write_text("no directory")
    app = still_app(still_fleet(), tmp_path, last=last)
    async with app.run_test(size=(120, 30)) as pilot:
        await Cockpit(app, pilot).press("q")
    assert app.return_value == 0


def _cells(line: tuple[tuple[int, str], ...]) -> str:
    return "".join(words for _, words in line)
