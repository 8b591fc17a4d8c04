"""Other releases of supervisor, installed once into .venv/supervisors/VERSION, for tests of what they really send."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

OTHER_RELEASES = ("4.1.0", "4.2.5")
_ROOT = Path(sys.prefix) / "supervisors"


def release_site(version: str) -> Path:
    """A directory for `RealSupervisord.site` with that release; made now if it is missing. Safe under xdist."""
    site = _ROOT / version
    if (site / "supervisor").is_dir():
        return site
    _ROOT.mkdir(parents=True, exist_ok=True)
    with open(_ROOT / f".{version}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (site / "supervisor").is_dir():
            _install(version, site)
    return site


def _install(version: str, site: Path) -> None:
    made = site.with_name(f".{version}.{os.getpid()}")
    shutil.rmtree(made, ignore_errors=True)
    uv = shutil.which("uv")
    pip = (
        [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    )
    command = [*pip, "--quiet", "--target", str(made), f"supervisor=={version}", "setuptools<81"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    if done.returncode != 0:
        shutil.rmtree(made, ignore_errors=True)
        raise AssertionError(
            f"supervisor {version} is needed by this test and could not be installed; run\n"
            f"  {' '.join(command).replace(str(made), str(site))}\n{done.stderr[-2000:]}"
        )
    shutil.rmtree(site, ignore_errors=True)
    made.rename(site)
