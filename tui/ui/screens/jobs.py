"""Jobs: what was asked for, a row per target with its outcome; and what may follow: retry, resume, undo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.engine.acting.follow_up import FollowUp, follow_up
from tui.engine.acting.jobs import JobPicture
from tui.errors import RefusedError, SupervisorTuiError
from tui.model.plan import Plan, plan_summary, plan_words
from tui.model.policy import Judgement
from tui.ui.actions import Scope
from tui.ui.keymap import bindings_of
from tui.ui.screens.base import BaseScreen
from tui.ui.screens.heading import Heading
from tui.ui.screens.modals import QuestionScreen
from tui.ui.screens.pointing import key_words
from tui.ui.session import Session
from tui.ui.widgets.job_list import JobList
from tui.ui.widgets.job_table import JobTable


class JobsScreen(BaseScreen):
    """The jobs of this run, and the targets of one of them, the newest first."""

    SCOPE = Scope.JOBS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(Scope.JOBS)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heading = Heading("Jobs")
        self.list = JobList()
        self.table = JobTable()
        self._number = 0
        self._trouble_only = False

    def body(self) -> Iterable[Widget]:
        """A line, the jobs when there are several, and the rows of one."""
        yield self.heading
        yield self.list
        yield self.table

    @property
    def main(self) -> Widget:
        """The rows."""
        return self.table

    @property
    def job(self) -> JobPicture | None:
        """The one that is shown, as it is now; the newest at first."""
        jobs = self.engine.jobs
        return next((job for job in jobs if job.number == self._number), jobs[0] if jobs else None)

    def picture_changed(self) -> None:
        """Outcomes as they come."""
        job = self.job
        if job is None:
            self.heading.set_text("Jobs", "none in this run   esc back")
            return
        self._number = job.number
        others = "< newer   > older   " if len(self.engine.jobs) > 1 else ""
        self.heading.set_text("Jobs", f"{others}esc back")
        self.list.set_jobs(self.engine.jobs, job.number)
        self.table.set_job(job)

    def tick(self) -> None:
        """Times of what runs."""
        self.table.repaint()

    # --- keys -------------------------------------------------------------------------------------------------------

    def action_problems(self) -> None:
        """Only what is in trouble, and back."""
        self._trouble_only = not self._trouble_only
        self.table.show_trouble(self._trouble_only)

    def action_job_newer(self) -> None:
        """The job after this one."""
        self._go(-1)

    def action_job_older(self) -> None:
        """The job before this one."""
        self._go(1)

    def _go(self, by: int) -> None:
        jobs, job = self.engine.jobs, self.job
        if job is None:
            return
        at = jobs.index(job) + by
        if 0 <= at < len(jobs):
            self._number = jobs[at].number
            self.picture_changed()
        else:
            self.say("there is no other job in that direction")

    def action_job_cancel(self) -> None:
        """Begin nothing more; what has begun is followed to its end."""
        job = self.job
        if job is None or job.finished:
            self.say("this job has ended: there is nothing to cancel", "warning")
            return
        self.engine.cancel(job.number)
        self.say(f"job {job.number}: nothing more is begun; what runs is followed to its end")

    def action_job_retry(self) -> None:
        """A new job with what failed."""
        self._propose(FollowUp.RETRY)

    def action_job_resume(self) -> None:
        """A new job with what this one has not begun."""
        self._propose(FollowUp.RESUME)

    def action_job_undo(self) -> None:
        """A new job that starts what this one stopped, or stops what it started."""
        self._propose(FollowUp.UNDO)

    def _propose(self, what: FollowUp) -> None:
        """Plan, judge, ask as for any other job; or say why not."""
        job = self.job
        if job is None:
            self.say("there is no job yet", "warning")
            return
        picture, now = self.engine.picture, self.session.monotonic()
        try:
            plan = follow_up(what, job, picture, now)
        except RefusedError as error:
            self.say(str(error), "warning")
            return
        judgement = self.engine.policy.judge(plan, picture, now)
        if judgement.refusal:
            self.say_refused(judgement)
        elif not plan.acting:
            self.say(plan_words(plan), "warning")
        else:
            self._ask(plan, judgement)

    def _ask(self, plan: Plan, judgement: Judgement) -> None:
        def answered(yes: bool | None) -> None:
            if not yes:
                self.say(f"not done: {plan_words(plan)[:1].lower()}{plan_words(plan)[1:]}")
                return
            try:
                self._number = self.engine.submit(plan, judgement.tier)
            except SupervisorTuiError as error:
                self.say(f"refused: {error}", "error")
            self.refresh_picture()

        self.app.push_screen(
            QuestionScreen(plan_words(plan), plan_summary(plan), typed=judgement.typed), answered
        )

    def action_job_copy(self) -> None:
        """The failed targets, a line each, as the command line takes them."""
        keys = self.table.failed_keys
        if keys:
            self.app.copy_to_clipboard("\n".join(map(key_words, keys)))
            self.say(f"copied {len(keys)} failed", "good")
        else:
            self.say("nothing has failed", "good")

    def on_job_list_chosen(self, message: JobList.Chosen) -> None:
        """Another job's rows."""
        self._number = message.number
        self.picture_changed()

    def on_job_table_opened(self, message: JobTable.Opened) -> None:
        """Enter on a target: its details."""
        from tui.ui.screens.details import DetailsScreen

        self.app.push_screen(DetailsScreen(self.session, message.key))
