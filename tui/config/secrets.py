"""Passwords: where they come from, and how they stay out of everything but the request that needs them.

Who comes in: the loader, with a source for each host; then whoever starts the engine, once, before the screen is taken.
Who leaves: `Secret`, which only prints as `***` and is opened where the Authorization header is built, nowhere else.
The rule: a message names the kind of source (a variable, a file, a program), never what it gave.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol

from tui.config.private import others_may_exchange
from tui.errors import ConfigError

COMMAND_SECONDS = 30.0
SECRET_BYTES = 4096
"""A password file or a command's output may be at most this large."""


class Secret:
    """A password. Prints as `***`; cannot be pickled or copied; `reveal` is for the Authorization header only."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The password itself. Never store, log or format what this returns."""
        return self.__value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self.__value == other.__value

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")


GivenUp = Callable[[], bool]
"""Whether nobody wants the password any more."""


def never() -> bool:
    """It is wanted to the end."""
    return False


class PasswordSource(Protocol):
    """Somewhere a password comes from."""

    def fetch(self, given_up: GivenUp = never) -> Secret | None:
        """The password, None when there is none; ConfigError (its place still empty) when it cannot be had.

        One that takes long asks `given_up` now and then, and ends when nobody wants it any more.
        """


@dataclass(frozen=True, slots=True)
class NoPassword:
    """Nothing to send."""

    def fetch(self, given_up: GivenUp = never) -> None:
        return None


@dataclass(frozen=True, slots=True)
class InlinePassword:
    """Written in the configuration itself."""

    secret: Secret

    def fetch(self, given_up: GivenUp = never) -> Secret:
        return self.secret


@dataclass(frozen=True, slots=True)
class EnvPassword:
    """An environment variable's value."""

    name: str

    def fetch(self, given_up: GivenUp = never) -> Secret:
        value = os.environ.get(self.name, "")
        if not value:
            raise ConfigError("", f"the environment variable {self.name} is not set", "export it first")
        if not _is_text(value):
            raise ConfigError("", f"the environment variable {self.name} holds bytes that are not UTF-8")
        return Secret(value)


@dataclass(frozen=True, slots=True)
class FilePassword:
    """The first line of a regular file that only we can read."""

    path: Path

    def fetch(self, given_up: GivenUp = never) -> Secret:
        what = f"the password file {self.path}"
        try:
            # Not blocking, because a pipe at that path would otherwise hold us for ever.
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if os.path.islink(self.path):
                raise ConfigError("", f"{what} is a symbolic link", "name the file itself") from None
            raise ConfigError("", f"{what} cannot be read: {error.strerror}") from None
        try:
            self._check(os.fstat(handle), what)
            content = os.read(handle, SECRET_BYTES + 1)
        finally:
            os.close(handle)
        return _first_line(content, what)

    def _check(self, status: os.stat_result, what: str) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError("", f"{what} is not a regular file")
        if status.st_uid != os.geteuid():
            raise ConfigError("", f"{what} belongs to another user", "it must be your own")
        if status.st_mode & 0o077:
            raise ConfigError("", f"{what} is open to others", f"chmod 600 {self.path}")
        if status.st_nlink > 1:
            raise ConfigError("", f"{what} has a second name (a hard link)", "copy it, and remove this name")
        if others_may_exchange(self.path):
            parent = self.path.absolute().parent
            raise ConfigError("", f"{what} is in a directory that others can write", f"chmod go-w {parent}")


@dataclass(frozen=True, slots=True)
class CommandPassword:
    """The first line that a program prints; its words are given as they are, no shell sees them."""

    argv: tuple[str, ...] = field(repr=False)

    def fetch(self, given_up: GivenUp = never) -> Secret:
        what = f"password_command ({os.path.basename(self.argv[0])})"
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own configuration names it, and no shell sees it
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = (
                error.strerror if isinstance(error, OSError) else "its words cannot be given to a program"
            )
            raise ConfigError("", f"{what} cannot be started: {reason}") from None
        try:
            content = _read_output(process, what, given_up)
        finally:
            _end(process)
        return _first_line(content, what)


def _read_output(process: subprocess.Popen[bytes], what: str, given_up: GivenUp) -> bytes:
    """All it prints, until it ends: a child it leaves behind (an agent) may keep the pipe open and is not waited for."""
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    deadline = time.monotonic() + COMMAND_SECONDS
    content = b""
    while len(content) <= SECRET_BYTES:
        if given_up():
            raise ConfigError("", f"{what} was given up")
        if time.monotonic() > deadline:
            raise ConfigError("", f"{what} did not end within {COMMAND_SECONDS:g} s")
        ended = process.poll() is not None
        ready, _, _ = select.select([pipe], [], [], 0 if ended else 0.05)
        if not ready:
            if ended:
                break
            continue
        piece = os.read(pipe, SECRET_BYTES + 1)
        if not piece:
            break
        content += piece
    else:
        return content
    try:
        code = process.wait(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise ConfigError("", f"{what} did not end within {COMMAND_SECONDS:g} s") from None
    if code != 0:
        ending = f"signal {-code}" if code < 0 else f"status {code}"
        raise ConfigError("", f"{what} ended with {ending}", "run it yourself to see why")
    return content


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    process.stdout.close()
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_text(value: str) -> bool:
    """Whether it can be sent: what Python could not decode stands in it as lone surrogates."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _first_line(content: bytes, what: str) -> Secret:
    if len(content) > SECRET_BYTES:
        raise ConfigError("", f"{what} gives more than {SECRET_BYTES} bytes", "a password is one line")
    try:
        line = content.decode().split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigError("", f"{what} gives bytes that are not UTF-8") from None
    if not line:
        raise ConfigError("", f"{what} gives an empty first line")
    return Secret(line)
