"""A fleet that never changes, with one of everything worth seeing."""

from __future__ import annotations

from tests.ui.widgets.stage import NOW, host, picture, process
from tui.model.fleet import FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import Process
from tui.model.states import HostState, ProcessState


def still_fleet() -> FleetPicture:
    """Eight web hosts, one of them in trouble, one busy; and a database host that does not answer."""
    lost = host(
        "db-01",
        [process("db-01", "pg", "postgres", age=400_000)],
        state=HostState.TIMEOUT,
        problem="connected, but not answering for 5 s",
        folder=("eu", "db"),
        tags=["db"],
        read_at=NOW - 75,
    )
    return picture(*map(_web_host, range(1, 9)), lost)


def _web_host(number: int) -> HostSnapshot:
    name = f"web-{number:02d}"
    rows = {row.key.name: row for row in _usual(name, number)}
    if number == 3:
        quick = "Exited too quickly (process log may have details)"
        rows["gunicorn-01"] = process(
            name, "api", "gunicorn-01", ProcessState.FATAL, age=120, exitstatus=1, spawnerr=quick
        )
        rows["celery"] = process(name, "celery", "celery", ProcessState.BACKOFF, age=3, spawnerr=quick)
    if number == 5:
        rows["gunicorn-02"] = process(name, "api", "gunicorn-02", ProcessState.STARTING, age=1)
        rows["celery"] = process(name, "celery", "celery", ProcessState.STOPPING, age=9)
    return host(name, rows.values(), folder=("eu" if number < 5 else "us", "web"), tags=["web"])


def _usual(name: str, number: int) -> list[Process]:
    return [
        *(process(name, "api", f"gunicorn-{index:02d}", age=90_000 * number + index) for index in range(4)),
        process(name, "celery", "celery", age=3_000),
        process(name, "cron", "cron", ProcessState.STOPPED, age=600),
    ]
