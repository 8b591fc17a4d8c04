"""A crash leaves one line and a private file, without locals and without secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.snapshots.still_fleet import still_fleet
from tests.ui.screens.cockpit import StillEngine
from tui.config.crash import crash_line, write_crash_file
from tui.config.redactor import Redactor
from tui.config.secrets import Secret
from tui.ui.app import SupervisorTuiApp
from tui.ui.keymap import make_keymap
from tui.ui.session import Session


def _knowing(password: str) -> Redactor:
    redact = Redactor()
    redact.add(Secret(password))
    redact.told = True
    return redact


def _fail(password: str) -> None:
    local_word = "a local's value"  # what a traceback with locals would show
    raise ValueError(f"login failed with {password}\x1b[2J {len(local_word)}")


def test_a_crash_file_is_private_and_holds_neither_locals_nor_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    redact = _knowing("hunter22")
    try:
        _fail("hunter22")
    except ValueError as error:
        path = write_crash_file(error, redact)
        line = crash_line(error, path, redact)
    assert path is not None
    text = path.read_text()
    assert "in _fail" in text
    assert "hunter22" not in text
    assert "a local's value" not in text.replace('local_word = "a local\'s value"', "")
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert "\n" not in line
    assert "\x1b" not in line
    assert "hunter22" not in line
    assert str(path) in line


async def test_a_crash_of_the_screen_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    engine = StillEngine(still_fleet(), tmp_path)
    app = SupervisorTuiApp(Session(engine, engine.settings, make_keymap({})), _knowing("hunter22"))
    with pytest.raises(ValueError, match="login failed"):
        await _crash(app)
    shown = capfd.readouterr().err
    assert "ended because of an error of its own: ValueError: login failed with ***" in shown
    assert "Traceback" not in shown
    assert "hunter22" not in shown
    assert len(_crash_files(tmp_path)) == 1


async def _crash(app: SupervisorTuiApp) -> None:
    async with app.run_test() as pilot:
        app.call_later(_fail, "hunter22")
        await pilot.pause(0.2)


def _crash_files(directory: Path) -> list[Path]:
    return list(directory.rglob("crash-*.txt"))
