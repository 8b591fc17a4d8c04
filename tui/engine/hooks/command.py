"""A program of the user's is run for a report: its words are his, what a host says comes by environment and stdin.

The rule: no shell, a session of its own, and the whole of it is ended when it takes too long.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from tui.engine.hooks.hook import Undelivered
from tui.engine.hooks.report import Report
from tui.text import clean

SECONDS = 60.0
GRACE = 5.0
"""Seconds that it has to end after a polite word."""


class Command:
    """Runs these words."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        without: Iterable[str] = (),
        seconds: float = SECONDS,
        environment: Mapping[str, str] = os.environ,
        silent: bool = False,
    ) -> None:
        """`without`: variables that it does not get, because they hold passwords. `silent`: what it prints goes nowhere."""
        self._words = tuple(words)
        secret = frozenset(without)
        self._environment = {name: value for name, value in environment.items() if name not in secret}
        self._seconds = seconds
        self._output = subprocess.DEVNULL if silent else 2  # never our stdout, which is for data
        self._name = clean(os.path.basename(self._words[0]), 60)

    def __call__(self, report: Report) -> None:
        """Run it to its end. Raises Undelivered; a program that fails is not run a second time for the same report."""
        try:
            program = subprocess.Popen(  # noqa: S603  (the user's own words, and no shell)
                self._words,
                stdin=subprocess.PIPE,
                stdout=self._output,
                stderr=self._output,
                env={**self._environment, **report.variables()},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise Undelivered(f"{self._name} cannot be run: {reason}", again=False) from None
        try:
            program.communicate(report.body(), timeout=self._seconds)
        except subprocess.TimeoutExpired:
            self._end(program)
            raise Undelivered(
                f"{self._name} took longer than {self._seconds:g} s and was ended", again=False
            ) from None
        if program.returncode:
            raise Undelivered(f"{self._name} failed with exit status {program.returncode}", again=False)

    def _end(self, program: subprocess.Popen[bytes]) -> None:
        """It and whatever it began."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                program.wait(GRACE)
        if program.stdin is not None:
            with contextlib.suppress(OSError):
                program.stdin.close()
