"""The one ratio of the benchmark that must hold on any machine: it is CPU time of one thread, and the margin is wide."""

from __future__ import annotations

import xmlrpc.client

from tests.bench.bench_decode import microseconds, status_body
from tui.rpc.status import StatusDecoder


def test_a_status_in_which_only_time_passed_costs_a_fifteenth_of_what_xmlrpc_client_takes() -> None:
    bodies = [status_body(1_700_100_000 + second) for second in range(20)]
    decoder = StatusDecoder("host")
    theirs = microseconds(lambda body: xmlrpc.client.loads(body), bodies, 10)
    ours = microseconds(decoder.decode, bodies, 100)
    assert theirs >= 15 * ours
