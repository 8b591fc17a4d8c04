"""A thread with an event loop of its own, and the three ways in from other threads: tell, ask, and wait for an answer.

A stalled terminal blocks the screen's loop; what runs here goes on.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tui.errors import RefusedError

log = logging.getLogger(__name__)

T = TypeVar("T")

_ANSWER_SECONDS = 10.0


class LoopThread:
    """Runs `main` once, from `start` until it returns. Every method may be called from any thread."""

    def __init__(self, main: Callable[[Callable[[], None]], Coroutine[Any, Any, None]], name: str) -> None:
        """`main` calls what it is given when it is ready: that is what `start` waits for."""
        self._main = main
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._lock = threading.Lock()
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = False
        self.error: BaseException | None = None
        """What `main` raised, if it did."""

    def start(self) -> None:
        """Begin, and return when `main` is ready; does nothing the second time. RuntimeError when it ended instead."""
        with self._lock:
            if self._thread.ident is None:
                self._thread.start()
        if not self._up.wait(_ANSWER_SECONDS) or self.error is not None:
            raise RuntimeError(f"the {self._thread.name} did not start") from self.error

    @property
    def started(self) -> bool:
        return self._thread.ident is not None

    @property
    def running(self) -> bool:
        """Whether `main` is at work."""
        return self._up.is_set() and not self._ended

    def join(self, seconds: float) -> bool:
        """Wait for the end; whether it came. From the thread itself it never does."""
        if threading.current_thread() is self._thread:
            return False
        if self.started:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def tell(self, function: Callable[[], object]) -> None:
        """Run `function` there soon; does nothing when the loop is not running."""
        if self._loop is not None and self.running:
            try:
                self._loop.call_soon_threadsafe(function)
            except RuntimeError:
                log.debug("the %s ended meanwhile", self._thread.name)

    def ask(self, work: Callable[[], T]) -> T:
        """Run `work` there and return what it returns; its exceptions are raised here. RefusedError when not running."""
        if threading.current_thread() is self._thread:
            return work()

        async def answer() -> T:
            return work()

        return self.future(answer()).result(_ANSWER_SECONDS)

    def future(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """What `work` will return there; cancelling it cancels the work. It holds RefusedError when not running."""
        if self._loop is not None and self.running:
            try:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
            except RuntimeError:
                log.debug("the %s ended meanwhile", self._thread.name)
        work.close()
        refused: concurrent.futures.Future[T] = concurrent.futures.Future()
        refused.set_exception(
            RefusedError(f"the {self._thread.name} is not running", "start the program again")
        )
        return refused

    def _run(self) -> None:
        try:
            asyncio.run(self._main_with_loop())
        except Exception as error:  # the last boundary: nothing is left here that could show it but the log
            self.error = error
            log.exception("the %s ended", self._thread.name)
        finally:
            self._ended = True
            self._up.set()

    async def _main_with_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._main(self._up.set)
