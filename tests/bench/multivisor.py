"""multivisor, a peer that pushes by a plugin inside each supervisord: installed into an environment of its own, and run.

Its plugin has to be importable where supervisord runs, which is why it is measured on real supervisords of that environment.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.supervisord import RealSupervisord, free_port, running_supervisord

PLACE = Path("build/multivisor")
VERSION = "7.1.0"
PATIENCE = 30.0
INTERFACE = (
    "[rpcinterface:multivisor]\nsupervisor.rpcinterface_factory = multivisor.rpc:make_rpc_interface\n"
    "bind = tcp://127.0.0.1:{port}\n"
)


class NotToBeHadError(Exception):
    """It could not be installed; says why."""


def multivisor_site() -> Path:
    """Its packages, installed now if they are missing. Raises NotToBeHadError."""
    site = PLACE / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    if not (site / "multivisor").is_dir():
        made = [sys.executable, "-m", "venv", "--clear", str(PLACE)]
        install = [
            str(PLACE / "bin/pip"),
            "install",
            "--quiet",
            f"multivisor[web]=={VERSION}",
            "setuptools<81",
        ]
        for command in (made, install):
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            if done.returncode:
                raise NotToBeHadError(f"{done.stderr.strip()[-200:]}")
    return site.resolve()


@contextlib.contextmanager
def running_supervisords(
    number: int, programs: str, site: Path | None
) -> Iterator[list[tuple[RealSupervisord, int]]]:
    """So many real supervisords, each with the port that its plugin listens at; without `site` there is no plugin."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(number):
            port = free_port()
            text = f"{INTERFACE.format(port=port)}\n{programs}" if site else programs
            found.append((stack.enter_context(running_supervisord(text, site=site)), port))
        yield found


def seconds_to_picture(place: Path, ports: Sequence[int], rows: int) -> float:
    """From its start until it shows so many processes of the supervisords whose plugins listen at `ports`."""
    config = place / "multivisor.conf"
    config.write_text(
        "[global]\nname=bench\n"
        + "".join(f"[supervisor:s{number}]\nurl=127.0.0.1:{port}\n" for number, port in enumerate(ports))
    )
    port = free_port()
    began = time.perf_counter()
    command = [str(PLACE / "bin/multivisor"), "-c", str(config), "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while _rows_shown(port) < rows:
                if time.perf_counter() - began > PATIENCE:
                    raise RuntimeError("multivisor did not show every process")
                time.sleep(0.01)
            return time.perf_counter() - began
        finally:
            process.kill()


def _rows_shown(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/data")
        data = json.loads(connection.getresponse().read())
    except (OSError, ValueError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
    return sum(len(one.get("processes") or ()) for one in data["supervisors"].values())
