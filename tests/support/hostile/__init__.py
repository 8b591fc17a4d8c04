"""A hostile supervisord: what an attacker answers who owns a host, a proxy or the way between.

    with running_hostile({"odd": Rows(payloads.NAMES), "flood": Raw(attack)}) as hostile:
        hostile.ports["odd"]                 # one loopback port for each
        hostile.seen["flood"].requests       # what was asked there, and how often

It runs on a thread of its own and imports nothing of `tui`.

| room | what is in it |
|---|---|
| payloads | the corpus: texts and bytes that would drive, deceive or crash a terminal |
| faces | what a port answers: a supervisord with payloads in every slot, a fault, an HTTP head, raw bytes |
| bodies | answers that are too large, too deep, too many, or no answers at all |
| attacks | HTTP that no server sends |
| server | sockets, requests, and the record of them |
"""

from tests.support.hostile.faces import Face, Fault, Raw, Rows, Whole
from tests.support.hostile.server import Hostile, Seen, running_hostile

__all__ = ["Face", "Fault", "Hostile", "Raw", "Rows", "Seen", "Whole", "running_hostile"]
