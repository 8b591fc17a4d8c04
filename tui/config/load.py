"""From a file, a URL or this machine's own supervisord to Settings.

    load           the file named                              one hosts.yaml
    find           --config, the variable, four usual places    nothing but their existence
    settings_for   all of these, `-s URL`, then discovery      what `load` and `discover` read

The rule: whatever is wrong is a ConfigError with `file:line:column`, and it never shows a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tui.config.hosts import read_hosts
from tui.config.keys import TOP
from tui.config.paths import SYSTEM_CONFIG, config_place
from tui.config.permissions import others_can_exchange, password_is_readable, read_private
from tui.config.rules import journal_required, read_alerts, read_guardrails, read_history, read_logs, read_ui
from tui.config.sample import example_text as example_text
from tui.config.schema import HostSettings, Settings
from tui.config.sections import Section
from tui.config.urls import BadUrl, parse_url
from tui.errors import ConfigError

VARIABLE = "SUPERVISOR_TUI_CONFIG"
FILE_NAME = "hosts.yaml"


def load(path: Path) -> Settings:
    """Read and check one file. Raises ConfigError."""
    from tui.config.parsing import parse

    opened = read_private(path)
    top = Section(parse(opened.content, str(path)), TOP, "the file")
    read = read_hosts(top, path.absolute().parent)
    strict = top.boolean("strict_permissions", False)
    warnings = read.warnings()
    if opened.exchangeable:
        _object(strict, path, warnings, others_can_exchange(path))
    if read.holds_password and opened.readable_by_others:
        _object(strict, path, warnings, password_is_readable(path))
    return Settings(
        hosts=read.hosts,
        guardrails=read_guardrails(top),
        ui=read_ui(top),
        alerts=read_alerts(top),
        strict_permissions=strict,
        journal_required=journal_required(top),
        history=read_history(top),
        logs=read_logs(top),
        source=path,
        as_read=opened.as_read,
        warnings=tuple(warnings),
    )


def find(explicit: Path | None) -> Path | None:
    """The file to read, None when there is none. Raises ConfigError when one that was named is not there."""
    if explicit is not None:
        return _named("--config", explicit)
    if os.environ.get(VARIABLE):
        return _named(f"${VARIABLE}", Path(os.environ[VARIABLE]))
    return next((path for path in usual_places() if os.path.isfile(path)), None)


def usual_places() -> tuple[Path, ...]:
    """Where a file is looked for when none is named, in this order."""
    return Path(FILE_NAME), config_place() / FILE_NAME, SYSTEM_CONFIG


def settings_for(explicit: Path | None, urls: Sequence[str], user: str) -> Settings:
    """What the command line asks for: `urls`, else the file, else this machine's supervisord. Raises ConfigError."""
    if urls:
        if explicit is not None:
            raise ConfigError("-s", "a URL and a hosts file cannot both be given", "leave out --config")
        return _settings_for_urls(urls, user)
    if user:
        raise ConfigError("-u", "a user goes with a URL", "add -s URL")
    path = find(explicit)
    if path is not None:
        return load(path)
    from tui.config.discover import discover

    settings = discover()
    if settings is None:
        raise nothing_found()
    return settings


def nothing_found() -> ConfigError:
    """There is no file and no supervisord here: the ways on."""
    places = ", ".join(map(str, usual_places()))
    return ConfigError(
        "",
        f"no hosts file was found ({places}), and no supervisord.conf on this machine",
        "to look around: supervisor-tui demo · for one host: supervisor-tui -s URL · "
        "for a file to fill in: supervisor-tui config init",
    )


def _object(strict: bool, path: Path, warnings: list[str], sentence: str) -> None:
    if strict:
        raise ConfigError(str(path), sentence, "strict_permissions is on")
    warnings.append(sentence)


def _named(origin: str, path: Path) -> Path:
    if not os.path.exists(path):
        raise ConfigError(origin, f"there is no file {path}", "supervisor-tui config init makes one")
    return path


def _settings_for_urls(urls: Sequence[str], user: str) -> Settings:
    hosts: dict[str, HostSettings] = {}
    for url in urls:
        try:
            address = parse_url(url)
        except BadUrl as error:
            raise ConfigError("-s", str(error), error.advice) from None
        if address.login is not None:
            raise ConfigError(
                "-s",
                "this URL holds a login, and everybody on this machine can read a command line",
                "use -u USER and the password is asked for, or --password-env NAME",
            )
        endpoint = address.endpoint
        name = endpoint.socket.stem if endpoint.socket is not None else endpoint.host
        name = _free(
            re.sub("[^A-Za-z0-9._]+", "-", name).strip("-.") or "host", str(endpoint.port or ""), hosts
        )
        hosts[name] = HostSettings(name=name, endpoint=endpoint, user=user)
    return Settings(hosts=hosts)


def _free(name: str, port: str, taken: dict[str, HostSettings]) -> str:
    """A name that no earlier URL has: with its port, else with a number."""
    candidates = [
        name,
        *([f"{name}-{port}"] if port else []),
        *(f"{name}-{n}" for n in range(2, len(taken) + 3)),
    ]
    return next(candidate for candidate in candidates if candidate not in taken)
