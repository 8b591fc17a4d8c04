"""The registry: everything a key can do, once. Find the code behind any key here: its `handler` names the method.

Who reads it: key bindings, the footer, the help (`?`), the palette (`:`), the menu (`a`), the remapping of keys, and
`docs/keys.md`, which `python -m tui.ui.actions` prints. What several screens share stands together by what it is for, with
what the fleet alone has in its place among it; `log`, `jobs` and `timeline` hold what only theirs have. The rules: no screen
binds a key that does not stand here, and the order here is the order in help, palette and docs.
"""

from __future__ import annotations

from tui.ui.actions.acting import ACTING_ON_TARGETS
from tui.ui.actions.action import Action, Scope, Section, shown_key, shown_keys
from tui.ui.actions.finding import FINDING
from tui.ui.actions.jobs import ON_JOBS
from tui.ui.actions.log import ON_LOG
from tui.ui.actions.looking import LOOKING
from tui.ui.actions.moving import MOVING
from tui.ui.actions.timeline import ON_TIMELINE

ACTIONS: tuple[Action, ...] = (
    *MOVING,
    *FINDING,
    *LOOKING,
    *ACTING_ON_TARGETS,
    *ON_LOG,
    *ON_TIMELINE,
    *ON_JOBS,
)

BY_ID = {action.id: action for action in ACTIONS}


def actions_in(scope: Scope) -> tuple[Action, ...]:
    """What works on this screen, in the registry's order."""
    return tuple(action for action in ACTIONS if scope in action.scopes)


__all__ = ["ACTIONS", "BY_ID", "Action", "Scope", "Section", "actions_in", "shown_key", "shown_keys"]
