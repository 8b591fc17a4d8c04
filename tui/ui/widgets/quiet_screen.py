"""A screen that does not paint itself again when the focus moves.

Textual's own declares `focused` as something to repaint for: 20 KB at 200x60 for a step from one pane to the next.
Widgets of this room show the focus themselves, in one line.
"""

from __future__ import annotations

from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget


class QuietScreen(Screen[ScreenResultType]):
    """The base of every screen of ours."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
