"""`TaskSupervisor`: functions run beside the agents, supervised (statements TK-1 to TK-14)."""

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine, Iterable
from typing import Any, Literal, TypeVar, TypeVarTuple, overload

from cybernetic.core import OptionError, bind, flag, number, one_of, whole
from cybernetic.runtime import Address, Ref
from cybernetic.supervision.dynamic import DynamicSupervisor
from cybernetic.supervision.job import RESULT_SECONDS, Job
from cybernetic.supervision.outcome import Done, Failed
from cybernetic.supervision.spec import Child, Limit, child
from cybernetic.supervision.stream import Flow, Source
from cybernetic.supervision.worker import OwnedTask

T = TypeVar("T")
R = TypeVar("R")
Ts = TypeVarTuple("Ts")


class TaskSupervisor(DynamicSupervisor):
    """A `DynamicSupervisor` for tasks: agents that run one function, sync or async, and end.

    Give `run`, `run_nolink` and `stream` its address, a `Ref` or, to survive its restarts, a `Named`:

        tasks = system.named("tasks", TaskSupervisor)
        page = await TaskSupervisor.run(tasks, fetch, url)

    They may be used by agents and by other asyncio code. Functions run on the event loop, as handlers do: an async
    one may take its time, a plain one must be quick; for keyword arguments use `functools.partial`. Fire and forget:
    `ref.call(TaskSupervisor.start_child, child(TaskAgent, fn, *args, restart="temporary"))`.
    """

    _final = frozenset({"run", "run_nolink", "stream"})

    @overload
    @staticmethod
    def run(
        tasks: "Address[TaskSupervisor]",
        function: Callable[[*Ts], Coroutine[Any, Any, R]],
        /,
        *args: *Ts,
        shutdown: Limit = ...,
    ) -> Job[R]: ...
    @overload
    @staticmethod
    def run(
        tasks: "Address[TaskSupervisor]", function: Callable[[*Ts], R], /, *args: *Ts, shutdown: Limit = ...
    ) -> Job[R]: ...
    @staticmethod
    def run(
        tasks: "Address[TaskSupervisor]", function: Callable[[*Ts], Any], /, *args: *Ts, shutdown: Limit = 5.0
    ) -> Job[Any]:
        """Run `function(*args)` in a task; await the job for what it returns.

        If an agent starts it, the two are linked: a crash of one ends the other, unless it traps exits; that the
        agent ends normally does not end the task (TK-5, TK-6). `shutdown` is how long it may take to end when its
        supervisor ends: seconds, None for no limit, or "brutal_kill".

        Raises `CallFailed` if nobody holds the name, `ArgumentsError` if the arguments do not fit, `OptionError`.
        """
        return _run(tasks, True, function, args, shutdown)

    @overload
    @staticmethod
    def run_nolink(
        tasks: "Address[TaskSupervisor]",
        function: Callable[[*Ts], Coroutine[Any, Any, R]],
        /,
        *args: *Ts,
        shutdown: Limit = ...,
    ) -> Job[R]: ...
    @overload
    @staticmethod
    def run_nolink(
        tasks: "Address[TaskSupervisor]", function: Callable[[*Ts], R], /, *args: *Ts, shutdown: Limit = ...
    ) -> Job[R]: ...
    @staticmethod
    def run_nolink(
        tasks: "Address[TaskSupervisor]", function: Callable[[*Ts], Any], /, *args: *Ts, shutdown: Limit = 5.0
    ) -> Job[Any]:
        """As `run`, without the link: a crash is seen in the job alone, the starter's end does not matter (TK-7)."""
        return _run(tasks, False, function, args, shutdown)

    @overload
    @staticmethod
    def stream(
        tasks: "Address[TaskSupervisor]",
        function: Callable[[T], Coroutine[Any, Any, R]],
        items: Iterable[T] | AsyncIterable[T],
        /,
        *,
        max_concurrency: int | None = ...,
        ordered: bool = ...,
        timeout: float | None = ...,
        on_timeout: Literal["raise", "kill"] = ...,
        link: bool = ...,
        shutdown: Limit = ...,
    ) -> AsyncGenerator[Done[R] | Failed, None]: ...
    @overload
    @staticmethod
    def stream(
        tasks: "Address[TaskSupervisor]",
        function: Callable[[T], R],
        items: Iterable[T] | AsyncIterable[T],
        /,
        *,
        max_concurrency: int | None = ...,
        ordered: bool = ...,
        timeout: float | None = ...,
        on_timeout: Literal["raise", "kill"] = ...,
        link: bool = ...,
        shutdown: Limit = ...,
    ) -> AsyncGenerator[Done[R] | Failed, None]: ...
    @staticmethod
    def stream(
        tasks: "Address[TaskSupervisor]",
        function: Callable[[Any], Any],
        items: Iterable[Any] | AsyncIterable[Any],
        /,
        *,
        max_concurrency: int | None = None,
        ordered: bool = True,
        timeout: float | None = RESULT_SECONDS,
        on_timeout: Literal["raise", "kill"] = "raise",
        link: bool = True,
        shutdown: Limit = 5.0,
    ) -> AsyncGenerator[Done[Any] | Failed, None]:
        """Run `function(item)` for each of `items` in a task of its own; an async iterator of how they ended.

        It is lazy: items are taken as results are asked for, and at most `max_concurrency` tasks run. However it is
        left, the tasks that still run are killed and the source is closed; leave a loop early inside
        `contextlib.aclosing(...)`, so that this happens there and then (TK-9 to TK-12).

        Args:
            tasks: the address of the supervisor.
            function: sync or async.
            items: an iterable, or an asynchronous one.
            max_concurrency: how many tasks may run at once, > 0; None: as many as the machine has processors.
            ordered: yield in the order of the items, keeping later results until the earlier are there. Default
                True; False yields each as it comes.
            timeout: seconds each task may take from its start, or None for no limit. Default 5.
            on_timeout: "raise" `CallTimeout`, which ends the stream (default); or "kill" the task, yield
                `Failed(TimedOut(...), item)` and go on.
            link: link the tasks to the agent that runs the stream, as `run` does. Default True. A crash then ends
                that agent, unless it traps exits; otherwise it is a `Failed(reason, item)` in the stream.
            shutdown: as for `run`.

        Raises at once `OptionError` for a wrong option (TK-13), `CallFailed` if nobody holds the name; from the
        stream `MaxChildren`, and what the source raises.
        """
        _check(tasks, function)
        concurrency = (
            os.cpu_count() or 1
            if max_concurrency is None
            else whole("max_concurrency", max_concurrency, least=1)
        )
        limit = None if timeout is None else number("timeout", timeout, least=0)
        one_of("on_timeout", on_timeout, ("raise", "kill"))
        linked = flag("link", link)
        child(OwnedTask, None, linked, function, restart="temporary", shutdown=shutdown)  # complains now
        return Flow(
            Source(items),
            lambda item: _run(tasks, linked, function, (item,), shutdown),
            concurrency,
            flag("ordered", ordered),
            limit,
            on_timeout == "kill",
        ).results()

    def _arguments(self, spec: Child[Any]) -> tuple[Any, ...]:
        """A task with an owner learns who that is: the sender of the request for it."""
        if spec.agent is OwnedTask:
            return (self.sender, *spec.args[1:])
        return super()._arguments(spec)


def _run(
    tasks: Address[Any], linked: bool, function: Callable[..., Any], args: tuple[Any, ...], shutdown: Limit
) -> Job[Any]:
    supervisor = _check(tasks, function)
    bind(function, args)
    spec = child(OwnedTask, None, linked, function, *args, restart="temporary", shutdown=shutdown)
    what = str(getattr(function, "__qualname__", repr(function)))
    return Job(supervisor, what, spec, TaskSupervisor.start_child)


def _check(tasks: Any, function: object) -> Ref[Any]:
    """The supervisor that holds the address now. Raises `OptionError`, or `CallFailed` with `NoProc`."""
    found = tasks._need("run") if isinstance(tasks, Address) else None
    if not isinstance(found, Ref) or not issubclass(found.cls, TaskSupervisor):
        raise OptionError("tasks", "the address of a TaskSupervisor", tasks)
    if not callable(function):
        raise OptionError("function", "a function", function)
    return found
