"""Several processes asked for by name in one request: getProcessInfo in a multicall, without an XML parser.

Who comes in: `Supervisor.processes` with the keys, then with the bytes of the answer. What leaves: the body of the call,
and a process or None (there is none of that name) for each key. The rule is the one of `rows`: an answer that holds
anything but rows is left to the strict codec, and both give the same, which a property test shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui.errors import BadAnswer, Fault, FaultCode
from tui.model.process import Process, ProcessKey
from tui.rpc import answers
from tui.rpc.codec import MAX_BODY, Body, decode_answer, encode_text
from tui.rpc.rows import HEAD, TAIL, Fields, layout_of, process_of

_BEGIN = (
    "<?xml version='1.0'?>\n<methodCall><methodName>system.multicall</methodName>"
    "<params><param><value><array><data>"
)
_BEFORE_NAME = (
    "<value><struct><member><name>methodName</name>"
    "<value><string>supervisor.getProcessInfo</string></value></member>"
    "<member><name>params</name><value><array><data><value>"
)
_AFTER_NAME = "</value></data></array></value></member></struct></value>"
_END = "</data></array></value></param></params></methodCall>\n"

Named = tuple[tuple[Process | None, ...], int]
"""One for each key, and the server's time (0 when there is none of them)."""


def call_for(keys: Sequence[ProcessKey]) -> bytes:
    """The body that asks for these processes, the same as `codec.encode_call` makes, for a quarter of its cost."""
    parts = [_BEGIN]
    for key in keys:
        parts.append(_BEFORE_NAME)
        encode_text(key.address, parts.append)
        parts.append(_AFTER_NAME)
    parts.append(_END)
    return "".join(parts).encode()


def decode(body: Body, keys: Sequence[ProcessKey], fields: Fields) -> Named:
    """What the answer says about each key. Raises a Fault other than BAD_NAME, or BadAnswer.

    A process that is not the one that was asked for is a BadAnswer, too.
    """
    named = _decode_fast(body, keys, fields) or _decode_strict(body, keys)
    for key, process in zip(keys, named[0], strict=True):
        if process is not None and process.key != key:
            raise BadAnswer(
                "it answered about another process than was asked for", "see what listens at this address"
            )
    return named


def _decode_fast(body: Body, keys: Sequence[ProcessKey], fields: Fields) -> Named | None:
    layout = layout_of(fields)
    if layout is None or len(body) > MAX_BODY or len(keys) > layout.most or not body.startswith(HEAD):
        return None
    body = bytes(body)
    position, now = len(HEAD), b"0"
    processes: list[Process] = []
    for key in keys:
        row = layout.read(body, position)
        process = process_of(key.host, layout, row) if row else None
        if row is None or process is None:
            return None
        processes.append(process)
        position, now = row[0].end(), row[0][layout.now]
    if len(body) != position + len(TAIL) or not body.startswith(TAIL, position):
        return None
    return tuple(processes), int(now)


def _decode_strict(body: Body, keys: Sequence[ProcessKey]) -> Named:
    values = answers.multicall_results(decode_answer(body), len(keys))
    now = 0
    processes: list[Process | None] = []
    for key, value in zip(keys, values, strict=True):
        if isinstance(value, Fault):
            if value.code != FaultCode.BAD_NAME:
                raise value
            processes.append(None)
            continue
        struct = answers.as_struct(value, "a process")
        processes.append(answers.process_from_struct(key.host, struct))
        now = answers.server_time(struct.get("now", 0), "the server's time")
    return tuple(processes), now
