"""Agents for the tests of naming: members that do what a test tells them, and a tree to restart them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cybernetic import Agent, Child, CyberneticError, Kill, Reason, Ref, Supervisor, System


class Member(Agent):
    """Does what a test tells it, and keeps what it receives."""

    def __init__(self, first: Callable[[Any], object] | None = None) -> None:
        self.got: list[Any] = []
        self.senders: list[Any] = []
        if first is not None:
            first(self)

    def do(self, act: Callable[[Any], Any]) -> Any:
        return act(self)

    async def do_async(self, act: Callable[[Any], Awaitable[Any]]) -> Any:
        return await act(self)

    def error(self, act: Callable[[Any], Any]) -> Exception | None:
        """What `act` raises, as a value."""
        try:
            act(self)
        except CyberneticError as error:
            return error
        return None

    def receive(self, message: Any) -> None:
        self.got.append(message)
        self.senders.append(self.sender)

    def seen(self) -> list[Any]:
        return list(self.got)


class Trapper(Member):
    """A member that an exit signal of others does not end."""

    trap_exit = True


class Lingerer(Member):
    """A member whose handler takes a while to unwind when it is to end."""

    async def linger(self, seconds: float) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(seconds)


class Tree(Supervisor):
    """Whatever children a test wants, restarted one for one."""

    max_restarts = 100

    def __init__(self, *specs: Child[Any]) -> None:
        self.specs = specs

    def children(self) -> tuple[Child[Any], ...]:
        return self.specs


async def members(system: System, count: int, cls: type[Member] = Member) -> list[Ref[Any]]:
    """Start some members."""
    return [await system.start(cls) for _ in range(count)]


async def do(ref: Any, act: Callable[[Any], Any]) -> Any:
    """Have a member do something; what it refuses is raised here."""
    return await ref.call(Member.do, act)


async def error(ref: Any, act: Callable[[Any], Any]) -> Any:
    """What a member gets when it tries something."""
    return await ref.call(Member.error, act)


async def kill(system: System, ref: Ref[Any], reason: Reason | None = None) -> Reason:
    """End an agent, and wait until it has ended."""
    death = asyncio.ensure_future(system.wait(ref))
    await asyncio.sleep(0)
    ref.exit(Kill() if reason is None else reason)
    return await death
