"""Nothing is imported before it is needed: what each way into the program must never have paid for when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOLKIT = ("textual", "rich")
FLEET = ("yaml", "httptools", "asyncio", "tui.config", "tui.engine")


@pytest.mark.parametrize(
    ("arguments", "never"),
    [
        (("status",), (*TOOLKIT, "sqlite3")),
        (("watch", "--help"), TOOLKIT),
        (("history",), (*TOOLKIT, "asyncio")),
        (("completion", "bash"), (*TOOLKIT, *FLEET)),
        (("--help",), (*TOOLKIT, *FLEET)),
        (("--version",), (*TOOLKIT, *FLEET, "click", "typing")),
        ((), (*TOOLKIT, *FLEET, "click")),
    ],
    ids=lambda value: " ".join(value) or "(none)",
)
def test_nothing_is_imported_before_it_is_needed(
    arguments: tuple[str, ...], never: tuple[str, ...], tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts.yaml"
    hosts.write_text("hosts:\n  nobody: http://127.0.0.1:1\n")
    hosts.chmod(0o600)
    code = (
        "import sys\n"
        "from tui.__main__ import main\n"
        f"sys.argv = ['supervisor-tui', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {never!r} if name in sys.modules])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "SUPERVISOR_TUI_CONFIG": str(hosts)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "[]"
