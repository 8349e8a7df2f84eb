"""`Job`: what the starter of a task holds (statements TK-1 to TK-4)."""

import asyncio
from collections.abc import Callable, Generator
from contextvars import copy_context
from typing import Any, Generic, TypeVar

from cybernetic.core import (
    CallFailed,
    CallTimeout,
    Killed,
    OptionError,
    Reason,
    Refused,
    Shutdown,
    TaskFailed,
    seconds,
)
from cybernetic.runtime import Ref, begin_shut_down
from cybernetic.supervision.outcome import Done, Failed
from cybernetic.supervision.spec import Child, Limit
from cybernetic.supervision.worker import work

R = TypeVar("R")

RESULT_SECONDS = 5.0  # how long a result is waited for where nothing else is said (TK-2)
START_SECONDS = 5.0  # how long the supervisor may take to start a task


class Job(Generic[R]):
    """A task that was started, and how it ends. `await job` waits for its result, at most 5 seconds.

    Made by `TaskSupervisor.run` and `run_nolink`. Any number may wait for it, at any time, again and again; only
    the agent that started the task is linked to it.

    Attributes:
        ref: the agent that runs the task; None before it has been started, and if it never was.
        what: the name of the function.
    """

    __slots__ = ("_begun", "_ended", "_error", "_parted", "_starter", "_unwanted", "ref", "what")

    def __init__(self, supervisor: Any, what: str, spec: Child[Any], start: Callable[..., Any]) -> None:
        self.ref: Ref[Any] | None = None
        self.what = what
        self._starter: Any = None
        self._parted = self._unwanted = False
        self._error: BaseException | None = None  # why there never was a task
        loop = supervisor._engine.loop
        self._begun: asyncio.Future[None] = loop.create_future()
        self._ended: asyncio.Future[Done[R] | Failed] = loop.create_future()
        reply = supervisor.ask(start, (spec,), None, START_SECONDS)
        reply.add_done_callback(self._started, context=copy_context())

    def __repr__(self) -> str:
        return f"<Job {self.what} {self.ref!r}{' (ended)' if self.done() else ''}>"

    def __await__(self) -> Generator[Any, Any, R]:
        """As `result()`."""
        return self.result().__await__()

    def done(self) -> bool:
        """Whether it has ended."""
        return self._ended.done()

    async def started(self) -> Ref[Any]:
        """Wait until the task has been started; returns its agent.

        Raises `MaxChildren` if there is no room, `CallFailed` if there is no supervisor, `CallTimeout` if that
        does not answer, `TaskFailed` if the starter ended before.
        """
        await asyncio.wait([self._begun])
        if self._error is not None:
            raise self._error
        if self.ref is None:
            raise TaskFailed(self.what, Shutdown())
        return self.ref

    async def result(self, timeout: float | None = RESULT_SECONDS) -> R:
        """Wait for the function's result, at most `timeout` seconds (default 5), None for no limit.

        Raises `TaskFailed` with the reason if the task ended without one, the `Refusal` its function raised,
        `CallTimeout` when time is up: then the task runs on (TK-2). Else as `started`.
        """
        outcome = await self.wait(timeout)
        if isinstance(outcome, Done):
            return outcome.value
        if outcome is None:
            raise CallTimeout(self.ref or self, self.what, timeout or 0.0)
        if isinstance(outcome.reason, Refused):
            raise outcome.reason.error
        raise TaskFailed(self.what, outcome.reason)

    async def wait(self, timeout: float | None = RESULT_SECONDS) -> Done[R] | Failed | None:
        """Wait as `result` does, and return how it ended; None if it has not in time (TK-3).

        Raises only if the task could not be started: see `started`.
        """
        limit = seconds("timeout", timeout, none="no limit")
        await asyncio.wait([self._ended], timeout=limit)
        return self.outcome() if self._ended.done() else None

    def outcome(self) -> Done[R] | Failed:
        """How it ended. Raises `asyncio.InvalidStateError` if it has not; else as `wait`."""
        if self._error is not None:
            raise self._error
        return self._ended.result()

    async def shutdown(self, limit: Limit = 5.0) -> Done[R] | Failed | None:
        """End the task, which then no longer concerns its starter (TK-4).

        It gets `limit` seconds to unwind and is then killed; None: no limit; "brutal_kill": at once. Returns what
        `wait` does if it had ended already; None if it has ended as asked; else `Failed`.
        """
        if limit != "brutal_kill":
            if isinstance(limit, str):
                raise OptionError("limit", 'seconds >= 0, None (no limit) or "brutal_kill"', limit)
            seconds("limit", limit, none="no limit")
        await asyncio.wait([self._begun])
        if not self.done() and self.ref is not None:
            self.ignore()
            asked: Reason = Killed() if limit == "brutal_kill" else Shutdown()
            if await begin_shut_down(self.ref, limit, None) == asked:
                return None
        await self.gone()
        return self.outcome()

    async def gone(self) -> None:
        """Wait until it has ended, however that is."""
        await asyncio.wait([self._ended])

    def ignore(self) -> None:
        """Undo the link to the starter: the task runs on, and neither end concerns the other (TK-4)."""
        self._parted = True
        agent = None if self._starter is None else self._starter._agent
        if agent is not None and self.ref is not None:
            agent.unlink(self.ref, flush=True)

    def drop(self) -> None:
        """Kill the task without waiting for it, now or as soon as it has been started."""
        self._unwanted = True
        self.ignore()
        if self.ref is not None:
            begin_shut_down(self.ref, "brutal_kill", None)

    def when_ended(self, callback: Callable[["Job[R]"], object]) -> None:
        """Call `callback(job)` soon after it has ended."""
        self._ended.add_done_callback(lambda _: callback(self))

    def _started(self, start: Any) -> None:
        """The supervisor has answered; the task waits for the word to begin (TK-8)."""
        self._error = start.exception()
        self.ref = None if self._error is not None else start.result()
        self._begun.set_result(None)
        if self.ref is None:
            self._ended.set_result(Failed(Shutdown()))
            return
        agent = self.ref._agent
        self._starter = None if agent is None else agent.starter
        if self._parted:
            self.ignore()
        self.ref.ask(work, (), None, None).add_done_callback(self._finished)
        if self._unwanted:
            self.drop()

    def _finished(self, answer: Any) -> None:
        error = answer.exception()
        if error is None:
            self._ended.set_result(answer.result())
        else:
            reason = error.reason if isinstance(error, CallFailed) else Shutdown()
            self._ended.set_result(Failed(reason))  # type: ignore[arg-type]
