"""Which methods only look: the allow-list behind read-only. A method that is not on it changes something.

`Supervisor` asks here before a byte is sent, also for each call inside a multicall.
"""

from __future__ import annotations

from collections.abc import Iterable

from tui.errors import RefusedError

READING_METHODS = frozenset(
    {
        "system.listMethods",
        "system.methodHelp",
        "system.methodSignature",
        "supervisor.getAPIVersion",
        "supervisor.getVersion",
        "supervisor.getSupervisorVersion",
        "supervisor.getIdentification",
        "supervisor.getState",
        "supervisor.getPID",
        "supervisor.getAllProcessInfo",
        "supervisor.getProcessInfo",
        "supervisor.getAllConfigInfo",
        "supervisor.readLog",
        "supervisor.readMainLog",
        "supervisor.readProcessLog",
        "supervisor.readProcessStdoutLog",
        "supervisor.readProcessStderrLog",
        "supervisor.tailProcessLog",
        "supervisor.tailProcessStdoutLog",
        "supervisor.tailProcessStderrLog",
    }
)
"""`reloadConfig` is not among them: it makes supervisord re-read its files, for every client."""


def only_reads(methods: Iterable[str]) -> bool:
    """Whether none of these methods changes anything; `system.multicall` itself counts as a change here."""
    return READING_METHODS.issuperset(methods)


def refuse_changes(methods: Iterable[str]) -> None:
    """Raise RefusedError naming the first method that is not on the list."""
    for method in methods:
        if method not in READING_METHODS:
            raise RefusedError(
                f"read-only: {method} changes something", "start without --read-only to act on this host"
            )
