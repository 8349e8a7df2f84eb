"""A level that takes its time to start hurts nobody; one that does not come to an end of it does."""

import asyncio
from typing import Any, ClassVar

from cybernetic import System
from cybernetic.vsm import Algedonode, Operation, unit
from tests.vsm.living.company import PAGER, Company, Worker
from tests.vsm.living.pain.test_ends import Firm


class Loads(Operation):
    """Loads something before it can begin."""

    takes: ClassVar[float] = 20.0

    async def setup(self) -> None:
        """As long as that takes."""
        await asyncio.sleep(self.takes)


class Inner(Company):
    """A level within, as slow."""

    budget: ClassVar[Any] = None

    def units(self) -> list[Any]:
        """One after another."""
        return [unit(Loads, id="first"), unit(Worker, id="second")]


class Slow(Firm):
    """What loads is begun first."""

    def units(self) -> list[Any]:
        """Beside a level that is as slow."""
        return [unit(Loads, id="first"), unit(Worker, id="second"), unit(Inner, id="inner")]


async def begun(system: System, takes: float, seconds: float) -> Any:
    """A level whose units take so long is begun, and that many seconds pass."""
    PAGER.__init__()  # type: ignore[misc]
    Loads.takes = takes
    starting = asyncio.ensure_future(system.start(Slow, name="slow"))
    await asyncio.sleep(seconds)
    return starting


async def test_units_that_take_long_to_begin_are_no_page() -> None:
    async with System() as system:
        starting = await begun(system, 20.0, 70.0)
        assert starting.done()
        assert PAGER.pages == []
        assert await system.named("slow:algedonode", Algedonode).call(Algedonode.alarms) == ()
        log = await starting.result().call(Slow.decisions, 0, "pain")
        assert log == ()


async def test_a_start_that_does_not_end_is_felt_after_a_minute() -> None:
    async with System() as system:
        starting = await begun(system, 300.0, 59.0)
        assert PAGER.pages == []
        await asyncio.sleep(30.0)
        assert PAGER.pages
        starting.cancel()
