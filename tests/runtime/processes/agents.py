"""Agents and small helpers that the tests of processes share."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cybernetic import Agent, Reason, Ref, Token
from cybernetic.core import Event, attach
from cybernetic.runtime import AgentEnded


@dataclass(frozen=True)
class Upset(Reason):
    """A reason of a user's own: abnormal, compared by value."""

    why: str = ""


class Puppet(Agent):
    """Does inside itself what it is told, and keeps what `receive` and `note` get."""

    def __init__(self, trap: bool = False) -> None:
        if trap:
            self.trap_exit = True
        self.got: list[Any] = []

    def do(self, fn: Callable[[Any], Any]) -> Any:
        """Run `fn(self)`, a function or a coroutine function, as a handler."""
        return fn(self)

    def note(self, value: Any) -> None:
        self.got.append(value)

    def receive(self, message: Any) -> None:
        self.got.append(message)

    def seen(self) -> list[Any]:
        return list(self.got)


class Mopper(Puppet):
    """A puppet that notes its `terminate` in a list of the test's."""

    def __init__(self, mopped: list[Reason], trap: bool = False) -> None:
        super().__init__(trap)
        self.mopped = mopped

    def terminate(self, reason: Reason) -> None:
        self.mopped.append(reason)


async def settled() -> None:
    """Wait until everything that can happen now has happened: on virtual time that takes no longer."""
    await asyncio.sleep(0.01)


@contextmanager
def heard(kind: type[Event]) -> Iterator[list[Any]]:
    """The events of one kind, as they are told."""
    events: list[Any] = []
    detach = attach(kind, events.append)
    try:
        yield events
    finally:
        detach()


@contextmanager
def ends() -> Iterator[dict[Any, Reason]]:
    """The reasons of the agents that end, by `Ref`; each ends once."""
    reasons: dict[Any, Reason] = {}

    def ended(event: AgentEnded) -> None:
        assert event.ref not in reasons, f"expected {event.ref} to end once"
        reasons[event.ref] = event.reason

    detach = attach(AgentEnded, ended)
    try:
        yield reasons
    finally:
        detach()


def raised_by(fn: Callable[..., Any], *args: Any) -> BaseException | None:
    """What `fn(*args)` raises, as a value: inside an agent it would be a crash."""
    try:
        fn(*args)
    except Exception as error:
        return error
    return None


async def monitored(watcher: Ref[Puppet], ref: Any, priority: bool = False) -> Token:
    """The token of a monitor that `watcher` has on `ref`."""
    token: Token = await watcher.call(Puppet.do, lambda me: me.monitor(ref, priority=priority))
    return token


async def linked(one: Ref[Puppet], other: Any, priority: bool = False) -> None:
    """Let `one` link to `other`."""
    await one.call(Puppet.do, lambda me: me.link(other, priority=priority))


def crash(me: Agent) -> None:
    """What a puppet does to crash."""
    raise ValueError("on purpose")


def stop_with(reason: Reason) -> Callable[[Agent], None]:
    """What a puppet does to end itself with `reason`."""
    return lambda me: me.stop(reason)


@contextmanager
def held(*puppets: Ref[Puppet]) -> Iterator[None]:
    """Inside the block every message to the puppets stays queued behind a handler that waits."""
    gates = [asyncio.Event() for _ in puppets]
    for puppet, gate in zip(puppets, gates, strict=True):
        puppet.cast(Puppet.do, lambda _, gate=gate: gate.wait())
    try:
        yield
    finally:
        for gate in gates:
            gate.set()
