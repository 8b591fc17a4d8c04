"""What guards the secrets of a whole process, taken up before the first of them is read.

Who comes in: `tui.__main__`, once. Who leaves: the process's `Redactor`, to be told every secret. The rule: whatever Python
itself would print about an error of ours (a traceback, an exception in a thread, what nobody could raise) goes through
the redactor into a private file, and at most one line to people.
"""

from __future__ import annotations

import contextlib
import functools
import resource
import sys
import threading
from types import TracebackType

from tui.config.log_file import log_to_file
from tui.config.redactor import Redactor

_PR_SET_DUMPABLE = 4
"""linux/prctl.h"""


@functools.cache
def protect() -> Redactor:
    """No core dumps, no tracebacks on the terminal, a redacted log, once; returns the redactor of all that."""
    redactor = Redactor()
    forbid_core_dumps()
    log_to_file(redactor)
    catch_uncaught(redactor)
    return redactor


def forbid_core_dumps() -> None:
    """Keep the memory of this process, where passwords are, from being written to a disk when it dies.

    On Linux other programs of the same user can then not read it either (prctl(2), PR_SET_DUMPABLE).
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def catch_uncaught(redactor: Redactor) -> None:
    """Have what nobody caught end in a private file instead of on the terminal; in threads, in the log."""
    import logging

    log = logging.getLogger(__name__)

    def uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.stderr.write("interrupted\n")
            return
        from tui.config.crash import crash_line, write_crash_file  # here, because hardly any run needs it

        error = error.with_traceback(trace)
        path = write_crash_file(error, redactor)
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{crash_line(error, path, redactor)}\n")

    def in_thread(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_type is not SystemExit and failed.exc_value is not None:
            log.error("a thread ended", exc_info=failed.exc_value)

    def unraisable(failed: sys.UnraisableHookArgs) -> None:
        # Its object is not named: the text of one may be anything.
        log.error("%s", failed.err_msg or "an error that could not be raised", exc_info=failed.exc_value)

    sys.excepthook = uncaught
    threading.excepthook = in_thread
    sys.unraisablehook = unraisable
