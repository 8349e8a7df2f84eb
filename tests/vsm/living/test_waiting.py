"""Who only waits, for its turn or for the answer to another's call, has called nothing and pays nothing."""

import asyncio
from typing import Any, ClassVar

import pytest

from cybernetic import Kill
from cybernetic.vsm import Budget, Cost, Operation, Outcome, Port, Rate, Task, ViableSystem, unit
from cybernetic.vsm.bargain import Vector
from cybernetic.vsm.ports.porter import Porter
from tests.vsm.living.company import PAGER, started

CALLS: list[Any] = []


async def look(what: Any, seconds: float = 0.0) -> float:
    """A cent, and so long."""
    CALLS.append(what)
    await asyncio.sleep(seconds)
    return 0.01


class Asker(Operation):
    """Asks what the task says, each time with the bound that it says, and then once with one."""

    async def handle(self, task: Task) -> Outcome:
        """All at once."""
        port, args, upper = task.body
        uses = await asyncio.gather(*(self.use(port, look, *one, upper=Cost(**upper)) for one in args))
        return Outcome(len(uses), evidence=[one.receipt for one in uses])


class Office(ViableSystem):
    """Two askers."""

    budget = Budget(usd=10.0, per=36000)
    ports: ClassVar[Any] = {
        "shared": Port(shared=3000.0, cost=lambda value: Cost(usd=value)),
        "paced": Port(rate=Rate(1, per=20), cost=lambda value: Cost(usd=value), timeout=5.0, tries=1),
    }
    human = (PAGER,)

    def units(self) -> list[Any]:
        """Two."""
        return [unit(Asker, id=name) for name in "ab"]


def _ask(office: Any, name: str, *body: Any) -> Any:
    task = Task("ask", body, to=f"office/{name}")
    return asyncio.ensure_future(office.within(None).call(ViableSystem.submit, task))


async def _spent(system: Any, name: str) -> Vector:
    committed, _ = await system.named(f"office/{name}:porter", Porter).call(Porter.spent)
    return committed  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()


@pytest.mark.parametrize("upper", [{}, {"usd": 1.0}])
async def test_who_waits_for_the_call_of_another_takes_nothing_when_its_porter_ends(upper: Any) -> None:
    async with started(Office) as (system, office):
        await asyncio.sleep(3.0)
        first = _ask(office, "a", "shared", [("whales", 8.0)], upper)
        await asyncio.sleep(1.0)
        second = _ask(office, "b", "shared", [("whales", 8.0)], upper)
        await asyncio.sleep(1.0)
        victim = system.whereis("office/b:porter")
        assert victim is not None
        victim.exit(Kill())
        await asyncio.gather(first, second)
        await asyncio.sleep(400.0)
        assert CALLS == ["whales"]
        assert await _spent(system, "a") == Vector(usd=0.01)
        assert await _spent(system, "b") == Vector()


@pytest.mark.parametrize("upper", [{}, {"usd": 1.0}])
async def test_the_time_of_a_call_runs_from_its_turn(upper: Any) -> None:
    async with started(Office) as (system, office):
        await asyncio.sleep(3.0)
        asked = _ask(office, "a", "paced", [(n,) for n in range(3)], upper)
        waiting = len(CALLS)
        while not asked.done():
            await asyncio.sleep(1.0)
            spent = await _spent(system, "a")
            assert spent.amount("usd") <= 0.01 * len(CALLS) + upper.get("usd", 0.0) * (3 - len(CALLS))
            waiting += len(CALLS) < 3
        assert waiting > 20  # seconds: longer than a call may take
        assert (await asked).outcome.value == 3
        assert await _spent(system, "a") == Vector(usd=0.03)


async def test_a_call_that_had_its_turn_is_counted_when_nobody_tells_what_came_of_it() -> None:
    async with started(Office) as (system, office):
        await asyncio.sleep(3.0)
        asked = _ask(office, "a", "paced", [(n, 4.0) for n in range(3)], {"usd": 1.0})
        while not CALLS:
            await asyncio.sleep(0.5)
        victim = system.whereis("office/a:porter")
        assert victim is not None
        victim.exit(Kill())
        made = len(CALLS)
        while not asked.done():
            await asyncio.sleep(1.0)
        await asyncio.sleep(200.0)
        assert made == 1
        assert await _spent(system, "a") == Vector(usd=1.0) + Vector(usd=0.01 * (len(CALLS) - 1))
