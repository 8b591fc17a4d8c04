"""Rows of getAllConfigInfo: every configured process, active or not, in the order and with the words of supervisord."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.support.fake_fleet.programs import AUTOMATIC, Group, LogFileOption, Program


def config_rows(available: Iterable[Group], active: Mapping[str, Group]) -> list[dict[str, Any]]:
    """The rows by name of the process. AUTO is a path once the very configuration that was read is active."""
    rows = [
        _row(group, program, inuse=group.name in active, resolved=active.get(group.name) is group)
        for group in available
        for program in group.programs
    ]
    return sorted(rows, key=lambda row: str(row["name"]))


def _row(group: Group, program: Program, *, inuse: bool, resolved: bool) -> dict[str, Any]:
    def logfile(channel: str, option: LogFileOption) -> str:
        if option is AUTOMATIC and not resolved:
            return "auto"
        return program.log_path(channel) or "none"

    return {
        "autostart": program.autostart,
        "directory": "none" if program.directory is None else program.directory,
        "uid": "none",
        "command": program.command,
        "exitcodes": list(program.exitcodes),
        "group": group.name,
        "group_prio": group.priority,
        "inuse": inuse,
        "killasgroup": program.killasgroup,
        "name": program.name,
        "process_prio": program.priority,
        "redirect_stderr": program.redirect_stderr,
        "startretries": program.startretries,
        "startsecs": program.startsecs,
        **_channel("stdout", logfile("stdout", program.stdout_logfile), program.maxbytes),
        "stopsignal": program.stopsignal,
        "stopwaitsecs": program.stopwaitsecs,
        **_channel("stderr", logfile("stderr", program.stderr_logfile), 50 * 1024 * 1024),
        "serverurl": "none",
    }


def _channel(name: str, logfile: str, maxbytes: int) -> dict[str, Any]:
    return {
        f"{name}_capture_maxbytes": 0,
        f"{name}_events_enabled": False,
        f"{name}_logfile": logfile,
        f"{name}_logfile_backups": 10,
        f"{name}_logfile_maxbytes": maxbytes,
        f"{name}_syslog": False,
    }
