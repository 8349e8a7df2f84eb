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
W = TypeVar("W", bound="Writing")

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


class Writing(Protocol):
    """Writes down what came of a message."""

    def take_effect(self) -> Awaitable[Retry | None]:
        """Write its effect, if there is one, waiting for nothing; a `Retry` where that is refused."""

    def write(self, patience: float | None) -> Awaitable[object]:
        """Write it, once, however often it is called; with a `patience` of 0 it waits for nothing."""


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
    conclude: Callable[[Handled], W],
    gate: Gate | None = None,
    answer: tuple[Any] | None = None,
    turn: Turn | None = None,
) -> W:
    """Have a message handled; again and again, while it is to be tried again and `stays` here meanwhile.

    Each try is counted on the disk before the wait for the next, under `name`: another process goes on from there.
    Each goes through the `gate`; None: as any other. None begins while the delivery is not here, as its `turn` knows
    (None: it is no delivery). What came of it, as `conclude` says, is written inside the gate, too, for that may end
    the process as well, where it needs no waiting; the caller writes it in any case. Raises `Gone`: it does not come
    again.
    """
    desk, turn = crew.desk, turn or Turn()
    if received.redelivered and (tried := await desk.tries.read(name)) is not None:
        ticket = replace(tried.ticket, copy=ticket.copy)
        await asyncio.sleep(tried.left)
    while True:
        if received.attempt != ticket.retries + 1:
            received = replace(received, attempt=ticket.retries + 1)
        verdict = None
        while verdict is None:
            await turn.wait()
            effect = desk.effect()
            async with gate(turn) if gate is not None else desk.trials.door():
                if not turn.begin():
                    continue
                verdict = await attempt(crew, received, effect, answer)
                writing = conclude(Handled(received, ticket, verdict, effect))
                with suppress(Exception):
                    verdict = await writing.take_effect() or verdict
                again = isinstance(verdict, Retry) and ticket.retries < desk.spec.retries.count
                again = again and stays(ticket)
                turn.end(again)
                if not again:
                    with suppress(Exception):  # it is told where it is written at leisure
                        await writing.write(0.0)
                        return writing
                # others are let in now: a process that ends by them is no fault of this one; where not even that can be
                # written nobody is to wait for it, and it counts as one crash too many at most
                with suppress(StoreError, NoRoom):
                    await desk.suspects.rests(name)
        if not isinstance(verdict, Retry) or not again:
            return writing
        ticket, step = desk.counted(ticket, verdict.why, verdict.after)
        await persisted(partial(desk.tries.keep, name, ticket, step), name, desk.shelf)
        desk.tell_retried(received, ticket, step, verdict.why)
        await asyncio.sleep(step)


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
