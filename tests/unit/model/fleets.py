"""Small fleets for the model's tests: builders with defaults that say nothing, and hypothesis strategies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st

from tui.model.fleet import Fleet, FleetPicture
from tui.model.host import HostSnapshot, answering_state
from tui.model.process import Process, disambiguate, process_from_wire
from tui.model.states import HostState, ProcessState

NOW = 1000.0
"""Our monotonic clock in these tests."""
OFFSET = 1_700_000_000.0
"""What makes the server's clock of it."""

unhurried = settings(deadline=None)
"""For property tests: the machine may be busy."""


def process(title: str, state: str = "RUNNING", *, host: str = "web-01", **fields: int | str) -> Process:
    """`group:name` or a bare name; a process with a child gets a pid and ran for a minute unless `fields` says else."""
    group, _, name = title.partition(":")
    alive = state in ("RUNNING", "STARTING", "STOPPING")
    ago = OFFSET + NOW - 60
    defaults: dict[str, int | str] = {"pid": 100 if alive else 0, "start": int(ago), "stop": 0}
    values = {**defaults, **fields}
    return process_from_wire(host, group, name or group, state=ProcessState[state], **values)  # type: ignore[arg-type]


def host(
    name: str = "web-01",
    *processes: Process,
    state: HostState | None = None,
    read_at: float | None = NOW - 1,
    tags: Iterable[str] = (),
    folder: tuple[str, ...] = (),
    read_only: bool = False,
    problem: str = "",
) -> HostSnapshot:
    """A host with these processes moved onto it, UP or DEGRADED as they are unless `state` says else."""
    rows = disambiguate([replace(row, key=row.key._replace(host=name)) for row in processes])
    return HostSnapshot(
        name,
        state or answering_state(rows),
        folder=folder,
        tags=frozenset(tags),
        read_only=read_only,
        problem=problem,
        processes=rows,
        read_at=read_at,
        clock_offset=OFFSET,
    )


def picture(*hosts: HostSnapshot) -> FleetPicture:
    """The picture of a fleet of these hosts."""
    return Fleet(hosts).picture()


host_names = st.sampled_from(["web-1", "web-2", "web-10", "db-1", "Cache"])
titles = st.sampled_from(["api:api-1", "api:api-2", "api:api-10", "celery", "cron:job", "cron:Job", "z:\x1b"])

processes = st.builds(
    process,
    titles,
    st.sampled_from([state.name for state in ProcessState]),
    pid=st.integers(0, 4),
    start=st.sampled_from([0, int(OFFSET + NOW - 400), int(OFFSET + NOW - 5)]),
    stop=st.sampled_from([0, int(OFFSET + NOW - 300)]),
    exitstatus=st.integers(-1, 2),
)

snapshots = st.builds(
    lambda name, rows, state, tags, folder: host(name, *rows, state=state, tags=tags, folder=folder),
    host_names,
    st.lists(processes, max_size=5, unique_by=lambda row: row.key),
    st.sampled_from([None, None, None, HostState.TIMEOUT, HostState.PENDING]),
    st.sets(st.sampled_from(["prod", "db"])),
    st.sampled_from([(), ("eu",), ("eu", "web")]),
)
