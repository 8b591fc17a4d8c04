"""A small private JSON file that is written whole or not at all, and never through a symbolic link."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tui.config.private import open_private

_MAX_BYTES = 8 << 20


def read_json(path: Path) -> Any:  # noqa: ANN401  (whatever stands there)
    """What stands there. Raises OSError, and ValueError when it is no JSON or larger than anything we write."""
    with open(path, "rb", opener=open_private) as file:
        return json.loads(file.read(_MAX_BYTES))


def write_json(path: Path, document: object) -> None:
    """A new file (0600) takes the old one's place. Raises OSError."""
    import tempfile  # here, because a start-up that writes nothing need not pay for it

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
