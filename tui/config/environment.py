"""Passwords that came in environment variables, taken out of the environment again.

Every child inherits the environment, and /proc shows to root and to programs of the same user what a process was started
with; so a variable is forgotten as soon as its password has been read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable


def forget_variables(names: Iterable[str]) -> None:
    """Take these variables out of our environment, and overwrite what the kernel shows of them where that can be done."""
    wanted = [name for name in names if name in os.environ]
    if not wanted:
        return
    with contextlib.suppress(OSError, AttributeError):
        _overwrite(wanted)
    for name in wanted:
        del os.environ[name]


def _overwrite(names: Iterable[str]) -> None:
    """Zero the values where the C library has them: for variables that nobody has set since, the memory /proc shows."""
    import ctypes

    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_void_p
    for name in names:
        address = getenv(os.fsencode(name))
        if address:
            ctypes.memset(address, 0, len(ctypes.string_at(address)))
