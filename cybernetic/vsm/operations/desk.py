"""The desk of an operation: what it works with. How a port is used step by step stands here."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any

from cybernetic.core import BadCall, NotInside, OptionError
from cybernetic.runtime import Address, Agent, Named
from cybernetic.vsm.aside import Aside, Attempt, check_call
from cybernetic.vsm.bargain.vector import NOTHING, Vector
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.ids import fresh_id
from cybernetic.vsm.operations.progress import Circling, Progress
from cybernetic.vsm.operations.task import Performed, Task
from cybernetic.vsm.ports.bills import told
from cybernetic.vsm.ports.digests import call_digest, digest
from cybernetic.vsm.ports.passages import Ask, Had, Passage
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.ports.receipts import Came, Receipt, Used
from cybernetic.vsm.ports.refusals import NotACall, NoThread, OutcomeUnknown, Stuck
from cybernetic.vsm.ports.sameness import packed, sameness, unpacked
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.knowing import Knowing

SLIPS = (BadCall, NotACall)  # of who calls: they say nothing of whom he called
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

    async def made(self, attempt: Attempt) -> Any:
        """Make it; an awaitable result is awaited."""
        return await attempt.make(self.target, *self.args, **self.keywords)

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
        aside: runs a plain function in a thread (`Agent.run_blocking`).
        progress: the signs it gives.
        management: of its unit.
        life: names this life of the operation.
        task: what it is working on; None: nothing.
        measures: what was measured of that, by index.
        bills: what each of its calls was estimated at, and what it came to.
        anew: names why what was done of that before does not count, so that it is to see for itself; empty: it does.
        loose: whether it has made a call that no key names, or handed on such a task: done anew it would happen twice.
        stuck: whether it was told that it is in a loop.
    """

    path: str
    porter: Named[Porter]
    world: Knowing
    aside: Aside
    progress: Progress
    management: Named[Agent]
    life: str = field(default_factory=lambda: fresh_id(8, "life"))
    task: Task | None = None
    measures: dict[str, float] = field(default_factory=dict)
    done: OrderedDict[str, tuple[str, Performed]] = field(default_factory=OrderedDict)
    bills: list[tuple[Vector, Vector]] = field(default_factory=list)
    anew: str = ""
    loose: bool = False
    stuck: bool = False

    def begin(self, task: Task, anew: str) -> float:
        """A task is begun; when, in seconds."""
        self.task, self.measures, self.bills = task, {}, []
        self.anew, self.loose, self.stuck = anew, False, False
        return now()

    def at_work(self, what: str) -> Task:
        """The task at work. Raises `NotInside` where there is none."""
        if self.task is None:
            raise NotInside(what)
        return self.task

    def recall(self, task: Task, anew: str) -> Performed | None:
        """What came of a task when it was given before; None: nothing, or that was before it was to be done `anew`."""
        why, performed = self.done.get(task.id, ("", None))
        return performed if not anew or why == anew else None

    def remember(self, performed: Performed, anew: str) -> Performed:
        """Keep an outcome for when its task is given again."""
        self.done.pop(performed.task, None)
        self.done[performed.task] = anew, performed
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
        check_call(call.target, call.args)
        about = action or Action(port, {**upper.as_dict(), "key": key})
        asked = call_digest(port, call.name, call.args, call.keywords)
        own = fence is not None or bool(self.anew)
        same = "" if own else sameness(port, call.target, call.args, call.keywords, key)
        ask = Ask(self.at_work("use").id, port, about, asked, upper, fence, self.life, same)
        self.progress.port(1, now())
        try:
            return await self._used(ask, call, key)
        except Stuck as error:
            stuck = error
        finally:
            self.progress.port(-1, now())
        if self.stuck:  # it goes on although it was told: who manages it ends it
            self.management.send(Circling(ask.task, stuck))
            await asyncio.get_running_loop().create_future()
        self.stuck = True
        raise stuck

    async def _used(self, ask: Ask, call: Call, key: str | None) -> Used[Any]:
        """Admitted, tried as often as the port has tries, and settled."""
        passage: Passage | Had = await self.porter.within(None).call(Porter.admit, ask)
        if isinstance(passage, Had):
            return _had(passage)
        self.loose = self.loose or key is None
        marked = call.with_marks(key=key, fence=ask.fence)
        for left in reversed(range(passage.port.tries)):
            try:
                return await self._made(passage, marked)
            except Exception as error:
                wait = passage.port.wait(error)
                if wait is None:
                    raise
                took = told(ask.port, passage.port.failed, error)[0] or NOTHING
                passage = await self.porter.within(None).call(Porter.refused, passage, wait, not left, took)
                if not left:
                    raise
                if isinstance(passage, Had):
                    return _had(passage)
        raise AssertionError("a port has at least one try")

    async def _made(self, passage: Passage, call: Call) -> Used[Any]:
        """One try, with what it came to settled, however it ends."""
        port, attempt = passage.port, Attempt(self.aside)
        try:
            async with asyncio.timeout(port.timeout) as limit:
                value = await call.made(attempt)
        except BaseException as error:
            late = isinstance(error, TimeoutError) and limit.expired()
            if not attempt.made:  # no thread was free for it
                await self.porter.call(Porter.unmade, passage) if late else self.porter.cast(
                    Porter.unmade, passage
                )
                if late:
                    raise NoThread(passage.ask.port, port.timeout) from error
            elif late:
                receipt = await self._settled(passage, Came.UNKNOWN, "", None)
                raise OutcomeUnknown(passage.ask.port, port.timeout, receipt) from error
            elif isinstance(error, Exception) and port.wait(error) is None:
                lost = told(passage.ask.port, port.failed, error)
                slip = isinstance(error, SLIPS)
                await self._settled(passage, Came.FAILED, type(error).__name__, *lost, slip=slip)
            elif not isinstance(error, Exception):  # nobody waits for it any more: it may have happened
                self.porter.cast(Porter.left, passage)
            raise
        actual, sure = told(passage.ask.port, port.cost, value)
        answer = packed(value) if passage.shared else None
        receipt = await self._settled(passage, Came.DONE, digest(value), actual, sure, answer)
        if actual is not None and passage.ask.upper:
            self.bills.append((passage.ask.upper, actual))
        return Used(value, receipt, receipt.cost)

    async def _settled(
        self,
        passage: Passage,
        came: Came,
        result: str,
        actual: Vector | None,
        sure: bool = True,
        answer: bytes | None = None,
        slip: bool = False,
    ) -> Receipt:
        receipt: Awaitable[Receipt] = self.porter.call(
            Porter.settle, passage, came, result, actual, sure, answer, slip
        )
        return await receipt


def _had(had: Had) -> Used[Any]:
    """Another has made the call."""
    return Used(unpacked(had.answer), had.receipt)
