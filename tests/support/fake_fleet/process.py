"""One process under a fake supervisord: its states, its delays, and what supervisord writes of it (`process.py`).

The life of the process (its own end, a signal's effect) and supervisord's turns (success after startsecs, the next try,
the kill after stopwaitsecs) are one timer each, so that a process at rest costs nothing. The rule: every change of state
is written to the main log at the level and in the words supervisord uses, by the name without its group.
"""

from __future__ import annotations

import asyncio
import math
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.fake_fleet.commands import CannotRunError, behaviour_of
from tests.support.fake_fleet.log_file import LogFile
from tests.support.fake_fleet.programs import Program
from tests.support.fake_fleet.states import State

if TYPE_CHECKING:
    from tests.support.fake_fleet.daemon import FakeSupervisord

TURN = 0.02
"""Seconds until supervisord looks again: between a few milliseconds and one second with a real one."""
REACTION = 0.002
"""Seconds from a signal to the end of the process."""
SHRUGGED_OFF = frozenset(
    {signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH, signal.SIGCONT, signal.SIGSTOP, signal.SIGTSTP}
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended: by itself, or by a signal."""

    status: int
    """The exit status; -1 when a signal ended it."""
    words: str

    @classmethod
    def exit(cls, status: int) -> Ending:
        """It exited."""
        return cls(status, f"exit status {status}")

    @classmethod
    def killed(cls, number: int) -> Ending:
        """A signal ended it."""
        return cls(-1, f"terminated by {signal.Signals(number).name}")


class FakeProcess:
    """One process; times are seconds of this machine's clock, 0 for never."""

    __slots__ = (
        "_life",
        "_turn",
        "backoff",
        "daemon",
        "delay",
        "exitstatus",
        "group",
        "killing",
        "logs",
        "pid",
        "program",
        "spawnerr",
        "start",
        "state",
        "stop",
        "stop_reported",
        "template",
    )

    def __init__(self, daemon: FakeSupervisord, group: str, program: Program) -> None:
        self.daemon = daemon
        self.group = group
        self.program = program
        self.state = State.STOPPED
        self.pid = 0
        self.start = self.stop = self.delay = self.stop_reported = 0.0
        self.spawnerr = ""
        self.exitstatus = 0
        self.backoff = 0
        self.killing = False
        self.template: bytes | None = None
        """Its rendered row; None when it has to be rendered anew."""
        self.logs: dict[str, LogFile] = {}
        self._life: asyncio.TimerHandle | None = None
        self._turn: asyncio.TimerHandle | None = None

    def log(self, channel: str) -> LogFile | None:
        """The file of `channel` (stdout, stderr), made when first needed; None when it is written nowhere."""
        path = self.program.log_path(channel)
        if path and channel not in self.logs:
            self.logs[channel] = LogFile(path, self.program.maxbytes)
        return self.logs.get(channel)

    def settle(self, pid: int, start: float) -> None:
        """Be RUNNING since `start`, with nothing said of it: a fleet that has been up for long."""
        self.state, self.pid, self.start, self.template = State.RUNNING, pid, start, None

    # --- what supervisord does ------------------------------------------------------------------------------------

    def spawn(self) -> None:
        """Start it."""
        daemon = self.daemon
        if self.pid:
            daemon.warn(f"process '{self.program.name}' already running")
            return
        self.killing = False
        self.spawnerr = ""
        self.exitstatus = 0
        self.start = time.time()
        self._enter(State.STARTING)
        try:
            behaviour = behaviour_of(self.program.command)
        except CannotRunError as reason:
            self.spawnerr = str(reason)
            daemon.info(f"spawnerr: {reason}")
            self._enter(State.BACKOFF)
            return
        self.pid = daemon.next_pid()
        daemon.info(f"spawned: '{self.program.name}' with pid {self.pid}")
        self.delay = time.time() + self.program.startsecs
        if behaviour.output and (log := self.log("stdout")) is not None:
            log.write(behaviour.output)
        if behaviour.lifetime != math.inf:
            self._end_later(max(behaviour.lifetime, REACTION), Ending.exit(behaviour.status))
        self._turn_later()

    def stop_it(self) -> str | None:
        """Send the stop signal: None, or why that was impossible."""
        self.stop_reported = 0.0
        return self.kill(self.program.stopsignal)

    def kill(self, number: int) -> str | None:
        """Send a signal that is to end it: None, or why that was impossible."""
        if self.state is State.BACKOFF:
            self._enter(State.STOPPED)
            return None
        if not self.pid:
            return f"attempted to kill {self.program.name} with sig {_name(number)} but it wasn't running"
        self.killing = True
        self.delay = time.time() + self.program.stopwaitsecs
        self._enter(State.STOPPING)
        self.feel(number)
        return None

    def report_stop(self) -> None:
        """Say that it is being waited for, at most every two seconds."""
        now = time.time()
        if self.state is State.STOPPING and now > self.stop_reported + 2:
            self.daemon.info(f"waiting for {self.program.name} to stop")
            self.stop_reported = now

    def give_up(self) -> None:
        """BACKOFF to FATAL."""
        self.delay = 0.0
        self.backoff = 0
        self._enter(State.FATAL)

    def transition(self) -> None:
        """Do what is due by now."""
        now = time.time()
        before = self.state
        program, daemon = self.program, self.daemon
        if daemon.may_start and self._wants_start(now):
            self.spawn()
        if before is State.STARTING and now - self.start > program.startsecs:
            self.delay = 0.0
            self.backoff = 0
            self._enter(State.RUNNING)
            daemon.info(
                f"success: {program.name} entered RUNNING state, process has stayed up for "
                f"> than {program.startsecs} seconds (startsecs)"
            )
        elif before is State.BACKOFF and self.backoff > program.startretries:
            self.give_up()
            daemon.info(f"gave up: {program.name} entered FATAL state, too many start retries too quickly")
        elif before is State.STOPPING and self.delay <= now:
            daemon.warn(f"killing '{program.name}' ({self.pid}) with SIGKILL")
            self.kill(signal.SIGKILL)

    def _wants_start(self, now: float) -> bool:
        match self.state:
            case State.EXITED:
                return self._restarts()
            case State.STOPPED:
                return self.program.autostart and not self.start
            case State.BACKOFF:
                return self.backoff <= self.program.startretries and now > self.delay
        return False

    def _restarts(self) -> bool:
        if self.program.autorestart == "unexpected":
            return self.exitstatus not in self.program.exitcodes
        return self.program.autorestart in ("true", "1", "yes", "on")

    # --- what the process does ------------------------------------------------------------------------------------

    def feel(self, number: int) -> None:
        """Receive a signal."""
        behaviour = behaviour_of(self.program.command)
        if number in SHRUGGED_OFF or not number:
            return
        if number == signal.SIGTERM and behaviour.ignores_term:
            return
        if number == signal.SIGTERM and behaviour.term_status is not None:
            self._end_later(REACTION, Ending.exit(behaviour.term_status))
        else:
            self._end_later(REACTION, Ending.killed(number))

    def hear(self, text: bytes) -> None:
        """Read `text` on its stdin."""
        if behaviour_of(self.program.command).echoes:
            self.say("stdout", text)

    def say(self, channel: str, text: bytes) -> None:
        """Write `text` to a log."""
        log = self.log(channel)
        if log is not None:
            log.write(text)

    def finish(self, ending: Ending) -> None:
        """Be reaped."""
        if self._life is not None:
            self._life.cancel()
            self._life = None
        now = time.time()
        self.stop = now
        program, daemon = self.program, self.daemon
        expected = ending.status in program.exitcodes
        spoken = daemon.info if expected else daemon.warn
        if self.killing:
            self.killing = False
            self.delay = 0.0
            self.exitstatus = ending.status
            self._enter(State.STOPPED, pid=0)
            spoken(f"stopped: {program.name} ({ending.words})")
        elif now - self.start < program.startsecs:
            self.exitstatus = 0
            self.spawnerr = "Exited too quickly (process log may have details)"
            self._enter(State.BACKOFF, pid=0)
            daemon.warn(f"exited: {program.name} ({ending.words}; not expected)")
        else:
            self.delay = 0.0
            self.backoff = 0
            self.exitstatus = ending.status
            self.spawnerr = self.spawnerr if expected else f"Bad exit code {ending.status}"
            self._enter(State.EXITED, pid=0)
            spoken(f"exited: {program.name} ({ending.words}; {'expected' if expected else 'not expected'})")

    # --- timers ---------------------------------------------------------------------------------------------------

    def _enter(self, state: State, *, pid: int | None = None) -> None:
        self.state = state
        if pid is not None:
            self.pid = pid
        if state is State.BACKOFF:
            self.backoff += 1
            self.delay = time.time() + self.backoff
        self.template = None
        self._turn_later()

    def _turn_later(self) -> None:
        """Have supervisord look at it when something is due, and not before."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        due = self._due()
        if due is not None:
            wait = max(due - time.time(), 0.0) + TURN
            self._turn = asyncio.get_running_loop().call_later(wait, self._take_turn)

    def _due(self) -> float | None:
        match self.state:
            case State.STARTING:
                return self.start + self.program.startsecs
            case State.BACKOFF:
                return 0.0 if self.backoff > self.program.startretries else self.delay
            case State.STOPPING:
                return self.delay
            case State.EXITED if self._restarts():
                return 0.0
            case State.STOPPED if self.program.autostart and not self.start:
                return 0.0
        return None

    def _take_turn(self) -> None:
        self._turn = None
        before = self.state
        self.transition()
        if self.state is before and self._turn is None and self.daemon.may_start:
            self._turn_later()

    def _end_later(self, seconds: float, ending: Ending) -> None:
        if self._life is not None:
            self._life.cancel()
        self._life = asyncio.get_running_loop().call_later(seconds, self._end, ending)

    def _end(self, ending: Ending) -> None:
        self._life = None
        self.finish(ending)

    def forget(self) -> None:
        """Drop its timers: its supervisord is gone, or has removed it."""
        for timer in (self._life, self._turn):
            if timer is not None:
                timer.cancel()
        self._life = self._turn = None


def _name(number: int) -> str:
    return signal.Signals(number).name
