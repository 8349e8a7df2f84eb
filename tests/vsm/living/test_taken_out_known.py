"""Which units are taken out is a state: it is known whoever dies; and the last unit that takes a kind stays."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill, System
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Clocks,
    Index,
    Intervention,
    Operation,
    Outcome,
    Port,
    Rung,
    Suspended,
    Task,
    ViableSystem,
    now,
    unit,
)
from cybernetic.vsm.control.control import Control
from cybernetic.vsm.operations.kinds import Kinds
from cybernetic.vsm.operations.underway import under_way


async def tool(takes: float) -> float:
    """Takes so long."""
    await asyncio.sleep(takes)
    return takes


class Doer(Operation):
    """May take a second; for a slow one it takes longer."""

    indices: ClassVar[Any] = [Index("cycle_time", limits=(0.0, 1.0), cost=True)]

    async def handle(self, task: Task) -> Outcome:
        """One use."""
        slow = self.ref.name.endswith("slow")
        used = await self.use("tool", tool, 1.6 if slow else 0.1)
        return Outcome(self.ref.name, evidence=[used.receipt])


class Pair(ViableSystem):
    """Two alike."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()
    clocks = Clocks(ack=1.0, recovery=120.0)

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Doer, id="a"), unit(Doer, id="b")]


async def by(level: Any, kind: str = "job", **marks: Any) -> Any:
    """Who has done a task."""
    done = await level.within(None).call(ViableSystem.submit, Task(kind, **marks))
    return done.outcome.value


async def out(system: Any, level: str, id: str, seconds: float = 300.0) -> None:
    """A unit is taken out."""
    one = Intervention(Rung.DISSOLVE, "to see", now() + seconds)
    await system.named(f"{level}:control", Control).call(Control.intervene, f"{level}/{id}", one)


async def killed(system: Any, *names: str) -> None:
    """They are, one after another, at once."""
    for name in names:
        ref = system.whereis(name, Agent)
        assert ref is not None
        ref.exit(Kill())
    await asyncio.sleep(0.5)


@pytest.mark.parametrize(
    "names",
    [
        ["pair:environment"],
        ["pair:environment", "pair:control"],
        ["pair:channel.command", "pair:environment"],
        ["pair:level"],
    ],
)
async def test_who_gives_the_tasks_knows_what_is_taken_out_whoever_dies(names: list[str]) -> None:
    async with System() as system:
        pair = await system.start(Pair)
        await asyncio.sleep(2.0)
        await out(system, "pair", "a")
        await killed(system, *names)
        await asyncio.sleep(1.5)
        begun = asyncio.get_running_loop().time()
        found = await asyncio.gather(*(by(pair) for _ in range(10)))
        if names != ["pair:level"]:  # with that all its units begin anew
            assert set(found) == {"pair/b"}
        assert asyncio.get_running_loop().time() - begun < 5.0


@pytest.mark.parametrize("back", [False, True])
async def test_what_was_said_while_nobody_heard_it_is_known_in_the_next_round(back: bool) -> None:
    async with System() as system:
        pair = await system.start(Pair)
        await asyncio.sleep(2.0)
        await out(system, "pair", "a")
        if back:
            await pair.call(ViableSystem.resume, "pair/a")
        known = under_way(system, "pair").out
        await asyncio.sleep(0.1)
        assert ("pair/a" in known) is not back
        known.clear()
        known.update({"pair/a": now() + 300.0} if back else {})  # as if the last word were lost
        await asyncio.sleep(1.5)
        found = await asyncio.gather(*(by(pair) for _ in range(10)))
        assert ("pair/a" in found) is back


async def test_what_all_who_could_do_it_are_taken_out_for_is_refused_at_once_and_done_when_one_is_back() -> (
    None
):
    async with System() as system:
        pair = await system.start(Pair)
        await asyncio.sleep(2.0)
        for id, seconds in (("a", 300.0), ("b", 10.0)):
            await out(system, "pair", id, seconds)
        await asyncio.sleep(0.5)
        begun = asyncio.get_running_loop().time()
        with pytest.raises(Suspended, match="pair/b") as refused:
            await by(pair)
        assert asyncio.get_running_loop().time() == begun
        await asyncio.sleep(refused.value.until - now() + 2.0)
        assert await by(pair) == "pair/b"


class Desk(Pair):
    """One takes refunds, the other tickets."""

    def units(self) -> list[Any]:
        """Both."""
        return [unit(Doer, id="slow", kinds=["refund"]), unit(Doer, id="ok", kinds=["ticket"])]


async def test_the_only_unit_that_takes_a_kind_is_not_taken_out_however_slow_it_is() -> None:
    async with System() as system:
        desk = await system.start(Desk)
        await asyncio.sleep(2.0)
        rungs = set()
        for _ in range(200):
            assert await by(desk, "refund") == "desk/slow"
            held = (await desk.call(ViableSystem.status)).interventions
            rungs |= {one.rung for one in held.values()}
            await asyncio.sleep(2.0)
        assert max(rungs) is Rung.REPLACE


def test_a_unit_is_needed_where_none_of_the_others_takes_one_of_its_kinds() -> None:
    kinds = Kinds({"a": ["x", "y"], "b": ["y"], "c": ["x"]})
    assert not kinds.needs("a", ["b", "c", "d"])
    assert kinds.needs("a", ["b", "d"])
    assert kinds.needs("a", [])
    assert not kinds.needs("b", ["a"])
    assert kinds.needs("d", ["a", "b", "c"])  # it takes what nobody declares
    assert not kinds.needs("d", ["a", "e"])
