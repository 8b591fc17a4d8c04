"""The wheel of the mouse, the same for every widget that moves what it shows by lines."""

from __future__ import annotations

from textual import events

from tui.ui.widgets.lines import LineWidget

NOTCH = 3
"""Lines per notch of the wheel."""


class WheelWidget(LineWidget):
    """Lines that the wheel moves."""

    def wheel(self, by: int) -> None:
        """Move what is shown by so many lines: down, or up when negative."""
        raise NotImplementedError

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """A notch down."""
        event.stop()
        self.wheel(NOTCH)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """A notch up."""
        event.stop()
        self.wheel(-NOTCH)
