"""A fleet that is mostly dead: the hosts that live are read on time, keys are answered, and descriptors do not run out."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.safety.silent_names import NOBODY
from tests.support.fake_fleet import FakeFleet, Fault, Plan, running_fake_fleet
from tests.support.pty_process import PtyProcess, in_pty
from tests.support.supervisord import wait_until

pytestmark = [pytest.mark.alone, pytest.mark.e2e, pytest.mark.terminal]

LIVE = 50 if WHOLE else 10
EACH = 250 if WHOLE else 10
"""Hosts of each way to be dead; those of the fake fleet's ways, and those whose name is not answered for."""
WAYS = (Fault.REFUSED, Fault.STALL, Fault.DRIP)
HOSTS = LIVE + EACH * (len(WAYS) + 1)
PERIOD = 2.0
SECONDS = 60.0 if WHOLE else 8.0
KEYS = 300 if WHOLE else 40
PROMISED_SECONDS, KEY_SECONDS = 0.1, 0.1 if WHOLE else 1.0
PROMISED_OFF, OFF = 0.2, 0.2 if WHOLE else 0.5
"""A share of the period. A sample runs beside other tests, and is short."""
SPARE_FILES = 64


@pytest.mark.timeout(400 if WHOLE else 120)
def test_the_living_do_not_suffer_from_the_dead(tmp_path: Path) -> None:
    faults = {LIVE + EACH * way + number: fault for way, fault in enumerate(WAYS) for number in range(EACH)}
    with running_fake_fleet(Plan(hosts=LIVE + len(faults), processes=10, faults=faults)) as fleet:
        path = hosts_file(tmp_path, fleet)
        with in_pty("-c", str(path), home=tmp_path, program=["-m", "tests.safety.silent_names"]) as program:
            program.wait_for(rf"● {LIVE}\b", seconds=15)
            program.press(b"/live\r2")
            program.wait_for(rf"{10 * LIVE} of {10 * LIVE}|{10 * LIVE}\b.*of")
            files = [files_of(program)]
            before, began = reads(fleet), time.monotonic()
            waits: list[float] = []
            while (left := SECONDS - (time.monotonic() - began)) > 0:
                if len(waits) < KEYS:
                    waits.append(seconds_until_answered(program, b"j" if len(waits) % 8 < 4 else b"k"))
                files.append(files_of(program))
                time.sleep(min(left, 0.8 * SECONDS / KEYS))
            seconds = time.monotonic() - began
            after = reads(fleet)

    planned = seconds / PERIOD
    counts = [after[number] - before[number] for number in range(LIVE)]
    worst = max(abs(count - planned) for count in counts) / planned
    assert worst <= OFF + 1 / planned, (planned, counts)  # where the stretch begins and ends is chance
    slow = p99(waits)
    assert slow <= KEY_SECONDS, sorted(waits)[-10:]
    assert max(files) <= HOSTS + SPARE_FILES
    show(
        f"{HOSTS - LIVE} dead hosts (refused, silent, dripping, names that nobody answers for) and {LIVE} live ones",
        f"live ones read on time ±{PROMISED_OFF:.0%}, a key answered in {PROMISED_SECONDS * 1000:g} ms at p99, "
        f"at most {HOSTS + SPARE_FILES} descriptors",
        f"±{worst:.0%}, {slow * 1000:.0f} ms of {len(waits)} keys, {max(files)} descriptors",
    )


def hosts_file(place: Path, fleet: FakeFleet) -> Path:
    addresses = [f"host: localhost, port: {port}" for port in fleet.ports]
    addresses += [f"host: n{number}{NOBODY}, port: 9001" for number in range(EACH)]
    path = place / "hosts.yaml"
    lines = [
        f"  {'live' if number < LIVE else 'dead'}-{number:04d}: {{{address}, feed: off}}\n"
        for number, address in enumerate(addresses)
    ]
    lines.reverse()  # nobody is helped by having been asked first
    path.write_text(f"defaults: {{poll: {PERIOD:g}s, timeout: 3s}}\nhosts:\n{''.join(lines)}")
    return path


def reads(fleet: FakeFleet) -> list[int]:
    """How often each host was read whole."""
    return [asked.get("supervisor.getAllProcessInfo", 0) for asked in fleet.asked()]


def seconds_until_answered(program: PtyProcess, key: bytes) -> float:
    """Until the cursor stands elsewhere, but for what the machine kept it, and us, waiting."""
    before = cursor(program)
    pids = (os.getpid(), program.process.pid)
    began, waited = time.perf_counter(), sum(map(kept_waiting, pids))
    program.press(key)
    wait_until(lambda: cursor(program) != before, seconds=20, what="the cursor to move", pause=0.002)
    return time.perf_counter() - began - (sum(map(kept_waiting, pids)) - waited)


def kept_waiting(pid: int) -> float:
    """Seconds that this machine has kept a process's first thread waiting for a processor: others' work, not its fault."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * (len(seconds) - 1))]


def cursor(program: PtyProcess) -> int:
    return next((y for y, line in enumerate(program.text.split("\n")) if ">" in line[20:40]), -1)


def files_of(program: PtyProcess) -> int:
    return len(os.listdir(f"/proc/{program.process.pid}/fd"))
