"""Ending an agent from outside, and waiting for the end of one."""

import asyncio
from typing import Any

from cybernetic.core import Kill, Killed, Reason, Shutdown, Token
from cybernetic.runtime.flags import DEAD, EXITING, FOREIGN, TERMINATING
from cybernetic.runtime.life import arm_limit, end, order, signal, unwatch, watch
from cybernetic.runtime.reply import Reply


def death_of(cell: Any) -> "asyncio.Future[Reason]":
    """A future of the reason an agent ends with; `NoProc` if it has ended."""
    future: asyncio.Future[Reason] = cell._engine.loop.create_future()
    if cell._flags & DEAD:
        future.set_result(cell.absence)
        return future
    token = Token(cell)

    def tell(reason: Reason) -> None:
        if not future.done():
            future.set_result(reason)

    watch(cell, token, tell)
    future.add_done_callback(lambda _: unwatch(cell, token))
    return future


def ask_to_stop(cell: Any, reason: Reason, sender: Any) -> None:
    """Queue a request to stop: `terminate` runs, trapping or not, suspended or not (CALL-11).

    An agent that has not ended when its `shutdown` limit has passed is killed.
    """
    if cell._flags & (DEAD | EXITING | TERMINATING):
        return
    if cell._flags & FOREIGN:
        cell.asked_to_stop(reason, sender)
        return
    details = cell.details()
    if details.shutdown is not None and details.limit is None:
        arm_limit(cell, details.shutdown, lambda: end(cell, Killed()))
    order(cell, reason, sender)


def begin_shut_down(cell: Any, limit: float | str | None, sender: Any) -> "Reply[Reason]":
    """Ask a child to end, as its parent: `Shutdown`, after `limit` seconds `Kill` (T-1 to T-3).

    `limit` may be None for no limit, or "brutal_kill" for a kill at once. The reply to await is the reason it
    ends with, `NoProc` if it had ended.
    """
    engine = cell._engine
    reply: Reply[Reason] = Reply(cell, "shutdown")
    if cell._flags & DEAD:
        reply.answer(cell.absence)
        return reply
    watch(cell, reply, reply.answer)
    if limit == "brutal_kill":
        signal(cell, Kill(), sender)
        return reply
    cell.details().parent_waits = True
    signal(cell, Shutdown(), sender)
    if isinstance(limit, float | int) and not reply.done():
        timer = engine.loop.call_later(limit, signal, cell, Kill(), sender)
        watch(cell, timer, lambda _: timer.cancel())
    return reply


async def shut_down(cell: Any, limit: float | str | None, sender: Any) -> Reason:
    """`begin_shut_down`, and wait for the end."""
    return await begin_shut_down(cell, limit, sender)
