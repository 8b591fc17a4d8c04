"""The near side of a fake fleet: starts the process that serves it, and gives it orders a line at a time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.fake_fleet.faults import Fault
from tests.support.fake_fleet.plan import Plan

ROOT = Path(__file__).parent.parent.parent.parent


@dataclass(frozen=True, slots=True)
class Stats:
    """What a fleet was asked for since it was last asked for this."""

    calls: dict[str, int]
    """By method; `/mainlogtail` and `/logtail` count as methods."""
    connections: int
    bytes_out: int
    crashes: int
    cpu: float
    """CPU seconds of the serving process since it began."""
    open: int
    """Connections open now."""


class FakeFleet:
    """A running fleet. Hosts are numbered from 0; a process is named `group:name`."""

    def __init__(self, process: subprocess.Popen[str], ports: list[int], hosts_yaml: Path) -> None:
        self.ports = ports
        self.hosts_yaml = hosts_yaml
        self._process = process

    @property
    def pid(self) -> int:
        """Of the serving process."""
        return self._process.pid

    def crash(self, host: int, process: str, *, signal: int = 9) -> int:
        """Kill a process as something outside would: the pid it had."""
        return int(self.order("crash", host=host, process=process, signal=signal))

    def set_fault(self, host: int, fault: Fault) -> None:
        """Let this be wrong with a host from now on."""
        self.order("fault", host=host, fault=fault)

    def set_churn(self, share: float) -> None:
        """Let this share of all processes crash in a second, anywhere."""
        self.order("churn", share=share)

    def set_latency(self, host: int, seconds: float, jitter: float = 0.0) -> None:
        """Let a host hear what is said to it so much later."""
        self.order("latency", host=host, seconds=seconds, jitter=jitter)

    def set_loglevel(self, host: int, level: str) -> None:
        """Let a main log have only what is of this level (info, warn, error, critical) or worse."""
        self.order("loglevel", host=host, level=level)

    def say(self, host: int, text: str) -> None:
        """Put a text into a host's main log, true or not."""
        self.order("say", host=host, text=text)

    def write(self, host: int, process: str, text: str, channel: str = "stdout") -> None:
        """Have a process write to its log."""
        self.order("write", host=host, process=process, text=text, channel=channel)

    def configure(self, host: int, programs: str) -> None:
        """Change a host's configuration file; its supervisord is not told."""
        self.order("configure", host=host, programs=programs)

    def stats(self) -> Stats:
        """What was asked for since the last call of this."""
        return Stats(**self.order("stats"))

    def asked(self) -> list[dict[str, int]]:
        """How often each host was ever asked for which method, also inside multicalls."""
        return [dict(host) for host in self.order("asked")]

    def order(self, name: str, **arguments: object) -> Any:  # noqa: ANN401 - whatever JSON can say
        """Give an order and return its answer. Raises RuntimeError when it was refused."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": name, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "the fleet is gone"}')
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ok"]


@contextlib.contextmanager
def running_fake_fleet(plan: Plan) -> Iterator[FakeFleet]:
    """A fleet whose doors are open; it ends with the block, and with this process."""
    command = [sys.executable, "-m", "tests.support.fake_fleet", "--plan", plan.to_json()]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            first = json.loads(process.stdout.readline())
            yield FakeFleet(process, first["ports"], Path(first["hosts_yaml"]))
        finally:
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
            process.kill()
