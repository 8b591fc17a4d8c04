"""What every screen has: the bottom lines, movement, help, palette, jobs, the way back, and a word for tiny terminals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget

from tui.model.policy import Judgement
from tui.ui.actions import Scope, Section, actions_in
from tui.ui.screens.bottom_line import BottomLine
from tui.ui.screens.moving import move
from tui.ui.session import Session
from tui.ui.terminal.diff_driver import redraw
from tui.ui.widgets.fleet_table import FleetTable
from tui.ui.widgets.job_table import JobTable
from tui.ui.widgets.key_footer import KeyFooter
from tui.ui.widgets.lines import LineWidget, Run
from tui.ui.widgets.list_lines import ListWidget
from tui.ui.widgets.log_view import LogView
from tui.ui.widgets.quiet_screen import QuietScreen
from tui.ui.widgets.ticker import Severity

if TYPE_CHECKING:
    from tui.engine.acting.jobs import JobPicture

LEAST_WIDTH, LEAST_HEIGHT = 40, 8


class TooSmall(LineWidget):
    """Stands in for everything while the terminal is too small."""

    def paint(self, y: int, width: int) -> list[Run]:
        """One sentence, on as many lines as it needs."""
        size = self.app.size
        words = (
            f"This terminal is {size.width}x{size.height}; at least {LEAST_WIDTH}x{LEAST_HEIGHT} is needed."
        )
        return [(words[y * width : (y + 1) * width], self.palette.busy)]


class BaseScreen(QuietScreen[None]):
    """The ground of the screens."""

    class ReloadWanted(Message):
        """The user asked for the configuration to be read again."""

    SCOPE: ClassVar[Scope]
    DEFAULT_CSS = """
    BaseScreen { layout: vertical; background: $background; }
    BaseScreen > .news { height: 1; }
    BaseScreen > TooSmall { display: none; }
    BaseScreen.-tiny > * { display: none; }
    BaseScreen.-tiny > TooSmall { display: block; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.engine = session.engine
        self.ticker = self.confirm = BottomLine()
        self.footer = KeyFooter()

    # --- for subclasses ---------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """What stands above the bottom lines."""
        raise NotImplementedError

    def instead_of_ticker(self) -> Iterable[Widget]:
        """What may take the ticker's line; hidden at first."""
        return ()

    @property
    def main(self) -> Widget:
        """What has the focus when nothing else has."""
        raise NotImplementedError

    def picture_changed(self) -> None:
        """The engine has something new to see."""

    def tick(self) -> None:
        """A second has passed."""

    def step_back(self) -> None:
        """Escape: close this screen, unless there is something smaller to take back."""
        self.dismiss(None)

    # --- the ground -------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The body, the ticker or a small question, the keys."""
        yield TooSmall()
        yield from self.body()
        # In a box of their own: to show or hide a child makes Textual send all of its parent.
        yield Horizontal(self.ticker, *self.instead_of_ticker(), classes="news")
        yield self.footer

    def on_mount(self) -> None:
        """Say which keys work here."""
        spare = {action.word for action in actions_in(self.SCOPE) if action.spare}
        self.footer.set_keys(self._footer_keys(), spare)
        self.main.focus()
        self.refresh_picture()

    def on_resize(self, event: events.Resize) -> None:
        """A terminal that is too small gets a sentence."""
        self.set_class(event.size.width < LEAST_WIDTH or event.size.height < LEAST_HEIGHT, "-tiny")

    def on_screen_resume(self) -> None:
        """Show what has changed while another screen was open."""
        if self.is_mounted:
            self.refresh_picture()

    def refresh_picture(self) -> None:
        """Bring everything up to date."""
        self.ticker.set_job(self._running_job())
        self.picture_changed()

    def say(self, text: str, severity: Severity = "note") -> None:
        """A sentence in the ticker; the text is clean."""
        self.ticker.say(text, severity)

    def say_refused(self, judgement: Judgement) -> None:
        """Why policy forbids it, and what to do instead."""
        self.say(f"refused: {judgement.refusal} — {judgement.advice}".rstrip(" —"), "error")

    @property
    def asking(self) -> bool:
        """Whether a question is open, here or above."""
        return self.confirm.asking or self.app.screen is not self

    def _running_job(self) -> JobPicture | None:
        return next((job for job in self.engine.jobs if not job.finished), None)

    def _footer_keys(self) -> list[tuple[str, str]]:
        shown = sorted(
            (action for action in actions_in(self.SCOPE) if action.word), key=lambda action: action.footer
        )
        keys: list[tuple[str, str]] = []
        for index, action in enumerate(shown):
            if index and (action.section is Section.ACT) is not (shown[index - 1].section is Section.ACT):
                keys.append(("", ""))
            keys.append((self.session.keymap.shown(action).split()[0], action.word))
        return keys

    # --- keys -------------------------------------------------------------------------------------------------------

    def action_down(self) -> None:
        """One row or line down."""
        self._move("down")

    def action_up(self) -> None:
        """One row or line up."""
        self._move("up")

    def action_home(self) -> None:
        """To the first row or line."""
        self._move("home")

    def action_end(self) -> None:
        """To the last row or line."""
        self._move("end")

    def action_page_down(self) -> None:
        """A page down."""
        self._move("page-down")

    def action_page_up(self) -> None:
        """A page up."""
        self._move("page-up")

    def action_half_down(self) -> None:
        """Half a page down."""
        self._move("half-down")

    def action_half_up(self) -> None:
        """Half a page up."""
        self._move("half-up")

    def action_left(self) -> None:
        """Close a node, or look left."""
        self._move("left")

    def action_right(self) -> None:
        """Open a node, or look right."""
        self._move("right")

    def _move(self, step: str) -> None:
        move(self.focused or self.main, step)

    def action_open(self) -> None:
        """Open what is under the cursor."""
        widget = self.focused or self.main
        if isinstance(widget, ListWidget):
            widget.opened()

    def action_next_problem(self) -> None:
        """The next row that wants attention, or line that looks like an error."""
        main = self.main
        if isinstance(main, LogView):
            if not main.next_trouble():
                self.say("no line below looks like an error", "good")
            return
        if isinstance(main, (FleetTable, JobTable)) and not main.next_problem():
            self.say("no problems here", "good")

    def action_previous_problem(self) -> None:
        """The row before that wants attention, or the line that looks like an error."""
        main = self.main
        if isinstance(main, LogView):
            if not main.previous_trouble():
                self.say("no line above, of those that are loaded, looks like an error", "good")
            return
        found = main.previous_problem() if isinstance(main, FleetTable) else False
        if isinstance(main, JobTable):
            found = main.next_problem()
        if not found:
            self.say("no problems here", "good")

    def action_next_match(self) -> None:
        """The next row or line that matches."""
        if isinstance(self.main, (FleetTable, LogView)) and not self.main.next_match():
            self.say("no match below")

    def action_previous_match(self) -> None:
        """The row or line before that matches."""
        if isinstance(self.main, (FleetTable, LogView)) and not self.main.previous_match():
            in_log = isinstance(self.main, LogView)
            self.say("no match above, in what is loaded: g loads more" if in_log else "no match above")

    def action_problems(self) -> None:
        """Only what wants attention, and back."""
        raise NotImplementedError

    def action_reload(self) -> None:
        """Read the hosts file again: the app's affair."""
        self.post_message(self.ReloadWanted())

    def action_redraw(self) -> None:
        """Send the whole screen again."""
        redraw(self.app)

    def action_help(self) -> None:
        """Every key of this view."""
        from tui.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.session, self.SCOPE))

    def action_palette(self) -> None:
        """Find any action by its name."""
        from tui.ui.commands import palette

        self.app.push_screen(palette())

    def action_jobs(self) -> None:
        """What was asked for, target by target."""
        from tui.ui.screens.jobs import JobsScreen

        self.app.push_screen(JobsScreen(self.session))

    def action_back(self) -> None:
        """Take the smallest thing back; never quits."""
        self.ticker.hush()
        self.step_back()

    def action_quit(self) -> None:
        """Back."""
        self.dismiss(None)
