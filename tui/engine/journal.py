"""What was asked of which supervisord, by whom, and how it ended: JSON lines, appended, never rewritten.

Who comes in: the actions, with an INTENT right before the byte that makes a request run and an OUTCOME afterwards. Who
leaves: `interrupted`, what an earlier run began and never finished. The rule: an intent is on the disk before its action
can have any effect, and nothing secret is ever written (text for a process's stdin is kept as its length).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pwd
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from tui.config.private import make_private_directory, open_private
from tui.errors import RefusedError
from tui.model.outcome import Outcome
from tui.model.plan import Verb
from tui.model.process import ProcessKey
from tui.model.states import OutcomeKind, ProcessState

FILE_NAME = "journal.jsonl"
READ_BACK = 4 * 1024 * 1024
"""Bytes of the journal's end that are looked at for what was interrupted."""
LINE_LIMIT = 4000
"""A write of one line up to this size is not torn by another writer's (POSIX leaves more to the file system)."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One action about to be sent; `id` ties its outcome to it."""

    id: str
    job: int
    verb: Verb
    key: ProcessKey
    argument: str = ""
    state: ProcessState | None = None
    pid: int = 0


class Journal:
    """The journal of this user on this machine; several running programs may share it."""

    def __init__(
        self,
        state_dir: Path | None,
        *,
        required: bool = False,
        complain: Callable[[str], None] = lambda sentence: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """No directory, no journal. `complain` gets one sentence when it cannot be written; `required` refuses then."""
        self._path = None if state_dir is None else state_dir / FILE_NAME
        self.required = required
        self._complain = complain
        self._wall = wall
        self._file: int | None = None
        self._complained = False
        self._who = _who()
        self._instance = _instance(os.getpid())
        self._unsettled: dict[tuple[int, ProcessKey], Intent] = {}
        self.damaged = 0
        """Lines of the journal that could not be read back, and that no earlier run has told of."""
        self._torn = True
        """Whether the last line may be half a one: somebody died or the disk was full in the middle of it."""
        self._interrupted, self._lost = self._find_cut_short()
        self._tell_of_lost_groups()
        self._tell_of_damage()

    def intent(
        self,
        verb: Verb,
        key: ProcessKey,
        *,
        job: int = 0,
        argument: str = "",
        state: ProcessState | None = None,
        pid: int = 0,
    ) -> Intent:
        """Write and sync an intent. Raises RefusedError when it cannot be written and the journal is required."""
        if verb in (
            Verb.STDIN,
            Verb.SEND_EVENT,
        ):  # what is sent may be a secret; the kind of an event is none
            kind, blank, data = argument.partition(" ") if verb is Verb.SEND_EVENT else ("", "", argument)
            argument = f"{kind}{blank}{len(data)} characters"
        intent = Intent(os.urandom(8).hex(), job, verb, key, argument, state, pid)
        self._write(
            {
                "kind": "intent",
                **_about(intent),
                "argument": argument,
                "state": None if state is None else state.name,
                "pid": pid,
                "instance": self._instance,
                "who": self._who,
            },
            sync=True,
        )
        return intent

    def outcome(self, intent: Intent, outcome: Outcome, *, closed: bool = False) -> None:
        """Write how it ended; RefusedError never comes from here, as what is done cannot be refused.

        An UNKNOWN end stays open until `settled`, for a later run too, unless it is `closed`.
        """
        if outcome.kind is OutcomeKind.UNKNOWN and not closed:
            self._unsettled[intent.job, intent.key] = intent
        with contextlib.suppress(RefusedError):
            self._write(
                {
                    "kind": "outcome",
                    **_about(intent),
                    "outcome": outcome.kind.value,
                    "detail": outcome.detail,
                    "state": None if outcome.state_after is None else outcome.state_after.name,
                    "pid": outcome.pid_after,
                    "seconds": round(outcome.seconds, 3),
                    **({"closed": True} if closed else {}),
                }
            )

    def settled(self, job: int, outcome: Outcome) -> None:
        """Write what became of an UNKNOWN end after all."""
        intent = self._unsettled.pop((job, outcome.key), None)
        if intent is not None:
            self.outcome(intent, outcome)

    @property
    def interrupted(self) -> tuple[ProcessKey, ...]:
        """What a program that no longer runs began to restart and never saw end; the oldest first."""
        return tuple(dict.fromkeys(intent.key for intent in self._interrupted))

    def settle(self, keys: Iterable[ProcessKey], detail: str) -> None:
        """Close what was cut short: the user has been told, or it has been acted on since (a host's key: updated)."""
        settled = frozenset(keys)
        closed = [intent for intent in self._interrupted if intent.key in settled]
        closed += [intent for intent in self._lost if ProcessKey(intent.key.host) in settled]
        for intent in closed:
            self.outcome(intent, Outcome(intent.key, OutcomeKind.UNKNOWN, detail), closed=True)
        self._interrupted = tuple(intent for intent in self._interrupted if intent not in closed)
        self._lost = tuple(intent for intent in self._lost if intent not in closed)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _find_cut_short(self) -> tuple[tuple[Intent, ...], tuple[Intent, ...]]:
        """Restarts, and gaps of updates in which a group was nowhere, that a program began which runs no longer."""
        begun: dict[str, tuple[Intent, str]] = {}
        for record in self._read_back():
            try:
                intent = _intent_from(record)
            except (KeyError, TypeError, ValueError):
                self.damaged += 1
                continue
            if record["kind"] == "outcome":
                if record.get("outcome") != OutcomeKind.UNKNOWN.value or record.get("closed"):
                    begun.pop(intent.id, None)
            elif intent.verb is Verb.RESTART or (intent.verb is Verb.UPDATE and intent.key.group):
                begun[intent.id] = (intent, str(record.get("instance", "")))
        cut = [intent for intent, instance in begun.values() if not _still_runs(instance)]
        restarts = tuple(intent for intent in cut if intent.verb is Verb.RESTART)
        return restarts, tuple(intent for intent in cut if intent.verb is Verb.UPDATE)

    def _tell_of_lost_groups(self) -> None:
        for intent in self._lost:
            host, group, _ = intent.key
            self._complain(
                f"an update of {host} was cut short in an earlier run: group {group} was removed and may not have been "
                f"added again; update {host} once more"
            )

    def _tell_of_damage(self) -> None:
        """Say it, and write that it was said, so that no later run says it again."""
        if not self.damaged:
            return
        lines = "1 line" if self.damaged == 1 else f"{self.damaged} lines"
        self._complain(f"{lines} of the journal {self._path} cannot be read and were skipped")
        with contextlib.suppress(RefusedError):
            self._write({"kind": "damage", "lines": self.damaged})

    def _write(self, record: dict[str, Any], *, sync: bool = False) -> None:
        if self._path is None:
            if self.required:
                self._refuse("there is no directory for it")
            return
        line = {
            "time": datetime.fromtimestamp(self._wall(), UTC).isoformat(timespec="milliseconds"),
            **record,
        }
        try:
            self._append(_encoded(line))
            if sync:
                os.fdatasync(self._open())
        except OSError as error:
            self._unwritable(error)

    def _append(self, line: bytes) -> None:
        """One write. After half a line this one begins on its own, or both would be lost."""
        file = self._open()
        line = b"\n" + line if self._torn else line
        self._torn = True
        if os.write(file, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._torn = False

    def _open(self) -> int:
        """The file, opened when it is first needed, and again when somebody has removed it."""
        assert self._path is not None
        if self._file is not None and not os.fstat(self._file).st_nlink:
            self.close()
        if self._file is None:
            self._file, self._torn = _open_private(self._path)
        return self._file

    def _unwritable(self, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            self._complain(
                f"the journal {self._path} cannot be written: {error.strerror}; actions go unrecorded"
            )
        if self.required:
            self._refuse(str(error.strerror))

    def _refuse(self, why: str) -> NoReturn:
        raise RefusedError(
            f"the journal cannot be written ({why}), and the configuration requires it",
            "make room or mend its permissions; `supervisor-tui paths` says where it is",
        )

    def _read_back(self) -> Iterator[dict[str, Any]]:
        if self._path is None:
            return
        try:
            with open(self._path, "rb", opener=open_private) as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - READ_BACK))
                lines = file.read().split(b"\n")
        except OSError:
            return
        # The first piece may be half a line when reading began in the middle, the last one while somebody writes.
        for line in filter(None, lines[1 if size > READ_BACK else 0 : -1]):
            try:
                record = json.loads(line)
            except ValueError:
                self.damaged += 1
                continue
            kind = record.get("kind") if isinstance(record, dict) else None
            if kind == "damage":
                told = record.get("lines")
                self.damaged = max(0, self.damaged - (told if isinstance(told, int) else 0))
            elif kind in ("intent", "outcome"):
                yield record
            else:
                self.damaged += 1


def _about(intent: Intent) -> dict[str, Any]:
    host, group, name = intent.key
    return {
        "id": intent.id,
        "job": intent.job,
        "verb": intent.verb.value,
        "host": host,
        "group": group,
        "name": name,
    }


def _intent_from(record: dict[str, Any]) -> Intent:
    state = record.get("state")
    return Intent(
        str(record["id"]),
        int(record.get("job", 0)),
        Verb(record["verb"]),
        ProcessKey(str(record["host"]), str(record["group"]), str(record["name"])),
        str(record.get("argument", "")),
        ProcessState[state] if state else None,
        int(record.get("pid", 0)),
    )


def _encoded(line: dict[str, Any]) -> bytes:
    text = json.dumps(line)
    if len(text) > LINE_LIMIT and "detail" in line:
        text = json.dumps({**line, "detail": line["detail"][:200]})
    return text.encode() + b"\n"


def _open_private(path: Path) -> tuple[int, bool]:
    """The journal for appending, and whether its last line is half a one. Raises OSError also for what is no file."""
    make_private_directory(path.parent)
    file = open_private(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
    size = os.fstat(file).st_size
    return file, size > 0 and os.pread(file, 1, size - 1) != b"\n"


def _who() -> dict[str, Any]:
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = str(uid)
    known = {"uid": uid, "user": user}
    for variable in ("SUDO_USER", "SSH_CONNECTION"):
        if value := os.environ.get(variable):
            known[variable.lower()] = value[:200]
    return known


def _instance(pid: int) -> str:
    """A process's pid and start time: pids are used again, the pair is not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return str(pid)
    return f"{pid}/{fields[19]}"


def _still_runs(instance: str) -> bool:
    pid = instance.partition("/")[0]
    if not pid.isdigit() or _instance(int(pid)) != instance:
        return False
    try:
        os.kill(int(pid), 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True
