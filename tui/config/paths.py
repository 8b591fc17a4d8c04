"""Our places on this machine, as the XDG base directory specification names them; each is made on demand, mode 0700."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tui.config.private import make_private_directory
from tui.errors import ConfigError

APPLICATION = "supervisor-tui"
SYSTEM_CONFIG = Path("/etc") / APPLICATION / "hosts.yaml"


def config_dir() -> Path:
    """Where hosts.yaml lives. Raises ConfigError when it cannot be made."""
    return _private(config_place())


def state_dir() -> Path:
    """Where the journal and the memory live. Raises ConfigError when it cannot be made."""
    return _private(state_place())


def usable_state_dir(warn: Callable[[str], None]) -> Path | None:
    """The same as `state_dir`; None, after a warning in words, when there can be none (a full or read-only disk)."""
    try:
        return state_dir()
    except ConfigError as error:
        warn(f"{error}; actions go unrecorded, and nothing is remembered")
        return None


def cache_dir() -> Path:
    """Where things live that may be deleted at any time. Raises ConfigError when it cannot be made."""
    return _private(_place("XDG_CACHE_HOME", ".cache"))


def config_place() -> Path:
    """The same as `config_dir`, but nothing is made: for looking."""
    return _place("XDG_CONFIG_HOME", ".config")


def state_place() -> Path:
    """The same as `state_dir`, but nothing is made."""
    return _place("XDG_STATE_HOME", ".local/state")


def _place(variable: str, default: str) -> Path:
    """A relative value of the variable is ignored, as the specification asks."""
    base = Path(os.environ.get(variable, ""))
    if base.is_absolute():
        return base / APPLICATION
    try:
        return Path.home() / default / APPLICATION
    except RuntimeError:
        raise ConfigError("$HOME", "your home directory is not known", f"set HOME or {variable}") from None


def _private(directory: Path) -> Path:
    try:
        make_private_directory(directory)
    except OSError as error:
        raise ConfigError(str(directory), f"this directory cannot be used: {error.strerror}") from None
    return directory
