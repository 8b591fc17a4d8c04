"""Textual's driver for a Unix terminal, with a shadow of the terminal under it: a frame costs what differs, and no more.

Who comes in: Textual, which writes whole lines and whole screens, and often what is on the screen already. Who leaves: the
bytes of `ShadowGrid`. The rule: whenever something else may have written on the terminal, the grid is told to forget.
"""

from __future__ import annotations

from typing import Any

from textual.app import App

from tui.ui.terminal.lasting_driver import LastingDriver
from tui.ui.terminal.shadow_grid import ShadowGrid


class DiffDriver(LastingDriver):
    """Writes only what the terminal does not show yet."""

    _grid: ShadowGrid | None = None

    def write(self, data: str) -> None:
        """Write `data`, or less that has the same effect."""
        news = self.grid.feed(data)
        if news:
            super().write(news)

    @property
    def grid(self) -> ShadowGrid:
        """What the terminal shows, at the size Textual paints for."""
        width, height = self._app.size
        if self._grid is None:
            self._grid = ShadowGrid(width, height)
        elif (width, height) != (self._grid.width, self._grid.height):
            self._grid.resize(width, height)
        return self._grid

    def start_application_mode(self) -> None:
        """Take the terminal, at the beginning and after a suspension, and show at once what it showed before."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None and self._writer_thread.is_alive():
            self._show_again()

    def _show_again(self) -> None:
        if self._get_terminal_size() == self._app.size:
            super().write(self.grid.repaint())
        else:  # Textual does not know the new size yet; it will paint for it
            self.forget()

    def forget(self) -> None:
        """Somebody else may have written on the terminal: the next frame is sent whole."""
        self.grid.forget()


def redraw(app: App[Any]) -> None:
    """Have everything sent again, with whatever driver: another program may have written on the terminal."""
    if isinstance(app._driver, DiffDriver):
        app._driver.forget()
    for screen in app.screen_stack:
        screen.refresh(layout=True)
