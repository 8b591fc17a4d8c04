"""Why a log cannot be followed at this moment, as far as the fleet's picture tells."""

from __future__ import annotations

from tui.model.fleet import FleetPicture
from tui.model.process import ProcessKey
from tui.model.states import ANSWERING, HostState
from tui.rpc.client import Channel


def absence(picture: FleetPicture, key: ProcessKey, channel: Channel) -> str | None:
    """Why there is nothing to follow now, in words (empty: not known yet); None when there is."""
    host = picture.hosts.get(key.host)
    if host is None or host.state is HostState.PENDING:
        return ""
    if host.state not in ANSWERING and host.state is not HostState.STALE:
        return f"{host.host}: {host.problem}; the log goes on when it answers"
    if key.is_host:
        return None
    process = host.by_key.get(key)
    if process is None:
        return "this process is no longer there"
    if channel == "stdout":
        return None if process.stdout_logfile else "no log of its output is kept (NONE or syslog)"
    if process.stderr_logfile:
        return None
    return "no log of its errors is kept: they go to stdout (redirect_stderr), to syslog or nowhere"
