"""What every screen is given: the engine, the settings, the keys, and the clocks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tui.config.rereading import Rereading
from tui.config.schema import Settings
from tui.engine.engine import Engine
from tui.model.query import Query
from tui.ui.alerts import Mute
from tui.ui.keymap import Keymap
from tui.ui.last_picture import LastPicture


@dataclass(slots=True)
class Session:
    """One run of the screen. Only a reload replaces anything in it: the settings."""

    engine: Engine
    settings: Settings
    keymap: Keymap
    read_only: bool = False
    select: Query = Query.ALL
    """The filter to begin with."""
    last: LastPicture | None = None
    """What this fleet looked like when it was last shown, and where the next picture of it is kept."""
    rereading: Rereading | None = None
    """How its settings are read again; None: they cannot be."""
    mute: Mute = field(default_factory=Mute)
    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time

    @property
    def title(self) -> str:
        """The fleet's name: that of its file, else the only host's."""
        from tui.text import clean

        source = self.settings.source
        hosts = self.settings.hosts
        if len(hosts) == 1:
            return clean(next(iter(hosts)), 24)
        if source is None:
            return "fleet"
        return clean(source.parent.name if source.stem == "hosts" else source.stem, 24)

    @property
    def poll(self) -> float:
        """The shortest poll period, in seconds."""
        return min((host.poll for host in self.settings.hosts.values()), default=2.0)
