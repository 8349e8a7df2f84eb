"""The desk of an operation: what it works with. How a port is used step by step stands here."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, isawaitable, signature
from typing import Any

from cybernetic.core import NotInside, OptionError
from cybernetic.runtime import Address, Named
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.operations.task import Performed, Task
from cybernetic.vsm.ports.digests import call_digest, digest
from cybernetic.vsm.ports.passages import Ask, Passage
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.ports.receipts import Came, Receipt, Used
from cybernetic.vsm.ports.refusals import OutcomeUnknown
from cybernetic.vsm.world.knowing import Knowing

KEPT = 100  # outcomes that are remembered, so that a task given twice is done once


@dataclass(frozen=True, slots=True)
class Call:
    """What is called through a port: a function or the address of an agent, and with what."""

    target: Callable[..., Any] | Address[Any]
    args: tuple[Any, ...]
    keywords: Mapping[str, Any]

    @property
    def name(self) -> object:
        """What is really called: the function, or the agent's method."""
        return self.args[0] if isinstance(self.target, Address) and self.args else self.target

    def with_marks(self, **marks: Any) -> "Call":
        """The call with those `marks` (key, fence) that are not None and that it has a parameter for."""
        given = {name: value for name, value in marks.items() if value is not None and self._takes(name)}
        return Call(self.target, self.args, {**self.keywords, **given})

    async def made(self) -> Any:
        """Make it; an awaitable result is awaited."""
        if isinstance(self.target, Address):
            return await self.target.within(None).call(*self.args, **self.keywords)
        value = self.target(*self.args, **self.keywords)
        return await value if isawaitable(value) else value

    def _takes(self, name: str) -> bool:
        try:
            parameters = signature(self.name).parameters  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return False
        return name in parameters or any(one.kind is Parameter.VAR_KEYWORD for one in parameters.values())


@dataclass(slots=True)
class Desk:
    """What one operation has at hand.

    Attributes:
        path: of its unit.
        porter: who stands at its ports.
        world: what it shares with others.
        task: what it is working on; None: nothing.
        measures: what was measured of that, by index.
        bills: what each of its calls was estimated at, and what it came to.
    """

    path: str
    porter: Named[Porter]
    world: Knowing
    task: Task | None = None
    measures: dict[str, float] = field(default_factory=dict)
    done: OrderedDict[str, Performed] = field(default_factory=OrderedDict)
    bills: list[tuple[Vector, Vector]] = field(default_factory=list)

    def at_work(self, what: str) -> Task:
        """The task at work. Raises `NotInside` where there is none."""
        if self.task is None:
            raise NotInside(what)
        return self.task

    def remember(self, performed: Performed) -> Performed:
        """Keep an outcome for when its task is given again."""
        self.done[performed.task] = performed
        while len(self.done) > KEPT:
            self.done.popitem(last=False)
        return performed

    async def use(
        self,
        port: str,
        call: Call,
        upper: Vector,
        action: Action | None,
        key: str | None,
        fence: int | None,
    ) -> Used[Any]:
        """Policy, reserve, pace, call, settle, evidence. See `Operation.use`."""
        if not isinstance(upper, Vector):
            raise OptionError("upper", "a Cost such as Cost(usd=.04)", upper)
        about = action or Action(port, {**upper.as_dict(), "key": key})
        asked = call_digest(port, call.name, call.args, call.keywords)
        ask = Ask(self.at_work("use").id, port, about, asked, upper, fence)
        passage: Passage = await self.porter.within(None).call(Porter.admit, ask)
        marked = call.with_marks(key=key, fence=fence)
        for left in reversed(range(passage.port.tries)):
            try:
                return await self._made(passage, marked)
            except Exception as error:
                wait = passage.port.wait(error)
                if wait is None or not left:
                    raise
                passage = await self.porter.within(None).call(Porter.refused, passage, wait)
        raise AssertionError("a port has at least one try")

    async def _made(self, passage: Passage, call: Call) -> Used[Any]:
        """One try, with what it came to settled, however it ends."""
        port = passage.port
        try:
            async with asyncio.timeout(port.timeout) as limit:
                value = await call.made()
        except BaseException as error:
            if isinstance(error, TimeoutError) and limit.expired():
                receipt = await self._settled(passage, Came.UNKNOWN, "", None)
                raise OutcomeUnknown(passage.ask.port, port.timeout, receipt) from error
            if isinstance(error, Exception) and port.wait(error) is None:
                lost = None if port.failed is None else port.failed(error)
                await self._settled(passage, Came.FAILED, type(error).__name__, lost)
            raise
        actual = None if port.cost is None else port.cost(value)
        receipt = await self._settled(passage, Came.DONE, digest(value), actual)
        if actual is not None and passage.ask.upper:
            self.bills.append((passage.ask.upper, actual))
        return Used(value, receipt, receipt.cost)

    async def _settled(self, passage: Passage, came: Came, result: str, actual: Vector | None) -> Receipt:
        receipt: Awaitable[Receipt] = self.porter.call(Porter.settle, passage, came, result, actual)
        return await receipt
