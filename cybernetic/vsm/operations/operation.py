"""`Operation`: the one to subclass. It does the work of a unit, and meets the environment through ports."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from cybernetic.core import OptionError, Refusal
from cybernetic.runtime import Address, Agent, registered_name
from cybernetic.state import Answers, Assertion, Watching
from cybernetic.vsm.bargain.budget import drift
from cybernetic.vsm.bargain.refusals import BudgetExhausted
from cybernetic.vsm.bargain.vector import NOTHING, Vector, total
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.checks import instance
from cybernetic.vsm.cyberstride.indices import Index
from cybernetic.vsm.decisions.actions import Action
from cybernetic.vsm.ladder.signals import Pain
from cybernetic.vsm.operations.declared import check_operation
from cybernetic.vsm.operations.desk import Call, Desk
from cybernetic.vsm.operations.exclusive import Exclusive
from cybernetic.vsm.operations.progress import begin_progress
from cybernetic.vsm.operations.refusals import NotTaken
from cybernetic.vsm.operations.task import Outcome, Performed, Task
from cybernetic.vsm.operations.upward import handed_on
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.ports.receipts import Used
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.knowing import Knowing

MOST = 10.0  # of a drift: what was not estimated at all counts as that
OWN = (
    "use",
    "choose",
    "exclusive",
    "hand_on",
    "measure",
    "tell",
    "take_back",
    "ask",
    "watch",
)  # called from inside alone
MEASURED = ("cycle_time", "cost", "drift", "success")  # indices that need no word of the operation


class Operation(Agent):
    """An agent that does the work of a unit. Subclass it, and write `handle`.

    Attributes:
        indices: what is measured of it. `cycle_time` (seconds a task), `cost` (of the budget's first resource, a
            task), `drift` (how far bills are above `upper`, as a part of that) and `success` (1 or 0, a task) are
            measured without its help, others by `measure`.
        purposes: what it is there for: kinds of tasks, with the parts of its time and money that are meant for each.
            Audits compare them with what it does. Default: nothing is said.
        kinds: of tasks that it takes; no others are given to it. Default none: those that no other unit takes.
    """

    indices: ClassVar[Sequence[Index]] = ()
    purposes: ClassVar[Mapping[str, float]] = {}
    kinds: ClassVar[Sequence[str]] = ()

    _hooks = frozenset({"handle", "plan", "recover", *OWN})
    _final = frozenset({"perform", "mend", "wish", *OWN})
    _unlimited = frozenset({"perform"})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_operation(cls)

    async def handle(self, task: Task) -> Outcome:
        """Override: do the task. Runs in the agent, one task at a time; what it raises is a crash, unless a Refusal."""
        raise NotImplementedError(
            f"{type(self).__name__}.handle: expected a method that does a {task.kind!r}"
        )

    def plan(self, offer: Vector) -> Vector:
        """Override: what the unit asks for in an epoch, being offered that much. The default takes the offer."""
        return offer

    def recover(self, pain: Pain) -> Any:
        """Override, sync or async: try to mend what hurts; returns whether there is hope. The default has none."""
        return False

    async def use(
        self,
        port: str,
        target: Callable[..., Any] | Address[Any],
        /,
        *args: Any,
        upper: Vector = NOTHING,
        action: Action | None = None,
        key: str | None = None,
        fence: int | None = None,
        **keywords: Any,
    ) -> Used[Any]:
        """Meet the environment: policy, reserve, pace, call, settle, evidence, in that order.

        Where the port's calls may be shared (`Port.shared`) another unit may have made this one: then it is not paced,
        not called, and settled at nothing.

        Args:
            port: the name of a declared port.
            target: what is called: a function, or the address of an agent. What is no coroutine function runs in a
                thread (up to 64 at a time), so it holds up nobody; given up after the port's `timeout`, it goes on
                there to its end, and only its result is dropped.
            *args: its arguments; for an agent the first is the method.
            **keywords: further ones.
            upper: the most it may take. It is reserved before the call, and what it took is settled after it. Default
                nothing: what it took, by the port's `cost`, is taken after it from what is left, and where nothing is
                left, or more was taken than there was, the next call is refused.
            action: what the policies are asked about. Default: of the kind of the port's name, with the amounts of
                `upper` and `key` for facts.
            key: names the effect; given to the call as `key=` if it takes one, so that twice is once.
            fence: the token of a lease (`exclusive`) that must hold still; given to the call as `fence=` if it takes
                one.

        Raises:
            NoSuchPort, PolicyDenied, BudgetExhausted, Stuck, Suspended, LeaseLost, PortOut: it was not called.
            NotACall: nor was what cannot be called. A generator is refused, too: what it gives would be read past the
                port, so read it to its end in a function, and use that. One that a call gives comes too late for that,
                and the call has failed.
            NoThread: nor was it where no thread was free for a plain function within the port's `timeout`.
            OutcomeUnknown: it took longer than the port's `timeout`.
            RateLimited: it was, as often as the port's `tries`.

        What else the call raises is raised, too; `RuntimeError` in place of what would end the program (`SystemExit`).
        """
        return await self._desk.use(port, Call(target, args, keywords), upper, action, key, fence)

    async def choose(self, group: str, costs: Mapping[str, float] | None = None) -> str:
        """Which port of a group to use now: `await self.use(await self.choose("llm"), ...)`.

        It is the one that is cheapest for this unit. Only where all units of the level swing to and fro together does
        system 2 advise something else: a plan first, and then not to move all at once. A port that is quarantined is
        not chosen.

        Args:
            group: as `Port` declares it.
            costs: by port, what it costs the unit to use it, on any one scale, such as seconds. Default: all the same.

        Raises `NoSuchChoice`, and `Quarantined` where no port of the group is in use.
        """
        return await self._desk.porter.call(Porter.choose, group, costs)

    def exclusive(self, key: str, ttl: float = 60.0) -> Exclusive:
        """`async with self.exclusive("ticket/7", ttl=60) as lease:` no other unit of the level has `key` meanwhile.

        It is renewed while it is held. `lease.token` grows from holder to holder: show it to what is written to.
        Raises `LeaseLost` at its end if it was lost, for then somebody else may have written.
        """
        return Exclusive(self._desk, key, ttl)

    async def hand_on(self, task: Task) -> Performed:
        """Let another unit do a task, and wait for what comes of it: `await self.hand_on(Task("refund", order))`.

        It goes to a unit of this level that takes its kind (or that it is `to`), and where there is none to the levels
        above, one after another. What it costs is that unit's; its receipts are no evidence for this one.

        Its `id` should be made of that of the task at work, `f"{task.id}/..."`: then it is the same task when that is
        begun anew. With the id of the task at work itself it is given one, by its kind.

        Raises `NoSuchKind`, `NoSuchUnit`, `WaitsForItself` where only this unit could do it, or one that waits for it,
        `TaskGivenUp` where it ended who did it again and again, or the level is away, and what it is refused with
        there.
        """
        desk = self._desk
        if desk.task is not None and task.id == desk.task.id:
            task = replace(task, id=f"{task.id}/{task.kind}")
        desk.loose = desk.loose or desk.task is None or not task.id.startswith(f"{desk.task.id}/")
        desk.progress.port(1, now())  # who does it is watched himself
        try:
            done = await handed_on(self.system, level_of(desk.path), task, (desk.path,))
        except Exception as error:
            desk.loose = desk.loose or getattr(error, "begun", True)  # it may have been done in part
            raise
        else:
            desk.loose = desk.loose or not done.outcome.good  # so may this
            return done
        finally:
            desk.progress.port(-1, now())

    def measure(self, index: str, value: float) -> None:
        """Note a value of one of `indices` for the task at work. Raises `OptionError` for an index that is not one."""
        names = [one.name for one in self.indices if one.name not in MEASURED]
        if index not in names:
            raise OptionError("index", f"one of {names}", index)
        self._desk.measures[index] = value

    # What it knows and others need, and the other way round: in the world that the level declares. All of it raises
    # `NoWorld` where none is declared, or it does not answer, and `GraphRefused` for bad arguments.

    async def tell(
        self, subject: str, predicate: str, object: Any, confidence: float = 1.0, ttl: float | None = None
    ) -> Assertion:
        """Tell a fact, by this unit, because of the task at work: `await self.tell("mill", "is", "shut", ttl=60)`.

        Args:
            subject: of the fact: a text.
            predicate: of it: a text.
            object: of it: a text, a number, True or False.
            confidence: how sure it is, 0 to 1.
            ttl: seconds after which it is known no more unless it is told again, > 0; None: it stays.
        """
        desk = self._desk
        cause = None if desk.task is None else desk.task.id
        return await desk.world.tell(subject, predicate, object, confidence=confidence, ttl=ttl, cause=cause)

    async def take_back(self, subject: str, predicate: str, object: Any) -> bool:
        """Tell a fact no more; whether this unit did. What others tell of it stays."""
        return await self._desk.world.take_back(subject, predicate, object)

    async def ask(self, *patterns: Any, limit: int = 1000) -> Answers:
        """What all parts have told that makes the patterns true, each of values and `Var`s; see `Graph.query`."""
        return await self._desk.world.ask(*patterns, limit=limit)

    async def watch(self, *patterns: Any) -> Watching:
        """As `ask`, and from then on `receive` is given a `Changed` whenever answers come or go.

        One that has `ended` says why nothing more is told: watch again.
        """
        return await self._desk.world.watch(*patterns)

    # By message, from the management of its unit.

    async def perform(self, task: Task, anew: str = "") -> Performed:
        """Do a task, once: given again under the same id it is answered as before, unless that does not count."""
        desk = self._desk
        known = desk.recall(task, anew)
        if known is not None:
            return known
        began = desk.begin(task, anew)
        try:
            outcome = await self.handle(task)
        except Refusal as error:
            desk.porter.cast(Porter.given_up, task.id)
            if isinstance(error, BudgetExhausted):
                error.begun = error.begun or desk.loose
            elif isinstance(error, NotTaken):
                error.begun = True
            raise
        finally:
            desk.task = None
        instance("handle", outcome, Outcome)
        receipts = await desk.porter.call(Porter.close, task, outcome)
        if desk.bills:
            estimated, billed = (total(side) for side in zip(*desk.bills, strict=True))
            desk.measures["drift"] = min(MOST, max(drift(estimated, billed).values()))
        return desk.remember(Performed(task.id, outcome, receipts, now() - began, desk.measures), anew)

    async def mend(self, pain: Pain) -> bool:
        """Do what `recover` says; whether there is hope."""
        hope = self.recover(pain)
        return bool(await hope if inspect.isawaitable(hope) else hope)

    def wish(self, offer: Vector) -> Vector:
        """What `plan` says to an offer."""
        return self.plan(offer)

    @property
    def _desk(self) -> Desk:
        """Made on first use: subclasses need not call `super().__init__`."""
        desk: Desk | None = self.__dict__.get("_desk_known")
        if desk is None:
            path = registered_name(self.ref) or ""
            porter = self.system.named(f"{path}:porter", Porter)
            desk = self.__dict__["_desk_known"] = Desk(
                path,
                porter,
                Knowing(self, path),
                self.run_blocking,
                begin_progress(self.system, path),
                self.system.named(f"{path}:management", Agent),
            )
        return desk
