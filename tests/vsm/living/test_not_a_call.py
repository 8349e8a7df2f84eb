"""What is no call, or is done only after it, is refused: it would have a receipt for what the port knew nothing of."""

import asyncio
from functools import partial
from typing import Any

import pytest

from cybernetic.runtime import Agent
from cybernetic.vsm import Cost, NotACall, Operation, Outcome, Task, ViableSystem, unit
from cybernetic.vsm.checks import is_async
from tests.vsm.living.company import Company, started
from tests.vsm.living.inspected import ask as asked
from tests.vsm.living.inspected import audited

RAN: list[str] = []


async def words(text: str) -> Any:
    """As a model's client gives them."""
    for word in text.split():
        RAN.append(word)
        yield word


def lines(text: str) -> Any:
    """The same, without waiting."""
    RAN.append(text)
    yield text


async def whole(text: str) -> str:
    """Read to its end."""
    return "-".join([word async for word in words(text)])


class Streams:
    """An object that gives them when it is called."""

    async def __call__(self, text: str) -> Any:
        """So."""
        yield text

    class Later:
        """One that gives them whole, later."""

        async def __call__(self, text: str) -> str:
            """So."""
            return text


class Loader:
    """Its objects give them; making one is a call like any other."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self) -> Any:
        """So."""
        yield self.text


class Other(Agent):
    """Is called without a method."""

    def setup(self) -> None:
        """Alone."""

    def complete(self, text: str) -> Any:
        """Word by word."""
        return words(text)


WHAT: dict[str, Any] = {
    "words": lambda system: words,
    "lines": lambda system: lines,
    "partial": lambda system: partial(words),
    "object": lambda system: Streams(),
    "given": lambda system: lambda text: words(text),
    "given later": lambda system: lambda text: asyncio.sleep(0.5, words(text)),
    "nothing": lambda system: None,
    "coroutine": lambda system: whole("a b"),
    "agent": lambda system: system.named("other", Other),
    "agent's": lambda system: system.named("other", Other),
    "method's name": lambda system: system.named("other", Other),
    "number": lambda system: system.named("other", Other),
    "another's": lambda system: system.named("other", Other),
    "whole": lambda system: whole,
    "class": lambda system: Loader,
}
ARGS: dict[str, tuple[Any, ...]] = {
    "agent": (),
    "agent's": (Other.complete, "a b"),
    "method's name": ("complete", "a b"),
    "number": (5,),
    "another's": (Operation.perform, "a b"),
}
GIVEN = ("given", "given later", "agent's")  # it has been called when that is seen


class Client(Operation):
    """Uses what the task's kind names."""

    begun = 0

    async def handle(self, task: Task) -> Outcome:
        """Once."""
        Client.begun += 1
        args = ARGS.get(task.kind, ("a b",))
        used = await self.use("tool", WHAT[task.kind](self.system), *args, upper=Cost(usd=0.1))
        return Outcome(used.value, evidence=[used.receipt])


class Talk(Company):
    """One unit."""

    def units(self) -> list[Any]:
        """One."""
        return [unit(Client, id="client", floor=0.5)]


@pytest.mark.parametrize("kind", [kind for kind in WHAT if kind not in ("whole", "class")])
async def test_what_is_no_call_is_refused_by_name_at_once(kind: str) -> None:
    async with started(Talk) as (system, talk):
        await system.start(Other, name="other")
        RAN.clear()
        Client.begun = 0
        with pytest.raises(NotACall, match="target: expected a function"):
            await talk.within(None).call(ViableSystem.submit, Task(kind))
        assert (RAN, Client.begun) == ([], 1)
        await asyncio.sleep(2.0)
        account = (await talk.call(ViableSystem.status)).accounts["talk/client"]
        assert account.spent == (Cost(usd=0.1) if kind in GIVEN else Cost())


async def test_what_is_read_to_its_end_inside_is_one() -> None:
    async with started(Talk) as (_, talk):
        done = await talk.within(None).call(ViableSystem.submit, Task("whole"))
        assert done.outcome.value == "a-b"
        assert RAN == ["a", "b"]


async def test_a_class_is_called_to_make_an_object_whatever_that_does_when_it_is_called() -> None:
    async with started(Talk) as (_, talk):
        done = await talk.within(None).call(ViableSystem.submit, Task("class"))
        assert done.outcome.value.text == "a b"
    assert is_async(Streams.Later())
    assert not is_async(Streams.Later)  # it would run in the loop, where it holds up all


async def test_a_verifier_is_refused_the_same() -> None:
    refused = []

    async def verify(evidence: Any, use: Any) -> bool:
        """By a generator, by nothing at all, and by what an agent answers with."""
        for target, *args in ((lines, "x"), (None, "x"), (other, Other.complete, "x")):
            try:
                await use("manual", target, *args)
            except NotACall as error:
                refused.append(error.got)
        return True

    async with started(audited(probability=1.0, verify=verify, independent_of="kb")) as (system, desk):
        other = await system.start(Other, name="other")
        await asked(desk, 1)
        await asyncio.sleep(2.0)
    assert refused[:2] == [repr(lines), "None"]
    assert refused[2].startswith("<async_generator object words")
