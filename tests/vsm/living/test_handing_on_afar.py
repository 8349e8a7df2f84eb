"""A unit of a level elsewhere hands tasks on to the levels above, as bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from cybernetic import System
from cybernetic.runtime import Agent
from cybernetic.vsm import (
    Abroad,
    NoSuchKind,
    Port,
    Task,
    TaskGivenUp,
    ViableSystem,
    WaitsForItself,
    remote,
    unit,
)
from cybernetic.vsm.recursion.parcels import Saying
from cybernetic.wire import Codec
from tests.vsm.living.doers import CALLED, Doer, asked


class Afar(ViableSystem):
    """Elsewhere."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """One, who does ones."""
        return [unit(Doer, id="a", kinds=["one"])]


class House(ViableSystem):
    """A level that is met by bytes, and a unit."""

    def units(self) -> list[Any]:
        """Two."""
        return [remote("far", kinds=["one"]), unit(Doer, id="b", kinds=["two"])]


class Street(ViableSystem):
    """Around it."""

    ports: ClassVar[Any] = {"tool": Port()}
    human = ()

    def units(self) -> list[Any]:
        """The house, and one more unit."""
        return [unit(House, id="house", kinds=["one", "two"]), unit(Doer, id="c", kinds=["three"])]


PATH = "street/house/far"


class Wire(Agent):
    """Carries values to the other system, as bytes."""

    cut: ClassVar[bool] = False

    def __init__(self, other: System) -> None:
        self.other, self.codec = other, Codec()

    def receive(self, message: Any) -> None:
        """Over."""
        if not Wire.cut:
            self.other.named(f"{PATH}:junction", Agent).send(self.codec.decode(self.codec.encode(message)))


@asynccontextmanager
async def apart() -> AsyncIterator[tuple[System, System, Any]]:
    """Both systems, and the street."""
    CALLED.clear()
    Wire.cut = False
    async with System(node="a") as here, System(node="b") as there:
        await here.start(Wire, there, name=f"{PATH}:outpost")
        await there.start(Wire, here, name="to house")
        street = await here.start(Street)
        await there.start(Abroad, Afar, PATH, "to house")
        await asyncio.sleep(3.0)
        yield here, there, street


async def test_what_is_handed_on_elsewhere_comes_to_the_levels_above_and_nobody_waits_for_itself() -> None:
    async with apart() as (_, _, street):
        far = f"{PATH}/a"
        assert await asked(street, "one", ("two", None)) == [far, "street/house/b"]
        assert await asked(street, "one", ("three", None)) == [far, "street/c"]
        assert await asked(street, "two", ("one", None)) == ["street/house/b", far]
        with pytest.raises(NoSuchKind, match="'nothing'"):
            await asked(street, "one", ("nothing", None))
        for kind, body in [("one", ("two", ("one", None))), ("two", ("one", ("two", None)))]:
            with pytest.raises(WaitsForItself):
                await asked(street, kind, body)
        jobs = asked(street, "one", ("two", None)), asked(street, "two", ("one", None))
        found = await asyncio.gather(*jobs, return_exceptions=True)
        assert any(isinstance(one, WaitsForItself) for one in found)
        assert await asked(street, "one") == [far]


async def test_a_link_that_is_lost_for_a_moment_ends_nothing_that_was_handed_on() -> None:
    async with apart() as (here, there, street):
        job = asyncio.ensure_future(asked(street, "one", ("as", "eight", "two", None), id="seven"))
        await asyncio.sleep(0.3)
        one = there.whereis("to house")
        assert one is not None
        await one.stop()
        await there.start(Wire, here, name="to house")
        assert await job == [f"{PATH}/a", "street/house/b"]
        assert sorted(CALLED) == ["eight", "seven"]


@pytest.mark.parametrize(
    "by", [(), ("street/c",), (f"{PATH}/a", "street/house/b"), f"{PATH}/a", (f"{PATH}/a",)]
)
async def test_the_other_half_hands_on_for_its_own_units_alone(by: Any) -> None:
    async with apart() as (here, _, _):
        said = Saying("street/house:environment", "submit", (Task("two"), "", by))
        here.named(f"{PATH}:junction", Agent).send(said)
        await asyncio.sleep(5.0)
        assert len(CALLED) == (by == (f"{PATH}/a",))


async def test_what_crashes_a_unit_elsewhere_is_tried_five_times_in_all_and_given_up_by_name() -> None:
    async with apart() as (_, _, street):
        with pytest.raises(TaskGivenUp, match="'seven'"):
            await asked(street, "one", ("", None), id="seven")
        assert CALLED == ["seven"] * 5
        with pytest.raises(TaskGivenUp, match="'eight/one'"):
            await asked(street, "two", ("as", "eight/one", "one", ("", None)), id="eight")
        assert CALLED[5:] == ["eight"] + ["eight/one"] * 5


async def test_where_the_level_above_is_away_for_long_what_is_handed_on_is_given_up_and_ends_nobody() -> None:
    async with apart() as (here, there, street):
        job = asyncio.ensure_future(asked(street, "one", ("two", None)))
        await asyncio.sleep(0.1)
        far, outlet = there.whereis(f"{PATH}/a", Agent), there.whereis("to house")
        assert far is not None
        assert outlet is not None
        Wire.cut = True
        await outlet.stop()
        await asyncio.sleep(70.0)
        assert there.whereis(f"{PATH}/a", Agent) == far
        status = await there.named(PATH, ViableSystem).call(ViableSystem.status)
        assert status.load == {f"{PATH}/a": 0}
        Wire.cut = False
        await there.start(Wire, here, name="to house")
        assert await job == [f"{PATH}/a", "street/house/b"]
