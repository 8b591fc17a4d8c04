"""A real and a fake supervisord with one configuration, for tests that hold one's words against the other's.

Only what must differ is evened out before two replies are compared: pids, times, the eight random letters in a log's name.
A length is evened out only where it was right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.support.fake_fleet import FakeFleet, Plan, running_fake_fleet
from tests.support.supervisord import RealSupervisord, running_supervisord, wait_until
from tests.support.wire import Wire, ask, call

PROGRAMS = """
[program:alone]
command=sleep 1000
startsecs=0
[program:many]
command=sleep 1000
process_name=%(program_name)s_%(process_num)02d
numprocs=3
[program:bad]
command=sh -c 'exit 3'
startsecs=0
autorestart=false
priority=5
[program:good]
command=sh -c 'exit 0'
startsecs=0
[program:hopeless]
command=false
startretries=0
[program:missing]
command=/nowhere/to/be/found --flag
startretries=0
[program:forbidden]
command=/etc/passwd
autostart=false
[program:directory]
command=/etc
autostart=false
[program:off]
command=sleep 1000
autostart=false
stdout_logfile=NONE
redirect_stderr=true
[program:talker]
command=sh -c 'echo hello; exec sleep 1000'
startsecs=0
[program:echo]
command=cat
directory=/tmp
exitcodes=0,2
[program:stubborn]
command=sh -c "trap '' TERM; echo ready; sleep 1000"
stopwaitsecs=1
startsecs=0
autostart=false
[program:polite]
command=sh -c "trap 'exit 0' TERM; echo ready; sleep 1000 & wait"
startsecs=0
autostart=false
[program:left]
command=sleep 1000
priority=20
[program:right]
command=sleep 1000
priority=10
[program:größe]
command=sleep 1000
startsecs=0
[group:pair]
programs=left,right
priority=7
"""
SETTLED = {
    "alone": "RUNNING",
    "many:many_02": "RUNNING",
    "bad": "EXITED",
    "good": "EXITED",
    "hopeless": "FATAL",
    "missing": "FATAL",
    "talker": "RUNNING",
    "echo": "RUNNING",
    "größe": "RUNNING",
    "pair:left": "RUNNING",
}


@dataclass
class Twins:
    """A real and a fake supervisord with one configuration."""

    real: RealSupervisord
    fake: FakeFleet

    @property
    def ports(self) -> tuple[int, int]:
        """The real one's, then the fake one's."""
        return self.real.port, self.fake.ports[0]

    @contextmanager
    def wires(self) -> Iterator[tuple[Wire, Wire]]:
        """A connection to each."""
        pair = Wire(self.ports[0]), Wire(self.ports[1])
        try:
            yield pair
        finally:
            for one in pair:
                one.close()

    def wait_for(self, process: str, state: str) -> None:
        """Until that process is in that state on both."""
        for port in self.ports:
            wait_until(lambda port=port: state_on(port, process) == state, what=f"{process} to be {state}")

    def say_the_same(self, *requests: bytes) -> list[bytes]:
        """Ask both on one connection each, compare each pair of replies, and return the real ones."""
        replies = []
        with self.wires() as pair:
            for request in requests:
                real, fake = (one.ask(request) for one in pair)
                assert even(fake) == even(real), request
                replies.append(real)
        return replies

    def start_what_fails_at_once(self, request: bytes) -> None:
        """The same, unless the real one saw the failure before it answered (see `say_the_same_in_any_order`)."""
        real, fake = (even(ask(port, request)) for port in self.ports)
        assert fake == real or "SPAWN_ERROR" in real, request

    def say_the_same_in_any_order(self, request: bytes, *, but: Sequence[str] = ()) -> None:
        """The same for a list of results that come in the order in which processes happen to end.

        Not of the programs `but`: one that fails at once is reported started or not, as its end is seen in time or not
        (supervisor/rpcinterface.py:startProcess reaps before it answers).
        """
        real, fake = (
            sorted(
                result
                for result in re.findall("<struct>.*?</struct>", even(ask(port, request)), re.S)
                if not any(f"<string>{name}</string>" in result for name in but)
            )
            for port in self.ports
        )
        assert fake == real, request

    def main_logs(self) -> tuple[str, str]:
        """What each has written."""
        real, fake = (log_of(port) for port in self.ports)
        return real, fake

    def lines_of(self, process: str) -> tuple[list[str], list[str]]:
        """The main logs' lines about one process, without times and pids."""
        real, fake = (story(log, process) for log in self.main_logs())
        return real, fake


def state_on(port: int, process: str) -> str:
    """The state of a process, asked on a connection of its own."""
    try:
        reply = ask(port, call("supervisor.getProcessInfo", process)).decode()
    except ConnectionError:  # it is on its way down, or not up yet
        return ""
    found = re.search(r"<name>statename</name>\s*<value><string>(\w+)", reply)
    return found[1] if found else ""


def even(reply: bytes) -> str:
    """A reply without what must differ between two supervisords."""
    head, separator, body = reply.partition(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    if length and int(length[1]) == len(body):
        head = head.replace(length[0], b"Content-Length: right")
    text = (head + separator + body).decode()
    text = re.sub(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", "DATE", text)
    text = re.sub(r"(<name>(?:start|stop|now)</name>\s*<value><int>)[1-9]\d*", r"\1TIME", text)
    text = re.sub(r"(<name>pid</name>\s*<value><int>)[1-9]\d*", r"\1PID", text)
    text = re.sub(r"pid \d+, uptime \d+:\d\d:\d\d", "pid PID, uptime TIME", text)
    text = re.sub(
        r"(<name>description</name>\s*<value><string>)\w{3} \d\d \d\d:\d\d [AP]M<", r"\1WHEN<", text
    )
    return re.sub(r"---supervisor-\w{8}\.log", "---supervisor-XXXXXXXX.log", text)


def story(log: str, process: str) -> list[str]:
    """The lines about one process: level and words, pids evened out.

    That a stop is being waited for is only said when the process did not end at once, so only a stubborn one's story has it.
    """
    lines = [re.sub(r"^.*?\d\d:\d\d:\d\d,\d{3} ", "", line) for line in log.splitlines()]
    return [
        re.sub(r"(pid )\d+|(?<=\()\d+(?=\))", r"\1PID", line)
        for line in lines
        if re.search(rf"\b{process}\b", line) and (process == "stubborn" or "waiting for" not in line)
    ]


def make_twins(stack: ExitStack, programs: str, settled: dict[str, str], password: str = "") -> Twins:
    """Both with this configuration, once each process is in the state that `settled` names."""
    user = "me" if password else ""
    real = stack.enter_context(running_supervisord(programs, user=user, password=password))
    plan = Plan(programs=programs, directory=str(real.directory), settled=False, user=user, password=password)
    both = Twins(real, stack.enter_context(running_fake_fleet(plan)))
    for process, state in settled.items():
        both.wait_for(process, state)
    return both


def assert_same_story(twins: Twins, process: str, words: list[str]) -> None:
    """Both main logs say the same of a process, and it has these words in it."""
    real, fake = twins.lines_of(process)
    assert fake == real
    told = "\n".join(real)
    assert [word for word in words if word not in told] == []


def log_of(port: int) -> str:
    """The whole main log."""
    return ask(port, call("supervisor.readLog", 0, 0)).decode()
