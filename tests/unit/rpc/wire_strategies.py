"""Strategies for what supervisord can send, and for what it cannot."""

from __future__ import annotations

import xmlrpc.client

from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
"""Any text, with raw control characters and non-characters: xmlrpc.client.dumps writes them as they are."""

names = texts.filter(bool)

integers = st.integers(-(2**31), 2**31 - 1)


@st.composite
def process_structs(draw: st.DrawFn) -> dict[str, object]:
    """A row of getAllProcessInfo in the order of Python 3."""
    log = draw(texts)
    return {
        "name": draw(names),
        "group": draw(names),
        "start": draw(integers),
        "stop": draw(integers),
        "now": draw(st.integers(0, 2**31 - 1)),
        "state": draw(st.sampled_from([0, 10, 20, 30, 40, 100, 200, 1000, 7])),
        "statename": draw(st.sampled_from(["RUNNING", "FATAL", "odd <&> one"])),
        "spawnerr": draw(texts),
        "exitstatus": draw(st.integers(-1, 255)),
        "logfile": log,
        "stdout_logfile": log,
        "stderr_logfile": draw(texts),
        "pid": draw(st.integers(0, 2**22)),
        "description": draw(st.one_of(st.just("pid 1, uptime 0:00:01"), texts)),
    }


def status_body(rows: list[dict[str, object]]) -> bytes:
    """The answer as supervisord writes it (supervisor/xmlrpc.py:xmlrpc_marshal)."""
    return xmlrpc.client.dumps((rows,), methodresponse=True).encode()
