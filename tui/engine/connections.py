"""From settings to something that can be asked: the `Supervisor` objects of each host.

A host has up to three of them, each with at most one kept connection and made when first wanted: `watching` for the
poller alone, so that nothing a user asks delays a poll; `looking` for questions and logs; `acting` for jobs. Only the last
one can change anything, and not when the session or the host is read-only.
"""

from __future__ import annotations

import base64
import contextlib
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping

from tui.config.schema import HostSettings
from tui.config.secrets import Secret
from tui.errors import NoMatchError
from tui.rpc.client import Supervisor
from tui.text import clean, nearest

IDLE_SECONDS = 30.0
"""A kept connection that nothing used for so long is closed (safety.md, "Being kind to supervisord")."""

_ENOUGH_FILES = 65_536
_M_MMAP_THRESHOLD = -3
"""malloc.h: from so many bytes on memory is mapped for itself."""
_LARGE_BYTES = 32 * 1024


def authorization(user: str, secret: Secret | None) -> Callable[[], bytes | None]:
    """What builds the Authorization header at the moment of sending (RFC 7617, UTF-8); None without a password."""

    def build() -> bytes | None:
        if secret is None or not user:
            return None
        return b"Basic " + base64.b64encode(f"{user}:{secret.reveal()}".encode())

    return build


class Connections:
    """The `Supervisor` objects of all hosts. Belongs to the engine's loop."""

    def __init__(
        self,
        hosts: Mapping[str, HostSettings],
        passwords: Mapping[str, Secret],
        *,
        read_only: bool,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._hosts = hosts
        self._passwords = passwords
        self._read_only = read_only
        self._redact = redact
        self._watching: dict[str, Supervisor] = {}
        self._looking: dict[str, Supervisor] = {}
        self._acting: dict[str, Supervisor] = {}

    def watching(self, host: str) -> Supervisor:
        """For the poller of this host and nobody else."""
        return self._get(self._watching, host, read_only=True)

    def looking(self, host: str) -> Supervisor:
        """For questions and logs; changing methods are refused before a byte is sent."""
        return self._get(self._looking, host, read_only=True)

    def acting(self, host: str) -> Supervisor:
        """For jobs; refuses changes where the session or the host is read-only."""
        return self._get(self._acting, host, read_only=self._read_only or self._settings(host).read_only)

    def has_login(self, host: str) -> bool:
        """Whether a user and a password are sent to this host."""
        return bool(self._settings(host).user) and host in self._passwords

    def password(self, host: str) -> Secret | None:
        """What is sent to this host with its user; None: nothing."""
        return self._passwords.get(host)

    def take_over(
        self, hosts: Mapping[str, HostSettings], passwords: Mapping[str, Secret], ended: Iterable[str]
    ) -> tuple[Supervisor, ...]:
        """From now on these settings hold; what was made for the hosts that `ended` is forgotten, and given back to be closed."""
        self._hosts, self._passwords = hosts, passwords
        made_by = (self._watching, self._looking, self._acting)
        return tuple(made.pop(host) for host in ended for made in made_by if host in made)

    def close_idle(self) -> None:
        """Close what nothing has used for a while."""
        for supervisor in self._all():
            supervisor.close_idle(IDLE_SECONDS)

    async def close(self) -> None:
        """Close every kept connection."""
        for supervisor in self._all():
            await supervisor.close()

    def _get(self, made: dict[str, Supervisor], host: str, *, read_only: bool) -> Supervisor:
        if host not in made:
            settings = self._settings(host)
            made[host] = Supervisor(
                settings.endpoint,
                host,
                authorization=authorization(settings.user, self._passwords.get(host)),
                timeout=settings.timeout,
                read_only=read_only,
                redact=self._redact,
            )
        return made[host]

    def _settings(self, host: str) -> HostSettings:
        if host not in self._hosts:
            near = nearest(host, self._hosts)
            raise NoMatchError(
                f"there is no host {clean(host, 80)}", f"did you mean {near[0]}?" if near else ""
            )
        return self._hosts[host]

    def _all(self) -> Iterator[Supervisor]:
        for made in (self._watching, self._looking, self._acting):
            yield from made.values()


def give_memory_back() -> None:
    """Have the C library hand what a large answer took back to the system at once (glibc; elsewhere nothing is done).

    Of a thousand hosts' answers it otherwise keeps more than twice of all that is in use, in holes between what stays.
    """
    with contextlib.suppress(OSError, AttributeError):
        import ctypes  # only for large fleets: it costs their start four milliseconds

        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def allow_many_files() -> None:
    """Raise this process's limit of open files as far as it may: a thousand hosts are a thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
