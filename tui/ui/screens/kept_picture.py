"""When a picture of the fleet screen is kept for the next start: as the program is left, and each minute that changed it.

Who comes in: the app's tick and its end. Who leaves: a file (`picture_file`). The rule: a picture is a nicety; nothing
that goes wrong with it may be seen, or stand in the way of leaving.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from textual.app import App

from tui.ui.picture_file import Picture
from tui.ui.screens.fleet import FleetScreen

log = logging.getLogger(__name__)

EACH_SECONDS = 60.0


class KeptPicture:
    """Keeps what the fleet screen of `app` shows."""

    def __init__(self, app: App[int], fleet: FleetScreen, redact: Callable[[str], str]) -> None:
        self._app = app
        self._fleet = fleet
        self._redact = redact
        self._due = fleet.session.monotonic() + EACH_SECONDS
        self._kept: Picture | None = None

    def tick(self) -> None:
        """Once a minute: keep what has changed; the file is written by another thread."""
        now = self._fleet.session.monotonic()
        if now >= self._due:
            self._due = now + EACH_SECONDS
            self._keep(lambda write: self._app.run_worker(write, thread=True, exit_on_error=False))

    def keep(self) -> None:
        """Keep it now: the program is about to end."""
        self._keep(lambda write: write())

    def _keep(self, run: Callable[[Callable[[], object]], object]) -> None:
        last = self._fleet.session.last
        if last is None or not last.source:
            return
        try:
            picture = self._take(last.start)
            if picture is not None and (self._kept is None or picture.lines != self._kept.lines):
                self._kept = picture
                run(lambda: last.keep(picture))
        except Exception:
            log.exception("the picture of the fleet could not be kept")

    def _take(self, start: str) -> Picture | None:
        """The picture; None while the screen shows less than the fleet."""
        fleet = self._fleet
        whole = not (fleet.old.showing or fleet.has_class("-tiny") or fleet.engine.picture.counts.pending)
        if not (whole and fleet.is_mounted and fleet.table.display):
            return None
        from tui.ui.picture_taking import take_picture

        hidden = (fleet.breadcrumb, fleet.detail, fleet.ticker, fleet.filter)
        return take_picture(
            fleet._compositor.render_strips(),
            blank=[widget.region for widget in hidden if widget.display],
            ground=fleet.table.base,
            mark=fleet.table.palette.badge,
            colours=self._app.console._color_system,
            redact=self._redact,
            start=start,
            now=int(fleet.session.wall()),
        )
