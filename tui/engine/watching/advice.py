"""What to do next about a host that cannot be read, and what its version alone tells."""

from __future__ import annotations

import re

from tui.errors import Cause

RESTARTING_PROBLEM = "supervisord is restarting or shutting down"
RESTARTING_ADVICE = "it is asked again every second or two"

_ADVICE = {
    Cause.REFUSED: "is supervisord running there, and does it listen at this address?",
    Cause.TIMEOUT: "it is tried again, ever less often",
    Cause.AUTH: "correct user and password in hosts.yaml, and reload it",
    Cause.TLS: "see ca_file and fingerprint in hosts.yaml",
    Cause.DNS: "check the name in hosts.yaml",
    Cause.PROTOCOL: "see what listens at this address",
    Cause.RESTARTING: RESTARTING_ADVICE,
}


def advice_for(cause: Cause) -> str:
    """What to do next, for an error that brought no advice of its own."""
    return _ADVICE[cause]


_FIRST_SAFE = {(3, 0): 1, (3, 1): 4, (3, 2): 4, (3, 3): 3}
"""The first patch release of each series without CVE-2017-11610; anything before 3.0 has it."""

_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")


def version_badges(version: str) -> tuple[str, ...]:
    """A remark about a release whose users can run any code on the host; distributions may have mended it."""
    match = _VERSION.match(version)
    if match is None:
        return ()
    major, minor, patch = int(match[1]), int(match[2]), int(match[3] or 0)
    safe = (major, minor) > (3, 3) or patch >= _FIRST_SAFE.get((major, minor), 10_000)
    return () if safe else (f"may have CVE-2017-11610 ({version[:20]})",)
