"""Coroutines that use asyncio in every way a handler may; each notes what it sees, and ends somehow.

They are run as a task of asyncio's own and as handlers of agents, and must come to the same. Each takes `note`, which
writes a line with the present time, and may be cancelled from outside at any moment.
"""

import asyncio
import contextlib
from typing import Any

from tests.runtime.server.parts import (
    NUMBER,
    Note,
    Wrong,
    block,
    bodies_of,
    current,
    fails_after,
    numbers,
    read_and_set,
    say,
    slowly,
    this_task,
)


async def returns(note: Note) -> str:
    note("here")
    return "value"


async def raises(note: Note) -> None:
    await asyncio.sleep(1)
    raise Wrong("on purpose")


async def sleeps(note: Note) -> int:
    for i in range(3):
        await asyncio.sleep(1)
        note("slept", i)
    return 3


async def yields_to_others(note: Note) -> int:
    for i in range(5):
        await asyncio.sleep(0)
        note(i)
    return 5


async def asyncio_timeout_expires(note: Note) -> str:
    try:
        async with asyncio.timeout(1) as limit:
            await asyncio.sleep(10)
    except TimeoutError as error:
        note("timeout", limit.expired(), type(error.__cause__).__name__, type(error.__context__).__name__)
    return f"cancelling {this_task().cancelling()}"


async def asyncio_timeout_nested(note: Note) -> str:
    try:
        async with asyncio.timeout(1):
            async with asyncio.timeout(5):
                await asyncio.sleep(10)
            note("never")
    except TimeoutError:
        note("outer")
    async with asyncio.timeout(5) as limit:
        limit.reschedule(asyncio.get_running_loop().time() + 0.5)
        try:
            await asyncio.sleep(10)
        finally:
            note("unwound")
    return "never"


async def asyncio_timeout_in_time(note: Note) -> int:
    async with asyncio.timeout(5):
        await asyncio.sleep(1)
    async with asyncio.timeout(None):
        await asyncio.sleep(1)
    await asyncio.sleep(10)
    return this_task().cancelling()


async def timeout_of_zero(note: Note) -> str:
    try:
        async with asyncio.timeout(0):
            note("entered")
            await asyncio.sleep(1)
    except TimeoutError:
        note("timeout")
    return "went on"


async def wait_for_expires(note: Note) -> str:
    try:
        await asyncio.wait_for(slowly(note, 10), 1)
    except TimeoutError:
        note("timeout")
    return str(await asyncio.wait_for(slowly(note, 1), 5))


async def task_group(note: Note) -> list[int]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(slowly(note, s)) for s in (2, 1, 3)]
    return [task.result() for task in tasks]


async def task_group_fails(note: Note) -> str:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails_after(1))
            group.create_task(slowly(note, 5))
            await asyncio.sleep(10)
    except* Wrong as group_error:
        note("group", [str(e) for e in group_error.exceptions])
    return f"cancelling {this_task().cancelling()}"


async def task_group_body_fails(note: Note) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(slowly(note, 5))
        await asyncio.sleep(1)
        raise Wrong("in the body")


async def task_group_fails_at_once(note: Note) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fails_after(0))
        note("created")


async def gathers(note: Note) -> list[Any]:
    return list(await asyncio.gather(slowly(note, 2), fails_after(1), return_exceptions=True))[:1]


async def gather_fails(note: Note) -> Any:
    other = asyncio.create_task(slowly(note, 2))
    try:
        return await asyncio.gather(other, fails_after(1))
    finally:
        note(other.done())
        other.cancel()


async def shields(note: Note) -> str:
    inner = asyncio.ensure_future(slowly(note, 2))
    try:
        await asyncio.shield(inner)
    except asyncio.CancelledError:
        note("cancelled", inner.cancelled())
        await inner
        raise
    return "unharmed"


async def waits_for_first(note: Note) -> list[Any]:
    tasks = [asyncio.create_task(slowly(note, s)) for s in (3, 1)]
    try:
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        note(len(done), len(waiting))
    finally:
        for task in tasks:
            task.cancel()
    return await asyncio.gather(*tasks, return_exceptions=True) and []


async def cancels_itself_before_it_waits(note: Note) -> None:
    note(this_task().cancel("why"), this_task().cancelling())
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError as error:
        note("cancelled", error.args)
        raise


async def cancels_itself_and_returns(note: Note) -> str:
    this_task().cancel()
    return "too late"


async def cancels_itself_and_raises(note: Note) -> None:
    this_task().cancel()
    raise Wrong("instead")


async def cancels_itself_later(note: Note) -> None:
    await asyncio.sleep(1)
    note(this_task().cancel(), this_task().cancel(), this_task().cancelling())
    try:
        await asyncio.sleep(1)
    finally:
        note("unwound")


async def swallows_cancellation(note: Note) -> str:
    for _ in range(2):
        try:
            await asyncio.sleep(3)
        except asyncio.CancelledError:
            note("cancelled", this_task().cancelling(), this_task().uncancel(), this_task().cancelling())
    await asyncio.sleep(1)
    return "went on"


async def uncancels_itself(note: Note) -> str:
    this_task().cancel()
    note(this_task().uncancel())
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        note("cancelled all the same")
    await asyncio.sleep(1)
    return "went on"


async def awaits_while_unwinding(note: Note) -> None:
    try:
        await asyncio.sleep(3)
    finally:
        note("unwinding")
        await asyncio.sleep(1)
        note("unwound")


async def raises_while_unwinding(note: Note) -> None:
    try:
        await asyncio.sleep(3)
    except asyncio.CancelledError:
        raise Wrong("while unwinding") from None


async def cancelled_by_a_child(note: Note) -> None:
    me = this_task()

    async def child() -> None:
        await asyncio.sleep(1)
        note(me.cancel("by a child"))

    task = asyncio.create_task(child())
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError as error:
        note(error.args)
        await task
        raise


async def context_variables(note: Note) -> list[int]:
    token = NUMBER.set(1)
    note(NUMBER.get())
    await asyncio.sleep(1)
    note(NUMBER.get())
    inner = NUMBER.set(2)
    note(await asyncio.create_task(read_and_set()), NUMBER.get())
    NUMBER.reset(inner)
    await asyncio.sleep(0)
    note(NUMBER.get())
    NUMBER.reset(token)
    async with asyncio.TaskGroup() as group:
        NUMBER.set(5)
        task = group.create_task(read_and_set())
    found = [task.result(), NUMBER.get()]
    asyncio.get_running_loop().call_soon(lambda: note("callback", NUMBER.get()))
    await asyncio.sleep(0)
    return found


async def context_managers_and_generators(note: Note) -> int:
    total = 0
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(say, note, "callback")
        total += await stack.enter_async_context(block(note))
        async with contextlib.aclosing(numbers(note)) as found:
            async for number in found:
                total += number
                if number == 2:
                    break
    return total


async def exceptions_have_their_context(note: Note) -> None:
    try:
        await fails_after(1)
    except Wrong as first:
        try:
            await asyncio.sleep(0)
            raise KeyError("second")
        except KeyError as second:
            note(second.__context__ is first, second.__suppress_context__)
            await asyncio.sleep(1)
            raise Wrong("third") from second


async def uses_locks_and_queues(note: Note) -> list[int]:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    lock, ready = asyncio.Lock(), asyncio.Condition()

    async def feed() -> None:
        for i in range(3):
            async with lock:
                await queue.put(i)
        async with ready:
            ready.notify_all()

    task = asyncio.create_task(feed())
    try:
        async with ready:
            got = [await queue.get() for _ in range(3)]
            await ready.wait()
    finally:
        task.cancel()
    return got


async def awaits_what_is_done(note: Note) -> list[Any]:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_result(7)
    task = asyncio.create_task(slowly(note, 0))
    await asyncio.sleep(1)
    return [await future, await task, await asyncio.sleep(0, 9)]


async def awaits_nonsense(note: Note) -> None:
    class Nonsense:
        def __await__(self) -> Any:
            yield "no future"

    try:
        await Nonsense()
    except RuntimeError:
        note("refused")
    try:
        await this_task()
    except RuntimeError:
        note("refused to await itself")


async def looks_at_its_task(note: Note) -> bool:
    task = this_task()
    note(
        asyncio.current_task() is task,
        task.done(),
        task.cancelled(),
        task.get_loop() is asyncio.get_running_loop(),
    )
    await asyncio.sleep(0)
    note(asyncio.current_task() is task, task.get_coro() is not None, task in asyncio.all_tasks())
    return await asyncio.create_task(current()) is not task


async def looks_at_its_task_before_it_waits(note: Note) -> None:
    note(this_task().get_coro() is not None)


BODIES = bodies_of(globals())
