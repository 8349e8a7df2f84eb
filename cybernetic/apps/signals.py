"""SIGINT and SIGTERM as something to wait for, so that a program can end in order."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
ONE_SECONDS = 0.25  # signals that come so soon after another are one: `timeout` and others send theirs twice


class Interrupted(Exception):
    """A signal came while something was being opened, which was given up."""


class Signals:
    """Listens for SIGINT and SIGTERM; `come` is set when one has come, or `ask` was called for the first time."""

    def __init__(self) -> None:
        self.come = asyncio.Event()
        self._latest: float | None = None  # when one that counts came, on the loop's clock
        self._opening: asyncio.Task[Any] | None = None

    def __enter__(self) -> "Signals":
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError):  # Windows: there Ctrl-C raises KeyboardInterrupt
                asyncio.get_running_loop().add_signal_handler(number, self._signalled)
        return self

    def __exit__(self, *_: object) -> None:
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError):
                asyncio.get_running_loop().remove_signal_handler(number)

    def ask(self) -> None:
        """Ask for an orderly end, as the first signal does; to ask again changes nothing."""
        if self._latest is None:
            self._signalled()

    def _signalled(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._latest is not None and now - self._latest < ONE_SECONDS:
            return
        self._latest = now
        self.come.set()
        if self._opening is not None:
            self._opening.cancel()

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """What stands in the block is given up when a signal comes: `Interrupted` is raised from it."""
        task = self._opening = asyncio.current_task()
        try:
            yield
        except asyncio.CancelledError:
            if task is None or not self.come.is_set():
                raise
            while task.cancelling():
                task.uncancel()
            raise Interrupted from None
        finally:
            self._opening = None

    async def unless(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T] | None":
        """Do `work`; returns its finished task, or None, and the work is cancelled, if a signal comes first."""
        job = asyncio.ensure_future(work)
        alarm = asyncio.ensure_future(self.come.wait())
        try:
            await asyncio.wait([job, alarm], return_when=asyncio.FIRST_COMPLETED)
            finished = job.done()
        finally:
            for task in (job, alarm):
                task.cancel()
            await asyncio.gather(job, alarm, return_exceptions=True)
        if finished:
            job.result()
        return job if finished else None
