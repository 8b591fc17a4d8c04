"""The `hosts` and `defaults` of a file to HostSettings by name: forms, ranges, logins, TLS.

Who comes in: the top section. Who leaves: `ReadHosts`. The rule: what a host says itself must make sense for it, what it
inherits from `defaults` is left out where it does not apply.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tui.config.keys import DEFAULTS, HOST, PASSWORD_KEYS, TLS_KEYS
from tui.config.nodes import Mapping, Node, Place, Scalar
from tui.config.ranges import MAX_HOSTS, expand
from tui.config.remarks import warnings_about
from tui.config.schema import (
    DEFAULT_POLL,
    DEFAULT_TIMEOUT,
    DRIFT_RANGE,
    POLL_RANGE,
    TIMEOUT_RANGE,
    FeedMode,
    HostSettings,
)
from tui.config.secrets import (
    CommandPassword,
    EnvPassword,
    FilePassword,
    InlinePassword,
    NoPassword,
    PasswordSource,
    Secret,
)
from tui.config.sections import Section, pairs
from tui.config.urls import Address, BadUrl, host_name, parse_url
from tui.model.endpoint import Endpoint, Tls

DEFAULT_PORT = 9001
NAME_IN_URL = "{name}"

_TAG = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]{0,254}")
_FEED_MODES: dict[str, FeedMode] = {"auto": "auto", "on": "on", "off": "off"}
_FINGERPRINT = re.compile(r"sha256:([0-9A-Fa-f]{2}(?::?[0-9A-Fa-f]{2}){31})")


@dataclass(slots=True)
class ReadHosts:
    """What the file says about hosts."""

    hosts: dict[str, HostSettings] = field(default_factory=dict)
    holds_password: bool = False
    """Whether a password itself stands in the file, in whichever form."""
    login_in_url: list[str] = field(default_factory=list)
    """The keys of `hosts` whose URL holds a password."""

    def warnings(self) -> list[str]:
        """Sentences about what works but should not stay so."""
        found = []
        if self.login_in_url:
            names = ", ".join(self.login_in_url[:3]) + (" …" if len(self.login_in_url) > 3 else "")
            found.append(
                f"a password stands in the URL of {names}: password_env or password_file keeps it apart"
            )
        return found + warnings_about(self.hosts.values())


def read_hosts(top: Section, base: Path) -> ReadHosts:
    """All hosts in the order of the file; relative paths start at `base`. Raises ConfigError."""
    defaults_node = top.node("defaults")
    defaults = Section(defaults_node or Mapping(top.place), DEFAULTS, "defaults")
    node = top.node("hosts")
    if node is None:
        top.place.fail(
            "there is no `hosts:`", "name at least one supervisord; see `supervisor-tui config init`"
        )
    read = ReadHosts()
    # Read once with an address that asks for nothing, so that a mistake in defaults is found also when no host inherits it.
    _Host("defaults", Section(Mapping(top.place), HOST, "defaults"), defaults, base).common()
    for key, value in pairs(node, "hosts"):
        _add(read, key, value, defaults, base)
    if not read.hosts:
        node.place.fail("there is no host here", "name at least one supervisord")
    read.holds_password |= "password" in defaults or "passwd" in defaults
    return read


def _add(read: ReadHosts, key: Scalar, value: Node, defaults: Section, base: Path) -> None:
    try:
        names = expand(key.text)
    except ValueError as error:
        key.place.fail(str(error))
    host = _Host(key.text, _section_of(key, value), defaults, base)
    if len(names) + len(read.hosts) > MAX_HOSTS:
        key.place.fail(f"with this there are more than {MAX_HOSTS} hosts")
    if len(names) > 1 and NAME_IN_URL not in host.address_text:
        host.address_place.fail(
            "all hosts of this range would have the same address", "put {name} where they differ"
        )
    common = host.common()
    for name in names:
        if name in read.hosts:
            key.place.fail(
                f"the host {name} is there already", "it is part of an earlier range or has its own entry"
            )
        read.hosts[name] = host.settings(name, common)
    read.holds_password |= host.holds_password
    if host.login_in_url:
        read.login_in_url.append(key.text)


def _section_of(key: Scalar, value: Node) -> Section:
    """A host's own keys; a bare URL counts as `url: …`."""
    what = "a host"
    if isinstance(value, Scalar):
        if value.empty:
            value.place.fail(
                "this host has no address", "http://host:9001, or `url:` and other keys below it"
            )
        value = Mapping(value.place, [(Scalar(value.place, "url", plain=True), value)])
    return Section(value, HOST, what) if isinstance(value, Mapping) else _not_a_host(value, key)


def _not_a_host(value: Node, key: Scalar) -> Section:
    value.place.fail("a host is a URL or a mapping of its keys, not a list")


@dataclass(frozen=True, slots=True)
class _Common:
    """What all hosts of a range share."""

    port: int
    user: str
    password: PasswordSource
    poll: float
    timeout: float
    folder: tuple[str, ...]
    tags: frozenset[str]
    read_only: bool
    feed: FeedMode
    check_drift: float
    tls: Tls


class _Host:
    """One entry of `hosts`, which may stand for many."""

    def __init__(self, name: str, own: Section, defaults: Section, base: Path) -> None:
        self.name = name
        self.own = own
        self.defaults = defaults
        self.base = base
        self.login_in_url = False
        self.holds_password = "password" in own or "passwd" in own

    def _where(self, key: str) -> Section:
        """The section that has the say about `key`: the host's own, or the defaults."""
        return self.own if key in self.own else self.defaults

    @property
    def address_text(self) -> str:
        return self.own.secret_text("url" if "url" in self.own else "host") if self._has_address else ""

    @property
    def address_place(self) -> Place:
        node = self.own.node("url") or self.own.node("host")
        return node.place if node is not None else self.own.place

    @property
    def _has_address(self) -> bool:
        return "url" in self.own or "host" in self.own

    def common(self) -> _Common:
        """What does not depend on the name."""
        return _Common(
            port=self._where("port").integer("port", 1, 65535, DEFAULT_PORT),
            user=self._user(),
            password=self._password(),
            poll=self._where("poll").duration("poll", POLL_RANGE, DEFAULT_POLL),
            timeout=self._where("timeout").duration("timeout", TIMEOUT_RANGE, DEFAULT_TIMEOUT),
            folder=self._folder(),
            tags=self._tags(),
            read_only=self._where("read_only").boolean("read_only", False),
            feed=self._where("feed").choice("feed", _FEED_MODES, "auto"),
            check_drift=self._where("check_drift").duration("check_drift", DRIFT_RANGE, 0.0),
            tls=self._tls(),
        )

    def settings(self, name: str, common: _Common) -> HostSettings:
        """The settings of the host `name`."""
        address = self._address(name, common.port)
        user, password = self._login(address, common)
        return HostSettings(
            name=name,
            endpoint=self._with_tls(address.endpoint, common.tls),
            user=user,
            password=password,
            poll=common.poll,
            timeout=common.timeout,
            folder=common.folder,
            tags=common.tags,
            read_only=common.read_only,
            feed=common.feed,
            check_drift=common.check_drift,
        )

    def _address(self, name: str, port: int) -> Address:
        if "url" in self.own:
            for other in ("host", "port"):
                if other in self.own:
                    self.own.key_place(other).fail(
                        f"{other} and url cannot both be given", "the URL says it already"
                    )
            return self._parsed(self.own.secret_text("url").replace(NAME_IN_URL, name))
        if "host" not in self.own:
            self.own.place.fail("this host has no address", "give it a `url:`, or `host:` and `port:`")
        try:
            host = host_name(self.own.text("host").replace(NAME_IN_URL, name))
        except BadUrl as error:
            self.address_place.fail(
                f"host: {error}", error.advice or "the port goes into `port:`, a login into `user:`"
            )
        return Address(Endpoint("http", host=host, port=port))

    def _parsed(self, url: str) -> Address:
        try:
            return parse_url(url)
        except BadUrl as error:
            self.address_place.fail(str(error), error.advice)

    def _login(self, address: Address, common: _Common) -> tuple[str, PasswordSource]:
        """Who we are there: the login in the URL, else the host's own keys, else the defaults."""
        user, password = common.user, common.password
        if address.login is not None:
            for key in ("user", *PASSWORD_KEYS):
                if key in self.own and (key == "user" or address.login[1] is not None):
                    self.own.key_place(key).fail(
                        f"{key} is given, and the URL holds a login too", "keep one of them"
                    )
            user = address.login[0]
            if address.login[1] is not None:
                password = InlinePassword(address.login[1])
                self.login_in_url = self.holds_password = True
        if password != NoPassword() and not user:
            given = next((key for key in PASSWORD_KEYS if key in self.own), None)
            place = self.own.key_place(given) if given else self.address_place
            place.fail("there is a password but no user", "add `user:`")
        return user, password

    def _user(self) -> str:
        section = self._where("user")
        user = section.text("user")
        if ":" in user:
            _at(section, "user").fail("user must not hold a colon", "the password goes into a key of its own")
        return user

    def _password(self) -> PasswordSource:
        section = self.own if any(key in self.own for key in PASSWORD_KEYS) else self.defaults
        given = [key for key in PASSWORD_KEYS if key in section]
        if len(given) > 1:
            section.key_place(given[1]).fail(
                f"{given[1]} and {given[0]} cannot both be given", "keep one of them"
            )
        if not given:
            return NoPassword()
        key = given[0]
        if key == "password_env":
            if not _VARIABLE.fullmatch(section.text(key)):
                _at(section, key).fail("password_env must be the name of an environment variable")
            return EnvPassword(section.text(key))
        if key == "password_file":
            return FilePassword(self._path(section, key))
        if key == "password_command":
            words = section.words(key)
            if not words or not words[0].text:
                _at(section, key).fail(
                    "password_command must name a program", "password_command: [pass, show, web]"
                )
            return CommandPassword(tuple(word.text for word in words))
        return InlinePassword(Secret(section.secret_text(key)))

    def _folder(self) -> tuple[str, ...]:
        section = self._where("folder")
        if "folder" not in section:
            return ()
        parts = tuple(section.text("folder").strip("/").split("/"))
        if not all(part and part == part.strip() for part in parts) or len(parts) > 8:
            section.refuse("folder", "must be names with a / between them, at most 8, such as eu/web")
        return parts

    def _tags(self) -> frozenset[str]:
        words = self._where("tags").words("tags") or ()
        for word in words:
            if not _TAG.fullmatch(word.text):
                word.place.fail("a tag is made of letters, digits and . _ + -")
        return frozenset(word.text for word in words)

    def _tls(self) -> Tls:
        fingerprint = ""
        if "fingerprint" in self.own:
            match = _FINGERPRINT.fullmatch(self.own.text("fingerprint"))
            if match is None:
                self.own.refuse("fingerprint", "must be sha256: and 64 hexadecimal digits")
            fingerprint = match[1].replace(":", "").lower()
        files = {
            key: self._path(self._where(key), key) if key in self._where(key) else None
            for key in ("ca_file", "client_cert", "client_key")
        }
        if files["client_key"] is not None and files["client_cert"] is None:
            self._where("client_key").key_place("client_key").fail("client_key needs a client_cert")
        return Tls(
            verify=self._where("tls_verify").boolean("tls_verify", True),
            fingerprint=fingerprint,
            **files,
        )

    def _with_tls(self, endpoint: Endpoint, tls: Tls) -> Endpoint:
        if endpoint.scheme == "https":
            return Endpoint("https", host=endpoint.host, port=endpoint.port, prefix=endpoint.prefix, tls=tls)
        for key in TLS_KEYS:
            if key in self.own:
                self.own.key_place(key).fail(
                    f"{key} is for https only, and this host is not", "url: https://…"
                )
        return endpoint

    def _path(self, section: Section, key: str) -> Path:
        text = section.text(key)
        if not text:
            _at(section, key).fail(f"{key} is empty")
        try:
            return self.base / Path(text).expanduser()
        except RuntimeError:
            _at(section, key).fail(f"{key} names the home of a user who is not known here")


def _at(section: Section, key: str) -> Place:
    node = section.node(key)
    return section.key_place(key) if node is None else node.place
