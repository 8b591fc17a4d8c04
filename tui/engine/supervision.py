"""Every task has an owner, and an error in one is never silent: it is logged, told to the user, and the work begins again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[Any, Any, None]]

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


class Supervision:
    """The tasks of one loop that run until they are cancelled. Belongs to that loop."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` gets a sentence for the user."""
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, what: str, work: Work) -> asyncio.Task[None]:
        """Own a task that does `work`; when that raises, say that `what` failed and begin it again, ever later."""
        task = asyncio.get_running_loop().create_task(self._again_and_again(what, work), name=what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def end(self) -> None:
        """Cancel every task and wait until all have ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def failed(self, what: str, error: BaseException | None) -> None:
        """Log an error that is ours, and tell the user of it."""
        log.error("%s failed", what, exc_info=error)
        self._tell(f"{what} failed ({type(error).__name__}); the log tells more")

    def loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What nobody awaited: asyncio's own complaint (`loop.set_exception_handler`) goes where every other one goes."""
        self.failed(str(context.get("message", "a task")), context.get("exception"))

    async def _again_and_again(self, what: str, work: Work) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                await work()
            except Exception as error:  # the boundary of every task
                self.failed(what, error)
            else:
                return
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)
