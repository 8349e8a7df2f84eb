"""Coroutines that use anyio in a handler, as `bodies.py` does asyncio."""

import asyncio
import functools
from typing import Any

import anyio

from tests.runtime.server.parts import NUMBER, Note, bodies_of, fails_after, slowly, this_task


async def anyio_move_on_after(note: Note) -> str:
    with anyio.move_on_after(1) as scope:
        await anyio.sleep(10)
    note(scope.cancelled_caught, scope.cancel_called)
    with anyio.move_on_after(5) as scope:
        await anyio.sleep(1)
    return f"{scope.cancelled_caught} {this_task().cancelling()}"


async def anyio_fail_after(note: Note) -> None:
    try:
        with anyio.fail_after(1):
            await anyio.sleep_forever()
    except TimeoutError:
        note("timeout")
    with anyio.fail_after(0.5):
        await anyio.sleep(2)


async def anyio_scope_cancelled_at_once(note: Note) -> bool:
    with anyio.CancelScope() as scope:
        scope.cancel()
        note("cancelled")
        await anyio.sleep(1)
        note("never")
    return scope.cancelled_caught


async def anyio_shield(note: Note) -> None:
    try:
        with anyio.move_on_after(1):
            try:
                await anyio.sleep(10)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(1)
                    note("cleaned up")
    finally:
        note("left")


async def anyio_task_group(note: Note) -> str:
    async def work(seconds: float, *, task_status: Any = anyio.TASK_STATUS_IGNORED) -> None:
        await anyio.sleep(seconds)
        task_status.started(seconds)
        note("started", seconds)
        await anyio.sleep(100)

    async with anyio.create_task_group() as group:
        note(await group.start(work, 1))
        group.start_soon(work, 2)
        await anyio.sleep(5)
        group.cancel_scope.cancel()
    return "all gone"


async def anyio_task_group_fails(note: Note) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(fails_after, 1)
        group.start_soon(functools.partial(slowly, note), 5)
        await anyio.sleep(10)


async def anyio_streams(note: Note) -> list[int]:
    send, receive = anyio.create_memory_object_stream[int](0)

    async def feed() -> None:
        async with send:
            for i in range(3):
                await send.send(i)

    async with anyio.create_task_group() as group, receive:
        group.start_soon(feed)
        return [item async for item in receive]


async def anyio_to_thread(note: Note) -> int:
    NUMBER.set(4)
    loop: Any = asyncio.get_running_loop()
    with loop.outside():
        return await anyio.to_thread.run_sync(NUMBER.get)


BODIES = bodies_of(globals())
