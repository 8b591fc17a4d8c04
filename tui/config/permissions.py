"""Reading the file safely: who else may write it (then it is refused: it can name programs to run), who else may read it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tui.errors import ConfigError

MAX_BYTES = 1024 * 1024
"""A larger hosts.yaml is refused unread."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file's bytes, at most one more than allowed, and how its mode bits stood when they were read."""

    content: bytes
    readable_by_others: bool
    writable_by_group: bool


def read_private(path: Path) -> OpenedFile:
    """Read a configuration file. Raises ConfigError when it cannot be read or somebody else may write it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(str(path), f"this file cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(handle)
        _check(path, status)
        content = _read(handle)
    finally:
        os.close(handle)
    return OpenedFile(
        content,
        readable_by_others=bool(status.st_mode & 0o044),
        writable_by_group=bool(status.st_mode & stat.S_IWGRP) and not _own_group(status.st_gid),
    )


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(str(path), "this is not a regular file")
    if status.st_mode & stat.S_IWOTH:
        fix = _fix(path, "o-w")
        raise ConfigError(str(path), "everybody can write this file, and it can name programs to run", fix)
    if status.st_uid not in _trusted_owners():
        problem = "this file belongs to another user, and it can name programs to run"
        raise ConfigError(str(path), problem, "copy it, or chown it")


def _read(handle: int) -> bytes:
    content = b""
    while len(content) <= MAX_BYTES and (piece := os.read(handle, MAX_BYTES + 1 - len(content))):
        content += piece
    return content


def password_is_readable(path: Path) -> str:
    """The warning, with its fix, for a file that holds a password and that others can read."""
    return f"{path} holds a password and others can read it: chmod 600 {path}"


def group_can_write(path: Path) -> str:
    """The warning, with its fix, for a file that a group can write."""
    return f"a group can write {path}, and it can name programs to run: {_fix(path, 'g-w')}"


def _fix(path: Path, mode: str) -> str:
    return f"chmod {mode} {path}"


def _trusted_owners() -> set[int]:
    """We, root, and whoever called sudo."""
    owners = {0, os.geteuid()}
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and caller.isascii() and caller.isdigit():
        owners.add(int(caller))
    return owners


def _own_group(gid: int) -> bool:
    """Whether this is the group of one's own that many systems give each user, with nobody else in it."""
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}
