"""`ViableSystem`: the one to subclass. A level of recursion, governed, and a unit wherever one may stand."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from cybernetic.core import CallError, NotFound, number, one_of
from cybernetic.runtime import Deferred, registered_name
from cybernetic.supervision import Child, Supervisor, child
from cybernetic.vsm.algedonic.algedonode import Algedonode
from cybernetic.vsm.algedonic.humans import ConsoleHuman
from cybernetic.vsm.algedonic.vigil import Vigil
from cybernetic.vsm.algedonic.watcher import VIGIL
from cybernetic.vsm.audit.plan import Audit
from cybernetic.vsm.bargain.budget import Budget
from cybernetic.vsm.bargain.refusals import NoOpenBill
from cybernetic.vsm.bargain.vector import Vector
from cybernetic.vsm.books.books import Books
from cybernetic.vsm.books.refusals import BooksRefused
from cybernetic.vsm.channels.ear import level_of
from cybernetic.vsm.checks import plain, word
from cybernetic.vsm.cleared import cleared, named
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.coordination.restarts import forget
from cybernetic.vsm.decisions.policy import Policy
from cybernetic.vsm.decisions.question import Reception
from cybernetic.vsm.declared import FINAL, check_data, check_declared
from cybernetic.vsm.door import ArgumentRefused, a, each, pain_key, takes, text
from cybernetic.vsm.governed import Governed
from cybernetic.vsm.inspection.auditor import Auditor
from cybernetic.vsm.inspection.independence import check_independence
from cybernetic.vsm.inspection.messages import Quarantine
from cybernetic.vsm.intelligence.intelligence import Intelligence
from cybernetic.vsm.intelligence.messages import Outlook
from cybernetic.vsm.ladder.climb import Climb
from cybernetic.vsm.ladder.clocks import Clocks, Paging
from cybernetic.vsm.ladder.signals import PainKey
from cybernetic.vsm.layout import Layout
from cybernetic.vsm.level import ABLATED, Channels, Level, books, steady
from cybernetic.vsm.operations.environment import Environment
from cybernetic.vsm.operations.envoy import Away
from cybernetic.vsm.operations.messages import Intervention, Resumption, Rung
from cybernetic.vsm.operations.refusals import NoSuchUnit
from cybernetic.vsm.operations.task import Performed, Task
from cybernetic.vsm.operations.unit import Unit, checked_units
from cybernetic.vsm.ports.port import Port
from cybernetic.vsm.ports.porter import Porter
from cybernetic.vsm.ports.refusals import NoSuchPort
from cybernetic.vsm.pulse import set_pulse
from cybernetic.vsm.recursion.charter import Charter
from cybernetic.vsm.recursion.handing import boundary, enclose, handed, no_unit, take_out, taken_out
from cybernetic.vsm.recursion.refusals import Elsewhere, HeldAbove
from cybernetic.vsm.status import Status, status
from cybernetic.vsm.timing import now
from cybernetic.vsm.world.declared import World
from cybernetic.vsm.world.keeper import keeper, world_name


class ViableSystem(Governed):
    """A viable system. Subclass it, declare it, and return its units from `units`; start it like any supervisor.

    Attributes:
        purpose: what it is for, in a sentence.
        budget: what may be spent in a period. Within another level it is what is shared out at most of what that lends,
            in the same period.
        ports: the ways into the environment that its units may use, by name.
        policies: rules that all actions of its units, and of the levels below, must pass.
        audit: how its units are audited; None (default): they are not, and are called "unaudited".
        clocks: how long a level has to acknowledge a pain, and to mend it, and how often it looks who has gone silent.
        human: who is paged, tried in order. Default: the console. Only the top of all levels may say that, as it may
            `paging` and `pulse`: what a level within declares otherwise is refused when it starts.
        paging: how often he is called, be it for pain or for his word, how long he has, and what holds when he does not
            answer to pain.
        reserve: the part (from 0, less than 1) of what may be spent that is kept back until something goes better than
            it has to: then system 5 lets the unit where it does have it, for the rest of the epoch. Default 0.
        data: the directory in which what must last is kept; None (default): nothing is.
        pulse: seconds of a round, in which units account, contracts and policies are sent again and silence is noticed,
            > 0; at the top it holds for all levels. Default 1. A slower one costs less, and pain goes up as quickly.
        world: a graph of facts that its units, its systems and the levels within it share; None (default): that of the
            level above, if it has one.
        tick: seconds in which its system 4 counts what comes as one datum, > 0. Default 10.
        capacity: notes a second that each of its channels is meant for, > 0; more than .8 of it for a second hurts
            ("command full"). Default 1000.
        kinds: of tasks that it takes as a unit of the level above, as of an `Operation`. Default none: those that no
            other unit there takes.
        lead: ticks from a decision of its systems 3 and 4 until it has its effect, at least 1: so far system 4 looks
            ahead. Default 6.
    """

    purpose: ClassVar[str] = ""
    budget: ClassVar[Budget | None] = None
    ports: ClassVar[Mapping[str, Port]] = {}
    policies: ClassVar[Sequence[Policy]] = ()
    audit: ClassVar[Audit | None] = None
    clocks: ClassVar[Clocks | None] = None
    human: ClassVar[Sequence[Any]] = (ConsoleHuman(),)
    paging: ClassVar[Paging] = Paging()
    reserve: ClassVar[float] = 0.0
    data: ClassVar[str | None] = None
    pulse: ClassVar[float | None] = None
    world: ClassVar[World | None] = None
    tick: ClassVar[float] = 10.0
    lead: ClassVar[int] = 6
    kinds: ClassVar[Sequence[str]] = ()
    capacity: ClassVar[float] = 1000.0

    strategy = "rest_for_one"
    _final = FINAL
    _hooks = frozenset({"units"})
    _unlimited = frozenset({"ablate", "submit"})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_declared(cls, ViableSystem)

    def units(self) -> Sequence[Unit]:
        """Override: the units, each made by `unit` (or `remote`). Runs once, in the agent."""
        return ()

    def children(self) -> list[Child[Any]]:
        """The books first, then what carries messages, then the level itself. Where those of one that was killed still
        end, after that.
        """
        path = self._path
        charter = handed(self.system, path) or Charter.top(plain("name", path), type(self))
        units = checked_units(self.units())
        if charter.audit is not None:
            operations = [unit.spec.agent for unit in units if unit.spec is not None and not unit.nested]
            check_independence(charter.audit, charter.ports, operations)
        layout = Layout(charter, units, tuple(self.policies), check_data(self.data))
        top = len(charter.lineage) == 1
        if top:
            set_pulse(self.system, path, charter.pulse)
            if not self.ref.inspect().history():  # or its supervisor starts it again
                forget(self.system, path)
        elif not boundary(
            self.system, level_of(path)
        ):  # in another process: what was taken out is known there
            self.system.named(level_of(path), ViableSystem).cast(ViableSystem.begun, path)
        vigil = (
            [
                steady(
                    Vigil,
                    path,
                    charter.human,
                    self.ref,
                    charter.paging,
                    charter.clocks[0],
                    role=VIGIL,
                    path=path,
                )
            ]
            if top and "algedonic" not in taken_out(self.system, path)
            else []
        )
        self._nested = tuple(layout.path(unit) for unit in units if unit.nested)
        self._audited = charter.audit is not None
        self._remote, self._ports = layout.elsewhere, tuple(sorted(charter.ports))
        levels = (*self._nested, *self._remote)
        enclose(self.system, path, tuple(layout.weights), layout.reached_as_bytes, levels)
        members = [
            *vigil,
            books(path, self.data),
            *([keeper(path, charter.world, self.data)] if charter.apart and charter.world else []),
            child(Channels, path, self.capacity, charter.pulse, id="channels", name=f"{path}:channels"),
            child(Level, layout, id="level", name=f"{path}:level"),
        ]
        names = [*named(members), f"{path}:{VIGIL}", world_name(path)]
        return [*cleared(self.system, names), *members]

    # By message. All of it raises `Away` where the part that has to answer is dead or taken out, and `ArgumentRefused`.

    @takes(task=a(Task))
    def submit(self, task: Task) -> Deferred[Performed]:
        """Have a task done; answered with what came of it, however long that takes.

        Raises what its operation refuses with, `NoSuchUnit`, `NoSuchKind`, `TaskGivenUp` if it ended over it again
        and again or was away, `TaskHung` or `TaskStopped` if that was ended over it, `WaitsForItself` for a unit that
        would wait for itself, `TaskUnknown`.
        """
        answer, who = self.defer(), self.sender
        name = registered_name(who) if who is not None and answer.awaited else None
        environment = self.system.named(f"{self._path}:environment", Environment)
        environment.cast(Environment.take_on, task, answer, () if name is None else (name,))
        return answer

    async def alarms(self) -> tuple[Climb, ...]:
        """The pains that are open at this level."""
        alarms: tuple[Climb, ...] = await self._ask("algedonode", Algedonode.alarms)
        return alarms

    @takes(key=pain_key, by=word)
    async def ack(self, key: PainKey, by: str) -> Reception:
        """A human takes a pain over, wherever at or below this level it was felt; what became of the word.

        All but `Reception.TAKEN` changed nothing, and is in the log of the level where it was felt. Raises
        `NoSuchUnit`.
        """
        reception: Reception = await self._ask("algedonode", Algedonode.answered, key, by)
        if reception is Reception.LATE and no_unit(self.system, self._path, key.path):
            raise NoSuchUnit(key.path, boundary(self.system, self._path), "key")
        return reception

    async def ledger(self) -> Any:
        """What was granted, lent and spent: the allocator of system 3; None where no budget is counted."""
        return await self._ask("control", Control.ledger)

    async def decisions(self, since: int = 0, kind: str | None = None) -> Any:
        """The log: decisions, findings, interventions, in order."""
        try:
            return await self._ask("books", Books.entries, since, kind)
        except BooksRefused as error:
            raise ArgumentRefused(error.why) from error

    async def outlook(self) -> Outlook:
        """What system 4 sees coming: forecasts with their intervals and skill, and what it has proposed."""
        outlook: Outlook = await self._ask("intelligence", Intelligence.outlook)
        return outlook

    async def status(self) -> Status:
        """How the level is: what each part of it that lives has to say, and "silent" for what does not."""
        return await status(self.system, self._path, self._audited)

    async def levels(self) -> tuple[str, ...]:
        """The paths of this level and of those within it that are there."""
        inside = await self._of_levels(ViableSystem.levels)
        return (self._path, *(path for found in inside for path in found))

    @takes(unit=word, reason=text, seconds=partial(number, above=0))
    async def suspend(self, unit: str, reason: str, seconds: float) -> None:
        """Let a unit (its path), or one of a level within, use no port and begin no task for so long. System 3 writes
        it down, and tells it until it knows. Raises `NoSuchUnit`, and `Elsewhere` for one of another system.
        """
        until = now() + seconds
        if unit not in boundary(self.system, self._path):
            await self._pass_down(unit, ViableSystem.suspend, unit, reason, seconds)
            return
        one = Intervention(Rung.SUSPEND, reason, until)
        await self._ask("control", Control.intervene, unit, one)

    @takes(unit=word, reason=text)
    async def resume(self, unit: str, reason: str = "by request") -> None:
        """End a suspension, or any other intervention, before its time: in a unit, one of a level within, or (its own
        path) all of the level. Raises `NoSuchUnit`, `Elsewhere`, and `HeldAbove` where a level above holds it as well.
        """
        own = unit in boundary(self.system, self._path)
        if not own and unit != self._path:
            await self._pass_down(unit, ViableSystem.resume, unit, reason)
            return
        alone = "algedonic" in taken_out(self.system, self._path)
        if not alone and await self._ask("algedonode", Algedonode.resumed, unit):
            raise HeldAbove(self._path, unit)
        await self._ask("control", Control.intervene, unit if own else None, Resumption(reason))

    @takes(port=word, why=text)
    async def lift(self, port: str, why: str) -> None:
        """Let a port that was taken out of use be used again here and in the levels within, and hold nothing against it
        any more. Raises `NoSuchPort`, and `HeldAbove` where a level above has taken it out.
        """
        if port not in self._ports:
            raise NoSuchPort(port, self._ports)
        one = Quarantine(port, why, lifted=True)
        await self._ask("control", Control.quarantine, one, patience=None)

    @takes(receipt=word, cost=a(Vector, "a Cost"))
    async def billed(self, receipt: str, cost: Vector) -> None:
        """The bill has come for a call, here or in a level within, of which nobody knew what it took: it took `cost`.

        `receipt` is the `id` of its receipt, such as that of `OutcomeUnknown`. Until then its upper bound counts, which
        is final 15 minutes after its epoch. Raises `NoOpenBill`, `NoSuchUnit`, `Elsewhere`, `Away`.
        """
        path, _, role = receipt.partition("#")[0].partition(":")
        if role and path == self._path:
            await self._ask("audit", Auditor.billed, receipt, cost)
        elif path == self._path or (not role and path in self._nested):
            raise NoOpenBill(receipt)  # a level itself calls nobody
        elif not role and path in boundary(self.system, self._path) and path not in self._remote:
            await self._ask("porter", Porter.billed, receipt, cost, at=path)
        else:
            await self._pass_down(path, ViableSystem.billed, receipt, cost, argument="receipt")

    @takes(systems=each(partial(one_of, choices=sorted(ABLATED))))
    async def ablate(self, *systems: str) -> None:
        """Take systems out of this level and those within it, for good: "s2", "s3", "s3star", "s4", "s5", "algedonic".

        To see what they are for. A level that begins anew, or is away just now, is without them as well.
        """
        take_out(self.system, self._path, systems)
        for name in systems:
            keeper, id = ABLATED[name]
            with suppress(NotFound):
                await self._part(keeper, Supervisor).within(None).call(Supervisor.terminate_child, id)
            if name == "algedonic":
                with suppress(NotFound):  # who watches it goes with it; only the top has one
                    await self.terminate_child(VIGIL)
        await self._of_levels(ViableSystem.ablate, *systems, patience=None)

    @takes(path=word)
    def begun(self, path: str) -> None:
        """A level within, of another process, has begun: it is told what is taken out of it."""
        gone = taken_out(self.system, path)
        if gone:
            self.system.named(path, ViableSystem).within(None).cast(ViableSystem.ablate, *sorted(gone))

    async def _pass_down(self, unit: str, method: Any, *args: Any, argument: str = "unit") -> None:
        """What is for a unit of a level within, that level does. Raises `NoSuchUnit`, `Elsewhere`, `Away`."""
        known = boundary(self.system, self._path)
        level = next((one for one in known if f"{unit}/".startswith(f"{one}/")), None)
        if level in self._remote:
            raise Elsewhere(unit, level)
        if level not in self._nested:
            raise NoSuchUnit(unit if argument == "unit" else args[0], known, argument)
        try:
            await self.system.named(level, ViableSystem).call(method, *args)
        except CallError as error:
            raise Away(level, "level") from error
