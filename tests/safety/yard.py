"""A yard to torture actions in: real supervisords, programs that write down what is done to them, a proxy to each program.

Every program is a host of its own for the engine (a proxy of its own, to a supervisord that several share), so that one job
tries as many cases at the same time. The truth comes from the programs: each appends a line to a file when it starts, when
it is told to end and when it gets a USR1, and the kernel tells whether it lives.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.support.fault_proxy import FaultProxy, running_proxies
from tests.support.fault_proxy.faults import NOTHING
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine.engine import Engine
from tui.model.outcome import Outcome
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

POLL = 2.0
JOB_SECONDS = 90.0
_WITNESS = """\
trap 'echo "USR1 $$" >> "$1"' USR1
trap 'echo "TERM $$" >> "$1"; kill $!; exit 0' TERM
sleep 1000 &
echo "START $$" >> "$1"
while :; do wait $!; done
"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What a program has written, and whether the last one that started lives."""

    starts: int
    terms: int
    signals: int
    pid: int
    lives: bool


@dataclass
class Place:
    """One program, and the proxy that the engine reaches it by."""

    daemon: RealSupervisord
    name: str
    proxy: FaultProxy
    file: Path

    @property
    def key(self) -> ProcessKey:
        """As the engine calls it."""
        return ProcessKey(f"by-{self.name}", self.name, self.name)

    @property
    def truth(self) -> Truth:
        """How it is."""
        lines = self.file.read_text().split("\n") if self.file.exists() else []
        words = [line.partition(" ")[0] for line in lines]
        pid = next((int(line.split(" ")[1]) for line in reversed(lines) if line.startswith("START ")), 0)
        return Truth(words.count("START"), words.count("TERM"), words.count("USR1"), pid, lives(pid))

    def prepare(self, running: bool) -> Truth:
        """Let it run (and hear signals), or not, by asking its supervisord directly."""
        self.proxy.hang_up()
        self.proxy.fault = NOTHING
        rpc = self.daemon.proxy.supervisor
        info = rpc.getProcessInfo(self.name)
        assert isinstance(info, dict)
        if info["statename"] == "STOPPING":
            wait_until(lambda: not self.truth.lives, what=f"{self.name} to end")
        elif info["statename"] == "RUNNING" and not running:
            rpc.stopProcess(self.name, True)
        if running and info["statename"] != "RUNNING":
            before = self.truth.starts
            rpc.startProcess(self.name, False)
            wait_until(lambda: self.truth.starts > before, what=f"{self.name} to hear signals")
        return self.truth


@dataclass
class Yard:
    """All places, and the engine that acts on them."""

    daemons: Sequence[RealSupervisord]
    places: Sequence[Place]
    engine: Engine

    def prepare(self, places: Sequence[Place], verb: Verb) -> list[Truth]:
        """Everything as `verb` wants to find it, and how it is then; the engine has seen it so."""
        running = verb is not Verb.START
        with ThreadPoolExecutor(len(self.daemons)) as pool:  # a supervisord answers one at a time anyway
            truths = list(pool.map(lambda place: place.prepare(running), places))
        wanted = ProcessState.RUNNING if running else ProcessState.STOPPED
        self.engine.poll_now([place.key.host for place in places])
        wait_until(
            lambda: all(self._seen(place, wanted, running) for place in places),
            seconds=60,
            what="the engine to see it",
        )
        return truths

    def _seen(self, place: Place, wanted: ProcessState, running: bool) -> bool:
        process = self.engine.picture.process(place.key)
        if process is None:
            return False
        if not running:
            return process.state not in (ProcessState.RUNNING, ProcessState.STOPPING)
        return process.state is wanted and process.pid == place.truth.pid

    def submit(self, places: Sequence[Place], verb: Verb) -> int:
        """One job with all of them."""
        keys = [place.key for place in places]
        argument = "USR1" if verb is Verb.SIGNAL else ""
        plan = make_plan(verb, keys, self.engine.picture, time.monotonic(), argument=argument)
        assert len(plan.acting) == len(places)
        return self.engine.submit(plan, Tier.TYPED)

    def outcomes(self, number: int) -> dict[ProcessKey, Outcome]:
        """How they stand now."""
        (job,) = (job for job in self.engine.jobs if job.number == number)
        return dict(job.outcomes)

    def run(self, places: Sequence[Place], verb: Verb) -> dict[ProcessKey, Outcome]:
        """One job to its end, and until nothing of it is UNKNOWN that can be settled."""
        number = self.submit(places, verb)
        assert self.engine.wait_job(number, JOB_SECONDS).finished
        if verb is not Verb.SIGNAL:
            wait_until(lambda: not self.unknown(number), seconds=30, what="every outcome to be settled")
        return self.outcomes(number)

    def lose_the_network(self) -> None:
        """Nothing passes any more; also from a proxy's `at_commit`."""
        for place in self.places:
            place.proxy.freeze()

    def mend_the_network(self) -> None:
        """New connections pass; those that were open are reset, with what they held back."""
        for place in self.places:
            place.proxy.hang_up()
            place.proxy.thaw()

    def unknown(self, number: int) -> list[ProcessKey]:
        """What is not known yet."""
        return [key for key, outcome in self.outcomes(number).items() if outcome.kind is OutcomeKind.UNKNOWN]


def lives(pid: int) -> bool:
    """Whether there is such a process, and it is more than a remainder nobody has asked for."""
    try:
        return bool(pid) and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wrong(verb: Verb, outcome: Outcome, before: Truth, place: Place) -> str:
    """What an outcome says that is not so; empty when it holds. The truth is read again while a program still writes."""
    true_of: dict[tuple[Verb, OutcomeKind], Callable[[Truth], bool]] = {
        (Verb.START, OutcomeKind.DONE): lambda t: t.starts == before.starts + 1 and t.lives,
        (Verb.START, OutcomeKind.NOT_EXECUTED): lambda t: t.starts == before.starts and not t.lives,
        (Verb.STOP, OutcomeKind.DONE): lambda t: not t.lives,
        (Verb.STOP, OutcomeKind.NOT_EXECUTED): lambda t: t == before,
        (Verb.RESTART, OutcomeKind.DONE): lambda t: (
            t.starts == before.starts + 1 and t.lives and not lives(before.pid) and t.pid == outcome.pid_after
        ),
        (Verb.RESTART, OutcomeKind.NOT_EXECUTED): lambda t: t == before,
        (Verb.SIGNAL, OutcomeKind.DONE): lambda t: t.signals == before.signals + 1 and t.lives,
        (Verb.SIGNAL, OutcomeKind.NOT_EXECUTED): lambda t: t == before,
        (Verb.SIGNAL, OutcomeKind.UNKNOWN): lambda t: t.signals <= before.signals + 1,
    }
    expected = true_of.get((verb, outcome.kind))
    if expected is None:
        return f"{verb}: {outcome.kind.name} is no end that a lost connection may have ({outcome.detail})"
    deadline = time.monotonic() + 5
    while not expected(truth := place.truth):
        if time.monotonic() > deadline:
            return f"{verb}: {outcome.kind.name} ({outcome.detail}) is not so: {before} and then {truth}"
        time.sleep(0.02)
    return ""


def twice(before: Truth, now: Truth) -> bool:
    """Whether one request had more than one effect."""
    return now.starts > before.starts + 1 or now.signals > before.signals + 1


def _program(directory: Path, number: int, autostart: bool) -> str:
    name = f"p{number:02}"
    return (
        f"[program:{name}]\ncommand=sh {directory}/witness.sh {directory}/{name}.txt\n"
        f"autostart={str(autostart).lower()}\nautorestart=false\nstartsecs=0\nstartretries=0\n"
        "stopwaitsecs=1\nkillasgroup=true\n"
    )


@contextlib.contextmanager
def yard(
    root: Path, *, daemons: int, programs: int, autostart: bool = False, timeout: float = 2.0
) -> Iterator[Yard]:
    """So many supervisords with so many programs each; the engine's journal is in `root`/state.

    `timeout` is how long a reading may take: long where a busy machine is not to be taken for a host that is away.
    """
    with contextlib.ExitStack() as stack:
        proxies = stack.enter_context(running_proxies())
        running: list[RealSupervisord] = []
        places: list[Place] = []
        for number in range(daemons):
            directory = root / f"yard-{number}"
            directory.mkdir(parents=True)
            stack.callback(_end_all, directory)
            (directory / "witness.sh").write_text(_WITNESS)
            numbers = range(number * programs, (number + 1) * programs)
            sections = "".join(_program(directory, each, autostart) for each in numbers)
            daemon = stack.enter_context(running_supervisord(sections))
            running.append(daemon)
            for each in numbers:
                name = f"p{each:02}"
                places.append(Place(daemon, name, proxies.before(daemon.endpoint), directory / f"{name}.txt"))
        hosts = {
            place.key.host: HostSettings(
                place.key.host, place.proxy.endpoint, poll=POLL, timeout=timeout, feed="off"
            )
            for place in places
        }
        engine = Engine(Settings(hosts), state_dir=root / "state")
        stack.callback(engine.stop, 1.0)
        engine.start()
        assert engine.wait_answered(60)
        yield Yard(running, places, engine)


def _end_all(directory: Path) -> None:
    """Programs that outlived a killed supervisord."""
    for file in directory.glob("*.txt"):
        for line in file.read_text().splitlines():
            pid = int(line.split(" ")[1])
            with contextlib.suppress(OSError):
                if str(file) in Path(f"/proc/{pid}/cmdline").read_text():
                    os.killpg(pid, signal.SIGKILL)
