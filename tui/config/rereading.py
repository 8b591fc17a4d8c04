"""The configuration of a run, read a second time while it goes on: same file, same checks, same sources of passwords.

Who comes in: a screen, on a thread that may wait: programs that give passwords take their time. What leaves: settings with
their passwords, which every redactor of the process knows by then, or a ConfigError. The rule: nothing of the run is touched.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tui.config.crash import write_crash_file
from tui.config.passwords import by_source, fetch_passwords, know
from tui.config.redactor import Redactor
from tui.config.schema import Settings
from tui.config.secrets import Secret
from tui.config.watched_file import FileWatch
from tui.errors import ConfigError, SupervisorTuiError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reread:
    """What the file says now."""

    settings: Settings
    passwords: Mapping[str, Secret]


class Rereading:
    """Where the settings of a run came from."""

    def __init__(
        self, settings: Settings, passwords: Mapping[str, Secret], redactors: Iterable[Redactor] = ()
    ) -> None:
        """`redactors` are told each new password before anybody else gets it."""
        self._settings = settings
        self._redactors = tuple(redactors)
        self._known = dict(by_source(settings.hosts.values(), passwords))
        self._given_up = threading.Event()

    @property
    def name(self) -> str:
        """The file's own, as it is called in sentences; empty when there is none."""
        return "" if self._settings.source is None else self._settings.source.name

    def watch(self) -> FileWatch | None:
        """What tells that the file differs from what was read last; None when it is no hosts file."""
        settings = self._settings
        if settings.source is None or settings.as_read is None:
            return None
        return FileWatch(settings.source, settings.as_read)

    def read(self) -> Reread:
        """Read, check and fetch; may take as long as its programs. Raises ConfigError."""
        try:
            return self._read()
        except SupervisorTuiError:
            raise
        except Exception as error:  # a mistake of ours: its words may hold a password that nobody knows yet
            write_crash_file(error, Redactor())
            log.error("reading the configuration again failed (%s)", type(error).__name__)
            raise ConfigError(
                str(self._settings.source),
                f"supervisor-tui itself failed here ({type(error).__name__})",
                "a crash file tells where",
            ) from None

    def taken_over(self, reread: Reread) -> None:
        """This is what the run works with from now on."""
        self._settings = reread.settings

    def give_up(self) -> None:
        """Whoever reads now is not waited for: end what it has begun."""
        self._given_up.set()

    def _read(self) -> Reread:
        settings = self._from_its_place()
        hosts = tuple(settings.hosts.values())
        problems: list[str] = []
        passwords = fetch_passwords(
            hosts, lambda problem: problems.append(str(problem)), self._known, self._given_up.is_set
        )
        for redactor in self._redactors:
            know(redactor, hosts, passwords)
        self._known.update(by_source(hosts, passwords))
        return Reread(settings.warned(problems), passwords)

    def _from_its_place(self) -> Settings:
        settings = self._settings
        if settings.source is None:
            raise ConfigError(
                "", "there is no file to read again: the hosts stand on the command line", "start again"
            )
        if settings.as_read is not None:
            from tui.config.load import load

            return load(settings.source)
        from tui.config.discover import discover

        found = discover((settings.source,))
        if found is None:
            raise ConfigError(str(settings.source), "this file is not there any more")
        return found
