"""A fake fleet: hundreds or thousands of supervisords in one process, faithful to the byte, for tests and benchmarks.

    with running_fake_fleet(Plan(hosts=100, processes=50, faults={99: Fault.REFUSED})) as fleet:
        fleet.ports                              # one loopback port for each host
        fleet.crash(3, "worker_00:worker_00_07") # and supervisord restarts it, and its main log says so
        fleet.set_fault(4, Fault.STALL)

It runs in a process of its own, so that what it costs is not measured as ours. It imports nothing of `tui`, and nothing but
the standard library: whoever doubts what is measured with it can read it alone. `tests/e2e/test_fake_fleet.py` holds its
answers against those of a real supervisord. By hand: `python -m tests.support.fake_fleet --help`.

| room | what is in it |
|---|---|
| plan, population, host, door | the fleet; one host of it; its listening socket |
| channel, request, faults | a connection as Medusa serves it; a request and its reply; how a reply is spoilt |
| call_reader, system_methods, interface, log_methods, deferred | from a body to the method that answers |
| daemon, process, programs, commands, states, log_file | what a supervisord is and does |
| status_rows, config_rows, marshal | values as the bytes that leave |
| client | the side that is imported: starts the process, gives orders |
"""

from tests.support.fake_fleet.client import FakeFleet, running_fake_fleet
from tests.support.fake_fleet.faults import Fault
from tests.support.fake_fleet.plan import Plan

__all__ = ["FakeFleet", "Fault", "Plan", "running_fake_fleet"]
