"""Configuration text to groups of programs, as supervisord reads `[program:x]` and `[group:x]` sections (`options.py`).

Text comes in, frozen values leave: every supervisord of a fleet shares them. Only the options that show on the wire or
change a process's life are read; a text that supervisord would refuse raises `ConfigError` with its words.
"""

from __future__ import annotations

import configparser
import signal
import zlib
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final


class ConfigError(ValueError):
    """supervisord cannot read this: the text is its reason."""


class LogFileKind(Enum):
    """The one value of a log file option that is no path."""

    AUTOMATIC = auto()


AUTOMATIC: Final = LogFileKind.AUTOMATIC
LogFileOption = str | LogFileKind | None


@dataclass(frozen=True, slots=True)
class Program:
    """The configuration of one process."""

    name: str
    command: str
    directory: str | None
    priority: int
    autostart: bool
    autorestart: str
    """"true", "false" or "unexpected"."""
    startsecs: int
    startretries: int
    stopsignal: int
    stopwaitsecs: int
    killasgroup: bool
    exitcodes: tuple[int, ...]
    redirect_stderr: bool
    stdout_logfile: LogFileOption
    stderr_logfile: LogFileOption
    maxbytes: int
    childlogdir: str
    templates: dict[tuple[int, str, int], bytes] = field(default_factory=dict, compare=False, repr=False)
    """Rendered rows of its processes by state, spawnerr and exit status; `status_rows` fills it."""

    def log_path(self, channel: str) -> str:
        """Where `channel` (stdout, stderr) is written once the group is active; "" for nowhere."""
        option = self.stdout_logfile if channel == "stdout" else self.stderr_logfile
        if option is AUTOMATIC:
            return f"{self.childlogdir}/{self.name}-{channel}---supervisor-{_eight_letters(self.name + channel)}.log"
        return option or ""


def _eight_letters(seed: str) -> str:
    """What tempfile puts into a name, the same each time."""
    number = zlib.crc32(seed.encode()) * 2654435761
    return "".join("abcdefghijklmnopqrstuvwxyz0123456789_"[number >> 5 * at & 31] for at in range(8))


@dataclass(frozen=True, slots=True)
class Group:
    """A group as configured; its processes as the programs are named in it, those of one program by name."""

    name: str
    priority: int
    programs: tuple[Program, ...]


def read_programs(text: str, childlogdir: str) -> tuple[Group, ...]:
    """The groups of a configuration, ascending by priority and name. Raises ConfigError."""
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",), strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as problem:
        raise ConfigError(str(problem)) from problem
    grouped: set[str] = set()
    groups = []
    for section in parser.sections():
        if section.startswith("group:"):
            names = [name.strip() for name in parser.get(section, "programs").split(",")]
            grouped.update(names)
            programs = [one for name in names for one in _read_program(parser, name, childlogdir)]
            priority = parser.getint(section, "priority", fallback=999)
            groups.append(Group(section.partition(":")[2], priority, tuple(programs)))
    for section in parser.sections():
        kind, _, name = section.partition(":")
        if kind == "program" and name not in grouped:
            priority = parser.getint(section, "priority", fallback=999)
            groups.append(Group(name, priority, tuple(_read_program(parser, name, childlogdir))))
    return tuple(sorted(groups, key=lambda group: (group.priority, group.name)))


def _read_program(parser: configparser.RawConfigParser, name: str, childlogdir: str) -> list[Program]:
    section = f"program:{name}"
    if not parser.has_option(section, "command"):
        raise ConfigError(f"program section {section} does not specify a command in section {section!r}")
    count = parser.getint(section, "numprocs", fallback=1)
    first = parser.getint(section, "numprocs_start", fallback=0)
    template = parser.get(section, "process_name", fallback="%(program_name)s")
    if count > 1 and "%(process_num)" not in template:
        raise ConfigError("%(process_num) must be present within process_name when numprocs > 1")
    programs = [
        _one_program(parser[section], template, {"program_name": name, "process_num": number}, childlogdir)
        for number in range(first, first + count)
    ]
    return sorted(programs, key=lambda program: program.name)


def _one_program(
    section: configparser.SectionProxy, template: str, words: dict[str, object], childlogdir: str
) -> Program:
    redirect = section.getboolean("redirect_stderr", fallback=False)
    return Program(
        name=template % words,
        command=section["command"] % words,
        directory=section.get("directory"),
        priority=section.getint("priority", fallback=999),
        autostart=section.getboolean("autostart", fallback=True),
        autorestart=section.get("autorestart", fallback="unexpected").lower(),
        startsecs=section.getint("startsecs", fallback=1),
        startretries=section.getint("startretries", fallback=3),
        stopsignal=int(
            signal.Signals["SIG" + section.get("stopsignal", fallback="TERM").removeprefix("SIG")]
        ),
        stopwaitsecs=section.getint("stopwaitsecs", fallback=10),
        killasgroup=section.getboolean(
            "killasgroup", fallback=section.getboolean("stopasgroup", fallback=False)
        ),
        exitcodes=tuple(int(code) for code in section.get("exitcodes", fallback="0").split(",")),
        redirect_stderr=redirect,
        stdout_logfile=_log_file(section.get("stdout_logfile", fallback="AUTO"), words),
        stderr_logfile=None if redirect else _log_file(section.get("stderr_logfile", fallback="AUTO"), words),
        maxbytes=_byte_size(section.get("stdout_logfile_maxbytes", fallback="50MB")),
        childlogdir=childlogdir,
    )


def _log_file(option: str, words: dict[str, object]) -> LogFileOption:
    match option.upper():
        case "AUTO":
            return AUTOMATIC
        case "NONE":
            return None
    return option % words


def _byte_size(text: str) -> int:
    for suffix, factor in (("KB", 1024), ("MB", 1024**2), ("GB", 1024**3)):
        if text.upper().endswith(suffix):
            return int(text[:-2]) * factor
    return int(text)
