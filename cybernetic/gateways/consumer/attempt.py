"""Having a message handled: by a worker of its own, and again in place where it must not or cannot go round."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from cybernetic.core import CallError, CallFailed, CallTimeout, Kill
from cybernetic.gateways.consumer.consumer import Consumer
from cybernetic.gateways.consumer.desk import Desk
from cybernetic.gateways.consumer.effect import Effect
from cybernetic.gateways.consumer.held import Held
from cybernetic.gateways.consumer.received import Received
from cybernetic.gateways.consumer.ticket import Ticket
from cybernetic.gateways.consumer.trials import Gate
from cybernetic.gateways.consumer.turn import Turn
from cybernetic.gateways.consumer.verdicts import Retry, Verdict
from cybernetic.gateways.shelf import Shelf
from cybernetic.runtime import Ref
from cybernetic.state import NoRoom, StoreError

R = TypeVar("R")
C = TypeVar("C", covariant=True)

_log = logging.getLogger("cybernetic.gateways")

AGAIN = 5.0  # seconds before what could not be written is written again, or goes back


class Crew(Protocol):
    """What a round needs of the intake."""

    desk: Desk

    def hire(self) -> Ref[Consumer]:
        """Start a worker."""

    def hold(self, held: Held) -> None:
        """Wait for a person."""

    def waits(self, received: Received) -> bool:
        """Whether a message waits for a person already."""


class Handled(NamedTuple):
    """What came of a message: as it was handed over last, its ticket by now, what was said, and the transaction."""

    received: Received
    ticket: Ticket
    verdict: Verdict
    effect: Effect


class Writing(Protocol[C]):
    """Writes down what came of a message: its effect first, then what is left."""

    def take_effect(self, patience: float | None = None) -> Awaitable[Retry | None]:
        """Write its effect, if there is one, once, however often it is called; a `Retry`: it has none, for now.

        With a `patience` of 0 it waits for nothing.
        """

    def write(self, patience: float | None = None) -> Awaitable[C]:
        """Write what is left when `take_effect` has returned, likewise; what came of the message."""


class Leisure(Protocol):
    """Calls what writes, and waits for as long as is to be waited where nothing can be written."""

    def __call__(self, write: Callable[[], Awaitable[R]], /) -> Awaitable[R]:
        """What `write` returned. Raises what it raised when that has lasted too long."""


async def attempt(
    crew: Crew, received: Received, effect: Effect, answer: tuple[Any] | None = None
) -> Verdict:
    """Have a worker of its own handle a message; what it said. A crash or a time-out is a retry."""
    timeout = crew.desk.spec.timeout
    worker = crew.hire()
    try:
        return await worker.within(timeout).call(Consumer.work, received, effect, answer)
    except CallTimeout as error:
        worker.exit(Kill())
        return Retry(f"its worker was killed after {timeout:g} s: {error}")
    except CallFailed as error:
        return Retry(str(error.reason))
    except CallError as error:
        return Retry(str(error))
    except asyncio.CancelledError:
        worker.exit(Kill())
        raise


async def handled(
    crew: Crew,
    received: Received,
    ticket: Ticket,
    name: str,
    stays: Callable[[Ticket], bool],
    conclude: Callable[[Handled], Writing[R]],
    leisure: Leisure,
    gate: Gate | None = None,
    answer: tuple[Any] | None = None,
    turn: Turn | None = None,
    *,
    before: bool = False,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> R:
    """Have a message handled; again and again, while it is to be tried again and `stays` here meanwhile.

    What came of it is written, as `conclude` says. Here alone is decided what follows when its effect could not be,
    for what its own statements are: it is a try that failed, whenever that comes to light.

    Each try is counted on the disk before the wait for the next, under `name`: another process goes on from there, and
    who was here `before`. Each goes through the `gate`; None: as any other. None begins while the delivery is not here,
    as its `turn` knows (None: it is no delivery). What came of it is written inside the gate, too, for that may end the
    process as well, where it needs no waiting, and else at `leisure`, when others have been let in. Raises `Gone`: it
    does not come again; `NoRoom`, as a handler said, which is no try; and what `pause` raises, which waits for a try.
    """
    desk, turn = crew.desk, turn or Turn()
    if before and (tried := await desk.tries.read(name)) is not None:
        ticket = replace(tried.ticket, copy=ticket.copy)
        await pause(tried.left)
    while True:
        if received.attempt != ticket.retries + 1:
            received = replace(received, attempt=ticket.retries + 1)
        left, writing = ticket.retries < desk.spec.retries.count, None
        while writing is None:
            await turn.wait()
            effect = desk.effect()
            async with gate(turn) if gate is not None else desk.trials.door():
                if not turn.begin():
                    continue
                try:
                    verdict = await attempt(crew, received, effect, answer)
                except Exception:
                    turn.end(again=True)
                    await _rests(desk, name)
                    raise
                turn.end(again=False)
                writing = conclude(Handled(received, ticket, verdict, effect))
                with suppress(Exception):  # it is told where it is written at leisure
                    retry = await writing.take_effect(0.0)
                    if retry is None or not left or not stays(ticket):
                        return await writing.write(0.0)
                await _rests(desk, name)
        retry = await leisure(writing.take_effect)
        if retry is None or not left or not stays(ticket):
            return await leisure(writing.write)
        turn.end(again=True)
        ticket, step = desk.counted(ticket, retry.why, retry.after)
        await persisted(partial(desk.tries.keep, name, ticket, step), name, desk.shelf)
        desk.tell_retried(received, ticket, step, retry.why)
        await pause(step)


async def _rests(desk: Desk, name: str) -> None:
    """Nothing of it runs any more, and others are let in: a process that ends by them is no fault of this one.

    Where not even that can be written nobody is to wait for it, and it counts as one crash too many at most.
    """
    with suppress(StoreError, NoRoom):
        await desk.suspects.rests(name)


async def persisted(write: Callable[[], Awaitable[R]], what: str, shelf: Shelf, most: int | None = None) -> R:
    """Write, however often it takes: what is not written yet must not be done again, or be overtaken.

    Raises where the store has to be opened anew, and what nobody foresaw when it came `most` times (None: never).
    """
    strange = 0
    while True:
        try:
            return await write()
        except Exception as error:
            strange += not isinstance(error, StoreError | NoRoom)
            if shelf.failed(error) or strange == most:
                raise
            if strange == 1:
                _log.exception("%r: could not be written, and is tried again", what)
            elif not strange:
                _log.error("%r: could not be written, and is tried again: %s", what, error)
            await asyncio.sleep(AGAIN)
