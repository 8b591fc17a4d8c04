"""docs/keys.md, written from the registry."""

from __future__ import annotations

from tui.ui.actions import Scope, actions_in, shown_key


def keys_page() -> str:
    """The page: a table for each screen."""
    lines = [
        "# Keys",
        "",
        "Lower case never changes the world; capital letters open a question, whose answer is No unless you say",
        "otherwise (only the start of one single process is not asked about). Every key can be another one: `ui.keys` in hosts.yaml maps an action's id to a key.",
        "This page is made by `python -m tui.ui.actions > docs/keys.md`.",
    ]
    for scope in Scope:
        lines += ["", f"## {scope.value.capitalize()}", "", "| keys | action | id | |", "|---|---|---|---|"]
        for action in actions_in(scope):
            keys = " ".join(f"`{shown_key(key)}`" for key in action.keys) or f"`:{action.id}`"
            lines.append(
                f"| {keys} | {action.title} | `{action.id}` | {action.help.replace('|', chr(92) + '|')} |"
            )
    return "\n".join(lines) + "\n"
