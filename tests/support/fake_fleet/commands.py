"""What a command would do, were it run: the few words of shell that the configurations of tests and benchmarks are written in.

`behaviour_of("sh -c 'echo hello; sleep 2; exit 3'")` says: writes hello, lives two seconds, ends with status 3.
A program that this machine has and this room does not know lives until it is told to end.
"""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
from dataclasses import dataclass, replace
from functools import cache

TRAP = re.compile(r"""trap\s+(?:''|""|'exit (\d+)'|"exit (\d+)")\s+(?:TERM|SIGTERM|15)$""")
SHELLS = frozenset({"sh", "bash", "dash"})


class CannotRunError(Exception):
    """supervisord would not even fork: the text is what it says."""


class NoSuchCommandError(CannotRunError):
    """There is no such file."""


class NotExecutableError(CannotRunError):
    """There is a file, and it is no program."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The life of a process that nobody disturbs, and what it makes of a TERM."""

    lifetime: float = math.inf
    """Seconds until it ends by itself."""
    status: int = 0
    """Its exit status then."""
    output: bytes = b""
    """What it writes to stdout when it begins."""
    echoes: bool = False
    """Whether it writes to stdout what it reads on stdin."""
    ignores_term: bool = False
    term_status: int | None = None
    """The status it exits with on TERM; None: the signal ends it."""


@cache
def behaviour_of(command: str) -> Behaviour:
    """What `command` would do. Raises NoSuchCommandError or NotExecutableError as supervisord would (`options.py`)."""
    words = shlex.split(command)
    _check_executable(words[0])
    return _life(words)


def _check_executable(program: str) -> None:
    path = program if "/" in program else shutil.which(program)
    if path is None or not os.path.exists(path):
        raise NoSuchCommandError(f"can't find command {program!r}")
    if os.path.isdir(path):
        raise NotExecutableError(f"command at {path!r} is a directory")
    if not os.stat(path).st_mode & 0o111:
        raise NotExecutableError(f"command at {path!r} is not executable")


def _life(words: list[str]) -> Behaviour:
    match os.path.basename(words[0]), words[1:]:
        case "sleep", [seconds]:
            return Behaviour(lifetime=float(seconds))
        case ("true" | "false") as name, _:
            return Behaviour(lifetime=0.0, status=int(name == "false"))
        case "echo", text:
            return Behaviour(lifetime=0.0, output=" ".join(text).encode() + b"\n")
        case "cat", []:
            return Behaviour(echoes=True)
        case shell, ["-c", script] if shell in SHELLS:
            return _script(script)
    return Behaviour()


def _script(script: str) -> Behaviour:
    life = Behaviour(lifetime=0.0)
    for part in re.split(r"[;&\n]", script):
        statement = part.strip().removeprefix("exec ")
        if not statement or statement == "wait":
            continue
        if trap := TRAP.match(statement):
            code = trap[1] or trap[2]
            life = replace(life, ignores_term=code is None, term_status=None if code is None else int(code))
        elif leaving := re.match(r"exit (\d+)$", statement):
            return replace(life, status=int(leaving[1]))
        else:
            step = _life(shlex.split(statement))
            life = replace(
                life,
                lifetime=life.lifetime + step.lifetime,
                status=step.status,
                output=life.output + step.output,
                echoes=step.echoes,
            )
    return life
