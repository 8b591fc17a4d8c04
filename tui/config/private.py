"""Files and directories that are ours alone: how they are opened, and who is trusted to have put them there.

Who comes in: whoever reads or writes something of ours by path. What leaves: a descriptor, or an OSError whose words say
what was found there instead. The rules: no symbolic link, pipe, device, second name (hard link) or stranger's file is
ever read or written in place of ours, and what is looked at is the descriptor, not the path, so that nobody can swap it
in between.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import NoReturn

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


def open_private(path: str | Path, flags: int) -> int:
    """Open a file of ours, made 0600 where `flags` ask for it to be made, and again 0600 where it had been opened up.

    Raises OSError.
    """
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, FILE_MODE)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            _refuse("it is no regular file")
        if status.st_uid not in trusted_owners():
            _refuse("it belongs to another user")
        if status.st_nlink > 1:
            _refuse("it has a second name (a hard link)")
        if flags & (os.O_WRONLY | os.O_RDWR) and status.st_mode & 0o077 and status.st_uid == os.geteuid():
            os.fchmod(handle, FILE_MODE)
    except OSError:
        os.close(handle)
        raise
    return handle


def make_private_directory(path: Path) -> None:
    """See that there is such a directory, ours and 0700. Raises OSError also for one that somebody else could exchange."""
    path.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    require_own_link(path)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if status.st_uid not in trusted_owners():
            _refuse("it belongs to another user")
        if status.st_mode & 0o077:
            os.fchmod(handle, DIRECTORY_MODE)
    finally:
        os.close(handle)
    if others_may_exchange(path):
        _refuse(f"others can write {path.parent}, and so put another in its place")


def require_own_link(path: Path) -> None:
    """Raise OSError when `path` is a symbolic link that a stranger has made; our own may point where it likes."""
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode) and status.st_uid not in trusted_owners():
        _refuse("it is a symbolic link that another user has made")


def others_may_exchange(path: Path) -> bool:
    """Whether others may write the directory that `path` is in; in a sticky one, as /tmp is, only what is their own."""
    try:
        status = os.stat(path.absolute().parent)
    except OSError:
        return False
    if status.st_mode & stat.S_ISVTX:
        return False
    by_group = status.st_mode & stat.S_IWGRP and not is_own_group(status.st_gid)
    return bool(status.st_mode & stat.S_IWOTH or by_group) or status.st_uid not in trusted_owners()


def trusted_owners() -> set[int]:
    """We, root, and whoever called sudo."""
    owners = {0, os.geteuid()}
    caller = os.environ.get("SUDO_UID", "")
    if os.geteuid() == 0 and caller.isascii() and caller.isdigit():
        owners.add(int(caller))
    return owners


def is_own_group(gid: int) -> bool:
    """Whether this is the group of one's own that many systems give each user, with nobody else in it."""
    import grp  # here, because only what a group may write asks
    import pwd

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and not set(group.gr_mem) - {user.pw_name}


def _refuse(words: str) -> NoReturn:
    raise OSError(errno.EPERM, words)
