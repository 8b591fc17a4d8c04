"""Reading the file safely: who else may write it (then it is refused: it can name programs to run), who else may read it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tui.config.private import is_own_group, others_may_exchange, require_own_link, trusted_owners
from tui.config.watched_file import FileIdentity, ReadFile
from tui.errors import ConfigError

MAX_BYTES = 1024 * 1024
"""A larger hosts.yaml is refused unread."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file's bytes, at most one more than allowed, and how its mode bits stood when they were read."""

    content: bytes = field(repr=False)
    readable_by_others: bool
    exchangeable: bool
    """Whether others can put another file of ours in its place; a file of their own would be refused."""
    as_read: ReadFile
    """To tell later whether it is still this one."""


def read_private(path: Path) -> OpenedFile:
    """Read a configuration file. Raises ConfigError when it cannot be read or somebody else may write it."""
    try:
        require_own_link(path)
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
        exchangeable=others_may_exchange(path),
        as_read=ReadFile(FileIdentity.of(status), sha256(content).digest()),
    )


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(str(path), "this is not a regular file")
    if status.st_mode & stat.S_IWOTH:
        fix = _fix(path, "o-w")
        raise ConfigError(str(path), "everybody can write this file, and it can name programs to run", fix)
    if status.st_mode & stat.S_IWGRP and not is_own_group(status.st_gid):
        fix = _fix(path, "g-w")
        raise ConfigError(str(path), "a group can write this file, and it can name programs to run", fix)
    if status.st_uid not in trusted_owners():
        problem = "this file belongs to another user, and it can name programs to run"
        raise ConfigError(str(path), problem, "copy it, or chown it")
    if status.st_nlink > 1 and status.st_uid == os.geteuid():
        raise ConfigError(
            str(path), "this file has a second name (a hard link)", "copy it, and remove this name"
        )


def _read(handle: int) -> bytes:
    content = b""
    while len(content) <= MAX_BYTES and (piece := os.read(handle, MAX_BYTES + 1 - len(content))):
        content += piece
    return content


def password_is_readable(path: Path) -> str:
    """The warning, with its fix, for a file that holds a password and that others can read."""
    return f"{path} holds a password and others can read it: chmod 600 {path}"


def others_can_exchange(path: Path) -> str:
    """The warning, with its fix, for a file in a directory that others can write."""
    parent = path.absolute().parent
    return f"others can write {parent}, and so put another file in the place of {path.name}: {_fix(parent, 'go-w')}"


def _fix(path: Path, mode: str) -> str:
    return f"chmod {mode} {path}"
