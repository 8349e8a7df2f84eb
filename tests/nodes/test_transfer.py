"""`System(check_transfer=True)`: messages between agents of one process are held to what could travel."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from cybernetic import (
    Agent,
    Backoff,
    CallFailed,
    CannotTravel,
    Down,
    Kill,
    MailboxFull,
    Ref,
    Refusal,
    Supervisor,
    System,
    child,
    travels,
)
from cybernetic.testing import Probe, settle


@travels(name="tests.nodes.Order")
@dataclass
class Order:
    """A message of a program that is ready for many nodes."""

    lines: list[str] = field(default_factory=list)


class Local:
    """A value that stays in its process."""


class Clerk(Agent):
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def take(self, order: Any, *, note: Any = None) -> Any:
        self.kept.append(order)
        return order

    def same(self, value: Any, others: list[Any]) -> bool:
        return value is others[0]

    def give_local(self) -> Any:
        return Local()

    async def give_later(self) -> Any:
        return Local()

    def refuse(self) -> None:
        raise Refusal("not today")

    def receive(self, message: Any) -> None:
        self.kept.append(message)

    def last(self) -> Any:
        return self.kept[-1]


class Small(Clerk):
    """The same, with a bounded mailbox."""

    mailbox_limit = 1


async def test_what_arrives_is_a_copy() -> None:
    sent = Order(["tea"])
    async with System(check_transfer=True) as system:
        clerk = await system.start(Clerk)
        answer = await clerk.call(Clerk.take, sent)
        sent.lines.append("milk")
        assert answer == Order(["tea"])
        assert await clerk.call(Clerk.last) == Order(["tea"])


async def test_without_it_values_are_handed_over_as_they_are() -> None:
    sent = Order()
    async with System() as system:
        clerk = await system.start(Clerk)
        assert await clerk.call(Clerk.take, sent) is sent


async def test_addresses_and_tokens_stay_what_they_are() -> None:
    async with System(check_transfer=True) as system:
        clerk = await system.start(Clerk, name="clerk")
        named = system.named("clerk", Clerk)
        for address in (clerk, named, clerk.within(3)):
            assert await clerk.call(Clerk.take, [address]) == [address]
        probe = Probe(system)
        probe.monitor(clerk)
        await settle(system)
        clerk.exit(Kill())
        down = await probe.next(Down)
        other = await system.start(Clerk)
        assert (await other.call(Clerk.take, down)).token is down.token


@pytest.mark.parametrize("cls", [Clerk, Small])
async def test_what_cannot_travel_is_refused_at_the_line_that_sends_it(cls: type[Clerk]) -> None:
    async with System(check_transfer=True) as system:
        clerk: Ref[Clerk] = await system.start(cls)
        with pytest.raises(CannotTravel, match=r"arguments\[0\]\['x'\]\[1\]: .*, got: Local"):
            clerk.cast(Clerk.take, {"x": [0, Local()]})
        with pytest.raises(CannotTravel, match=r"keywords"):
            clerk.cast(Clerk.take, 1, note=Local())
        with pytest.raises(CannotTravel):
            clerk.send(Local())
        with pytest.raises(CannotTravel):
            await clerk.call(Clerk.take, Local())
        assert system.alive(clerk)
        assert clerk.inspect().info().length == 0


@pytest.mark.parametrize("method", [Clerk.give_local, Clerk.give_later])
async def test_an_answer_that_cannot_travel_fails_the_call(method: Any) -> None:
    async with System(check_transfer=True) as system:
        clerk = await system.start(Clerk)
        with pytest.raises(CallFailed, match=r"CannotTravel: answer: .*, got: Local"):
            await clerk.call(method)
        assert system.alive(clerk)


async def test_refusals_limits_and_supervisors_work_as_ever() -> None:
    class App(Supervisor):
        def children(self) -> Any:
            return [child(Small, name="small")]

    async with System(check_transfer=True) as system:
        app = await system.start(App)
        small = system.named("small", Small)
        with pytest.raises(Refusal, match="not today"):
            await small.call(Small.refuse)
        small.cast(Small.take, 1)
        with pytest.raises(MailboxFull):
            await small.call(Small.take, 2)
        await settle(system)
        assert await small.call(Small.last) == 1
        await app.call(Supervisor.start_child, child(partial(Small), id="second", backoff=Backoff(1, 2)))
        assert (await app.call(Supervisor.count_children)).active == 2
        spec = await app.call(Supervisor.get_childspec, "second")
        assert (spec.agent, spec.backoff) == (Small, Backoff(1, 2))
        small.exit(Kill())
        await settle(system)
        assert [info.id for info in await app.call(Supervisor.which_children)] == ["second", "small"]
        assert await small.call(Small.take, 3) == 3
