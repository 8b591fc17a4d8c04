"""How the program ends when something is wrong: one sentence on stderr and an exit code, never a traceback.

Who comes in: the errors that people are meant to read. Who leaves: an exit code. The rule: no parser is imported for it.
"""

from __future__ import annotations

import sys

from tui.cli.exit_codes import ExitCode
from tui.errors import QueryError, SupervisorTuiError


def told(error: SupervisorTuiError | KeyboardInterrupt) -> int:
    """Say what is wrong; the exit code."""
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        return ExitCode.INTERRUPTED
    sys.stderr.write(f"supervisor-tui: {error}{_pointer(error)}\n")
    return error.exit_code


def _pointer(error: SupervisorTuiError) -> str:
    """Two more lines for a filter that does not parse: the filter, and a mark under the offending character."""
    if not isinstance(error, QueryError):
        return ""
    from tui.text import cell_width, clean

    indent = cell_width(clean(error.query[: error.position]))
    return f"\n  {clean(error.query)}\n  {' ' * indent}^"
