"""A screen that closes once, and does not paint itself again when the focus moves.

Textual's own declares `focused` as something to repaint for: 20 KB at 200x60 for a step from one pane to the next.
Widgets of this room show the focus themselves, in one line.
"""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType
from textual.widget import Widget


class ClosesOnce(Screen[ScreenResultType]):
    """A screen of which only itself is closed, however often it is told to."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Textual's closes whatever is on top: a second key that was typed ahead would close the screen below as well."""
        return super().dismiss(result) if self.is_active else AwaitComplete()


class QuietScreen(ClosesOnce[ScreenResultType]):
    """The base of every screen of ours."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
