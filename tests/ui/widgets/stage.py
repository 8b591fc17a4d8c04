"""A stage for one widget: an app that mounts it, counts what would be sent to a terminal, and shows its text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from rich.color import ColorSystem
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from tui.model.fleet import Counts, FleetPicture
from tui.model.host import HostSnapshot
from tui.model.process import Process, ProcessKey, join_logfiles
from tui.model.states import ANSWERING, UNREACHABLE, Health, HostState, ProcessState
from tui.ui.theme import THEMES, UNICODE, Glyphs
from tui.ui.widgets.quiet_screen import QuietScreen

NOW = 10_000.0
"""Our monotonic clock in these tests."""
EPOCH = 1_700_000_000
"""The servers' clock at NOW."""


class Stage(App[None]):
    """Mounts one or more widgets, remembers their messages, counts bytes."""

    CSS = "Screen { background: $background; }"

    def __init__(self, *widgets: Widget, theme: str = "textual-dark", glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._widgets = widgets
        self._first_theme = theme
        self.heard: list[Message] = []
        self.sent: list[str] = []
        self._counting = False

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def get_default_screen(self) -> Screen[None]:
        return QuietScreen(id="_default")

    def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._first_theme

    @property
    def is_headless(self) -> bool:
        return not self._counting

    def count_bytes(self) -> None:
        """From now on keep what a true-colour terminal would be sent."""
        assert self._driver is not None
        self.console._color_system = ColorSystem.TRUECOLOR
        self._driver.write = self._take  # type: ignore[method-assign]
        self._counting = True

    def _take(self, data: str) -> None:
        self.sent.append(data)

    def take_bytes(self) -> int:
        """How many bytes were sent since the last time, without what only moves the hardware cursor about."""
        sent, self.sent = self.sent, []
        return sum(len(text.encode()) for text in sent)

    def hear(self, message: Message) -> None:
        """Textual calls this once for every widget that a message passes."""
        if all(message is not known for known in self.heard[-50:]):
            self.heard.append(message)

    def messages(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.heard if type(message) is kind]


@asynccontextmanager
async def staged(
    *widgets: Widget,
    size: tuple[int, int] = (120, 40),
    theme: str = "textual-dark",
    glyphs: Glyphs = UNICODE,
) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    """The widgets on a stage, painted once."""
    app = Stage(*widgets, theme=theme, glyphs=glyphs)
    async with app.run_test(size=size, message_hook=app.hear) as pilot:
        await pilot.pause()
        yield app, pilot


def lines_of(widget: Widget) -> list[str]:
    """The text of a widget, line by line, as it is on the screen."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


async def shown(pilot: Pilot[None]) -> None:
    """Let everything that has changed so far be painted."""
    for _ in range(3):
        await pilot.pause()


async def cost(app: Stage, pilot: Pilot[None], act: Callable[[], object]) -> int:
    """Bytes that the terminal is sent because of `act`; only for what does send something."""
    await shown(pilot)
    if not app._counting:
        app.count_bytes()
    app.take_bytes()
    act()
    await until(lambda: bool(app.sent))
    await shown(pilot)
    return app.take_bytes()


def asked_to_repaint(widget: Widget, act: Callable[[], object]) -> list[Region]:
    """The regions that `act` makes the widget repaint; a repaint of everything is the widget's whole region."""
    asked: list[Region] = []
    refresh = widget.refresh

    def listen(*regions: Region, **more: bool) -> Widget:
        asked.extend(regions or (widget.size.region,))
        return refresh(*regions, **more)

    widget.refresh = listen  # type: ignore[method-assign]
    try:
        act()
    finally:
        del widget.refresh
    return asked


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition; the deadline is a failure."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.005)


def process(
    host: str = "web-01",
    group: str = "api",
    name: str = "gunicorn",
    state: ProcessState = ProcessState.RUNNING,
    *,
    pid: int = 0,
    age: int = 300,
    exitstatus: int = 0,
    spawnerr: str = "",
    shown_name: str | None = None,
) -> Process:
    """A process that has been in its state for `age` seconds."""
    running = state in (ProcessState.RUNNING, ProcessState.STOPPING, ProcessState.STARTING)
    return Process(
        key=ProcessKey(host, group, name),
        shown_group=group,
        shown_name=name if shown_name is None else shown_name,
        state=state,
        pid=pid or (4000 + len(name) if running else 0),
        start=EPOCH - age,
        stop=0 if running else EPOCH - age,
        exitstatus=exitstatus,
        spawnerr=spawnerr,
        logfiles=join_logfiles(f"/var/log/supervisor/{name}-stdout.log", ""),
    )


def host(
    name: str = "web-01",
    processes: Iterable[Process] = (),
    state: HostState | None = None,
    *,
    folder: tuple[str, ...] = (),
    tags: Iterable[str] = (),
    problem: str = "",
    read_at: float | None = NOW,
) -> HostSnapshot:
    """A host as last seen at NOW."""
    rows = tuple(processes)
    bad = any(row.health is Health.BAD for row in rows)
    return HostSnapshot(
        host=name,
        state=state or (HostState.DEGRADED if bad else HostState.UP),
        url=f"http://{name}:9001",
        folder=folder,
        tags=frozenset(tags),
        problem=problem,
        processes=rows,
        read_at=read_at,
        tried_at=NOW,
        clock_offset=EPOCH - NOW,
        version="4.3.0",
    )


def picture(*hosts: HostSnapshot, number: int = 1) -> FleetPicture:
    """The fleet of these hosts, counted."""
    rows = [row for one in hosts for row in one.processes]
    health = [row.health for row in rows]
    answering = [one for one in hosts if one.state in ANSWERING]
    unreachable = sum(one.state in UNREACHABLE for one in hosts)
    return FleetPicture(
        hosts={one.host: one for one in hosts},
        counts=Counts(
            hosts=len(hosts),
            answering=len(answering),
            degraded=sum(one.bad_count > 0 for one in answering),
            unreachable=unreachable,
            pending=len(hosts) - len(answering) - unreachable,
            processes=len(rows),
            good=health.count(Health.GOOD),
            busy=health.count(Health.BUSY),
            resting=health.count(Health.RESTING),
            bad=health.count(Health.BAD),
        ),
        number=number,
    )
