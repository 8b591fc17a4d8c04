"""What a fleet is to be: a value that the starting process writes and the serving process reads."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from tests.support.fake_fleet.faults import Fault

PER_GROUP = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """A fleet of `hosts` supervisords."""

    hosts: int = 1
    processes: int = 50
    """For each host, in groups of ten; unless `programs` says what there is."""
    programs: str = ""
    """Sections `[program:x]` and `[group:x]`, the same for every host."""
    directory: str = "/var/log/supervisor"
    settled: bool = True
    """Everything has been running for hours; else every supervisord starts its programs now."""
    latency: float = 0.0
    """Seconds from the arrival of bytes to their reading, for every host."""
    jitter: float = 0.0
    """At most so many seconds more or less than `latency`."""
    churn: float = 0.0
    """The share of all processes that crash in a second."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """What is wrong, by number of host, from 0."""
    user: str = ""
    password: str = ""
    loglevel: str = "info"
    logfile: bool = True

    def text(self) -> str:
        """The sections of its programs."""
        return self.programs or "\n".join(
            f"[program:worker_{number:02}]\ncommand=sleep 100000000\nautorestart=true\n"
            f"process_name=%(program_name)s_%(process_num)02d\n"
            f"numprocs={min(PER_GROUP, self.processes - number * PER_GROUP)}\n"
            for number in range((self.processes + PER_GROUP - 1) // PER_GROUP)
        )

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Plan:
        """From what `to_json` wrote."""
        values = json.loads(line)
        values["faults"] = {int(number): Fault(fault) for number, fault in values["faults"].items()}
        return cls(**values)
