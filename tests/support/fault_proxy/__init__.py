"""A proxy between a client and a real supervisord that does to their bytes what networks and middle boxes do.

    with running_proxies() as proxies, running_supervisord() as daemon:
        proxy = proxies.before(daemon.endpoint)
        proxy.fault = Fault(marker=b"startProcess", cut_answer=0, end=End.RST)
        ...                                       # talk to proxy.endpoint
        proxy.exchanges[-1].whole                 # whether the last byte of the request was passed on

It runs in a thread of the test, listens on loopback or on a unix socket, and needs no privilege. Without a fault it passes
everything on and writes down what it saw. It imports nothing of `tui` but the type of an address.

| room | what is in it |
|---|---|
| faults | what can be done to an exchange, as a value |
| sides | one side of a connection: bytes that have come, and ways to end it |
| exchange | one request and its answer, passed on with a fault |
| proxy | the door, the connections, and the thread that they live in |
"""

from tests.support.fault_proxy.exchange import Exchange
from tests.support.fault_proxy.faults import End, Fault
from tests.support.fault_proxy.proxy import FaultProxy, Proxies, running_proxies

__all__ = ["End", "Exchange", "Fault", "FaultProxy", "Proxies", "running_proxies"]
