"""Whatever callable a user gives: a coroutine function is awaited, a plain one runs where it holds up nobody else."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from inspect import (
    isasyncgen,
    isasyncgenfunction,
    isawaitable,
    iscoroutine,
    isgenerator,
    isgeneratorfunction,
)
from typing import Any

from cybernetic.core import BadCall, real_time
from cybernetic.runtime import Address
from cybernetic.vsm.checks import is_async, run_by
from cybernetic.vsm.ports.refusals import NotACall
from cybernetic.wire import told

Aside = Callable[..., Awaitable[Any]]
"""Runs a function with arguments in a thread: `Agent.run_blocking`."""

CALLED = "a function, or the address of an agent and a method of it"
_MEANT = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt)  # for whoever waits in the loop
READ = "a function that has done it all when it answers: one that reads to its end what comes bit by bit"


class Attempt:
    """One attempt to make a call.

    Args:
        aside: runs a plain function.

    Attributes:
        made: whether the call may have been made. It has not where it was given up before a thread was free for it, and
            then it never will be.
    """

    def __init__(self, aside: Aside) -> None:
        self._aside = aside
        self.made = False

    async def make(self, target: Callable[..., Any] | Address[Any], /, *args: Any, **keywords: Any) -> Any:
        """What `target(*args, **keywords)` comes to, or an agent's answer; an awaitable result is awaited.

        What is no coroutine function runs by `aside`, so whoever waits may give it up: a thread that has begun it goes
        on to its end then, as nothing can stop it, and what it gives is dropped. On a loop whose time is simulated it
        runs at once: that time stands still meanwhile.

        Raises what that raises, `RuntimeError` in place of what would end more than the call (`SystemExit`), and
        `NotACall` for a generator: of that nothing is done yet.
        """
        self.made = True
        try:
            if isinstance(target, Address):
                value = await target.within(None).call(*args, **keywords)
            elif is_async(target) or not real_time(asyncio.get_running_loop()):
                value = target(*args, **keywords)
            else:
                value = await self.in_thread(partial(target, *args, **keywords))
            value = await value if isawaitable(value) else value
        except (Exception, *_MEANT):
            raise
        except BaseException as error:
            raise _instead_of(error) from error
        if isgenerator(value) or isasyncgen(value):
            raise NotACall(READ, value)
        return value

    async def in_thread(self, job: Callable[[], Any]) -> Any:
        """What `job()` gives, run by `aside`. Raises `RuntimeError` for whatever it raises that is no `Exception`."""
        self.made = True
        leave = deque((job,))  # who takes the job out decides, in one step: the thread, or who gives it up
        try:
            return await self._aside(_begun, leave)
        except asyncio.CancelledError:
            self.made = _taken(leave) is None
            raise


async def made(target: Callable[..., Any], aside: Aside, /, *args: Any, **keywords: Any) -> Any:
    """See `Attempt.make`."""
    return await Attempt(aside).make(target, *args, **keywords)


def check_call(target: object, args: Sequence[object] = ()) -> None:
    """Raises `NotACall` for what cannot be called, for an agent with what is no method of it, and for a function that
    only makes a generator.
    """
    if isinstance(target, Address):
        _check_method(target, args)
        return
    if not callable(target):
        if iscoroutine(target):
            target.close()  # nobody will await it
        raise NotACall(CALLED, target)
    if any(map(_lazy, run_by(target))):
        raise NotACall(READ, target)


def _check_method(agent: Address[Any], args: Sequence[object]) -> None:
    """The first of the arguments is to be a method of the agent."""
    if not args:
        raise NotACall(CALLED, agent)
    try:
        agent._resolve(args[0])
    except BadCall as error:
        raise NotACall(f"{CALLED} ({error})", args[0]) from error


def _lazy(target: Any) -> bool:
    return isgeneratorfunction(target) or isasyncgenfunction(target)


def _begun(leave: deque[Callable[[], Any]]) -> Any:
    job = _taken(leave)
    try:
        return None if job is None else job()
    except Exception:
        raise
    except BaseException as error:  # no signal and no cancellation comes into a thread: all of it is its own
        raise _instead_of(error) from error


def _instead_of(error: BaseException) -> RuntimeError:
    return RuntimeError(f"the function raised {told(error)}")


def _taken(leave: deque[Callable[[], Any]]) -> Callable[[], Any] | None:
    try:
        return leave.pop()
    except IndexError:
        return None
