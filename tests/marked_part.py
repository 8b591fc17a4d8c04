"""A page of docs/ whose prose is written by hand and whose table is not: only what stands between two marks is replaced."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path


def write_part(page: Path, target: str, lines: Iterable[str]) -> None:
    """Put `lines` between the marks that name `make <target>`; a page without them gets them at its end."""
    begin, end = f"<!-- begin: written by make {target} -->", "<!-- end -->"
    text = page.read_text() if page.exists() else ""
    if begin not in text:
        text += f"\n{begin}\n{end}\n"
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    part = "\n".join(lines)
    page.write_text(f"{before}{begin}\n\n{machine(target)}\n\n{part}\n\n{end}{after}")


def machine(target: str) -> str:
    """One line: where and when the figures were taken."""
    versions = f"CPython {platform.python_version()}, {platform.system()} {platform.machine()}"
    today = datetime.now(tz=UTC).date().isoformat()
    return f"Measured by `make {target}` on {today}: {processor()}, {os.cpu_count()} cores, {versions}."


def processor() -> str:
    """The processor's model as the kernel names it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
