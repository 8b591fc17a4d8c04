"""Every view of logs that is open, and the streams that they share.

Who comes in: the engine, for whoever wants to look. What leaves: a `LogFollow`. The rule: all of them together hold no more
streams open than the configuration allows.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence

from tui.engine.logs.budget import StreamBudget
from tui.engine.logs.following import LogFollow, Supervise
from tui.engine.logs.lines import LogLine
from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.rpc.client import Channel, Supervisor


class OpenLogs:
    """`follow` may be called from any thread; everything else belongs to the engine's loop."""

    def __init__(
        self,
        streams: int,
        *,
        looking: Callable[[str], Supervisor],
        picture: Callable[[], FleetPicture],
        supervise: Supervise,
        tell: Callable[[Callable[[], object]], None],
    ) -> None:
        """At most so many `streams`; `tell` runs something on the loop."""
        self._streams = StreamBudget(streams)
        self._looking = looking
        self._picture = picture
        self._supervise = supervise
        self._tell = tell
        self._follows: set[LogFollow] = set()

    def follow(
        self,
        keys: Sequence[ProcessKey],
        channels: frozenset[Channel],
        on_lines: Callable[[Sequence[LogLine]], None],
        history: int,
    ) -> LogFollow:
        """As `Engine.follow_logs`."""
        follow = LogFollow(
            tuple(dict.fromkeys(keys)),
            channels,
            on_lines,
            history,
            looking=self._looking,
            picture=self._picture,
            streams=self._streams,
            supervise=self._supervise,
            ended=self._follows.discard,
        )
        self._tell(functools.partial(self._begin, follow))
        return follow

    def allow(self, streams: int) -> None:
        """So many from the next follow on; those that are open keep what they have."""
        self._streams = StreamBudget(streams)

    def leave(self, hosts: Collection[str], words: str) -> None:
        """Follow nothing more on these hosts; `words` say why where lines would have come."""
        for follow in tuple(self._follows):
            follow.leave(hosts, words)

    def close(self) -> None:
        """Follow nothing more."""
        for follow in tuple(self._follows):
            follow.close()

    def _begin(self, follow: LogFollow) -> None:
        self._follows.add(follow)
        follow.begin()
