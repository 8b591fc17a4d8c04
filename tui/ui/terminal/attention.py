"""Sequences by which a terminal tells its user something: its title, and a notification of the desktop.

Who comes in: clean text. Who leaves: what is written to the terminal. The rule: no byte of a text can end a sequence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tui.config.schema import DesktopMode
from tui.text import clean_cell

PUSH_TITLE, POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"
"""Keep the title that the terminal has, and give it back (xterm's window operations)."""
_MOST_CELLS = 200

Kind = Literal["osc9", "osc777", ""]

_BY_TERM = {"foot": "osc777", "rxvt-unicode": "osc777", "xterm-kitty": "osc777", "xterm-ghostty": "osc777"}
_BY_PROGRAM = {"iTerm.app": "osc9", "iTerm2": "osc9", "WezTerm": "osc777", "ghostty": "osc777"}


def title(text: str) -> str:
    """Give the window this title."""
    return f"\x1b]2;{_inside(text)}\x07"


def notification(kind: Kind, heading: str, text: str) -> str:
    """Have the desktop show a text; nothing where the terminal cannot."""
    match kind:
        case "osc9":
            return f"\x1b]9;{_inside(heading)}: {_inside(text)}\x07"
        case "osc777":
            return f"\x1b]777;notify;{_inside(heading)};{_inside(text)}\x07"
    return ""


def kind_of(mode: DesktopMode, environment: Mapping[str, str]) -> Kind:
    """How this terminal shows notifications, as far as its environment tells; inside tmux and screen it does not."""
    match mode:
        case "osc9" | "osc777":
            return mode
        case "off":
            return ""
    if environment.get("TMUX") or environment.get("STY"):
        return ""
    program = environment.get("TERM_PROGRAM") or environment.get("LC_TERMINAL") or ""
    found = _BY_PROGRAM.get(program) or _BY_TERM.get(environment.get("TERM", "").removesuffix("-direct"))
    if found is None and environment.get("VTE_VERSION"):
        found = "osc777"
    return "osc9" if found == "osc9" else "osc777" if found else ""


def _inside(text: str) -> str:
    return clean_cell(text, _MOST_CELLS).replace(";", ",")
