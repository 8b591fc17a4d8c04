"""The process that serves a fleet: `python -m tests.support.fake_fleet --hosts 100 --processes 50 --fault refused=5`.

Prints the path of a hosts.yaml (with `--plan`, for a program: a line of JSON with the ports), then takes orders, a line of
JSON each, on stdin, and answers each with a line; it ends with its stdin.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import resource
import sys
import tempfile
from pathlib import Path

from tests.support.fake_fleet.faults import Fault
from tests.support.fake_fleet.plan import Plan
from tests.support.fake_fleet.population import OrderError, Population


def main() -> None:
    """Serve until stdin ends."""
    options = _options()
    plan = Plan.from_json(options.plan) if options.plan else _plan(options)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(plan, for_a_program=bool(options.plan)))


async def _serve(plan: Plan, *, for_a_program: bool) -> None:
    population = Population(plan)
    await population.begin()
    gc.freeze()
    ports = [host.door.port for host in population.hosts]
    with tempfile.TemporaryDirectory(prefix="fake-fleet-") as directory:
        hosts = Path(directory) / "hosts.yaml"
        hosts.write_text(hosts_yaml(plan, ports))
        hosts.chmod(0o600)
        print(json.dumps({"ports": ports, "hosts_yaml": str(hosts)}) if for_a_program else hosts, flush=True)
        await _take_orders(population)


def hosts_yaml(plan: Plan, ports: list[int]) -> str:
    """A configuration of supervisor-tui with every host."""
    login = f"defaults:\n  user: {plan.user}\n  password: {plan.password}\n" if plan.user else ""
    width = len(str(len(ports)))
    lines = [f"  fake{number:0{width}}: http://127.0.0.1:{port}\n" for number, port in enumerate(ports)]
    return f"{login}hosts:\n{''.join(lines)}"


async def _take_orders(population: Population) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        try:
            answer = {"ok": await population.obey(json.loads(line))}
        except (OrderError, json.JSONDecodeError) as problem:
            answer = {"error": str(problem)}
        print(json.dumps(answer), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.support.fake_fleet")
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--processes", type=int, default=50, help="for each host")
    parser.add_argument(
        "--programs", type=Path, help="a file with [program:x] sections, instead of --processes"
    )
    parser.add_argument(
        "--churn", type=float, default=0.0, help="share of the processes that crash in a second"
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--jitter", type=float, default=0.0, help="seconds")
    parser.add_argument("--login", default=":", help="user:password")
    parser.add_argument("--fresh", action="store_true", help="every supervisord starts its programs now")
    kinds = ", ".join(Fault)
    parser.add_argument("--fault", action="append", default=[], metavar="KIND=N", help=f"of N hosts: {kinds}")
    parser.add_argument("--plan", help=argparse.SUPPRESS)
    return parser.parse_args()


def _plan(options: argparse.Namespace) -> Plan:
    wrong = [
        Fault(kind)
        for item in options.fault
        for kind, _, n in [item.partition("=")]
        for _ in range(int(n or 1))
    ]
    user, _, password = options.login.partition(":")
    return Plan(
        hosts=options.hosts,
        processes=options.processes,
        programs=options.programs.read_text() if options.programs else "",
        settled=not options.fresh,
        latency=options.latency,
        jitter=options.jitter,
        churn=options.churn,
        faults=dict(enumerate(wrong, options.hosts - len(wrong))),
        user=user,
        password=password,
    )


if __name__ == "__main__":
    main()
