"""What one host costs us: decoding its status, and whole polls, against xmlrpc.client in the same run.

Times are this process's CPU time, so a busy machine disturbs little.
"""

from __future__ import annotations

import asyncio
import time
import xmlrpc.client
from collections.abc import Callable, Iterator, Sequence

from tests.bench.figures import Figure, Size, TimesLess, run
from tests.support.supervisord import running_supervisord
from tui.model.states import ProcessState
from tui.rpc.client import Supervisor
from tui.rpc.codec import decode_answer
from tui.rpc.status import StatusDecoder

PROCESSES = 50
POLLS = 1000
PROGRAMS = (
    "[program:worker]\ncommand=sleep 1000\nprocess_name=%(program_name)s_%(process_num)02d\nnumprocs={}\n"
)


def status_body(now: int, *, pid: int = 1000, count: int = PROCESSES) -> bytes:
    """An answer of getAllProcessInfo as supervisord writes it."""
    rows = []
    for number in range(count):
        log = f"/var/log/supervisor/worker_{number:02}-stdout---supervisor-abcdefgh.log"
        start = 1_700_000_000 + number
        rows.append(
            {
                "name": f"worker_{number:02}",
                "group": f"worker_{number // 10}",
                "start": start,
                "stop": 0,
                "now": now,
                "state": 20,
                "statename": "RUNNING",
                "spawnerr": "",
                "exitstatus": 0,
                "logfile": log,
                "stdout_logfile": log,
                "stderr_logfile": log.replace("stdout", "stderr"),
                "pid": pid + number,
                "description": f"pid {pid + number}, uptime {(now - start) // 3600}:00:{now % 60:02}",
            }
        )
    return xmlrpc.client.dumps((rows,), methodresponse=True).encode()


def microseconds(decode: Callable[[bytes], object], bodies: Sequence[bytes], rounds: int) -> float:
    """CPU time of one call, the best of five measurements."""
    best = float("inf")
    for _ in range(5):
        began = time.thread_time()
        for number in range(rounds):
            decode(bodies[number % len(bodies)])
        best = min(best, (time.thread_time() - began) / rounds * 1e6)
    return best


def decoding(share: int) -> Iterator[Figure]:
    """One status, by way of decoding; `share` divides the number of rounds."""
    ageing = [status_body(1_700_100_000 + second) for second in range(20)]
    restarted = [status_body(1_700_100_000 + number, pid=1000 + 100 * number) for number in range(20)]
    unchanged, changed = StatusDecoder("host"), StatusDecoder("host")
    theirs = microseconds(lambda body: xmlrpc.client.loads(body), ageing, 40 // share)
    limit = "about 5 µs a row: 2 to find its values and prove its bytes, 1 to make the process, 0.5 to hash it, the rest calls"
    for name, target, decode, bodies, rounds, note in (
        ("only time passed", TimesLess(40), unchanged.decode, ageing, 400, ""),
        ("every process changed", TimesLess(12), changed.decode, restarted, 100, limit),
        ("the first of its host", None, lambda body: StatusDecoder("host").decode(body), ageing, 100, ""),
        ("by our strict parse", None, decode_answer, ageing, 40, ""),
    ):
        ours = microseconds(decode, bodies, rounds // share)
        yield Figure(
            f"decode a status of {PROCESSES} processes, {name}",
            ours,
            "µs CPU",
            target,
            "xmlrpc.client.loads",
            theirs,
            note,
        )


def polling(polls: int, processes: int) -> Iterator[Figure]:
    """The whole client's CPU per poll of a real supervisord with processes that do not change."""
    with running_supervisord(PROGRAMS.format(processes)) as daemon:
        asyncio.run(_settled(Supervisor(daemon.endpoint, "host")))
        proxy = daemon.proxy
        began = time.process_time()
        for _ in range(polls // 10):
            proxy.supervisor.getAllProcessInfo()
        theirs = (time.process_time() - began) / (polls // 10)
        ours = asyncio.run(_polled(Supervisor(daemon.endpoint, "host"), polls))
    yield Figure(
        f"poll a host of {processes} processes", ours * 1e6, "µs CPU", None, "xmlrpc.client", theirs * 1e6
    )


async def _settled(supervisor: Supervisor) -> None:
    async with asyncio.timeout(30):
        for process in (await supervisor.status()).processes:
            while (await supervisor.process(process.key)).state is not ProcessState.RUNNING:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    await supervisor.close()


async def _polled(supervisor: Supervisor, polls: int) -> float:
    await supervisor.status()
    began = time.process_time()
    for _ in range(polls):
        await supervisor.status()
    spent = time.process_time() - began
    await supervisor.close()
    return spent / polls


def measure(size: Size) -> Iterator[Figure]:
    """Decoding, then polling."""
    share = {Size.FULL: 1, Size.QUICK: 5, Size.SMOKE: 40}[size]
    yield from decoding(share)
    yield from polling(POLLS // share, 2 if size is Size.SMOKE else PROCESSES)


if __name__ == "__main__":
    run(measure)
