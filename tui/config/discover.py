"""This machine's own supervisord, found as supervisorctl finds it: no hosts.yaml needed to look at it.

Facts from supervisor/options.py: the search path (Options.__init__; the two places relative to the executable are left out,
they are supervisorctl's own), the parser's settings (UnhosedConfigParser), `serverurl` and its default (ClientOptions),
`%(here)s` and `%(ENV_x)s`. Unlike supervisorctl we fall back to the server sections, and never crash on another `%`.
"""

from __future__ import annotations

import configparser
import glob
import os
import platform
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from tui.config.private import trusted_owners
from tui.config.remarks import warnings_about
from tui.config.schema import HostSettings, Settings
from tui.config.secrets import InlinePassword, NoPassword, PasswordSource, Secret
from tui.config.urls import BadUrl, parse_url
from tui.errors import ConfigError
from tui.model.endpoint import Endpoint

SEARCH_PATH = (
    Path("supervisord.conf"),
    Path("etc/supervisord.conf"),
    Path("/etc/supervisord.conf"),
    Path("/etc/supervisor/supervisord.conf"),
)
LOCAL = "local"
_MAX_BYTES = 1024 * 1024
_DEFAULT_URL = "http://localhost:9001"


def discover(places: Sequence[Path] | None = None) -> Settings | None:
    """The supervisord that the first existing file of `places` (SEARCH_PATH) describes; None when there is no such file.

    Raises ConfigError when the file is there and does not tell where supervisord listens.
    """
    path = next((place for place in places or SEARCH_PATH if os.path.isfile(place)), None)
    if path is None:
        return None
    host, notes = _host(_Conf(path.absolute()))
    return Settings(hosts={LOCAL: host}, source=path, warnings=(*notes, *warnings_about([host])))


class _Conf:
    """A supervisord.conf with the files it includes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";", "#"))
        self._read(path)
        for included in self._included():
            self._read(included)

    def get(self, section: str, key: str) -> str:
        """The expanded value; '' when it is absent or empty."""
        raw = self.parser.get(section, key, fallback="")
        return self._expand(raw, section, key).strip() if raw else ""

    def fail(self, problem: str, advice: str = "") -> ConfigError:
        return ConfigError(str(self.path), problem, advice)

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._check(path, os.fstat(file.fileno()))
                text = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise ConfigError(
                str(path), f"this file cannot be read: {error.strerror}", "use -s URL, or sudo"
            ) from None
        if len(text) > _MAX_BYTES:
            raise ConfigError(str(path), f"this file is larger than {_MAX_BYTES // 1024} KiB")
        try:
            self.parser.read_string(text.decode(errors="surrogateescape"), str(path))
        except configparser.Error as error:
            line = getattr(error, "lineno", None) or (getattr(error, "errors", None) or [(1, "")])[0][0]
            raise ConfigError(f"{path}:{line}", "this line is not in the form of supervisord.conf") from None

    def _check(self, path: Path, status: os.stat_result) -> None:
        """A stranger's file would send our environment where it likes: `serverurl` may hold %(ENV_x)s."""
        if status.st_uid not in trusted_owners():
            raise ConfigError(str(path), "this file belongs to another user", "use -s URL")
        if status.st_mode & stat.S_IWOTH:
            raise ConfigError(str(path), "everybody can write this file", f"chmod o-w {path}, or use -s URL")

    def _included(self) -> list[Path]:
        """The files of `[include]`, relative to the main file; those that we may not read are left out."""
        patterns = self.get("include", "files").split()
        return [
            Path(name)
            for pattern in patterns
            for name in sorted(glob.glob(os.path.join(self.path.parent, pattern)))
            if os.access(name, os.R_OK) and os.path.isfile(name)
        ]

    def _expand(self, raw: str, section: str, key: str) -> str:
        known = {"here": str(self.path.parent), "host_node_name": platform.node()}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name is None:
                return "%"
            if name.startswith("ENV_") and name[4:] in os.environ:
                return os.environ[name[4:]]
            if name in known:
                return known[name]
            raise self.fail(f"{key} of [{section}] uses %({name})s, which is not set here", "use -s URL")

        return re.sub(r"%(?:%|\(([A-Za-z0-9_]+)\)s)", value, raw)


def _host(conf: _Conf) -> tuple[HostSettings, list[str]]:
    control = "supervisorctl"
    endpoint, section = _from_server_sections(conf)
    if conf.parser.has_option(control, "serverurl") or endpoint is None:
        endpoint, section = _from_serverurl(conf), control
    user, raw_password = conf.get(control, "username"), conf.get(control, "password")
    if not user and section != control:
        user, raw_password = conf.get(section, "username"), conf.get(section, "password")
    password, notes = _password(raw_password)
    return HostSettings(name=LOCAL, endpoint=endpoint, user=user, password=password), notes


def _from_serverurl(conf: _Conf) -> Endpoint:
    if not conf.parser.has_section("supervisorctl"):
        raise conf.fail("this file has no [supervisorctl] and no server section", "use -s URL")
    url = conf.get("supervisorctl", "serverurl") or _DEFAULT_URL
    if url.startswith("unix://"):
        url = "unix://" + os.path.abspath(conf.path.parent / os.path.expanduser(url[7:]))
    try:
        return parse_url(url).endpoint
    except BadUrl as error:
        raise conf.fail(f"serverurl of [supervisorctl]: {error}", error.advice) from None


def _from_server_sections(conf: _Conf) -> tuple[Endpoint | None, str]:
    """The unix socket first: it needs no network."""
    socket, port = conf.get("unix_http_server", "file"), conf.get("inet_http_server", "port")
    if socket:
        return Endpoint("unix", socket=conf.path.parent / Path(socket).expanduser()), "unix_http_server"
    if not port:
        return None, ""
    host, _, number = port.rpartition(":")
    host = "127.0.0.1" if host in ("", "*", "0.0.0.0") else host  # noqa: S104 - where it listens, not where we do
    try:
        return parse_url(f"http://{host}:{number}").endpoint, "inet_http_server"
    except BadUrl as error:
        raise conf.fail(f"port of [inet_http_server]: {error}", error.advice) from None


def _password(raw: str) -> tuple[PasswordSource, list[str]]:
    if not raw:
        return NoPassword(), []
    if raw.upper().startswith("{SHA}"):
        return NoPassword(), ["supervisord.conf holds the password as a hash only: put it in [supervisorctl]"]
    return InlinePassword(Secret(raw)), []
