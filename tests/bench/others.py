"""How the fleet is watched without us: xmlrpc.client, one host after another or from a pool of threads."""

from __future__ import annotations

import http.client
import threading
import time
import xmlrpc.client
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

THREADS = 32
TIMEOUT = 5.0
"""Seconds that xmlrpc.client is given for an answer; by itself it waits for ever."""


class _Patient(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401  (typeshed's type)
        connection = super().make_connection(host)
        connection.timeout = TIMEOUT
        return connection


def proxy(port: int) -> xmlrpc.client.ServerProxy:
    """A supervisord on loopback, over a connection that is kept."""
    return xmlrpc.client.ServerProxy(f"http://127.0.0.1:{port}/RPC2", _Patient())


def rows(port: int) -> int:
    """How many processes the supervisord at this port runs; 0 when it cannot be asked."""
    with proxy(port) as server:
        try:
            answer: Any = server.supervisor.getAllProcessInfo()
        except (OSError, xmlrpc.client.Error, http.client.HTTPException):
            return 0
    return len(answer)


def seconds_one_by_one(ports: Sequence[int]) -> float:
    """Until every port was asked, one after another."""
    began = time.perf_counter()
    for port in ports:
        rows(port)
    return time.perf_counter() - began


def seconds_by_threads(ports: Sequence[int], live: int) -> tuple[float, float]:
    """Until `live` of the ports have answered a pool of threads, and until the pool has ended."""
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as threads:
        answered, taken = 0, 0.0
        for done in as_completed([threads.submit(rows, port) for port in ports]):
            answered += done.result() > 0
            if answered == live and not taken:
                taken = time.perf_counter() - began
    if answered < live:
        raise RuntimeError(f"only {answered} of {live} hosts answered")
    return taken, time.perf_counter() - began


class PollingThreads:
    """The obvious watcher: threads that ask each host for everything, every `period` seconds, until `stop`."""

    def __init__(self, ports: Sequence[int], period: float) -> None:
        self._period = period
        self._ended = threading.Event()
        parts = [ports[number::THREADS] for number in range(THREADS)]
        self._threads = [threading.Thread(target=self._watch, args=(part,)) for part in parts if part]
        self.polls = 0

    def __enter__(self) -> PollingThreads:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, ports: Sequence[int]) -> None:
        servers = [proxy(port) for port in ports]
        while not self._ended.is_set():
            began = time.monotonic()
            for server in servers:
                server.supervisor.getAllProcessInfo()
                self.polls += 1
            self._ended.wait(max(0.0, self._period - (time.monotonic() - began)))
        for server in servers:
            server("close")()
