"""The program where the name server answers for no name under `.silent.invalid`, and for no other. `python -m` this."""

from __future__ import annotations

import socket
import time
from typing import Any

from tui.__main__ import main
from tui.config import protection

NOBODY = ".silent.invalid"
SECONDS = 20.0
"""As long as a resolver tries with the settings that most machines have."""
_getaddrinfo = socket.getaddrinfo


def _look_up(host: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401  (the standard library's own)
    if isinstance(host, str) and host.endswith(NOBODY):
        time.sleep(SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return _getaddrinfo(host, *rest, **more)


socket.getaddrinfo = _look_up
protection.forbid_core_dumps = lambda: None  # else only root could count its descriptors

if __name__ == "__main__":
    main()
