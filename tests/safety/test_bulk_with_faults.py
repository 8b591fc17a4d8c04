"""A bulk restart in which a third goes wrong: each target exactly once in the summary, each with what became of it.

The fleet is a fake one, faithful to the byte; a proxy before each host does to the restart, and to nothing else, what was drawn
for it. The truth is asked of the fleet itself, behind the proxies.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import xmlrpc.client
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.safety.showing import WHOLE, show
from tests.support.fake_fleet import Plan, running_fake_fleet
from tests.support.fault_proxy import End, Fault, FaultProxy, running_proxies
from tests.support.supervisord import wait_until
from tui.config.schema import HostSettings, Settings
from tui.engine.acting import evidence
from tui.engine.engine import Engine
from tui.model.endpoint import Endpoint
from tui.model.plan import Verb, make_plan
from tui.model.policy import Tier
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind

pytestmark = pytest.mark.e2e

SOUND = "[program:web]\ncommand=sleep 100000000\nstartsecs=0\nstartretries=0\nstopwaitsecs=1\n"
DOOMED = "[program:web]\ncommand=sh -c 'exit 3'\nstartsecs=1\nstartretries=0\nstopwaitsecs=1\n"
"""Has been running for hours, as far as its supervisord knows, and will not come up again."""
RESTART = b"multicall"
HOSTS, FAULTY, DOOMED_HOSTS = (200, 60, 12) if WHOLE else (60, 32, 4)
"""The sample has as many faults as it takes to have one of each kind."""
TIMEOUT = 5.0
GONE = "gone"
"""The network is lost at the last byte, for good."""
FAULTS: dict[str, tuple[Fault, OutcomeKind]] = {
    "cut before the last byte": (Fault(marker=RESTART, cut_request=-1), OutcomeKind.NOT_EXECUTED),
    "reset before the last byte": (
        Fault(marker=RESTART, cut_request=-1, end=End.RST),
        OutcomeKind.NOT_EXECUTED,
    ),
    "no answer": (Fault(marker=RESTART, cut_answer=0), OutcomeKind.DONE),
    "half an answer": (Fault(marker=RESTART, cut_answer=150, end=End.RST), OutcomeKind.DONE),
    "silent after a byte": (Fault(marker=RESTART, cut_answer=1, end=End.SILENCE), OutcomeKind.DONE),
    "a wrong byte": (Fault(marker=RESTART, corrupt=-60), OutcomeKind.DONE),
    "answered twice": (Fault(marker=RESTART, duplicate=True), OutcomeKind.DONE),
    "status 502": (Fault(marker=RESTART, status=502), OutcomeKind.DONE),
    "status 404": (Fault(marker=RESTART, status=404), OutcomeKind.DONE),
    "redirected": (
        Fault(marker=RESTART, status=302, location="http://127.0.0.1:9/RPC2"),
        OutcomeKind.DONE,
    ),
    "dripping": (Fault(marker=RESTART, piece=20, pause=0.02), OutcomeKind.DONE),
}


@dataclass
class Site:
    """All hosts behind their proxies, and what is to become of each."""

    proxies: dict[str, FaultProxy]
    ports: dict[str, int]
    expected: dict[str, OutcomeKind]
    dealt: Counter[str]

    def pid(self, host: str) -> int:
        """Of the program, asked of the fleet itself."""
        with xmlrpc.client.ServerProxy(f"http://127.0.0.1:{self.ports[host]}/RPC2") as rpc:
            info = rpc.supervisor.getProcessInfo("web")
        assert isinstance(info, dict)
        return int(info["pid"])

    def pids(self) -> dict[str, int]:
        """Of all."""
        return {host: self.pid(host) for host in self.proxies}


@pytest.fixture
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        sound = stack.enter_context(running_fake_fleet(Plan(hosts=HOSTS - DOOMED_HOSTS, programs=SOUND)))
        doomed = stack.enter_context(running_fake_fleet(Plan(hosts=DOOMED_HOSTS, programs=DOOMED)))
        proxies = stack.enter_context(running_proxies())
        ports = dict(zip(map("h{:03}".format, range(HOSTS)), [*sound.ports, *doomed.ports], strict=True))
        site = Site({}, ports, {}, Counter())
        draw = random.Random(7)
        dealt = ([*FAULTS, GONE] * FAULTY)[: FAULTY - DOOMED_HOSTS]
        draw.shuffle(dealt)
        faulty = set(draw.sample(range(HOSTS - DOOMED_HOSTS), FAULTY - DOOMED_HOSTS))
        for number, (host, port) in enumerate(ports.items()):
            proxy = site.proxies[host] = proxies.before(Endpoint("http", host="127.0.0.1", port=port))
            what, kind = "", OutcomeKind.DONE
            if number >= HOSTS - DOOMED_HOSTS:
                what, kind = "does not come up", OutcomeKind.FAILED
            elif number in faulty:
                what = dealt.pop()
                if what == GONE:
                    proxy.at_commit = freezing(proxy)
                    kind = OutcomeKind.UNKNOWN
                else:
                    proxy.fault, kind = FAULTS[what]
            site.expected[host] = kind
            site.dealt[what or "nothing wrong"] += 1
        assert set(site.dealt) == {*FAULTS, GONE, "does not come up", "nothing wrong"}
        yield site


def freezing(proxy: FaultProxy) -> Callable[[bytes], None]:
    """Let nothing pass any more from the last byte of the restart on, that byte included."""

    def look(request: bytes) -> None:
        if RESTART in request:
            proxy.freeze()

    return look


def test_a_job_tells_each_target_once_and_as_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "MARGIN", 1.0)
    before = site.pids()
    hosts = {
        name: HostSettings(name, proxy.endpoint, timeout=TIMEOUT, feed="off")
        for name, proxy in site.proxies.items()
    }
    engine = Engine(Settings(hosts), state_dir=tmp_path)
    engine.start()
    try:
        assert engine.wait_answered(60)
        wait_until(
            lambda: all(host.fresh for host in engine.picture.hosts.values()), seconds=60, what="every host"
        )
        keys = [ProcessKey(host) for host in hosts]
        plan = make_plan(Verb.RESTART, keys, engine.picture, time.monotonic())
        job = engine.wait_job(engine.submit(plan, Tier.TYPED), 100)
        assert job.finished
    finally:
        engine.stop(1.0)
    assert len(job.outcomes) == HOSTS
    seen = {key.host: outcome.kind for key, outcome in job.outcomes.items()}
    assert_as_expected(site, before, seen)
    show(
        "bulk with faults: a job of the engine",
        "each target once, with the right outcome",
        f"{HOSTS} targets, {FAULTY} faults of {len(site.dealt) - 1} kinds: {counted(seen)}",
    )


def test_a_command_tells_each_target_once_as_it_was_and_with_the_promised_exit_code(
    site: Site, tmp_path: Path
) -> None:
    before = site.pids()
    ran = command(site.proxies, tmp_path)
    outcomes = json.loads(ran.stdout)["outcomes"]
    assert sorted(outcome["host"] for outcome in outcomes) == sorted(site.proxies)
    seen = {outcome["host"]: OutcomeKind(outcome["outcome"]) for outcome in outcomes}
    assert_as_expected(site, before, seen)
    assert ran.returncode == 3, ran.stderr
    show(
        "bulk with faults: `restart --json`",
        "each target once, with the right outcome; exit code 3, as some are UNKNOWN",
        f"{HOSTS} targets, {FAULTY} faults of {len(site.dealt) - 1} kinds: {counted(seen)}; exit code {ran.returncode}",
    )


def test_the_exit_code_is_of_the_worst_that_happened(site: Site, tmp_path: Path) -> None:
    sound = [host for host, kind in site.expected.items() if kind is OutcomeKind.DONE][:3]
    doomed = [host for host, kind in site.expected.items() if kind is OutcomeKind.FAILED][:2]
    for host in sound:
        site.proxies[host].fault = Fault()
    assert command({host: site.proxies[host] for host in sound}, tmp_path).returncode == 0
    both = {host: site.proxies[host] for host in (*sound, *doomed)}
    assert command(both, tmp_path).returncode == 1
    both[sound[0]].refuse()
    assert command(both, tmp_path).returncode == 4


def command(hosts: Mapping[str, FaultProxy], directory: Path) -> subprocess.CompletedProcess[str]:
    """`supervisor-tui restart` of everything on these hosts."""
    lines = [f"  {name}: http://127.0.0.1:{proxy.port}\n" for name, proxy in hosts.items()]
    config = directory / "hosts.yaml"
    config.write_text(f"defaults: {{timeout: {TIMEOUT:g}s, feed: 'off'}}\nhosts:\n" + "".join(lines))
    return subprocess.run(
        [sys.executable, "-m", "tui", "--config", str(config), "restart", "*", "--yes", "--json"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(directory / "state")},
    )


def assert_as_expected(site: Site, before: dict[str, int], seen: dict[str, OutcomeKind]) -> None:
    """Each outcome is the one that was dealt, and a restart has run once where it is DONE and never where it is not."""
    assert {host: kind for host, kind in seen.items() if kind is not site.expected[host]} == {}
    after = site.pids()
    for host, kind in seen.items():
        assert (after[host] != before[host]) is (kind in (OutcomeKind.DONE, OutcomeKind.FAILED)), host
        assert len(site.proxies[host].calls(RESTART)) == 1, host


def counted(seen: dict[str, OutcomeKind]) -> str:
    return ", ".join(f"{count} {kind.value}" for kind, count in Counter(seen.values()).most_common())
