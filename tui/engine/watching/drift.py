"""Which hosts run another configuration than their files say: known from every reread, and asked for where a setting says so.

Asking makes supervisord read its files again, which every client of it sees: so it is done only when the user does it, or
when `check_drift` of a host says how often.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable

from tui.config.schema import HostSettings
from tui.errors import SupervisorTuiError

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


async def check_regularly(
    hosts: Iterable[HostSettings],
    ask: Callable[[str], Awaitable[object]],
    clock: Callable[[], float],
) -> None:
    """For ever: `ask` each host that wants it as often as it says, spread out; one that cannot be asked is asked again."""
    every = {host.name: host.check_drift for host in hosts if host.check_drift}
    due = {name: clock() + seconds * random.random() for name, seconds in every.items()}  # noqa: S311
    while due:
        for name in [name for name, at in due.items() if at <= clock()]:
            due[name] = clock() + every[name]
            try:
                await ask(name)
            except SupervisorTuiError as error:
                log.info("%s was not asked to read its files: %s", name, error)
        await asyncio.sleep(_LOOK_SECONDS)
