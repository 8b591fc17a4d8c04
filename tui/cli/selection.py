"""Which processes a command means: targets and a query, resolved against what the fleet holds."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from tui.errors import NoMatchError
from tui.model.fleet import FleetPicture
from tui.model.process import Process, ProcessKey
from tui.model.query import Query
from tui.model.target import Target, resolve, resolve_wholes


@dataclass(frozen=True, slots=True)
class Selection:
    """Targets AND a query; neither means everything."""

    targets: tuple[Target, ...]
    query: Query

    @classmethod
    def parse(cls, targets: tuple[str, ...], query: str) -> Selection:
        """Raises UsageError for a malformed target and QueryError for a malformed query, before anything is asked."""
        return cls(tuple(Target.parse(text) for text in targets), Query.parse(query))

    def rows(self, picture: FleetPicture, monotonic: float) -> dict[str, list[Process]]:
        """Host -> its selected processes; hosts that were selected but hold none stay, with an empty list.

        Raises NoMatchError when a target or the query selects nothing on a fleet that could be read.
        """
        rows: dict[str, list[Process]] = {}
        for host, processes in self._targeted(picture).items():
            snapshot = picture.hosts[host]
            found = [p for p in processes if self.query.matches(snapshot, p, monotonic)]
            if found or not self.query.text or self.query.matches(snapshot, None, monotonic):
                rows[host] = found
        if not rows and all(snapshot.fresh for snapshot in picture.hosts.values()):
            raise NoMatchError(f"nothing is selected by {self.query.text!r}", "`status` lists everything")
        return rows

    def keys(self, picture: FleetPicture, monotonic: float) -> tuple[ProcessKey, ...]:
        """What to act on. `HOST/` stays the whole host and `GROUP:*` the whole group, unless a query narrows them."""
        rows = self.rows(picture, monotonic)
        if self.targets and not self.query.text:
            wholes: dict[ProcessKey, None] = {}
            for target in self.targets:
                with contextlib.suppress(
                    NoMatchError
                ):  # `rows` has told apart what is nowhere from what is dark
                    wholes.update(dict.fromkeys(resolve_wholes([target], picture)))
            return tuple(wholes)
        return tuple(process.key for found in rows.values() for process in found)

    def _targeted(self, picture: FleetPicture) -> dict[str, list[Process]]:
        if not self.targets:
            return {host: list(snapshot.processes) for host, snapshot in picture.hosts.items()}
        found: dict[str, list[Process]] = {}
        for target in self.targets:
            dark = [h for h, s in picture.hosts.items() if target.covers_host(h) and s.read_at is None]
            found.update({host: [] for host in dark if host not in found})
            try:
                keys = resolve([target], picture)
            except NoMatchError:
                if dark:
                    continue  # it may well be there: the host's own failure is what the user must hear
                raise
            for key in keys:
                process = picture.process(key)
                if process is not None and process not in found.setdefault(key.host, []):
                    found[key.host].append(process)
        return found
